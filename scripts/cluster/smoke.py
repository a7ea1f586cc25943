"""The smoke test of a deploy: a pod in the cluster buys, looks up and cancels on a hidden show, through each tag."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.errors import NotReady
from scripts.cluster.failures import troubles_of
from scripts.cluster.filling import address
from scripts.cluster.jobs import run_in_pod, unique
from scripts.cluster.kinds import REVISION
from scripts.cluster.manifests import job
from scripts.cluster.progress import Progress
from scripts.cluster.reasons import in_words
from scripts.cluster.wanted import Wanted

_COMMAND: Final = ("python3", "-m", "scripts.inside", "smoke")
_HINT: Final = "The traffic was left as it was. Mend what the lines say, and run the same command again."


def smoke(cluster: Cluster, wanted: Wanted, hosts: Mapping[str, str], within_s: float, progress: Progress) -> None:
    """Try the revisions behind the hosts, by revision. Raises NotReady with what each of them did wrong."""
    urls = {address(host, wanted.namespace): revision for revision, host in hosts.items()}
    with progress.step("smoke test of both revisions, from a pod") as step:
        made = job(wanted, unique("smoke"), [*_COMMAND, *urls], within_s=max(int(within_s), 1))
        ended = run_in_pod(cluster, made, None, within_s, step.say)
        if ended.exit_code != 0:
            raise NotReady(
                "the smoke test failed, so no buyer is sent there",
                lines=[*(complaints(ended.lines, urls) or ended.lines[-20:]), *_troubles(cluster, urls.values())],
                hint=_HINT,
            )


def _troubles(cluster: Cluster, revisions: Iterable[str]) -> list[str]:
    """What keeps pods of the revisions from running, for then nobody was there to answer."""
    found = (trouble for revision in revisions for trouble in troubles_of(cluster, REVISION, revision))
    return [f"Pod {trouble.pod}: {in_words(trouble.reason, trouble.message)}" for trouble in found]


def complaints(lines: Sequence[str], urls: Mapping[str, str]) -> list[str]:
    """What a report of `scripts.inside smoke` holds against each revision; none when the lines have no report."""
    return [
        f"{urls.get(each['url'], each['url'])}: {step['step']}: {step['why']}"
        for each in _report(lines).get("urls") or []
        for step in each.get("steps") or []
        if not step.get("good")
    ]


def _report(lines: Sequence[str]) -> dict[str, Any]:
    """The last line that is a JSON object; empty without one."""
    for line in reversed(lines):
        try:
            report = json.loads(line)
        except ValueError:
            continue
        if isinstance(report, dict):
            return report
    return {}
