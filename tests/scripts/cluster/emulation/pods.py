"""Pods as a kubelet tells of them, and their logs."""

import threading
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from tests.scripts.cluster.emulation.knobs import Bad, Knobs
from tests.scripts.cluster.emulation.store import Object

STARTED = "2026-01-01T00:00:00Z"


class Logs:
    """The lines of each container, with the time at which the node read them, in nanoseconds."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.followed = list[str]()  # pods, in the order in which somebody began to follow their logs
        self._lines: dict[tuple[str, str, str], list[tuple[int, str]]] = defaultdict(list)

    def add(self, namespace: str, pod: str, container: str, *lines: str, at: float | None = None) -> None:
        """`at` is in seconds, now without it."""
        with self.changed:
            entries = self._lines[namespace, pod, container]
            for line in lines:
                entries.append((int(at * 1e9) if at is not None else time.time_ns(), line))
            self.changed.notify_all()

    def read(self, namespace: str, pod: str, container: str) -> list[str]:
        return [line for _, line in self.entries(namespace, pod, container)]

    def entries(self, namespace: str, pod: str, container: str, after: int = 0) -> list[tuple[int, str]]:
        with self.changed:
            return self._lines[namespace, pod, container][after:]

    def begin_anew(self, namespace: str, pod: str, container: str) -> None:
        """The process was started again: what it logged is the log of the previous one."""
        with self.changed:
            self._lines[namespace, pod, previous(container)] = self._lines.pop((namespace, pod, container), [])


def previous(container: str) -> str:
    """Under what the log of the process before the present one is kept."""
    return f"{container}, before"


def stamp(moment: int) -> str:
    """As the kubelet writes the time of a line."""
    seconds, rest = divmod(moment, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def pod(name: str, owner: Object, template: Object, labels: dict[str, str], *, sidecar: bool = False) -> Object:
    """A pod of the template that belongs to `owner`."""
    spec = {**template.get("spec", {})}
    containers = [{"name": "user-container", **container} for container in spec.get("containers", [])]
    spec["containers"] = [*containers, *([{"name": "queue-proxy", "image": "queue"}] if sidecar else [])]
    meta = owner["metadata"]
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
    }
    head = {
        "name": name,
        "namespace": meta["namespace"],
        "labels": {**template.get("metadata", {}).get("labels", {}), **labels},
        "annotations": template.get("metadata", {}).get("annotations", {}),
        "ownerReferences": [reference],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": head, "spec": spec}


def bad_of(obj: Object, knobs: Knobs) -> Bad | None:
    """What is wrong with the first of a pod's images."""
    images = [container.get("image", "") for container in obj["spec"]["containers"]]
    return next((knobs.bad_images[image] for image in images if image in knobs.bad_images), None)


def running(obj: Object) -> Object:
    """The status of a pod that is ready; it was started again as often as it was."""
    former = obj.get("status", {}).get("containerStatuses", [])
    restarts = {each["name"]: each["restartCount"] for each in former}
    statuses = [
        {
            "name": container["name"],
            "image": container.get("image", ""),
            "imageID": container.get("image", ""),
            "ready": True,
            "restartCount": restarts.get(container["name"], 0),
            "state": {"running": {"startedAt": STARTED}},
        }
        for container in obj["spec"]["containers"]
    ]
    return _status("Running", statuses, is_ready=True)


def waiting(obj: Object, bad: Bad) -> Object:
    """The status of a pod whose first container waits."""
    first, *others = running(obj)["containerStatuses"]
    state = {"waiting": {"reason": bad.reason, **({"message": bad.message} if bad.message else {})}}
    first |= {"ready": False, "restartCount": bad.restarts, "state": state}
    if bad.restarts:
        first["lastState"] = {"terminated": {"exitCode": 1, "reason": "Error"}}
    return _status("Pending" if not bad.restarts else "Running", [first, *others], is_ready=False)


def ended(obj: Object, exit_code: int) -> Object:
    """The status of a pod whose process ended."""
    state = {"terminated": {"exitCode": exit_code, "reason": "Error" if exit_code else "Completed"}}
    statuses = [
        {"name": container["name"], "ready": False, "restartCount": 0, "state": state}
        for container in obj["spec"]["containers"]
    ]
    return _status("Failed" if exit_code else "Succeeded", statuses, is_ready=False)


def is_ready(obj: Object) -> bool:
    return any(
        each["type"] == "Ready" and each["status"] == "True" for each in obj.get("status", {}).get("conditions", [])
    )


def condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    """One of a status' conditions, with the fields that are empty left out."""
    words = {name: text for name, text in (("reason", reason), ("message", message)) if text}
    return {"type": kind, "status": status, **words}


def _status(phase: str, statuses: list[Object], *, is_ready: bool) -> Object:
    ready = condition("Ready", "True" if is_ready else "False")
    scheduled = condition("PodScheduled", "True")
    return {
        "phase": phase,
        "conditions": [ready, scheduled],
        "containerStatuses": statuses,
        "podIP": "10.0.0.7",
        "startTime": STARTED,
    }


def now() -> str:
    """RFC 3339."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
