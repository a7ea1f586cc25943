"""The verb `status`: one screen with the services, their revisions, the split, the pods, and why something isn't ready.

Exit code 1 while anything that serves buyers isn't ready; nothing is changed and nothing is waited for.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.errors import ClusterError, Forbidden, NotReady
from scripts.cluster.failures import evidence_of, not_ready
from scripts.cluster.kinds import JOB, NAMESPACE, POD, REVISION, SERVICE, STATEFUL_SET, Kind
from scripts.cluster.progress import Progress
from scripts.cluster.readiness import Broken, Done, NotYet, Verdict, is_terminating, job_finished
from scripts.cluster.reasons import meaning
from scripts.cluster.results import BAD, Result
from scripts.cluster.status_shown import SERVICES, There, revision_verdicts, screen, verdicts
from scripts.cluster.stored_secrets import PART_OF

_SELECTOR: Final = ",".join(f"{name}={value}" for name, value in PART_OF.items())
_OF_OURS: Final = f"serving.knative.dev/service in ({', '.join(SERVICES)})"
_DEPLOY: Final = "Deploy: python3 scripts/deploy.py --image …; --namespace names another place."
_GO_ON: Final = "The deploy did not get that far: run it again, it goes on from there."


def run(
    cluster: Cluster, _options: object, _progress: Progress, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Result:
    """The screen, for there are no options. Raises ClusterError."""
    if (why := _no_place(cluster)) is not None:
        return _nothing(cluster, why)
    there = _look(cluster)
    if not there.services and not there.databases and not there.pods:
        return _nothing(cluster, f"there is nothing of FlameTickets in the namespace {cluster.namespace}")
    return screen(there, list(_problems(cluster, there)), now())


def _no_place(cluster: Cluster) -> str | None:
    """Why nothing can be deployed there; None for a namespace as it should be."""
    try:
        namespace = cluster.get(NAMESPACE, cluster.namespace)
    except Forbidden:  # whoever may only look into the namespace is told what is in it
        return None
    if namespace is None:
        return f"the namespace {cluster.namespace} isn't there"
    return f"the namespace {cluster.namespace} is being deleted" if is_terminating(namespace) else None


def _look(cluster: Cluster) -> There:
    services = {obj["metadata"]["name"]: obj for obj in cluster.list(SERVICE)}
    return There(
        cluster.namespace,
        {name: services[name] for name in SERVICES if name in services},
        cluster.list(REVISION, _OF_OURS),
        cluster.list(STATEFUL_SET, _SELECTOR),
        cluster.list(JOB, _SELECTOR),
        [pod for pod in cluster.list(POD, _SELECTOR) if pod.get("status", {}).get("phase") != "Succeeded"],
    )


def _problems(cluster: Cluster, there: There) -> Iterator[ClusterError]:
    """What isn't ready and why, with evidence; a revision is told of where its Service has not told of it."""
    databases = {each["metadata"]["name"] for each in there.databases}
    told = set()
    for name, verdict in verdicts(there).items():
        kind = STATEFUL_SET if name in databases else SERVICE
        if kind == SERVICE and name not in there.services:
            yield NotReady(f"{kind} {name} isn't there", hint=_GO_ON)
        elif not isinstance(verdict, Done):
            told.add(name)
            yield _problem(cluster, kind, name, verdict)
    owners = {each["metadata"]["name"]: each["metadata"].get("labels", {}) for each in there.revisions}
    for name, verdict in revision_verdicts(there).items():
        owner = owners.get(name, {}).get("serving.knative.dev/service")
        if not isinstance(verdict, Done) and owner not in told:
            yield _problem(cluster, REVISION, name, verdict)
    for job in there.jobs:
        if isinstance(failed := job_finished(job), Broken):
            yield _problem(cluster, JOB, job["metadata"]["name"], failed)


def _problem(cluster: Cluster, kind: Kind, name: str, verdict: Verdict) -> ClusterError:
    if isinstance(verdict, Broken):
        return not_ready(cluster, kind, name, verdict.reason, verdict.message)
    assert isinstance(verdict, NotYet)
    evidence = evidence_of(cluster, kind, name)
    hint = next((then for trouble in evidence.troubles if (then := meaning(trouble.reason).then)), "")
    return NotReady(f"{kind} {name} is not ready yet: {verdict.why}", lines=evidence.lines, hint=hint)


def _nothing(cluster: Cluster, why: str) -> Result:
    data: dict[str, Any] = {"namespace": cluster.namespace, "ready": False, "why": why}
    return Result(BAD, (f"nothing is deployed: {why}", _DEPLOY), data)
