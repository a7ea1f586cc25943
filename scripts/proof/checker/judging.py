"""The checker: every promise, from what buyers heard and what the stores hold."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from functions.orders.audit import Result
from scripts.proof.checker import lost, one_order, oversold, pages, sold_out, visible_errors
from scripts.proof.checker.evidence import Evidence
from scripts.proof.checker.heard import hear
from scripts.proof.checker.log_lines import Logs
from scripts.proof.checker.snapshots import LedgerSnapshot, PendingSnapshot
from scripts.proof.checker.stories import with_stories
from scripts.proof.checker.verdict import WORDS, Check, Row, Verdict, Violation
from scripts.proof.history import Entry

_PARTS = {"P1": oversold, "P2": lost, "P3": one_order, "P4": sold_out, "P5": pages, "P6": visible_errors}


def check(
    history: Path | Iterable[Entry],
    ledger: LedgerSnapshot,
    pending: PendingSnapshot | None,
    logs: Logs | None = None,
) -> Verdict:
    """Decide P1 to P6, with the stories of the first violations. Raises NoRun, HistoryError, or OSError."""
    entries = history if isinstance(history, Path | Sequence) else list(history)
    evidence = Evidence(hear(entries), ledger, pending)
    return with_stories(judge(evidence), evidence, entries, logs)


def judge(evidence: Evidence) -> Verdict:
    """Decide P1 to P6, without stories: pure, and quick for a small sale."""
    found = [check for part in _PARTS.values() for check in part.checks(evidence)]
    found += [check for result in evidence.ledger.audit for check in _audited(result)]
    rows = (
        Row(promise, tuple(check for check in found if check.promise == promise), _PARTS[promise].measured(evidence))
        for promise in WORDS
    )
    return Verdict(tuple(rows), is_whole=evidence.heard.end is not None)


def _audited(result: Result) -> Iterator[Check]:
    """A check of the function's audit, under each promise that it is for."""
    shown = tuple(
        Violation(
            "  ".join(f"{name}={'-' if value is None else value}" for name, value in row.items()),
            (str(row["order_id"]),) if row.get("order_id") else (),
        )
        for row in result.shown
    )
    for promise in WORDS:
        if promise in result.check.promise:
            yield Check(promise, f"audit: {result.check.name}", result.examined, result.violations, shown)
