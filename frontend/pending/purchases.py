"""The seam to the pending purchases: what the shop asks of them, and what may come of that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from functions.orders import contract

State = Literal["pending", "decided", "dead"]
Outcome = contract.Order | contract.Rejection | contract.Cancelled


def word_of(outcome: Outcome) -> str:
    """The outcome in the words of the metrics: `confirmed`, `rejected:<reason>` or `cancelled`."""
    match outcome:
        case contract.Order():
            return "confirmed"
        case contract.Rejection(reason=reason):
            return f"rejected:{reason}"
    return "cancelled"


@dataclass(frozen=True)
class PendingPurchase:
    """A purchase that was accepted durably: `pending`, `decided` with its `outcome`, or `dead`, which an operator ends.

    `message` is what the operator who refused it tells the buyer.
    """

    order_id: str
    fingerprint: str
    order: contract.PlaceOrder
    pressed_at: datetime
    traceparent: str
    accepted_at: datetime
    state: State
    tries: int = 0
    last_failure: str | None = None
    outcome: Outcome | None = None
    message: str | None = None

    @property
    def is_refused(self) -> bool:
        """Whether an operator refused it, so that it can never be sold."""
        return self.message is not None and isinstance(self.outcome, contract.Cancelled)


@dataclass(frozen=True)
class Accepted:
    """The purchase is kept durably, now or before."""

    purchase: PendingPurchase


@dataclass(frozen=True)
class Reused:
    """Another purchase has this order id; nothing of it is told."""

    order_id: str


@dataclass(frozen=True)
class Full:
    """As many purchases wait as can be drained in 30 s; this one was not accepted."""


@dataclass(frozen=True)
class Away:
    """The pending store can't be had right now; whether it has the purchase is not known."""


class PendingPurchases(Protocol):
    """What the shop asks of the pending purchases. No method raises for a store that can't be had: that is Away."""

    def accept(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Accepted | Reused | Full | Away:
        """Keeps the purchase durably, unless its order id is known already; `pressed_at` is the time of its event."""

    def find(self, order_id: str) -> PendingPurchase | Away | None:
        """The purchase of this order id in its present state; None if none was accepted, or it was forgotten."""

    def settle(self, order_id: str, outcome: Outcome) -> None:
        """Keeps what the function said of a purchase that still waits; if the store is away a worker does it later."""
