"""A sale in memory that keeps every promise: its history and its stores can be had, and broken on purpose."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from functions.orders.contract import Availability, Ticket
from scripts.proof.checker import (
    Evidence,
    LedgerSnapshot,
    Line,
    PendingSnapshot,
    Step,
    StockRow,
    StoredOrder,
    StoredPurchase,
    Verdict,
    hear,
    judge,
)
from scripts.proof.checker.verdict import Promise
from scripts.proof.history import Action, Attempt, End, Entry, FaultLine, Run, Told

BEGAN = 1000.0
PRICE = 1000


def order_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


@dataclass
class Made:
    """One show with one ticket type, `place`; an attempt takes 0.5 s and the next begins 0.5 s later."""

    capacity: int = 3
    orders: dict[str, StoredOrder] = field(default_factory=dict)
    journal: list[Step] = field(default_factory=list)
    purchases: dict[str, StoredPurchase] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    others: list[Entry] = field(default_factory=list)
    is_whole: bool = True
    has_pending: bool = True
    now: float = BEGAN

    def __post_init__(self) -> None:
        self.journal.append(Step(1, self.capacity, 0, "published", None, BEGAN))

    @property
    def left(self) -> int:
        return self.journal[-1].capacity - self.journal[-1].sold

    def say(self, number: int, told: Told, action: Action = "place", **details: Any) -> Attempt:
        """An attempt of buyer `number` on the order of the same number, and nothing else."""
        fields: dict[str, Any] = {
            "buyer": number,
            "order_id": order_id(number),
            "start": self.now,
            "end": self.now + 0.5,
            "elapsed": self.now + 0.5 - BEGAN,
            "status": 200,
            "ticket_type": "place",
            **details,
        }
        attempt = Attempt(action=action, told=told, **fields)
        self.attempts.append(attempt)
        self.now += 1.0
        return attempt

    def tell(self, number: int, action: Action = "place", **details: Any) -> Attempt:
        """An attempt that is told what is stored."""
        order, waiting = self.orders.get(order_id(number)), self.purchases.get(order_id(number))
        if order is None:
            return self.say(number, "accepted" if waiting else "not_found", action, **details)
        told: dict[str, Any] = {"tickets": order.codes, "total": order.total} if order.status == "confirmed" else {}
        if order.status == "rejected":
            told = {"reason": order.reason, "available": {each.ticket_type: each.available for each in order.available}}
        return self.say(number, order.status, action, **told, **details)

    def decide(self, number: int, quantity: int = 1) -> StoredOrder:
        """What the ledger makes of a purchase; once more changes nothing."""
        key = order_id(number)
        if key not in self.orders:
            self.orders[key] = self._sell(key, quantity) if quantity <= self.left else self._refuse(key, quantity)
        if (waiting := self.purchases.get(key)) and waiting.state == "pending":
            self._settle(waiting, self.orders[key])
        return self.orders[key]

    def buy(self, number: int, quantity: int = 1) -> Attempt:
        """A purchase and its honest answer."""
        self.decide(number, quantity)
        return self.tell(number, quantity=quantity)

    def accept(self, number: int, quantity: int = 1) -> Attempt:
        """A purchase that is kept, and not decided yet; unless it was."""
        key = order_id(number)
        if key not in self.orders and key not in self.purchases:
            self.purchases[key] = StoredPurchase(key, "pending", self.now + 0.4)
        return self.tell(number, quantity=quantity)

    def cancel(self, number: int) -> Attempt:
        key = order_id(number)
        order = self.orders.get(key)
        if order is None:
            order = self.orders[key] = StoredOrder(key, "cancelled", "", decided_at=self.now)
        elif order.status == "confirmed":
            self._move(-len(order.tickets), "cancelled", key)
            order = self.orders[key] = msgspec.structs.replace(order, status="cancelled")
        if (waiting := self.purchases.get(key)) and waiting.state == "pending":
            self._settle(waiting, order)
        return self.tell(number, "cancel")

    def change(self, number: int, **fields: Any) -> None:
        """Tamper with what the ledger holds of an order."""
        key = order_id(number)
        self.orders[key] = msgspec.structs.replace(self.orders[key], **fields)

    def change_step(self, number: int, **fields: Any) -> None:
        """Tamper with a line of the journal."""
        self.journal[number - 1] = msgspec.structs.replace(self.journal[number - 1], **fields)

    def fault(self, name: str, began: float, ended: float) -> None:
        """A fault between two moments, in seconds since the run began."""
        self.others.append(FaultLine(name, "begins", BEGAN + began, began, "stable"))
        self.others.append(FaultLine(name, "ends", BEGAN + ended, ended, "stable"))

    def entries(self) -> list[Entry]:
        run = Run("made", 1, "local", BEGAN, "show", {"place": self.capacity}, "none")
        end = [End(self.now, self.now - BEGAN)] if self.is_whole else []
        return [run, *self.others, *self.attempts, *end]

    def evidence(self, entries: Iterable[Entry] | None = None) -> Evidence:
        last = self.journal[-1]
        stock = {"place": StockRow(last.capacity, last.sold, last.version)}
        ledger = LedgerSnapshot("show", self.orders, {"place": self.journal}, stock)
        pending = PendingSnapshot(self.purchases) if self.has_pending else None
        return Evidence(hear(entries or self.entries()), ledger, pending)

    def verdict(self) -> Verdict:
        return judge(self.evidence())

    def _sell(self, key: str, quantity: int) -> StoredOrder:
        self._move(quantity, "sold", key)
        tickets = tuple(Ticket(f"{key[-4:]}-{number}", "place") for number in range(quantity))
        lines = (Line("place", quantity),)
        return self._order(key, "confirmed", lines=lines, tickets=tickets, total=quantity * PRICE)

    def _refuse(self, key: str, quantity: int) -> StoredOrder:
        left = (Availability("place", self.left, self.journal[-1].version),)
        return self._order(key, "rejected", reason="sold_out", lines=(Line("place", quantity),), available=left)

    def _order(self, key: str, status: Any, **fields: Any) -> StoredOrder:
        return StoredOrder(key, status, "show", "f" * 64, decided_at=self.now + 0.2, revision="orders-stable", **fields)

    def _settle(self, waiting: StoredPurchase, order: StoredOrder) -> None:
        kind: Any = {"confirmed": "order", "rejected": "rejection"}.get(order.status, "cancelled")
        codes = order.codes if kind == "order" else ()
        self.purchases[order.order_id] = msgspec.structs.replace(
            waiting, state="decided", decided_at=self.now + 0.3, kind=kind, reason=order.reason, codes=codes, tries=1
        )

    def _move(self, quantity: int, cause: Any, key: str) -> None:
        last = self.journal[-1]
        sold = last.sold + quantity
        self.journal.append(Step(last.version + 1, last.capacity, sold, cause, key, self.now + 0.2))


def broken(verdict: Verdict) -> set[tuple[Promise, str]]:
    """The promises that are violated, with the words of each violation."""
    return {(row.promise, violation.what) for row in verdict.rows for check in row.checks for violation in check.shown}


def violated(verdict: Verdict) -> set[Promise]:
    """The promises that are violated."""
    return {row.promise for row in verdict.rows if row.state == "violated"}
