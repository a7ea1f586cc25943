"""The pods of a deployed shop, by part: which there are, and their end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.errors import ClusterError
from scripts.cluster.failures import container_of
from scripts.cluster.kinds import POD
from scripts.cluster.pod_streams import StreamError
from scripts.cluster.targets import FRONTEND, ORDERS, read
from scripts.cluster.traffic import service_of
from scripts.cluster.verify_healing import is_ready
from scripts.experiments.repeating import repeating
from scripts.experiments.target import How, Part

STATEFUL_SETS: Final = {"ledger-database": "orders-database", "pending-database": "frontend-database"}
_SERVICE: Final = f"serving.knative.dev/service={FRONTEND}"
_REVISION: Final = "serving.knative.dev/revision"
_SIGNALS: Final = {"killed": "QUIT", "restarted": "INT"}
"""PostgreSQL's immediate shutdown, after which it recovers from its log as after a crash, and its fast one."""

_AGAIN_S: Final = 0.2
_LOOK_EVERY_S: Final = 0.1


class Pods:
    """The pods of one namespace. All methods raise ClusterError."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._last_look = 0.0

    def of(self, part: Part) -> list[dict[str, Any]]:
        """Those that are not on their way out. Asked again and again, it waits a tenth of a second between."""
        time.sleep(max(0.0, self._last_look + _LOOK_EVERY_S - time.monotonic()))
        self._last_look = time.monotonic()
        pods = self._cluster.list(POD, self._selector(part))
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def generation(self, part: Part) -> str:
        """Which pods there are, and how often the process in each was started anew; empty without any."""
        return ",".join(sorted(f"{pod['metadata']['uid']}/{_restarts(pod)}" for pod in self.of(part)))

    def is_serving(self, part: Part) -> bool:
        """Whether one of them is ready."""
        return any(is_ready(pod) for pod in self.of(part))

    def end(self, part: Part, how: How) -> None:
        """End all of them. A database's pod stays, for with it may go its data, and its process is ended."""
        for pod in self.of(part):
            if part in STATEFUL_SETS:
                self._signal(pod, _SIGNALS[how])
            else:
                self._cluster.delete(POD, pod["metadata"]["name"], grace_s=0 if how == "killed" else None)

    @contextmanager
    def kept_down(self, *parts: Part) -> Iterator[None]:
        """Ends them, and those that come in their place, until the end of the block."""

        def end_all() -> None:
            for part in parts:
                with suppress(ClusterError):  # the next turn tries again
                    self.end(part, "killed")

        with repeating(end_all, _AGAIN_S):
            yield

    def _signal(self, pod: dict[str, Any], signal: str) -> None:
        """To the first process of the container, which its namespace protects from SIGKILL."""
        with suppress(StreamError):  # the command ends with the container
            self._cluster.run_in_pod(pod["metadata"]["name"], container_of(pod), "sh", "-c", f"kill -{signal} 1").wait()

    def _selector(self, part: Part) -> str:
        if part in STATEFUL_SETS:
            return f"app.kubernetes.io/name={STATEFUL_SETS[part]}"
        if part == "frontend":
            return _SERVICE
        return f"{_REVISION}={read(service_of(self._cluster, ORDERS)).revision_of(part)}"


def _restarts(pod: dict[str, Any]) -> int:
    statuses = pod.get("status", {}).get("containerStatuses") or []
    return sum(int(each.get("restartCount", 0)) for each in statuses if each["name"] == container_of(pod))
