"""What is kept of a run, so that its report can be made anew from files: `record.json` beside the histories."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from scripts.proof.report.histogram import Histogram

FILE: Final = "record.json"
MAX_SAID: Final = 300

Met = Literal["met", "not met", "not asked"]


class RecordError(Exception):
    """A record can't be read; the message names the file."""


class Activity(msgspec.Struct, frozen=True, omit_defaults=True):
    """One action or probe of an experiment: how it ended, in the Chaos Toolkit's words, after how many seconds."""

    name: str
    kind: str = "action"
    status: str = "succeeded"
    seconds: float | None = None
    said: str = ""


class Journal(msgspec.Struct, frozen=True, omit_defaults=True):
    """The Chaos Toolkit's journal in short."""

    status: str
    deviated: bool = False
    before: Met = "not asked"
    after: Met = "not asked"
    hypothesis: tuple[Activity, ...] = ()
    method: tuple[Activity, ...] = ()
    rollbacks: tuple[Activity, ...] = ()

    @property
    def is_steady(self) -> bool:
        """Whether the experiment ran to its end and its steady state was met before and after it."""
        return not self.deviated and self.status == "completed" and "not met" not in (self.before, self.after)


class Compared(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the sequential test said: `result` is `Comparison.as_dict`; the others are None if there was no harm."""

    result: Mapping[str, Any]
    seconds_to_detect: float | None = None
    buyers_affected: int | None = None
    is_stopped: bool = False


class ExperimentRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One experiment: `history` is a path in the run's folder, `verdict` is `checker.as_dict`.

    `problem` says why it could not be run or checked. `answered_within_s` and `back_within_s` are what was promised of
    each recovery: of the next purchase's answer, and of what was hit. Latencies are by the revision that decided.
    """

    name: str
    title: str = ""
    fault: str = ""
    hypothesis: str = ""
    seed: int | None = None
    history: str | None = None
    verdict: Mapping[str, Any] | None = None
    journal: Journal | None = None
    compared: Compared | None = None
    latencies: Mapping[str, Histogram] = {}
    answered_within_s: float | None = None
    back_within_s: float | None = None
    sabotage: str | None = None
    problem: str | None = None


class RunRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run of one or more experiments; `at` in Unix seconds, `machine` and `versions` in words, by name.

    `skipped` says of each experiment that the target can't do why.
    """

    at: float
    command: str
    target: str
    experiments: Sequence[ExperimentRecord]
    seconds: float | None = None
    seed: int | None = None
    machine: Mapping[str, str] = {}
    versions: Mapping[str, str] = {}
    skipped: Mapping[str, str] = {}


def write_record(folder: Path, record: RunRecord) -> Path:
    """Write the record into the run's folder; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
    return path


def read_record(folder: Path) -> RunRecord:
    """The record of a run's folder. Raises RecordError."""
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunRecord)
    except (OSError, msgspec.DecodeError) as error:
        raise RecordError(f"{path} is no record of a run: {error}") from error


def summarized(journal: Mapping[str, Any]) -> Journal:
    """A journal of the Chaos Toolkit, as it returns or writes it, in short; what it lacks is left out."""
    states = journal.get("steady_states") or {}
    probes = (states.get("after") or states.get("before") or {}).get("probes")
    return Journal(
        status=str(journal.get("status") or "unknown"),
        deviated=bool(journal.get("deviated")),
        before=_met(states.get("before")),
        after=_met(states.get("after")),
        hypothesis=_activities(probes),
        method=_activities(journal.get("run")),
        rollbacks=_activities(journal.get("rollbacks")),
    )


def _met(state: Mapping[str, Any] | None) -> Met:
    if not state:
        return "not asked"
    return "met" if state.get("steady_state_met") else "not met"


def _activities(runs: Sequence[Mapping[str, Any]] | None) -> tuple[Activity, ...]:
    return tuple(map(_activity, runs or ()))


def _activity(run: Mapping[str, Any]) -> Activity:
    activity = run.get("activity") or {}
    status = str(run.get("status") or "unknown")
    if status == "succeeded" and run.get("tolerance_met") is False:
        status = "not tolerated"
    said = run.get("exception") or run.get("output")
    if isinstance(said, list):  # an exception's lines; the last one says what it was
        said = said[-1] if said else ""
    duration = run.get("duration")
    return Activity(
        name=str(activity.get("name") or "?"),
        kind=str(activity.get("type") or "action"),
        status=status,
        seconds=float(duration) if isinstance(duration, int | float) else None,
        said="" if said is None else str(said).strip()[:MAX_SAID],
    )
