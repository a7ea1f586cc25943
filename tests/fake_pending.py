"""The pending purchases as the shop sees them, in memory."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from frontend.pending.purchases import Accepted, Away, Full, Outcome, PendingPurchase, Reused
from functions.orders import contract
from tests.fakes import utc_now


class FakePending:
    """PendingPurchases that forget everything with the process; `away` and `full` make them so."""

    def __init__(self, now: Callable[[], datetime] = utc_now, limit: int = 3000) -> None:
        self.away = False
        self.full = False
        self._now = now
        self._limit = limit
        self._lock = threading.RLock()
        self._purchases: dict[str, PendingPurchase] = {}  # in the order of acceptance

    def accept(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Accepted | Reused | Full | Away:
        fingerprint = contract.fingerprint(order)
        with self._lock:
            if self.away:
                return Away()
            if (known := self._purchases.get(order_id)) is None:
                if self.full or self.depth() >= self._limit:
                    return Full()
                known = self._purchases[order_id] = PendingPurchase(
                    order_id, fingerprint, order, pressed_at, traceparent, self._now(), "pending"
                )
            return Accepted(known) if known.fingerprint == fingerprint else Reused(order_id)

    def find(self, order_id: str) -> PendingPurchase | Away | None:
        with self._lock:
            return Away() if self.away else self._purchases.get(order_id)

    def settle(self, order_id: str, outcome: Outcome) -> None:
        with self._lock:
            purchase = self._purchases.get(order_id)
            if not self.away and purchase is not None and purchase.state != "decided":
                self._purchases[order_id] = replace(purchase, state="decided", outcome=outcome)

    def depth(self) -> int:
        """How many wait."""
        return sum(purchase.state == "pending" for purchase in self._purchases.values())

    def bury(self, order_id: str) -> None:
        """Makes the purchase a dead letter, as a worker does that gave up."""
        with self._lock:
            self._purchases[order_id] = replace(self._purchases[order_id], state="dead")

    def refuse(self, order_id: str, message: str) -> None:
        """What an operator's `refuse` leaves here; the cancel is sent by itself."""
        refused = contract.Cancelled(order_id)
        with self._lock:
            self._purchases[order_id] = replace(
                self._purchases[order_id], state="decided", outcome=refused, message=message
            )
