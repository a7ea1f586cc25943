"""What a history shows, read once: answers by second, each buyer's last one, durations, faults and recoveries."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from scripts.proof.checker.visible_errors import saw_an_error
from scripts.proof.history import Attempt, End, Entry, FaultLine, Note, Run, Shifted
from scripts.proof.report.histogram import Histogram

Outcome = Literal["confirmed", "accepted", "rejected", "not known yet", "error"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("confirmed", "accepted", "rejected", "not known yet", "error")
_OUTCOMES: Final[Mapping[str, Outcome]] = {
    "confirmed": "confirmed",
    "accepted": "accepted",
    "rejected": "rejected",
    "cancelled": "rejected",
    "unconfirmed": "not known yet",
    "busy": "not known yet",
}
PRESSES: Final = ("place", "double_click")
_ANSWERS: Final = ("confirmed", "accepted", "rejected")
EVERYBODY: Final = "all buyers"


@dataclass
class Episode:
    """A fault from outside; times in seconds since the run began, None for what the history doesn't tell.

    `back_s` is how long it took until what was hit served again, at `back_at`; `answered_s` how long until the first
    answer to one of the purchases that were `pressed` after the fault began. Of several parts the slowest counts.
    """

    name: str
    target: str
    began: float
    ended: float | None = None
    back_at: float | None = None
    back_s: float | None = None
    answered_s: float | None = None
    pressed: int = 0


@dataclass
class Observed:
    """All that a report shows of a history; `end` is missing in a run that was cut short."""

    run: Run | None = None
    end: End | None = None
    seconds: float = 0.0
    by_second: dict[int, Counter[Outcome]] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)
    last: dict[int, Attempt] = field(default_factory=dict)
    orders: set[str] = field(default_factory=set)
    presses: int = 0
    latencies: dict[str, Histogram] = field(default_factory=dict)
    episodes: list[Episode] = field(default_factory=list)
    splits: list[Shifted] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def visible_errors(self) -> int:
        """Buyers whose last answer was an error, in the checker's words."""
        return sum(map(saw_an_error, self.last.values()))

    @property
    def undecided(self) -> int:
        """Buyers whose last answer was that they have been accepted."""
        return sum(attempt.told == "accepted" for attempt in self.last.values())

    def last_answers(self) -> list[tuple[str, int]]:
        """How many buyers read what last, the most frequent first; a rejection with its reason."""
        counts = Counter(
            f"rejected: {attempt.reason}" if attempt.told == "rejected" else attempt.told
            for attempt in self.last.values()
        )
        return counts.most_common()


def outcome_of(attempt: Attempt) -> Outcome:
    """The kind of an answer. A rejection without a reason is no honest one."""
    if attempt.told == "rejected" and attempt.reason is None:
        return "error"
    return _OUTCOMES.get(attempt.told, "error")


def observe(entries: Iterable[Entry]) -> Observed:
    """Read a history once. Raises HistoryError or OSError, as reading it does."""
    observed, said, awaiting = Observed(), dict[str, str](), list[Episode]()
    for entry in entries:
        if not isinstance(entry, Run):
            observed.seconds = max(observed.seconds, entry.elapsed)
        match entry:
            case Run():
                observed.run = entry
            case Attempt():
                _heard(observed, entry, said)
                awaiting = [episode for episode in awaiting if not _answers(entry, episode)]
            case FaultLine():
                if (begun := _struck(observed.episodes, entry)) is not None:
                    awaiting.append(begun)
            case Shifted():
                observed.splits.append(entry)
            case Note():
                observed.notes.append(entry)
            case End():
                observed.end = entry
    return observed


def latencies(entries: Iterable[Entry], names: Mapping[str, str]) -> dict[str, Histogram]:
    """How long presses took that were answered with an outcome, by the name of their order, such as its revision."""
    found: dict[str, Histogram] = {}
    for entry in entries:
        if isinstance(entry, Attempt) and _is_decided(entry) and (name := names.get(entry.order_id)):
            found.setdefault(name, Histogram()).add(entry.end - entry.start)
    return found


def _heard(observed: Observed, attempt: Attempt, said: dict[str, str]) -> None:
    """Looks that say what was said before are left out of the curve: a page asks every few seconds."""
    observed.orders.add(attempt.order_id)
    observed.told[attempt.told] += 1
    former = observed.last.get(attempt.buyer)
    if former is None or (attempt.last, attempt.end) >= (former.last, former.end):
        observed.last[attempt.buyer] = attempt
    is_news = said.get(attempt.order_id) != attempt.told
    said[attempt.order_id] = attempt.told
    if attempt.action in PRESSES:
        observed.presses += 1
        observed.latencies.setdefault(attempt.cohort or EVERYBODY, Histogram()).add(attempt.end - attempt.start)
    elif not is_news:
        return
    observed.by_second.setdefault(int(attempt.elapsed), Counter())[outcome_of(attempt)] += 1


def _is_decided(attempt: Attempt) -> bool:
    return attempt.action in PRESSES and attempt.told in ("confirmed", "rejected")


def _answers(attempt: Attempt, episode: Episode) -> bool:
    """Whether this is the answer that the episode waits for; noted in it."""
    pressed_at = attempt.elapsed - (attempt.end - attempt.start)
    if attempt.action not in PRESSES or pressed_at < episode.began:
        return False
    episode.pressed += 1
    if attempt.told not in _ANSWERS:
        return False
    episode.answered_s = attempt.elapsed - episode.began
    return True


def _struck(episodes: list[Episode], line: FaultLine) -> Episode | None:
    """The episode that this line begins, if it begins one; its end and recovery are noted in the latest of its name."""
    if line.what == "begins":
        episodes.append(Episode(line.name, line.target, line.elapsed))
        return episodes[-1]
    episode = _latest(episodes, line)
    if line.what == "ends":
        episode.ended = line.elapsed
    else:
        took = line.seconds if line.seconds is not None else line.elapsed - episode.began
        episode.back_at = line.elapsed
        episode.back_s = max(took, episode.back_s or 0.0)
    return None


def _latest(episodes: list[Episode], line: FaultLine) -> Episode:
    """The episode that a line is about. A recovery names the one part that is back, where a fault may name several."""
    for episode in reversed(episodes):
        if episode.name == line.name and (episode.target == line.target or line.what == "recovered"):
            return episode
    episodes.append(Episode(line.name, line.target, line.elapsed - (line.seconds or 0.0)))
    return episodes[-1]
