"""What the holder of a key may see and do with the order that the key belongs to."""

from dataclasses import dataclass

from frontend.keys import check_key
from frontend.orders_client import Cancelled, Found, OrdersClient, Rejected, Unconfirmed, Unknown
from functions.orders import contract


@dataclass(frozen=True)
class Denied:
    """The key is not this order's. Answered as if there were no such order."""


@dataclass(frozen=True)
class CancelledOrder:
    """The order is cancelled; `order` is what the function knew of it before, None if it never arrived."""

    order_id: str
    order: contract.Order | None


def find_order(
    client: OrdersClient, secret: str, order_id: str, key: str, traceparent: str
) -> Found | Unknown | Unconfirmed | Denied:
    """The order, if `key` is its key. A wrong key is Denied without asking the function."""
    fingerprint_half = check_key(secret, order_id, key)
    if fingerprint_half is None:
        return Denied()
    answer = client.lookup(order_id, traceparent)
    if isinstance(answer, Found) and not _belongs(answer.order, fingerprint_half):
        return Denied()
    return answer


def cancel_order(
    client: OrdersClient, secret: str, order_id: str, key: str, traceparent: str
) -> CancelledOrder | Rejected | Unconfirmed | Denied:
    """Cancels the order, if `key` is its key; an order that was rejected can't be cancelled.

    The order is looked up first: a key may have been issued for a purchase whose order id turned out to be
    another buyer's, and a cancel names the order id alone.
    """
    found = find_order(client, secret, order_id, key, traceparent)
    if isinstance(found, Denied | Unconfirmed):
        return found
    order = found.order if isinstance(found, Found) else None
    answer = client.cancel(order_id, traceparent)
    return CancelledOrder(order_id, order) if isinstance(answer, Cancelled) else answer


def _belongs(order: contract.Order, fingerprint_half: str) -> bool:
    """A tombstone has no fingerprint, and nothing to hide."""
    return order.fingerprint == "" or order.fingerprint.startswith(fingerprint_half)
