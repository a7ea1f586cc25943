"""What a sale came to: its history, judged by the checker, and one row of a table."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.local.stack import Stack
from scripts.proof.checker import Verdict, check, load_ledger, load_pending
from scripts.proof.history import Attempt, End, History, Run
from scripts.proof.sale.crowd import Crowd
from scripts.proof.sale.sale import Sale

_COLUMNS: Final = (
    "fault",
    "buyers",
    "confirmed",
    "rejected",
    "accepted first",
    "visible errors",
    "s until all decided",
)
_ROW: Final = "{:45} {:>7} {:>10} {:>9} {:>15} {:>15} {:>20}"
HEADER: Final = _ROW.format(*_COLUMNS)


@dataclass(frozen=True)
class Recorded:
    """A sale on a stack, whose history is being written."""

    stack: Stack
    sale: Sale
    history: History

    def judge(self, fault_ended_at: float) -> Verdict:
        """End the sale, and let the checker decide; the fault ended at a moment in Unix seconds."""
        self.sale.stop()
        self.history.write(End(*self.history.now(), fault_ended_at))
        show, stack = self.sale.crowd.show, self.stack
        pending = load_pending(pending_url(stack), [buyer.order_id for buyer in self.sale.buyers])
        return check(self.history.path, load_ledger(stack.database_url, show), pending, stack.folder.logs)


@contextmanager
def recorded(
    stack: Stack, crowd: Crowd, places: int, folder: Path, on_attempt: Callable[[Attempt], None] = lambda _: None
) -> Iterator[Recorded]:
    """A sale of so many places, with its history in `folder`."""
    with History(folder / "history.jsonl") as history:
        at, _ = history.now()
        history.write(Run("a fault", crowd.seed, "local", at, crowd.show, {"place": places}, "scripts/test.py"))
        with Sale({"treated": stack.url}, crowd, history, on_attempt=on_attempt) as sale:
            yield Recorded(stack, sale, history)


def pending_url(stack: Stack) -> str:
    """The address of the database of pending purchases."""
    state = stack.folder.read_state()
    assert state is not None
    return state.database_urls["pending"]


def row(fault: str, sale: Sale, verdict: Verdict) -> str:
    """A line under HEADER."""
    saw = Counter(buyer.saw for buyer in sale.buyers)
    accepted_first = sum(buyer.accepted_first for buyer in sale.buyers)
    decided = verdict["P2"].measured["s from the last fault's end to the last decision"]
    errors = verdict["P6"].measured["saw an error last"]
    shown = "-" if decided is None else f"{decided:.1f}"
    return _ROW.format(fault, len(sale.buyers), saw["confirmed"], saw["rejected"], accepted_first, errors or 0, shown)
