"""Why something doesn't come up: its pods' reasons, the last lines of their logs, and the cluster's warnings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from scripts.cluster.errors import NotReady, TimedOut
from scripts.cluster.kinds import EVENT, JOB, POD, REVISION, SERVICE, STATEFUL_SET, Kind
from scripts.cluster.reasons import HOPELESS, in_words, meaning

if TYPE_CHECKING:
    from scripts.cluster.api import Cluster

LOG_LINES: Final = 20
_CRASHES: Final = 2  # after that many starts the next won't be better
_LABELS: Final = {
    REVISION: "serving.knative.dev/revision",
    SERVICE: "serving.knative.dev/service",
    JOB: "batch.kubernetes.io/job-name",
    STATEFUL_SET: "app.kubernetes.io/name",
}
_OF_KNATIVE: Final = "queue-proxy"


@dataclass(frozen=True)
class Trouble:
    """What keeps one pod from running."""

    pod: str
    container: str
    reason: str
    message: str = ""
    is_hopeless: bool = False
    has_ended: bool = False


@dataclass(frozen=True)
class Evidence:
    """What the cluster tells of pods that don't come up."""

    troubles: tuple[Trouble, ...] = ()
    lines: list[str] = field(default_factory=list)

    @property
    def hopeless(self) -> Trouble | None:
        """The first trouble that no waiting helps."""
        return next((trouble for trouble in self.troubles if trouble.is_hopeless), None)


def trouble_of(pod: dict[str, Any]) -> Trouble | None:
    """What keeps a pod from being ready; None when nothing does."""
    name = pod["metadata"]["name"]
    status = pod.get("status", {})
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        if (found := _trouble_of_container(name, container)) is not None:
            return found
    for state in status.get("conditions") or []:
        if state.get("type") == "PodScheduled" and state.get("status") == "False":
            return Trouble(name, "", state.get("reason", "Unschedulable"), state.get("message", ""))
    if status.get("phase") == "Failed" and status.get("reason"):
        return Trouble(name, "", status["reason"], status.get("message", ""))
    return None


def pods_of(cluster: "Cluster", kind: Kind, name: str) -> list[dict[str, Any]]:
    """The pods of a resource, without those that are being deleted; none for a kind that has none."""
    if kind == POD:
        pod = cluster.get(POD, name)
        return [] if pod is None else [pod]
    if kind not in _LABELS:
        return []
    pods = cluster.list(POD, f"{_LABELS[kind]}={name}")
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def container_of(pod: dict[str, Any]) -> str:
    """The container that runs our process."""
    names = [container["name"] for container in pod.get("spec", {}).get("containers") or []]
    return next((name for name in names if name != _OF_KNATIVE), names[0] if names else "")


def troubles_of(cluster: "Cluster", kind: Kind, name: str) -> tuple[Trouble, ...]:
    """What keeps its pods from being ready."""
    return tuple(found for pod in pods_of(cluster, kind, name) if (found := trouble_of(pod)) is not None)


def evidence_of(cluster: "Cluster", kind: Kind, name: str) -> Evidence:
    """Everything that helps to see why: reasons, log lines, warnings."""
    pods = pods_of(cluster, kind, name)
    troubles = tuple(found for pod in pods if (found := trouble_of(pod)) is not None)
    lines = [line for trouble in troubles[:1] for line in _of_trouble(cluster, trouble)]
    if not troubles:
        lines = [line for pod in pods[:1] for line in _log(cluster, pod["metadata"]["name"], container_of(pod))]
    return Evidence(troubles, [*lines, *_warnings(cluster, name)])


def not_ready(cluster: "Cluster", kind: Kind, name: str, reason: str, message: str) -> NotReady:
    """The error of something that is broken, with all evidence."""
    evidence = evidence_of(cluster, kind, name)
    deepest = evidence.troubles[0].reason if evidence.troubles else reason
    hint = meaning(deepest).then or meaning(reason).then or _look(cluster, kind, name)
    return NotReady(f"{kind} {name} is not ready: {in_words(reason, message)}", lines=evidence.lines, hint=hint)


def timed_out(cluster: "Cluster", kind: Kind, name: str, within_s: float, why: str) -> TimedOut:
    """The error of something that took too long, with all evidence."""
    evidence = evidence_of(cluster, kind, name)
    then = next((meaning(trouble.reason).then for trouble in evidence.troubles), "")
    return TimedOut(
        f"{kind} {name} was not ready within {within_s:.0f} s: {why}",
        lines=evidence.lines,
        hint=then or "Run the same command again, it goes on from here; --timeout gives it longer.",
    )


def _trouble_of_container(pod: str, status: dict[str, Any]) -> Trouble | None:
    name, starts = status["name"], status.get("restartCount", 0)
    waiting = status.get("state", {}).get("waiting")
    if waiting and waiting.get("reason") not in {None, "ContainerCreating", "PodInitializing"}:
        reason = waiting["reason"]
        is_hopeless = reason in HOPELESS or (reason == "CrashLoopBackOff" and starts >= _CRASHES)
        return Trouble(pod, name, reason, waiting.get("message", ""), is_hopeless, starts > 0)
    ended = status.get("state", {}).get("terminated")
    if ended and ended.get("exitCode", 0) != 0:
        reason = ended.get("reason", "Error")
        reason = f"ExitCode{ended['exitCode']}" if reason == "Error" else reason
        return Trouble(pod, name, reason, ended.get("message", ""))
    if status.get("state", {}).get("running") and not status.get("ready", True) and name != _OF_KNATIVE:
        return Trouble(pod, name, "NotReady")
    return None


def _of_trouble(cluster: "Cluster", trouble: Trouble) -> list[str]:
    head = f"Pod {trouble.pod}: {in_words(trouble.reason, trouble.message)}"
    return [head, *_log(cluster, trouble.pod, trouble.container, previous=trouble.has_ended)]


def _log(cluster: "Cluster", pod: str, container: str, *, previous: bool = False) -> Sequence[str]:
    if not container:
        return []
    lines = cluster.pod_logs(pod, container, lines=LOG_LINES, previous=previous)
    if not lines and previous:
        lines = cluster.pod_logs(pod, container, lines=LOG_LINES)
    if not lines:
        return [f"Pod {pod} has logged nothing"]
    return [f"the last lines of its log ({container}):", *(f"  {line}" for line in lines)]


def _warnings(cluster: "Cluster", name: str) -> list[str]:
    """The newest warnings about the resource and what belongs to it, such as a quota that lets no pod in."""
    found = [
        event
        for event in cluster.list(EVENT)
        if event.get("type") == "Warning" and _is_about(event.get("involvedObject", {}).get("name", ""), name)
    ]
    found.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    told = dict.fromkeys(f"{event.get('reason')}: {' '.join(event.get('message', '').split())}" for event in found)
    return [f"the cluster warns: {line}" for line in list(told)[-3:]]


def _is_about(involved: str, name: str) -> bool:
    return involved == name or involved.startswith(f"{name}-")


def _look(cluster: "Cluster", kind: Kind, name: str) -> str:
    where = "ksvc" if kind == SERVICE else kind.kind.lower()
    return f"See more with: kubectl -n {cluster.namespace} describe {where} {name}"
