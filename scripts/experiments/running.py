"""Runs experiments one after the other on one shop: the Chaos Toolkit carries them out, and their journals are kept."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from chaoslib.experiment import ensure_experiment_is_valid  # type: ignore[import-untyped]
from chaoslib.loader import load_experiment  # type: ignore[import-untyped]
from chaoslib.run import RunEventHandler, Runner  # type: ignore[import-untyped]
from chaoslib.types import Strategy  # type: ignore[import-untyped]

from scripts.experiments import control
from scripts.experiments.arguments import FILES
from scripts.experiments.needs import lacking
from scripts.experiments.session import Session, Terms
from scripts.experiments.target import NotHere, Target

GOOD: Final = 0
VIOLATED: Final = 1
NOT_RUN: Final = 2
SKIPPED: Final = 3
_ALWAYS: Final = {"runtime": {"rollbacks": {"strategy": "always"}}}  # after Ctrl-C too


@dataclass(frozen=True)
class Ended:
    """How an experiment ended: 0 all promises kept, 1 one violated, 2 it could not be run or checked, and why.

    3: the target has not what it takes, so nothing is said of it.
    """

    name: str
    session: Session | None
    journal: Mapping[str, Any]
    code: int
    why: str = ""

    @property
    def is_interrupted(self) -> bool:
        """Whether somebody stopped it."""
        return self.journal.get("status") == "interrupted"


def load(name: str) -> dict[str, Any]:
    """The experiment in the file of this name."""
    experiment: dict[str, Any] = load_experiment(str(FILES / f"{name}.yaml"))
    return experiment


def run(target: Target, terms: Terms, sizes: Mapping[str, Any], told: Callable[[str, str], None]) -> Ended:
    """Run one experiment; `sizes` go over what its file says by itself, and `told` hears of each activity.

    One that the target can't do is not begun.
    """
    experiment = load(terms.name)
    if why := lacking(experiment, target.cannot):
        return Ended(terms.name, None, {}, SKIPPED, why)
    sessions: list[Session] = []

    def opened(_name: str, hypothesis: str) -> Session:
        sessions.append(Session(target, Terms(**{**vars(terms), "hypothesis": hypothesis})))
        return sessions[-1]

    ensure_experiment_is_valid(experiment)
    control.give(opened)
    logging.getLogger("chaostoolkit").setLevel(logging.CRITICAL)  # what it says is in the journal, and told here
    try:
        with Runner(Strategy.DEFAULT) as runner:
            runner.register_event_handler(_Teller(told))
            journal = runner.run(experiment, settings=_ALWAYS, experiment_vars=(dict(sizes), {}))
    finally:
        control.give(None)
    terms.folder.mkdir(parents=True, exist_ok=True)
    (terms.folder / "journal.json").write_text(json.dumps(journal, indent=1, default=str), encoding="utf-8")
    return _ended(terms.name, sessions[0] if sessions else None, journal)


class _Teller(RunEventHandler):  # type: ignore[misc]
    """Passes on what is being done."""

    def __init__(self, told: Callable[[str, str], None]) -> None:
        self._told = told

    def start_activity(self, activity: Mapping[str, Any]) -> None:
        self._told("begins", str(activity["name"]))

    def activity_completed(self, activity: Mapping[str, Any], run: Mapping[str, Any]) -> None:
        self._told(str(run.get("status")), str(activity["name"]))


def _ended(name: str, session: Session | None, journal: Mapping[str, Any]) -> Ended:
    verdict = session.verdict if session else None
    if verdict is not None and verdict.code == VIOLATED:
        return Ended(name, session, journal, VIOLATED, _violated(verdict))
    # What was under way when somebody stopped it has no status.
    failed = [each for each in [*journal["run"], *journal["rollbacks"]] if each.get("status") != "succeeded"]
    if failed and (why := _not_here(failed[0])):
        return Ended(name, session, journal, SKIPPED, why)
    if session is None or journal["status"] == "interrupted":
        return Ended(name, session, journal, NOT_RUN, f"it was {journal['status']}")
    if failed:
        return Ended(name, session, journal, NOT_RUN, f"{failed[0]['activity']['name']}: {_last(failed[0])}")
    if journal["status"] != "completed" or journal["deviated"] or verdict is None:
        return Ended(name, session, journal, NOT_RUN, _unmet(journal) or f"it was {journal['status']}")
    return Ended(name, session, journal, GOOD)


def _violated(verdict: Any) -> str:
    rows = [f"{row.promise} {row.words}: {row.violations}" for row in verdict.rows if row.violations]
    return "; ".join(rows)


def _unmet(journal: Mapping[str, Any]) -> str:
    states = journal["steady_states"]
    probes = [probe for when in ("before", "after") for probe in (states.get(when) or {}).get("probes", ())]
    unmet = [probe for probe in probes if not probe.get("tolerance_met")]
    return f"not so: {unmet[-1]['activity']['name']}: {_last(unmet[-1])}" if unmet else ""


def _not_here(run: Mapping[str, Any]) -> str:
    """Why an activity can't be done on this target; empty when it failed for any other reason."""
    _, sign, why = _last(run).partition(f"{NotHere.__module__}.{NotHere.__qualname__}: ")
    return why if sign else ""


def _last(run: Mapping[str, Any]) -> str:
    said = run.get("exception") or run.get("output")
    return str(said[-1] if isinstance(said, list) and said else said).strip()
