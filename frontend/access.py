"""What the holder of a key may see and do with the order that the key belongs to."""

from dataclasses import dataclass

import msgspec

from frontend.keys import Claim, check_key
from frontend.orders_client import Found, OrdersClient, Rejected, Unconfirmed, Unknown
from frontend.pending.purchases import Away, Outcome, PendingPurchase, PendingPurchases
from functions.orders import contract


@dataclass(frozen=True)
class Denied:
    """The key is not this order's. Answered as if there were no such order."""


@dataclass(frozen=True)
class Confirming:
    """The purchase was accepted and is not decided yet; `dead` ones wait for an operator."""

    purchase: PendingPurchase


@dataclass(frozen=True)
class Refused:
    """An operator ended the purchase, and says why; `order` is what the function knows of it, None if it can't say."""

    order_id: str
    message: str
    order: contract.Order | None


@dataclass(frozen=True)
class CancelledOrder:
    """The order is cancelled; `order` is what the function knew of it before, None if it never arrived."""

    order_id: str
    order: contract.Order | None


def find_order(
    client: OrdersClient, pending: PendingPurchases, secret: str, order_id: str, key: str, traceparent: str
) -> Found | Confirming | Refused | Unknown | Unconfirmed | Denied:
    """The order, if `key` is its key. A wrong key is Denied without asking anybody.

    What the function says goes before what is pending here, which it may have decided a moment ago.
    """
    if (claim := check_key(secret, order_id, key)) is None:
        return Denied()
    accepted = _accepted(pending, order_id, claim)
    answer = _ask(client, order_id, claim, traceparent)
    if isinstance(accepted, PendingPurchase):
        return _with_what_is_pending(pending, accepted, answer, was_told=claim.was_told)
    if isinstance(answer, Unknown) and isinstance(accepted, Away):
        return Unconfirmed("pending_away")  # it may be waiting there
    return answer


def cancel_order(
    client: OrdersClient, pending: PendingPurchases, secret: str, order_id: str, key: str, traceparent: str
) -> CancelledOrder | Rejected | Unconfirmed | Denied:
    """Cancels the order, if `key` is its key; an order that was rejected can't be cancelled.

    A key may have been issued for a purchase whose order id turned out to be another buyer's, or turns out to be in
    this very moment: the cancel says whose it is. A pending purchase is cancelled like any other: the function then
    refuses it when a worker sends it again.
    """
    if (claim := check_key(secret, order_id, key)) is None:
        return Denied()
    found = _ask(client, order_id, claim, traceparent)
    if isinstance(found, Denied | Unconfirmed):
        return found
    match client.cancel(order_id, claim.fingerprint_half, traceparent):
        case Rejected(contract.Rejection(reason="id_reused")):
            return Denied()
        case Rejected() | Unconfirmed() as answer:
            return answer
    accepted = _accepted(pending, order_id, claim)
    if isinstance(accepted, PendingPurchase) and accepted.outcome is None:
        pending.settle(order_id, contract.Cancelled(order_id))
    return CancelledOrder(order_id, found.order if isinstance(found, Found) else None)


def _accepted(pending: PendingPurchases, order_id: str, claim: Claim) -> PendingPurchase | Away | None:
    """The pending purchase that the key belongs to: one of somebody else under this order id is none."""
    purchase = pending.find(order_id)
    if isinstance(purchase, PendingPurchase) and not purchase.fingerprint.startswith(claim.fingerprint_half):
        return None
    return purchase


def _ask(client: OrdersClient, order_id: str, claim: Claim, traceparent: str) -> Found | Unknown | Unconfirmed | Denied:
    answer = client.lookup(order_id, traceparent)
    return Denied() if isinstance(answer, Found) and not _belongs(answer.order, claim.fingerprint_half) else answer


def _with_what_is_pending(
    pending: PendingPurchases,
    purchase: PendingPurchase,
    answer: Found | Unknown | Unconfirmed | Denied,
    *,
    was_told: bool,
) -> Found | Confirming | Refused | Unconfirmed:
    order = answer.order if isinstance(answer, Found) else None
    if purchase.message is not None and purchase.is_refused:
        return Refused(purchase.order_id, purchase.message, order)
    if order is not None:
        if purchase.outcome is None:
            pending.settle(purchase.order_id, _outcome(order))  # so that no later page takes it back
        return Found(order)
    match purchase.outcome:
        case None if not was_told:
            return Confirming(purchase)
        case None | contract.Order():  # an outcome was told, or it may have been cancelled since
            return answer if isinstance(answer, Unconfirmed) else Unconfirmed("inconsistent")
        case final:
            return Found(_ended(purchase, final))


def _belongs(order: contract.Order, fingerprint_half: str) -> bool:
    """A tombstone has no fingerprint, and nothing to hide."""
    return order.fingerprint == "" or order.fingerprint.startswith(fingerprint_half)


def _outcome(order: contract.Order) -> Outcome:
    if order.status == "confirmed":
        return order
    if order.status == "cancelled":
        return contract.Cancelled(order.order_id)
    total, currency = (order.total, order.currency) if order.reason == "price_changed" else (None, None)
    return contract.Rejection(order.order_id, order.reason or "cancelled", order.available, total, currency)


def _ended(purchase: PendingPurchase, outcome: contract.Rejection | contract.Cancelled) -> contract.Order:
    """The order as an outcome that stays leaves it, for when the function can't say; as with `id_reused`."""
    ended = contract.Order(
        order_id=purchase.order_id,
        status="cancelled",
        fingerprint=purchase.fingerprint,
        show=purchase.order.show,
        placed_at=purchase.pressed_at,
    )
    if isinstance(outcome, contract.Cancelled) or outcome.reason == "cancelled":
        return ended
    return msgspec.structs.replace(
        ended,
        status="rejected",
        reason=outcome.reason,
        available=outcome.available,
        total=outcome.total or 0,
        currency=outcome.currency or "",
    )
