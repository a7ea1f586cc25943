"""What must be there before the services: the namespace, Secrets, accounts, policies, databases and their schemas."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from scripts.cluster.api import Cluster
from scripts.cluster.kinds import JOB, NAMESPACE, POD, STATEFUL_SET, name_of
from scripts.cluster.lost_data import database_of, is_lost, keeps_data_in_pod, pod_name
from scripts.cluster.progress import Progress
from scripts.cluster.readiness import (
    Broken,
    Done,
    gone,
    job_finished,
    namespace_there,
    pod_stays,
    stateful_set_ready,
)
from scripts.cluster.waiting import wait_for

MADE_BY: Final = "flametickets.org/made-by-deploy"
_WHAT: Final = {"migrate-orders": "the ledger's database", "migrate-frontend": "the database of pending purchases"}

Object = dict[str, Any]
Schema = Literal["there", "missing", "lost"]


@dataclass(frozen=True)
class Pace:
    """How long one thing may take, in seconds, and whether fields of other managers are taken over."""

    within_s: float
    take_over: bool = False


def make_namespace(cluster: Cluster, wanted: Object, live: Object | None, pace: Pace, progress: Progress) -> None:
    """Make the namespace, marked as made by us; one that somebody else made keeps its labels."""
    if live is None:
        with progress.step(f"make the namespace {cluster.namespace}") as step:
            head = {"name": cluster.namespace, "annotations": {MADE_BY: "true"}}
            cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": head})
            live = wait_for(cluster, NAMESPACE, cluster.namespace, namespace_there, pace.within_s, step.say)
    if is_made_by_us(live):
        cluster.apply(wanted, take_over=pace.take_over)
    else:
        progress.note(f"the namespace {cluster.namespace} was there before: its Pod Security labels are left alone")


def is_made_by_us(namespace: Object) -> bool:
    """Whether a deploy made the namespace, so that destroy may delete it."""
    return (namespace["metadata"].get("annotations") or {}).get(MADE_BY) == "true"


def apply_all(cluster: Cluster, objects: list[Object], pace: Pace, progress: Progress) -> None:
    """Apply accounts, policies, budgets and databases, and wait for the databases."""
    for obj in objects:
        with progress.step(f"apply {name_of(obj)}"):
            cluster.apply(obj, take_over=pace.take_over)


def wait_for_databases(cluster: Cluster, objects: tuple[Object, ...], pace: Pace, progress: Progress) -> None:
    """Wait until each StatefulSet among the objects is ready."""
    for obj in objects:
        if obj["kind"] == "StatefulSet":
            name = obj["metadata"]["name"]
            with progress.step(f"wait for {name}") as step:
                wait_for(cluster, STATEFUL_SET, name, stateful_set_ready, pace.within_s, step.say)
                # It counts one that is about to go, and that one's data may go with it.
                wait_for(cluster, POD, pod_name(obj), pod_stays, pace.within_s, step.say)


def migrate(cluster: Cluster, job: Object, pace: Pace, progress: Progress) -> None:
    """Bring a schema up to date by its Job; one that ended, well or not, is made anew, one that runs is waited for."""
    name = job["metadata"]["name"]
    what = next((words for prefix, words in _WHAT.items() if name.startswith(prefix)), name)
    with progress.step(f"migrate {what}") as step:
        live = cluster.get(JOB, name)
        if live is not None and isinstance(job_finished(live), Done | Broken):
            _delete(cluster, name, pace, step.say)
            live = None
        if live is None:
            cluster.create(job)
        wait_for(cluster, JOB, name, job_finished, pace.within_s, step.say)


def schema_of(cluster: Cluster, job: Object, foundations: Iterable[Object]) -> Schema:
    """What there is of what the Job is to bring, to a database among the foundations or elsewhere."""
    live = cluster.get(JOB, job["metadata"]["name"])
    if live is None or not isinstance(job_finished(live), Done):
        return "missing"
    for obj in foundations:
        is_its = obj["kind"] == "StatefulSet" and obj["metadata"]["name"] == database_of(job["metadata"]["name"])
        if is_its and keeps_data_in_pod(obj) and is_lost(obj, cluster.get(POD, pod_name(obj)), live):
            return "lost"
    return "there"


def _delete(cluster: Cluster, name: str, pace: Pace, said: Callable[[str], None]) -> None:
    cluster.delete(JOB, name)
    wait_for(cluster, JOB, name, gone, pace.within_s, said)
