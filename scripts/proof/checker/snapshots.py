"""What the two stores held when the run was over: the ledger's orders, journal and stock, and the pending purchases.

Plain values, so that a simulated store is judged as a real one is. Times are Unix seconds by the clock of who decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from functions.orders.audit import Result
from functions.orders.contract import Availability, OrderStatus, Ticket


class Line(msgspec.Struct, frozen=True, gc=False):
    """What an order is for; the name and the price of that moment are the audit's business."""

    ticket_type: str
    quantity: int


class StoredOrder(msgspec.Struct, frozen=True):
    """A row of the ledger with its tickets, which stay when it is cancelled. A tombstone has no fingerprint."""

    order_id: str
    status: OrderStatus
    show: str
    fingerprint: str = ""
    reason: str | None = None
    lines: tuple[Line, ...] = ()
    available: tuple[Availability, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    total: int = 0
    decided_at: float = 0.0
    revision: str = ""

    @property
    def was_sold(self) -> bool:
        """Whether it is or was confirmed."""
        return self.status != "rejected" and bool(self.fingerprint)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of its tickets, in alphabetical order."""
        return tuple(sorted(ticket.code for ticket in self.tickets))

    def __str__(self) -> str:
        return f"{self.status} ({self.reason})" if self.reason else self.status


class Step(msgspec.Struct, frozen=True, gc=False):
    """A line of the stock's journal: the row as it stood after the change."""

    version: int
    capacity: int
    sold: int
    cause: Literal["published", "sold", "cancelled"]
    order_id: str | None = None
    at: float = 0.0


class StockRow(msgspec.Struct, frozen=True, gc=False):
    capacity: int
    sold: int
    version: int


@dataclass(frozen=True)
class LedgerSnapshot:
    """One moment of the ledger, of one show and of tombstones: orders by id, journal and stock by ticket type.

    `audit` is what the function's own audit found in the whole database; a simulated ledger has none.
    """

    show: str
    orders: Mapping[str, StoredOrder]
    journal: Mapping[str, Sequence[Step]]
    stock: Mapping[str, StockRow]
    audit: Sequence[Result] = ()


class StoredPurchase(msgspec.Struct, frozen=True):
    """A row of the pending store; `kind` says of what sort its outcome is, `reason` why it was rejected."""

    order_id: str
    state: Literal["pending", "decided", "dead"]
    accepted_at: float
    decided_at: float | None = None
    kind: Literal["order", "rejection", "cancelled"] | None = None
    reason: str | None = None
    codes: tuple[str, ...] = ()
    tries: int = 0
    last_failure: str | None = None
    traceparent: str = ""

    @property
    def outcome(self) -> tuple[OrderStatus, str | None] | None:
        """Status and reason that an order of this outcome has; None before it is decided, and for a reused id."""
        match self.kind, self.reason:
            case (None, _) | ("rejection", "id_reused"):
                return None
            case "order", _:
                return "confirmed", None
            case ("cancelled", _) | (_, "cancelled"):
                return "cancelled", None
        return "rejected", self.reason


@dataclass(frozen=True)
class PendingSnapshot:
    """One moment of the pending store: the purchases by order id."""

    purchases: Mapping[str, StoredPurchase] = field(default_factory=dict)
