"""The verb `shows`: publishes the shows of a file, by a Job; the file is checked here first, its times are fixed."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from functions.orders.contract import Show
from scripts.cluster.api import Cluster
from scripts.cluster.deployed import wanted_of
from scripts.cluster.errands import Errand, Report, ask, inside
from scripts.cluster.errors import ClusterError
from scripts.cluster.progress import Progress
from scripts.cluster.results import GOOD, Result
from scripts.local.shows import read_shows

FILE: Final = "shows.yaml"
MOST_BYTES: Final = 1_000_000  # a ConfigMap, its names and labels included, has 1 MiB


@dataclass(frozen=True)
class Asked:
    """The file, the image that publishes it, and how long that may take, in seconds."""

    file: Path
    image: str | None
    within_s: float


def run(cluster: Cluster, options: argparse.Namespace, progress: Progress) -> Result:
    """Publish the shows of `options.file`. Raises ShowsFileError before anything is sent, and ClusterError."""
    return publish(cluster, Asked(options.file, options.image, options.timeout), progress)


def publish(cluster: Cluster, asked: Asked, progress: Progress) -> Result:
    """The same, of what is asked; bad when the function refuses a show, not done when it doesn't answer."""
    shows = read_shows(asked.file, datetime.now(UTC))
    if not shows:
        return Result(GOOD, (f"{asked.file} has no shows",), {"shows": []})
    text = as_file(shows)
    if len(text.encode()) > MOST_BYTES:
        size = len(text.encode()) // 1000
        raise ClusterError(
            f"{asked.file} is too large to be sent at once: {size} kB, of at most {MOST_BYTES // 1000}",
            hint="Split it into several files; a show that isn't in a file is left as it is.",
        )
    wanted = wanted_of(cluster, asked.image)
    errand = Errand("shows", inside("publish", f"/files/{FILE}"), asked.within_s, {FILE: text})
    with progress.step(f"publish {_counted(len(shows))} from a pod") as step:
        report = ask(cluster, wanted, errand, step.say)
    return told(report)


def as_file(shows: Sequence[Show]) -> str:
    """The shows as a shows file whose times are relative to nothing, so that it says the same to every reader."""
    return yaml.safe_dump([msgspec.to_builtins(show) for show in shows], sort_keys=False, allow_unicode=True)


def told(report: Report) -> Result:
    """What came of each show."""
    each = report.data.get("shows") or []
    why = (report.why,) if report.why else ()
    return Result(report.code, (*map(_line, each), *why), {"shows": each, **({"why": report.why} if why else {})})


def _line(show: Mapping[str, Any]) -> str:
    why = f": {show['why']}" if show.get("why") else ""
    return f"{show['slug']}: {show['status']}{why}"


def _counted(number: int) -> str:
    return "one show" if number == 1 else f"{number} shows"
