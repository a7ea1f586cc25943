"""The pending purchases as the shop and its workers see them, in memory."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from frontend.pending.policy import KEPT, LEASE_S, REFUSED_KEPT
from frontend.pending.purchases import Accepted, Away, Full, Outcome, PendingPurchase, Reused
from frontend.pending.queue import FEW, Depth
from functions.orders import contract
from tests.fakes import utc_now


@dataclass
class _Row:
    """What is kept of a purchase beside what everybody sees of it."""

    purchase: PendingPurchase
    due_at: datetime
    waiting_since: datetime
    decided_at: datetime


class FakePending:
    """PendingPurchases and PendingQueue that forget everything with the process; `away` and `full` make them so."""

    def __init__(self, now: Callable[[], datetime] = utc_now, limit: int = 3000) -> None:
        self.away = False
        self.full = False
        self._now = now
        self._limit = limit
        self._lock = threading.RLock()
        self._rows: dict[str, _Row] = {}  # in the order of acceptance

    def accept(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Accepted | Reused | Full | Away:
        fingerprint = contract.fingerprint(order)
        with self._lock:
            if self.away:
                return Away()
            if (row := self._rows.get(order_id)) is None:
                if self.full or len(self._waiting()) >= self._limit:
                    return Full()
                now = self._now()
                new = PendingPurchase(order_id, fingerprint, order, pressed_at, traceparent, now, "pending")
                row = self._rows[order_id] = _Row(new, now, now, now)
            return Accepted(row.purchase) if row.purchase.fingerprint == fingerprint else Reused(order_id)

    def find(self, order_id: str) -> PendingPurchase | Away | None:
        with self._lock:
            row = self._rows.get(order_id)
            return Away() if self.away else row.purchase if row else None

    def settle(self, order_id: str, outcome: Outcome) -> None:
        self._decide(order_id, outcome)

    def lease(self) -> PendingPurchase | Away | None:
        with self._lock:
            if self.away:
                return Away()
            due = next((row for row in self._waiting() if row.due_at <= self._now()), None)
            if due is None:
                return None
            due.due_at = self._now() + timedelta(seconds=LEASE_S)
            due.purchase = replace(due.purchase, tries=due.purchase.tries + 1)
            return due.purchase

    def decide(self, purchase: PendingPurchase, outcome: Outcome) -> bool | Away:
        return Away() if self.away else self._decide(purchase.order_id, outcome)

    def try_later(self, purchase: PendingPurchase, in_s: float, failure: str) -> None:
        with self._lock:
            if (row := self._held(purchase)) is not None:
                row.due_at = self._now() + timedelta(seconds=in_s)
                row.purchase = replace(row.purchase, last_failure=failure)

    def give_back(self, purchase: PendingPurchase) -> None:
        with self._lock:
            if (row := self._held(purchase)) is not None:
                row.due_at = self._now()
                row.purchase = replace(row.purchase, tries=row.purchase.tries - 1)

    def give_up(self, after_s: float) -> list[str] | Away:
        with self._lock:
            if self.away:
                return Away()
            now = self._now()
            late = [
                r for r in self._waiting() if r.due_at <= now and (now - r.waiting_since).total_seconds() >= after_s
            ]
            for row in late[:FEW]:
                self.bury(row.purchase.order_id)
            return [row.purchase.order_id for row in late[:FEW]]

    def forget(self) -> int | Away:
        with self._lock:
            if self.away:
                return Away()
            now = self._now()
            old = [
                order_id
                for order_id, row in self._rows.items()
                if row.purchase.state == "decided"
                and now - row.decided_at > (KEPT if row.purchase.message is None else REFUSED_KEPT)
            ][:FEW]
            for order_id in old:
                del self._rows[order_id]
            return len(old)

    def depth(self) -> Depth | Away:
        with self._lock:
            now = self._now()
            oldest = min((row.purchase.accepted_at for row in self._waiting()), default=now)
            dead = sum(row.purchase.state == "dead" for row in self._rows.values())
            return Away() if self.away else Depth(len(self._waiting()), (now - oldest).total_seconds(), dead)

    def bury(self, order_id: str) -> None:
        """Makes the purchase a dead letter, as the housekeeper does that gives it up."""
        with self._lock:
            self._rows[order_id].purchase = replace(self._rows[order_id].purchase, state="dead")

    def refuse(self, order_id: str, message: str) -> None:
        """What an operator's `refuse` leaves here; the cancel is sent by itself."""
        with self._lock:
            row = self._rows[order_id]
            outcome = contract.Cancelled(order_id)
            row.decided_at = self._now()
            row.purchase = replace(row.purchase, state="decided", outcome=outcome, message=message)

    def _decide(self, order_id: str, outcome: Outcome) -> bool:
        with self._lock:
            row = self._rows.get(order_id)
            if self.away or row is None or row.purchase.state == "decided":
                return False
            row.decided_at = self._now()
            row.purchase = replace(row.purchase, state="decided", outcome=outcome)
            return True

    def _waiting(self) -> list[_Row]:
        return [row for row in self._rows.values() if row.purchase.state == "pending"]

    def _held(self, leased: PendingPurchase) -> _Row | None:
        """Its row, while the lease is its holder's own."""
        row = self._rows.get(leased.order_id)
        is_held = row is not None and (row.purchase.state, row.purchase.tries) == ("pending", leased.tries)
        return row if is_held and not self.away else None
