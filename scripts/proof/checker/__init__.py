"""The checker: reads a run's history and its databases, and decides whether the promises P1 to P6 were kept."""

from scripts.proof.checker.evidence import Evidence
from scripts.proof.checker.heard import Heard, NoRun, hear
from scripts.proof.checker.judging import check, judge
from scripts.proof.checker.loading import CannotCheck, load_ledger, load_pending
from scripts.proof.checker.shown import as_dict, shown
from scripts.proof.checker.snapshots import (
    LedgerSnapshot,
    Line,
    PendingSnapshot,
    Step,
    StockRow,
    StoredOrder,
    StoredPurchase,
)
from scripts.proof.checker.stories import with_stories
from scripts.proof.checker.verdict import Check, Row, Verdict, Violation

__all__ = [
    "CannotCheck",
    "Check",
    "Evidence",
    "Heard",
    "LedgerSnapshot",
    "Line",
    "NoRun",
    "PendingSnapshot",
    "Row",
    "Step",
    "StockRow",
    "StoredOrder",
    "StoredPurchase",
    "Verdict",
    "Violation",
    "as_dict",
    "check",
    "hear",
    "judge",
    "load_ledger",
    "load_pending",
    "shown",
    "with_stories",
]
