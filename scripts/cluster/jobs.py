"""Runs one command in a pod of the cluster, as a Job that is gone afterwards, and brings back what it said."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from scripts.cluster.api import Cluster
from scripts.cluster.errors import ClusterError, NotReady
from scripts.cluster.failures import container_of, pods_of
from scripts.cluster.kinds import CONFIG_MAP, JOB, POD
from scripts.cluster.readiness import job_ended, job_has_pod, pod_started
from scripts.cluster.waiting import wait_for


@dataclass(frozen=True)
class PodResult:
    """How the command ended, and its log."""

    exit_code: int
    lines: list[str]


def unique(name: str) -> str:
    """A name for a Job that no other run has."""
    return f"{name}-{secrets.token_hex(4)}"


def run_in_pod(
    cluster: Cluster,
    job: dict[str, Any],
    files: Mapping[str, str] | None,
    within_s: float,
    said: Callable[[str], None],
    heard: Callable[[str], None] | None = None,
) -> PodResult:
    """Make the Job, and the ConfigMap with `files` that it mounts; wait for its end; delete both.

    `heard` gets each line of the log as it comes. The command's own failure is a PodResult with its exit code; raises
    NotReady when it doesn't even start, TimedOut when it doesn't end.
    """
    name = job["metadata"]["name"]
    config_map = _config_map(job, files) if files else None
    try:
        if config_map:
            cluster.create(config_map)
        cluster.create(job)
        listener = _Listener(heard)
        started = time.monotonic()
        if heard is not None:
            listener.follow(cluster, _started_pod(cluster, name, within_s, said), job)
        wait_for(cluster, JOB, name, job_ended, max(within_s - (time.monotonic() - started), 1.0), said)
        return listener.finish(_result(cluster, name))
    finally:
        cluster.delete(JOB, name)
        if config_map:
            cluster.delete(CONFIG_MAP, config_map["metadata"]["name"])


@contextmanager
def running(cluster: Cluster, job: dict[str, Any], within_s: float, said: Callable[[str], None]) -> Iterator[str]:
    """The name of the pod of the Job, which is made, and gone afterwards. Raises NotReady when that doesn't start."""
    name = job["metadata"]["name"]
    try:
        cluster.create(job)
        pod = _started_pod(cluster, name, within_s, said)
        if not pod:
            raise NotReady(
                f"Job {name} ended, and its pod is gone with what it said", hint="Run the same command again."
            )
        yield pod
    finally:
        cluster.delete(JOB, name)


class _Listener:
    """Passes on each line of a log once, even when the connection broke meanwhile."""

    def __init__(self, heard: Callable[[str], None] | None) -> None:
        self._heard = heard or (lambda _line: None)
        self._count = 0

    def follow(self, cluster: Cluster, pod: str, job: dict[str, Any]) -> None:
        if not pod:
            return
        with suppress(ClusterError):  # what was missed is read at the end
            for line in cluster.follow_logs(pod, container_of({"spec": job["spec"]["template"]["spec"]})):
                self._count += 1
                self._heard(line)

    def finish(self, result: PodResult) -> PodResult:
        for line in result.lines[self._count :]:
            self._heard(line)
        return result


def _started_pod(cluster: Cluster, job: str, within_s: float, said: Callable[[str], None]) -> str:
    """The name of the Job's pod, once it has something to say."""
    wait_for(cluster, JOB, job, job_has_pod, within_s, said)
    pods = pods_of(cluster, JOB, job)
    if not pods:
        return ""
    name = str(pods[0]["metadata"]["name"])
    wait_for(cluster, POD, name, pod_started, within_s, said)
    return name


def _result(cluster: Cluster, job: str) -> PodResult:
    pods = pods_of(cluster, JOB, job)
    if not pods:
        raise NotReady(f"Job {job} ended, and its pod is gone with what it said", hint="Run the same command again.")
    pod = pods[0]
    name, container = pod["metadata"]["name"], container_of(pod)
    statuses = pod.get("status", {}).get("containerStatuses") or []
    ended = next((each.get("state", {}).get("terminated") for each in statuses if each["name"] == container), None)
    if ended is None:
        raise NotReady(f"Job {job} ended, and its pod {name} doesn't say how", hint="Run the same command again.")
    return PodResult(int(ended.get("exitCode", 1)), cluster.pod_logs(name, container))


def _config_map(job: dict[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """The ConfigMap that the Job's template mounts, with the labels of the Job."""
    volumes = job["spec"]["template"]["spec"].get("volumes") or []
    name = next(volume["configMap"]["name"] for volume in volumes if "configMap" in volume)
    labels = job["metadata"].get("labels", {})
    head = {"name": name, "namespace": job["metadata"].get("namespace"), "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": head, "data": dict(files)}
