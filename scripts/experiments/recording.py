"""What is kept of an ended experiment for the report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from scripts.experiments.running import NOT_RUN, Ended
from scripts.proof.checker import as_dict
from scripts.proof.history import read
from scripts.proof.report.histogram import Histogram
from scripts.proof.report.observed import latencies
from scripts.proof.report.record import Compared, ExperimentRecord, summarized

ANSWERED_WITHIN_S: Final = 1.0  # the next purchase after a kill: by the other revision, or the pending path
BACK_WITHIN_S: Final = 5.0  # what was killed


def recorded(ended: Ended, experiment: Mapping[str, Any], folder: Path) -> ExperimentRecord:
    """The record of one experiment of the run in `folder`."""
    session = ended.session
    history = session.history.path if session and session.history.path.exists() else None
    is_timed = "recovery" in experiment.get("tags", ())
    return ExperimentRecord(
        name=ended.name,
        title=str(experiment["title"]),
        fault=str(experiment.get("description", "")),
        hypothesis=str(experiment.get("steady-state-hypothesis", {}).get("title", "")),
        seed=session.terms.seed if session else None,
        history=str(history.relative_to(folder)) if history else None,
        verdict=as_dict(session.verdict) if session and session.verdict else None,
        journal=summarized(ended.journal),
        compared=_compared(ended),
        latencies=_latencies(ended, history),
        answered_within_s=ANSWERED_WITHIN_S if is_timed else None,
        back_within_s=BACK_WITHIN_S if is_timed else None,
        sabotage=session.terms.sabotage if session else None,
        problem=ended.why if ended.code == NOT_RUN else None,
    )


def _compared(ended: Ended) -> Compared | None:
    watch = ended.session.watch if ended.session else None
    if watch is None:
        return None
    is_found = watch.found_at is not None
    return Compared(
        watch.comparison.as_dict(),
        seconds_to_detect=watch.seconds_to_detect,
        buyers_affected=watch.affected if is_found else None,
        is_stopped=is_found,
    )


def _latencies(ended: Ended, history: Path | None) -> Mapping[str, Histogram]:
    """By the revision that decided, as the ledger names it."""
    if history is None or ended.session is None:
        return {}
    return latencies(read(history), ended.session.revisions)
