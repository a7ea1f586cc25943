"""Wakes a revision that Knative holds for broken because its last process died, and that has had no pods since.

Nothing but a request brings such a one back, and until then its Service takes no change of the traffic.
"""

from collections.abc import Mapping
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.filling import address
from scripts.cluster.jobs import run_in_pod, unique
from scripts.cluster.kinds import REVISION
from scripts.cluster.manifests import job
from scripts.cluster.progress import Progress
from scripts.cluster.readiness import condition, revision_ready
from scripts.cluster.targets import ORDERS, read
from scripts.cluster.waiting import wait_for
from scripts.cluster.wanted import Wanted
from scripts.local.split import REVISIONS

_SECONDS: Final = "3"


def has_fallen_asleep(revision: Mapping[str, Any] | None) -> bool:
    """Whether its last process ended badly, and it has been without pods since for want of requests."""
    if revision is None:
        return False
    ready, active = (condition(dict(revision), kind) for kind in ("Ready", "Active"))
    died = ready.get("status") == "False" and str(ready.get("reason", "")).startswith("ExitCode")
    return died and active.get("status") == "False"


def wake(
    cluster: Cluster, wanted: Wanted, orders: Mapping[str, Any] | None, within_s: float, progress: Progress
) -> None:
    """Send a request to each tagged revision that has fallen asleep, and wait for it. Raises ClusterError."""
    if orders is None or condition(dict(orders), "Ready").get("status") == "True":
        return
    tagged = {tag: read(orders).revision_of(tag) for tag in REVISIONS}
    for tag, revision in tagged.items():
        if revision is None or not has_fallen_asleep(cluster.get(REVISION, revision)):
            continue
        with progress.step(f"wake {revision}, whose last process died") as step:
            url = f"{address(f'{tag}-{ORDERS}', cluster.namespace)}/healthz"
            words = ["python3", "-m", "scripts.inside", "probe", url, "--seconds", _SECONDS]
            made = job(wanted, unique("wake"), words, within_s=max(int(within_s), 1))
            run_in_pod(cluster, made, None, within_s, step.say)
            wait_for(cluster, REVISION, revision, revision_ready, within_s, step.say)
