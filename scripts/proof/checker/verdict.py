"""What the checker decides: each promise kept, violated, not shown for want of examples, or not to be checked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

Promise = Literal["P1", "P2", "P3", "P4", "P5", "P6"]
State = Literal["kept", "violated", "not shown", "not checked"]
Number = int | float
T = TypeVar("T")

WORDS: Final[Mapping[Promise, str]] = {
    "P1": "never oversell, at any instant",
    "P2": "never lose an order",
    "P3": "one order id, one order",
    "P4": "no phantom sold-out",
    "P5": "honest pages",
    "P6": "masked failure",
}
KEPT_OF_A_CHECK: Final = 20
"""Violations that are kept of each check; the others are counted."""


@dataclass(frozen=True)
class Violation:
    """One broken promise in words, the orders it is about, and their story if it was asked for."""

    what: str
    order_ids: tuple[str, ...] = ()
    story: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One thing that a promise asks: how many were `examined`, how many `violations` were found, the first of them.

    A promise whose `needed` check examined nothing isn't shown. `why_not` says why it couldn't be checked.
    """

    promise: Promise
    name: str
    examined: int
    violations: int = 0
    shown: tuple[Violation, ...] = ()
    needed: bool = False
    why_not: str | None = None

    @property
    def state(self) -> State:
        if self.violations:
            return "violated"
        if self.why_not is not None:
            return "not checked"
        return "kept" if self.examined else "not shown"


@dataclass(frozen=True)
class Row:
    """A promise with its checks, and what was measured beside them by name."""

    promise: Promise
    checks: tuple[Check, ...]
    measured: Mapping[str, Number | None] = field(default_factory=dict)

    @property
    def words(self) -> str:
        return WORDS[self.promise]

    @property
    def examined(self) -> int:
        return sum(check.examined for check in self.checks)

    @property
    def violations(self) -> int:
        return sum(check.violations for check in self.checks)

    @property
    def state(self) -> State:
        """The worst of its checks; one that examined nothing counts only if it is needed."""
        states = {check.state for check in self.checks if check.state != "not shown" or check.needed}
        worst: tuple[State, ...] = ("violated", "not checked", "not shown")
        return next((state for state in worst if state in states), "kept" if states else "not shown")


@dataclass(frozen=True)
class Verdict:
    """The promises' table of one run; `is_whole` is False for a run that was cut short."""

    rows: tuple[Row, ...]
    is_whole: bool = True

    @property
    def code(self) -> int:
        """0 if every promise was shown and kept; 1 if one was violated; 2 if one wasn't shown or checked."""
        states = {row.state for row in self.rows}
        if "violated" in states:
            return 1
        return 0 if states == {"kept"} else 2

    @property
    def violations(self) -> int:
        return sum(row.violations for row in self.rows)

    def __getitem__(self, promise: Promise) -> Row:
        """The row of a promise."""
        return next(row for row in self.rows if row.promise == promise)


def examine(
    promise: Promise,
    name: str,
    subjects: Sequence[T],
    find: Callable[[T], Iterable[Violation]],
    *,
    needed: bool = False,
    why_not: str | None = None,
) -> Check:
    """Look at each subject with `find`, which yields what is wrong with it."""
    return collected(
        promise,
        name,
        len(subjects),
        (violation for subject in subjects for violation in find(subject)),
        needed=needed,
        why_not=why_not,
    )


def collected(
    promise: Promise,
    name: str,
    examined: int,
    violations: Iterable[Violation],
    *,
    needed: bool = False,
    why_not: str | None = None,
) -> Check:
    """A check from what it found; beyond `KEPT_OF_A_CHECK` violations are only counted."""
    shown: list[Violation] = []
    count = 0
    for violation in violations:
        count += 1
        if len(shown) < KEPT_OF_A_CHECK:
            shown.append(violation)
    return Check(promise, name, examined, count, tuple(shown), needed, why_not)
