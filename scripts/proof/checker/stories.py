"""The whole story of an order that a promise was broken to, readable in a terminal of 120 columns."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from scripts.proof.checker.evidence import Evidence
from scripts.proof.checker.heard import entries_of
from scripts.proof.checker.log_lines import Logs, OrderLog, gather
from scripts.proof.checker.moments import AT_THE_END, Moment, moments
from scripts.proof.checker.verdict import Row, Verdict, Violation
from scripts.proof.history import Attempt, Entry

STORIES: Final = 5
"""Violations of each promise whose story is told."""
ORDERS_OF_A_STORY: Final = 3
LINES: Final = 60
_WIDTH: Final = 118  # of 120, for an indent of two
_WHO: Final = 24


def with_stories(
    verdict: Verdict, evidence: Evidence, history: Path | Iterable[Entry], logs: Logs | None = None
) -> Verdict:
    """The verdict, in which the first violations of each promise tell their story. Raises OSError.

    History and logs are read once more, for the orders in question alone.
    """
    wanted = {order_id for row in verdict.rows for violation in _first(row) for order_id in _named(violation)}
    if not wanted:
        return verdict
    attempts = _attempts(history, wanted)
    logged = gather(logs if logs is not None else (), wanted, _traceparents(evidence, attempts))
    told = {order_id: tuple(story(order_id, evidence, attempts[order_id], logged[order_id])) for order_id in wanted}
    return replace(verdict, rows=tuple(_told(row, told) for row in verdict.rows))


def story(order_id: str, evidence: Evidence, attempts: Sequence[Attempt], log: OrderLog) -> list[str]:
    """The order's moments as lines, at most `LINES` of them; times in seconds since the run began."""
    lines = [line for moment in moments(order_id, evidence, attempts, log) for line in _lines(moment, evidence)]
    if (left_out := len(lines) - LINES) > 0:
        lines[LINES // 2 : LINES // 2 + left_out] = [f"{'...':>11}  {left_out} lines are left out"]
    more = [f"{'':11}  and {log.left_out} more lines in the logs"] if log.left_out else []
    return [f"order {order_id}", *lines, *more]


def _lines(moment: Moment, evidence: Evidence) -> list[str]:
    """A moment, which may take more than one line."""
    began = evidence.heard.run.at
    when = "in the end" if moment.at == AT_THE_END else f"{moment.at - began:+.3f} s"
    who = moment.who if len(moment.who) <= _WHO else f"...{moment.who[3 - _WHO :]}"
    head = f"{when:>11}  {who:<{_WHO}}  "
    return textwrap.wrap(
        moment.what, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
    )


def _attempts(history: Path | Iterable[Entry], wanted: set[str]) -> dict[str, list[Attempt]]:
    found: dict[str, list[Attempt]] = {order_id: [] for order_id in wanted}
    for entry in entries_of(history):
        if isinstance(entry, Attempt) and entry.order_id in found:
            found[entry.order_id].append(entry)
    return found


def _traceparents(evidence: Evidence, attempts: Mapping[str, Sequence[Attempt]]) -> dict[str, str]:
    """The order of each traceparent that the buyers or the pending store know."""
    known = {attempt.traceparent: order_id for order_id, tries in attempts.items() for attempt in tries}
    waiting = evidence.pending.purchases if evidence.pending else {}
    return known | {waiting[order_id].traceparent: order_id for order_id in attempts if order_id in waiting}


def _told(row: Row, told: Mapping[str, tuple[str, ...]]) -> Row:
    """The row, in which the violations to be told of have their orders' stories."""
    chosen = {id(violation) for violation in _first(row)}

    def tell(violation: Violation) -> Violation:
        if id(violation) not in chosen:
            return violation
        return replace(violation, story=tuple(line for order_id in _named(violation) for line in told[order_id]))

    checks = (replace(check, shown=tuple(map(tell, check.shown))) for check in row.checks)
    return replace(row, checks=tuple(checks))


def _first(row: Row) -> list[Violation]:
    """The first few violations of a promise, taken in turn from its checks, so that each kind is told of."""
    return [violation for turn in _turns(row) for violation in turn][:STORIES]


def _turns(row: Row) -> Iterator[list[Violation]]:
    longest = max((len(check.shown) for check in row.checks), default=0)
    for number in range(longest):
        yield [check.shown[number] for check in row.checks if number < len(check.shown)]


def _named(violation: Violation) -> tuple[str, ...]:
    return violation.order_ids[:ORDERS_OF_A_STORY]
