"""The promises' table, of one experiment and of a whole run, in words that say no more than was seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from scripts.proof.checker.verdict import WORDS
from scripts.proof.report import words

State = Literal["kept", "violated", "not checked", "not shown"]
_WORST: Final[tuple[State, ...]] = ("violated", "not checked", "not shown", "kept")


@dataclass(frozen=True)
class Violation:
    """One broken promise: what it was, of which orders, and the lines of their story."""

    what: str
    order_ids: tuple[str, ...] = ()
    story: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One thing that was asked, with the first of its violations."""

    name: str
    state: State
    examined: int
    violations: int
    why_not: str = ""
    shown: tuple[Violation, ...] = ()

    @property
    def said(self) -> str:
        """How it ended, in words."""
        return self.why_not if self.state == "not checked" and self.why_not else _said(self)


@dataclass(frozen=True)
class Promise:
    """A promise's row."""

    name: str
    words: str
    state: State
    examined: int
    violations: int
    measured: tuple[tuple[str, str], ...] = ()
    checks: tuple[Check, ...] = ()
    shown_by: int = 0
    asked_by: int = 1

    @property
    def said(self) -> str:
        """How it ended, in words."""
        return _said(self)


def promises(verdict: Mapping[str, Any] | None) -> tuple[Promise, ...]:
    """The rows of a verdict as `checker.as_dict` gives it; all six "not checked" without one."""
    if not verdict:
        return tuple(Promise(name, said, "not checked", 0, 0) for name, said in WORDS.items())
    return tuple(map(_promise, verdict.get("promises", ())))


def combined(verdicts: Iterable[Sequence[Promise]]) -> tuple[Promise, ...]:
    """The rows of a whole run: kept is what some experiment showed and no other one left unchecked or saw violated."""
    rows = [row for verdict in verdicts for row in verdict]
    names = dict.fromkeys([*WORDS, *(row.name for row in rows)])
    return tuple(_combined([row for row in rows if row.name == name]) for name in names if _any(rows, name))


def _any(rows: Sequence[Promise], name: str) -> bool:
    return any(row.name == name for row in rows)


def _combined(rows: Sequence[Promise]) -> Promise:
    states = {row.state for row in rows}
    shown_by = sum(row.state in ("kept", "violated") for row in rows)
    if shown_by and "not shown" in states:
        states.remove("not shown")
    return Promise(
        rows[0].name,
        rows[0].words,
        next(state for state in _WORST if state in states),
        sum(row.examined for row in rows),
        sum(row.violations for row in rows),
        shown_by=shown_by,
        asked_by=len(rows),
    )


def _promise(row: Mapping[str, Any]) -> Promise:
    name = str(row.get("promise", "?"))
    return Promise(
        name,
        str(row.get("words") or WORDS.get(name, "")),  # type: ignore[call-overload]  # whatever name was written
        _state(row),
        int(row.get("examined") or 0),
        int(row.get("violations") or 0),
        tuple((str(what), words.measured(value)) for what, value in (row.get("measured") or {}).items()),
        tuple(map(_check, row.get("checks") or ())),
    )


def _check(row: Mapping[str, Any]) -> Check:
    return Check(
        str(row.get("name", "?")),
        _state(row),
        int(row.get("examined") or 0),
        int(row.get("violations") or 0),
        str(row.get("why_not") or ""),
        tuple(_violation(one) for one in row.get("shown") or ()),
    )


def _violation(row: Mapping[str, Any]) -> Violation:
    return Violation(
        str(row.get("what", "?")),
        tuple(map(str, row.get("order_ids") or ())),
        tuple(map(str, row.get("story") or ())),
    )


def _state(row: Mapping[str, Any]) -> State:
    """As written; else by the numbers, for nothing is kept of which nothing was seen."""
    if row.get("violations"):
        return "violated"
    if row.get("state") in _WORST:
        return row["state"]  # type: ignore[no-any-return]
    return "kept" if row.get("examined") else "not shown"


def _said(row: Check | Promise) -> str:
    match row.state:
        case "violated":
            return f"{words.counted(row.violations, 'violation')} in {row.examined:,} examined"
        case "kept":
            return f"0 violations in {row.examined:,} examined"
        case "not shown":
            return "not shown by this run"
    return "not checked"
