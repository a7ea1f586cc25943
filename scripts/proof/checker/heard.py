"""What buyers heard, by order: of each thing that was said of it the first and the last time. Bounded by orders.

Two answers have an order only if the earlier one ended before the later one was asked for, by the wall clock and by the
monotonic one; else they are concurrent, as those of a double click, and neither contradicts the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec

from scripts.proof.history import Attempt, End, Entry, FaultLine, Note, Run, Shifted, read

Word = Literal["confirmed", "accepted", "rejected", "cancelled", "not_found"]
WORDS: Final = ("confirmed", "accepted", "rejected", "cancelled", "not_found")
DECIDED: Final = ("confirmed", "rejected", "cancelled")
_OF_NO_ORDER: Final = ("id_reused", "not_offered")  # another purchase has the id; a show's page had nothing to order


class NoRun(Exception):
    """A history has no head, so nobody knows what was run; the message says so."""


class Statement(msgspec.Struct, frozen=True, gc=False):
    """Something that a buyer is told of an order and that must stay true, or change as the design allows."""

    word: Word
    reason: str | None = None
    tickets: tuple[str, ...] = ()
    total: int | None = None
    available: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        return f"{self.word} ({self.reason})" if self.reason else self.word.replace("_", " ")


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What was to be bought; an empty ticket type is one that the history doesn't name."""

    ticket_type: str
    quantity: int


@dataclass(slots=True)
class Told:
    """One statement, with the answer that was over first and the one that was asked for last."""

    statement: Statement
    first: Attempt
    last: Attempt


@dataclass(slots=True)
class Purchase:
    """One order id, as its buyers lived it: each thing that they asked for, and each buyer, once.

    `id_reused` is said of another purchase: `reused` is the first such answer. `cancel_asked` is the first answer to a
    cancel, whatever it was.
    """

    order_id: str
    tries: int = 0
    said: dict[Statement, Told] = field(default_factory=dict)
    asked: tuple[Asked, ...] = ()
    buyers: tuple[int, ...] = ()
    cancel_asked: Attempt | None = None
    reused: Attempt | None = None

    def told(self, *words: Word) -> list[Told]:
        """What was said in one of these words, in the order in which it was first heard."""
        found = [told for told in self.said.values() if told.statement.word in words]
        if len(found) > 1:
            found.sort(key=lambda told: told.first.end)
        return found


@dataclass
class Heard:
    """A whole history: `answers` holds each buyer's last one, `end` is missing in a run that was cut short.

    `came` is the number of buyers as the load counted them, if it did.
    """

    run: Run
    purchases: dict[str, Purchase] = field(default_factory=dict)
    answers: dict[int, Attempt] = field(default_factory=dict)
    faults: list[FaultLine] = field(default_factory=list)
    splits: list[Shifted] = field(default_factory=list)
    end: End | None = None
    attempts: int = 0
    came: int = 0
    _told: dict[tuple[Word, ...], Sequence[Purchase]] = field(default_factory=dict)

    def told(self, *words: Word) -> Sequence[Purchase]:
        """The purchases of which one of these words was said; to be asked once all is heard."""
        if words not in self._told:
            self._told[words] = [purchase for purchase in self.purchases.values() if purchase.told(*words)]
        return self._told[words]

    @property
    def never_answered(self) -> int:
        """Buyers who came and of whom no answer is told: the end of the sale cut them off in their first request."""
        return max(0, self.came - len(self.answers))

    @property
    def last_fault_ended_at(self) -> float | None:
        """Unix seconds of the last fault's end, if there was a fault."""
        if self.end is not None and self.end.last_fault_ended_at is not None:
            return self.end.last_fault_ended_at
        return max((fault.at for fault in self.faults if fault.what == "ends"), default=None)


def is_before(earlier: Attempt, later: Attempt) -> bool:
    """Whether the answer to `earlier` was there before `later` was asked."""
    return earlier.end < later.start and earlier.elapsed < later.elapsed


def statement_of(attempt: Attempt) -> Statement | None:
    """What an answer says of its order; None for what promises nothing. A refusal as cancelled says "cancelled"."""
    match attempt.told:
        case "confirmed":
            return Statement("confirmed", tickets=tuple(sorted(attempt.tickets)), total=attempt.total)
        case "accepted" | "cancelled" | "not_found":
            return Statement(attempt.told)
        case "rejected" if attempt.reason == "cancelled":
            return Statement("cancelled")
        case "rejected" if attempt.reason not in _OF_NO_ORDER:
            return Statement("rejected", attempt.reason, available=tuple(sorted(attempt.available.items())))
    return None


def hear(history: Path | Iterable[Entry]) -> Heard:
    """Read a history once. Raises NoRun, HistoryError or OSError."""
    entries = iter(entries_of(history))
    run = next(entries, None)
    if not isinstance(run, Run):
        raise NoRun("the history doesn't begin with what was run")
    heard = Heard(run)
    for entry in entries:
        match entry:
            case Attempt():
                _hear(heard, entry)
            case FaultLine():
                heard.faults.append(entry)
            case Shifted():
                heard.splits.append(entry)
            case End():
                heard.end = entry
            case Note("pace"):
                heard.came = entry.data.get("buyers", 0)
    return heard


def entries_of(history: Path | Iterable[Entry]) -> Iterator[Entry]:
    """The entries, of a file or of a program."""
    return read(history) if isinstance(history, Path) else iter(history)


def _hear(heard: Heard, attempt: Attempt) -> None:
    heard.attempts += 1
    purchase = heard.purchases.get(attempt.order_id)
    if purchase is None:
        purchase = heard.purchases[attempt.order_id] = Purchase(attempt.order_id)
    if attempt.buyer not in purchase.buyers:
        purchase.buyers += (attempt.buyer,)
    former = heard.answers.get(attempt.buyer)
    if former is None or (attempt.last, attempt.end) >= (former.last, former.end):
        heard.answers[attempt.buyer] = attempt
    if attempt.action == "cancel":
        if purchase.cancel_asked is None or attempt.start < purchase.cancel_asked.start:
            purchase.cancel_asked = attempt
    elif attempt.action in ("place", "double_click"):
        purchase.tries += 1
        asked = Asked(attempt.ticket_type, attempt.quantity)
        if asked not in purchase.asked:
            purchase.asked += (asked,)
    if attempt.told == "rejected" and attempt.reason == "id_reused":
        purchase.reused = purchase.reused or attempt
    elif (statement := statement_of(attempt)) is not None:
        _remember(purchase, statement, attempt)


def _remember(purchase: Purchase, statement: Statement, attempt: Attempt) -> None:
    told = purchase.said.get(statement)
    if told is None:
        purchase.said[statement] = Told(statement, attempt, attempt)
        return
    if attempt.end < told.first.end:
        told.first = attempt
    if attempt.start > told.last.start:
        told.last = attempt
