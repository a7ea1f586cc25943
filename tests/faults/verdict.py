"""What a sale came to: one row of the table, and every promise that it broke."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from scripts.local.procfile import ROOT
from scripts.local.stack import Stack
from scripts.proof.sale.person import Person

VISIBLE_ERRORS: Final = 0.001  # of the buyers, at most
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
class Verdict:
    """What the buyers of one fault saw last, and when all of their orders were decided: seconds after its end."""

    fault: str
    buyers: Sequence[Person]
    decided_after_s: float

    @property
    def visible_errors(self) -> int:
        """Buyers whose last answer is none of confirmed, accepted, or an honest rejection."""
        return sum(buyer.saw not in ("confirmed", "accepted", "rejected") for buyer in self.buyers)

    def row(self) -> str:
        """A line under HEADER."""
        saw = Counter(buyer.saw for buyer in self.buyers)
        accepted_first = sum(buyer.accepted_first for buyer in self.buyers)
        decided = f"{self.decided_after_s:.1f}" if accepted_first else "-"
        numbers = (len(self.buyers), saw["confirmed"], saw["rejected"], accepted_first, self.visible_errors, decided)
        return _ROW.format(self.fault, *numbers)


def contradictions(stack: Stack, slug: str, buyers: Sequence[Person]) -> list[str]:
    """Where the ledger says something else than a buyer last read: P2, P3 and P5 as buyers feel them."""
    with psycopg.connect(stack.database_url) as session:
        rows = session.execute(
            "SELECT order_id::text, status, array(SELECT code FROM tickets t WHERE t.order_id = o.order_id)"
            " FROM orders o WHERE show = %s",
            [slug],
        ).fetchall()
    stored = {order_id: (status, frozenset(codes)) for order_id, status, codes in rows}
    found = [f"{buyer.order_id}: {what}" for buyer in buyers for what in buyer.contradictions]
    for buyer in buyers:
        status, codes = stored.get(buyer.order_id, (None, frozenset()))
        if buyer.saw in ("confirmed", "rejected") and (status != buyer.saw or codes != buyer.codes):
            found.append(f"{buyer.order_id}: read {buyer.saw}, and the ledger says {status}")
        if buyer.saw == "accepted":
            found.append(f"{buyer.order_id}: was accepted, never read what became of it; the ledger says {status}")
    strangers = stored.keys() - {buyer.order_id for buyer in buyers}
    return found + [f"{order_id}: nobody's order" for order_id in strangers]


def audited(stack: Stack) -> tuple[int, str]:
    """Exit code and output of the audit on the live database: 0 if P1 to P4 hold."""
    done = subprocess.run(
        [sys.executable, "-m", "functions.orders.audit"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ORDERS_DATABASE_URL": stack.database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
