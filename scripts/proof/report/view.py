"""A run as its report shows it: each experiment with what was observed, decided and drawn, and the verdict in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from markupsafe import Markup

from scripts.proof.checker.verdict import WORDS
from scripts.proof.history import HistoryError, read
from scripts.proof.report import words
from scripts.proof.report.histogram import Histogram
from scripts.proof.report.latency_chart import latency_chart
from scripts.proof.report.observed import Observed, observe
from scripts.proof.report.outcomes_chart import MOST_BINS, Bins, binned, outcomes_chart
from scripts.proof.report.promises import Promise, combined, promises
from scripts.proof.report.record import ExperimentRecord, RunRecord
from scripts.proof.report.recovery_chart import Recovery, recoveries, recovery_chart
from scripts.proof.report.svg import WIDE

State = Literal["kept", "violated", "deviated", "incomplete", "not decided"]
SAID: Final[Mapping[State, str]] = {
    "kept": "0 violations",
    "violated": "violated",
    "deviated": "steady state not met",
    "incomplete": "not all shown",
    "not decided": "not decided",
}
_WORST: Final[tuple[State, ...]] = ("violated", "deviated", "not decided", "incomplete", "kept")


@dataclass(frozen=True)
class Experiment:
    """One experiment; `key` is its name within the page."""

    key: str
    record: ExperimentRecord
    observed: Observed
    promises: tuple[Promise, ...]
    problem: str | None

    @property
    def name(self) -> str:
        return self.record.title or self.record.name

    @property
    def state(self) -> State:
        """The worst that is known of it."""
        states = {promise.state for promise in self.promises}
        journal = self.record.journal
        if "violated" in states:
            return "violated"
        if self.problem or not self.record.verdict:
            return "not decided"
        if journal is not None and not journal.is_steady:
            return "deviated"
        return "kept" if states == {"kept"} else "incomplete"

    @property
    def said(self) -> str:
        """Its state in words."""
        return words.counted(self.violations, "violation") if self.state == "violated" else SAID[self.state]

    @property
    def violations(self) -> int:
        return sum(promise.violations for promise in self.promises)

    @property
    def hypothesis(self) -> str:
        return self.record.hypothesis or (self.observed.run.hypothesis if self.observed.run else "")

    @property
    def seed(self) -> int | None:
        if self.record.seed is None and self.observed.run is not None:
            return self.observed.run.seed
        return self.record.seed

    @property
    def sabotage(self) -> str | None:
        return self.record.sabotage or (self.observed.run.sabotage if self.observed.run else None)

    @cached_property
    def recoveries(self) -> list[Recovery]:
        return recoveries(self.observed.episodes, self.record.answered_within_s, self.record.back_within_s)

    @property
    def slowest(self) -> float | None:
        """Seconds of the slowest recovery."""
        return max((max(row.seconds) for row in self.recoveries if row.seconds), default=None)

    @property
    def latencies(self) -> dict[str, Histogram]:
        """By revision, as far as the record tells, and by cohort; all buyers as one only if there is no other."""
        known = {**{f"decided by {name}": one for name, one in self.record.latencies.items()}}
        return known | {
            {"treated": "treated cohort", "control": "control cohort"}.get(name, name): one
            for name, one in self.observed.latencies.items()
        }

    @property
    def pace(self) -> str | None:
        """How well the load kept its own pace: a load that is late hides what buyers would have felt."""
        note = next((note.data for note in reversed(self.observed.notes) if note.what == "pace"), None)
        if note is None or "lag_p99_s" not in note:
            return None
        late = f"99 of 100 requests went out within {words.duration(note['lag_p99_s'])} of their time"
        return f"The pace of the load: {late}, the worst {words.duration(note.get('lag_worst_s'))} late."

    @property
    def bins(self) -> Bins:
        """The numbers of the curve."""
        return binned(self.observed, MOST_BINS[WIDE])

    @property
    def charts(self) -> Mapping[str, Markup]:
        """The pictures, by what they show; an empty one for want of numbers."""
        return {
            "outcomes": outcomes_chart(self.observed, f"{self.key}-outcomes")
            if self.observed.by_second
            else Markup(""),
            "latencies": latency_chart(self.latencies, f"{self.key}-latencies"),
            "recoveries": recovery_chart(self.recoveries, f"{self.key}-recoveries"),
        }


@dataclass(frozen=True)
class Report:
    """The whole run."""

    record: RunRecord
    experiments: Sequence[Experiment]

    @cached_property
    def promises(self) -> tuple[Promise, ...]:
        """Over all experiments; of a single one with what was measured."""
        if len(self.experiments) == 1:
            return self.experiments[0].promises
        return combined(experiment.promises for experiment in self.experiments)

    @property
    def state(self) -> State:
        """The worst of its experiments; without any, or with a promise that none of them showed, it is incomplete."""
        states = {experiment.state for experiment in self.experiments}
        worst = next((state for state in _WORST if state in states - {"incomplete", "kept"}), None)
        if worst:
            return worst
        return "kept" if self.promises and {row.state for row in self.promises} == {"kept"} else "incomplete"

    @property
    def orders(self) -> int:
        return sum(len(experiment.observed.orders) for experiment in self.experiments)

    @property
    def buyers(self) -> int:
        return sum(len(experiment.observed.last) for experiment in self.experiments)

    @property
    def visible_errors(self) -> int:
        return sum(experiment.observed.visible_errors for experiment in self.experiments)

    @property
    def violations(self) -> int:
        return sum(experiment.violations for experiment in self.experiments)

    @property
    def headline(self) -> str:
        """What came out, and no more than that."""
        if not self.orders:
            return "Nothing was sold in this run"
        checked = sum(len(one.observed.orders) for one in self.experiments if one.record.verdict)
        if not checked:
            return f"{words.counted(self.orders, 'order')}, and nothing was checked"
        of = words.counted(checked, "order" if checked == self.orders else "checked order")
        return f"{words.counted(self.violations, 'violation')} in {of}"

    @property
    def summary(self) -> str:
        """The headline's second line."""
        broken = [row.name for row in self.promises if row.state == "violated"]
        unshown = [row.name for row in self.promises if row.state in ("not shown", "not checked")]
        match self.state:
            case "violated":
                return f"Broken: {', '.join(broken)}. The stories of the orders are told below."
            case "deviated":
                lost = words.counted(self._count("deviated"), "experiment")
                return f"No promise was seen broken, but the steady state was not met in {lost}."
            case "not decided":
                failed = words.counted(self._count("not decided"), "experiment")
                return f"{failed} could not be run or checked, so this run shows less than it should."
            case "incomplete":
                return f"Not shown by this run: {', '.join(unshown or WORDS)}."
        return "Every promise was shown and kept in this run. It says nothing of faults that it didn't have."

    def _count(self, state: State) -> int:
        return sum(experiment.state == state for experiment in self.experiments)


def viewed(record: RunRecord, folder: Path) -> Report:
    """Read the histories of a run in its folder. One that can't be read is told as that experiment's problem."""
    return Report(record, [_experiment(number, one, folder) for number, one in enumerate(record.experiments, 1)])


def _experiment(number: int, record: ExperimentRecord, folder: Path) -> Experiment:
    observed, problem = Observed(), record.problem
    if record.history:
        try:
            observed = observe(read(folder / record.history))
        except (OSError, HistoryError) as error:
            problem = problem or f"the history can't be read: {error}"
    return Experiment(f"e{number}", record, observed, promises(record.verdict), problem)


def losses(compared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The measures of a comparison, with the words that the page says of them."""
    named = {
        "confirmed": "confirmed attempts",
        "prompt": f"confirmed within {words.duration(compared.get('within_s'))}",
    }
    return [{**measure, "words": named.get(measure["name"], measure["name"])} for measure in compared["measures"]]
