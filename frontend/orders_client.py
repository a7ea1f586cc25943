"""The seam to the order function: what the shop asks of it, and what may come of that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from functions.orders import contract


@dataclass(frozen=True)
class Confirmed:
    """The order is sold; so it stands in the ledger."""

    order: contract.Order


@dataclass(frozen=True)
class Rejected:
    """The function decided against it, and says why."""

    rejection: contract.Rejection


@dataclass(frozen=True)
class Cancelled:
    """The order is cancelled, now or before."""

    order_id: str


@dataclass(frozen=True)
class Found:
    """The function knows the order: confirmed, rejected or cancelled."""

    order: contract.Order


@dataclass(frozen=True)
class Unknown:
    """The function answered that no such order ever reached it."""

    order_id: str


@dataclass(frozen=True)
class Unconfirmed:
    """Nothing is known: the command may have been carried out or not. `why` is for logs, never for a page."""

    why: str


class OrdersClient(Protocol):
    """What the shop asks of the order function. No method raises for a failed call: that is Unconfirmed."""

    def place(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Confirmed | Rejected | Unconfirmed:
        """Buys; the same `order_id` and `order` again give the same outcome."""

    def replay(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Confirmed | Rejected | Unconfirmed:
        """One try of a pending purchase, on the stable tag alone; Unconfirmed("stable_open") if it wasn't made."""

    def stable_opens_in(self) -> float:
        """Seconds until the stable tag may be tried again; 0 when it may be now."""

    def lookup(self, order_id: str, traceparent: str) -> Found | Unknown | Unconfirmed:
        """The present state of an order."""

    def cancel(self, order_id: str, fingerprint: str, traceparent: str) -> Cancelled | Rejected | Unconfirmed:
        """Gives the tickets back; an order that never arrived can never be placed afterwards.

        `fingerprint` is the purchase's, or the start of it: of another purchase with this id it is `id_reused`.
        """

    def catalogue(self, traceparent: str) -> contract.Catalogue | Unconfirmed:
        """All shows with what is left of each ticket type."""
