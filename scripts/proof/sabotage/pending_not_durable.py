"""Pending purchases are not durable: "accepted" is told while the purchase is in the memory of the shop alone.

The guard: a pending purchase is committed to the shop's database before its buyer reads that it is accepted. Here it is
written some seconds later, and is gone when the process ends before: P2, for nobody ever decides it.
Shown by killing the shop while the function is away, as nothing is pending otherwise.
"""

import threading
import time
from datetime import UTC, datetime
from typing import Any, Final

from frontend.pending import running
from frontend.pending.purchases import Accepted, Away, Full, PendingPurchase, Reused
from frontend.pending.store import PostgresPending
from functions.orders import contract
from scripts.proof.sabotage.replacing import replace

LATE_S: Final = 3.0


def take_out() -> None:
    """Take the guard out of this process."""
    replace(running, "PostgresPending", ForgetfulPending)


class ForgetfulPending(PostgresPending):
    """PendingPurchases that are written after LATE_S, by a thread that ends with the process."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._unwritten: dict[str, PendingPurchase] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._write_for_ever, name="late", daemon=True).start()

    def accept(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Accepted | Reused | Full | Away:
        """Accepts at once what is not known yet."""
        if isinstance(super().find(order_id), PendingPurchase):
            return super().accept(order_id, order, pressed_at, traceparent)
        fingerprint, now = contract.fingerprint(order), datetime.now(UTC)
        with self._lock:
            new = PendingPurchase(order_id, fingerprint, order, pressed_at, traceparent, now, "pending")
            kept = self._unwritten.setdefault(order_id, new)
        return Accepted(kept) if kept.fingerprint == fingerprint else Reused(order_id)

    def find(self, order_id: str) -> PendingPurchase | Away | None:
        """Also what is not written yet."""
        with self._lock:
            unwritten = self._unwritten.get(order_id)
        return unwritten or super().find(order_id)

    def _write_for_ever(self) -> None:
        while True:
            time.sleep(LATE_S)
            with self._lock:
                waiting = list(self._unwritten.values())
            for purchase in waiting:
                self._write(purchase)

    def _write(self, late: PendingPurchase) -> None:
        if not isinstance(super().accept(late.order_id, late.order, late.pressed_at, late.traceparent), Away | Full):
            with self._lock:
                del self._unwritten[late.order_id]
