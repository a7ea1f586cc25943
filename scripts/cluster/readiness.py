"""Whether a resource is as it should be: pure judgements over what the cluster says of it.

Each judge takes the resource as a dict, or None when it isn't there, and answers Done, NotYet or Broken.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from scripts.cluster.reasons import in_words


@dataclass(frozen=True)
class Done:
    """It is as it should be."""


@dataclass(frozen=True)
class NotYet:
    """It may come to be; `why` says in plain words what is missing."""

    why: str


@dataclass(frozen=True)
class Broken:
    """It won't come to be by waiting: `reason` is the cluster's word, `message` its sentence."""

    reason: str
    message: str = ""


Verdict = Done | NotYet | Broken
Judge = Callable[[dict[str, Any] | None], Verdict]

# Knative takes these back by itself: the ingress is slow, a pod crashed once, the revision is too new to be known, a
# node gets room once pods of former revisions have gone, or once another node has come.
_PASSING: Final = frozenset(
    {"RevisionMissing", "TrafficNotMigrated", "Uninitialized", "Deploying", "ResolvingDigests", "Unschedulable"}
)


def condition(obj: dict[str, Any], kind: str) -> dict[str, Any]:
    """The condition of that type; an empty dict when there is none."""
    conditions = obj.get("status", {}).get("conditions") or []
    return next((each for each in conditions if each.get("type") == kind), {})


def is_observed(obj: dict[str, Any]) -> bool:
    """Whether the status is about the present spec."""
    generation = obj["metadata"].get("generation", 0)
    return bool(obj.get("status", {}).get("observedGeneration", 0) >= generation)


def revision_ready(revision: dict[str, Any] | None) -> Verdict:
    """A revision that can serve."""
    if revision is None:
        return NotYet("waiting for Knative to make the revision")
    return _by_ready(revision, "waiting for its pods")


def revision_made(name: str) -> Judge:
    """A judge of a Service: Knative has made the revision of this name, be it ready or not."""

    def judge(service: dict[str, Any] | None) -> Verdict:
        if service is None:
            return NotYet("waiting for the Service")
        if not is_observed(service):
            return NotYet("waiting for Knative to read the change")
        if service.get("status", {}).get("latestCreatedRevisionName") == name:
            return Done()
        state = condition(service, "ConfigurationsReady")
        if state.get("status") == "False" and name in state.get("message", ""):
            return Broken(state.get("reason", ""), state.get("message", ""))
        return NotYet(f"waiting for Knative to make {name}")

    return judge


def service_ready(service: dict[str, Any] | None) -> Verdict:
    """A Knative Service that serves as its spec says, its traffic included."""
    if service is None:
        return NotYet("waiting for the Service")
    return _by_ready(service, "waiting for Knative")


def route_ready(service: dict[str, Any] | None) -> Verdict:
    """A Knative Service whose traffic goes where its spec says, whatever its newest revision is at."""
    if service is None or not is_observed(service):
        return NotYet("waiting for Knative to read the change")
    return _by_condition(condition(service, "RoutesReady"), "waiting for the ingress")


def job_finished(job: dict[str, Any] | None) -> Verdict:
    """A Job whose pod ended well."""
    if job is None:
        return NotYet("waiting for the Job")
    if condition(job, "Complete").get("status") == "True":
        return Done()
    failed = condition(job, "Failed")
    if failed.get("status") == "True":
        return Broken(failed.get("reason", ""), failed.get("message", ""))
    return NotYet("its pod runs" if job.get("status", {}).get("active") else "waiting for its pod")


def job_ended(job: dict[str, Any] | None) -> Verdict:
    """A Job whose pod ended, well or not; one that ran out of its time is broken."""
    verdict = job_finished(job)
    return Done() if isinstance(verdict, Broken) and verdict.reason != "DeadlineExceeded" else verdict


def job_has_pod(job: dict[str, Any] | None) -> Verdict:
    """A Job whose pod was made."""
    status = (job or {}).get("status", {})
    return Done() if any(status.get(each) for each in ("active", "succeeded", "failed")) else job_ended(job)


def pod_started(pod: dict[str, Any] | None) -> Verdict:
    """A pod whose process runs, or ran."""
    if pod is None:
        return Broken("the pod is gone")
    statuses = pod.get("status", {}).get("containerStatuses") or []
    has_started = any(each.get("state", {}).keys() & {"running", "terminated"} for each in statuses)
    return Done() if has_started else NotYet("waiting for its pod to start")


def stateful_set_ready(stateful_set: dict[str, Any] | None) -> Verdict:
    """All replicas run the present template and are ready."""
    if stateful_set is None or not is_observed(stateful_set):
        return NotYet("waiting for the StatefulSet")
    wanted = stateful_set.get("spec", {}).get("replicas", 1)
    status = stateful_set["status"]
    ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    if ready >= wanted and (updated >= wanted or status.get("updateRevision") == status.get("currentRevision")):
        return Done()
    return NotYet(f"{min(ready, updated)} of {wanted} ready")


def pod_stays(pod: dict[str, Any] | None) -> Verdict:
    """A pod that is ready, and not on its way out."""
    if pod is None:
        return NotYet("waiting for its pod")
    if "deletionTimestamp" in pod["metadata"]:
        return NotYet("waiting until its former pod is gone")
    return Done() if condition(pod, "Ready").get("status") == "True" else NotYet("waiting for its pod to be ready")


def namespace_there(namespace: dict[str, Any] | None) -> Verdict:
    """A namespace that takes resources."""
    if namespace is None:
        return NotYet("waiting for the namespace")
    if is_terminating(namespace):
        return Broken("Terminating")
    return Done()


def is_terminating(namespace: dict[str, Any]) -> bool:
    """Whether it is being deleted."""
    return "deletionTimestamp" in namespace["metadata"] or namespace.get("status", {}).get("phase") == "Terminating"


def gone(obj: dict[str, Any] | None) -> Verdict:
    """It isn't there any more."""
    return Done() if obj is None else NotYet("waiting until it is gone")


def _by_ready(obj: dict[str, Any], otherwise: str) -> Verdict:
    if not is_observed(obj):
        return NotYet("waiting for Knative to read the change")
    return _by_condition(condition(obj, "Ready"), otherwise)


def _by_condition(state: dict[str, Any], otherwise: str) -> Verdict:
    reason, message = state.get("reason", ""), state.get("message", "")
    if state.get("status") == "True":
        return Done()
    if state.get("status") == "False" and not _passes(reason):
        return Broken(reason, message)
    return NotYet(in_words(reason, message) if reason else otherwise)


def _passes(reason: str) -> bool:
    return reason in _PASSING or reason.startswith("ExitCode")
