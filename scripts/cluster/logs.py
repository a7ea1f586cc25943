"""The verb `logs`: the lines of both services' pods, merged by time, of one order alone if asked; or as they come.

With `--follow --output json` each line is a JSON object of its own, for such a document would never end.
"""

import argparse
import json
import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.failures import container_of
from scripts.cluster.kinds import POD
from scripts.cluster.log_following import Following
from scripts.cluster.log_lines import Line, Reader, Source, as_dict, in_words, merged
from scripts.cluster.progress import Progress
from scripts.cluster.results import GOOD, Result
from scripts.cluster.targets import FRONTEND, ORDERS
from scripts.cluster.together import each
from scripts.cluster.traffic import service_of

_SERVICE: Final = "serving.knative.dev/service"
_REVISION: Final = "serving.knative.dev/revision"
_SELECTOR: Final = f"{_SERVICE} in ({ORDERS}, {FRONTEND})"

Write = Callable[[str], None]


@dataclass(frozen=True)
class LogsOptions:
    """`order` is an order's id; `since_s` is how far back, in seconds, all there is without it."""

    order: str | None = None
    since_s: int | None = None
    follow: bool = False
    as_json: bool = False

    @classmethod
    def of(cls, parsed: argparse.Namespace) -> "LogsOptions":
        """What the command line says."""
        since_s = None if parsed.since is None else math.ceil(parsed.since)
        return cls(parsed.order, since_s, parsed.follow, parsed.output == "json")


def written(line: str) -> None:
    """To standard output, at once."""
    print(line, flush=True)


def run(
    cluster: Cluster, options: LogsOptions | argparse.Namespace, progress: Progress, write: Write = written
) -> Result:
    """The lines that are there; with `follow` they are written as they come, without end. Raises ClusterError."""
    if isinstance(options, argparse.Namespace):
        options = LogsOptions.of(options)
    processes = [*before(pods := cluster.list(POD, _SELECTOR)), *now(pods)]
    _tell_of_absence(cluster, processes, progress)
    readers = {source: Reader(source) for source in processes}
    lines = merged(_there(cluster, readers, options.since_s), options.order)
    if options.follow:
        _follow(cluster, readers, lines, options, progress, write)
    return Result(
        GOOD, tuple(text for line in lines for text in in_words(line)), {"lines": [as_dict(line) for line in lines]}
    )


def now(pods: list[dict[str, Any]]) -> dict[Source, bool]:
    """The present process of each pod, or the last one while none is started anew; and whether it runs. Pure."""
    found = ((pod, _status(pod)) for pod in pods)
    return {_source(pod, status): "running" in status["state"] for pod, status in found if _has_log(status)}


def before(pods: list[dict[str, Any]]) -> list[Source]:
    """The process before the present one in each pod that has one: its log is kept too. Pure."""
    found = ((pod, _status(pod)) for pod in pods)
    return [
        _source(pod, status, back=1)
        for pod, status in found
        if status.get("restartCount") and "waiting" not in status["state"]
    ]


def _status(pod: dict[str, Any]) -> dict[str, Any]:
    """That of our container; empty before it is known to the node."""
    container = container_of(pod)
    statuses = pod.get("status", {}).get("containerStatuses") or []
    return next((each for each in statuses if each["name"] == container and each.get("state")), {})


def _has_log(status: dict[str, Any]) -> bool:
    """Whether a process was started: while one is awaited that ended before, its log is the present one."""
    state = status.get("state", {})
    return bool(state.keys() & {"running", "terminated"} or "terminated" in (status.get("lastState") or {}))


def _source(pod: dict[str, Any], status: dict[str, Any], *, back: int = 0) -> Source:
    labels, starts = pod["metadata"].get("labels", {}), int(status.get("restartCount", 0)) - back
    names = labels.get(_SERVICE, ""), labels.get(_REVISION, ""), pod["metadata"]["name"]
    return Source(*names, status["name"], starts)


def _there(cluster: Cluster, readers: dict[Source, Reader], since_s: int | None) -> list[Line]:
    """What all of them have logged so far."""
    newest = {source.pod: source.starts for source in readers}  # those that run come last

    def read(source: Source) -> list[Line]:
        stamped = cluster.pod_logs(
            source.pod,
            source.container,
            previous=source.starts < newest[source.pod],
            since_s=since_s,
            stamped=True,
        )
        return readers[source].read_all(stamped)

    return [line for lines in each(read, readers) for line in lines]


def _follow(
    cluster: Cluster,
    readers: dict[Source, Reader],
    lines: list[Line],
    options: LogsOptions,
    progress: Progress,
    write: Write,
) -> None:
    """Write what there is and then what comes, without end."""

    def told(batch: list[Line]) -> None:
        for line in batch:
            for text in [json.dumps(as_dict(line), ensure_ascii=False)] if options.as_json else in_words(line):
                write(text)

    told(lines)
    following = Following(cluster, lambda: now(cluster.list(POD, _SELECTOR)), readers, options.since_s)
    with closing(following.batches(lambda source: progress.note(f"{source.short} has started"))) as batches:
        for batch in batches:
            told(merged(batch, options.order))


def _tell_of_absence(cluster: Cluster, processes: list[Source], progress: Progress) -> None:
    """Say which service has no pod. Raises NotReady when nothing is deployed."""
    if not processes:
        service_of(cluster, ORDERS)
    for name in (ORDERS, FRONTEND):
        if not any(source.service == name for source in processes):
            progress.note(f"{name} has no pod just now; what earlier ones logged went with them")
