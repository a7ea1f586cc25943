"""What the API answers with. The documented schemas are made from these structs."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec
from flask import Response, url_for
from msgspec import UNSET, UnsetType

from frontend.pending.purchases import PendingPurchase
from frontend.problems import Left, problem
from functions.orders import contract

_DETAILS: Final[Mapping[contract.Reason, str]] = {
    "sold_out": "There are not that many tickets left.",
    "sales_closed": "The show is not on sale now.",
    "price_changed": "The total is not the expected one; the new one is given.",
    "cancelled": "This order is cancelled.",
    "unknown_show": "There is no such show.",
    "expired": "The order came too late to be carried out.",
    "unknown_ticket_type": "The show has no such ticket type.",
    "limit_exceeded": "That is more than one order may have of a ticket type.",
    "id_reused": "Another purchase was made with this Idempotency-Key.",
}


class ApiOrder(msgspec.Struct, frozen=True):
    """An order as its buyer may see it. `total` is in minor units; both it and `currency` are null when not known.

    A `pending` one is accepted and not decided yet: no ticket is reserved by it, and nothing is owed. When it is
    `delayed`, somebody looks after it. `message` is what they said when they ended it.
    """

    order_id: contract.OrderId
    status: Literal["pending", "confirmed", "rejected", "cancelled"]
    key: str
    tickets: tuple[contract.Ticket, ...]
    total: int | None
    currency: str | None
    reason: contract.Reason | UnsetType = UNSET
    delayed: bool | UnsetType = UNSET
    message: str | UnsetType = UNSET


def buried_order(order_id: str, key: str) -> ApiOrder:
    """An order that was cancelled before it ever arrived."""
    return ApiOrder(order_id, "cancelled", key, tickets=(), total=None, currency=None)


def order_answer(status: int, order: contract.Order, key: str) -> Response:
    """An order that the function knows."""
    return _answer(status, _known(order, key))


def pending_answer(status: int, purchase: PendingPurchase, key: str, currency: str | None) -> Response:
    """A purchase that was accepted and that nobody has decided yet; its total is the one that the buyer saw."""
    total = purchase.order.expected_total if currency else None
    order = ApiOrder(purchase.order_id, "pending", key, (), total, currency, delayed=purchase.state == "dead")
    return _answer(status, order)


def refused_answer(order_id: str, message: str, order: contract.Order | None, key: str) -> Response:
    """An order that an operator ended, with what they say about it."""
    known = _known(order, key) if order else buried_order(order_id, key)
    return _answer(200, msgspec.structs.replace(known, message=message))


def rejection_answer(
    status: int, rejection: contract.Rejection, key: str | None, detail: str | None = None
) -> Response:
    """Why the order was not sold, and what is left. With `id_reused` nothing may lead to the other order."""
    reused = rejection.reason == "id_reused"
    return problem(
        status,
        detail or _DETAILS[rejection.reason],
        reason=rejection.reason,
        available=tuple(Left(left.ticket_type, left.available) for left in rejection.available) or None,
        total=rejection.total,
        currency=rejection.currency,
        order_id=None if reused else rejection.order_id,
        key=None if reused else key,
    )


def json_answer(content: msgspec.Struct) -> Response:
    """A struct as JSON, with status 200."""
    return Response(msgspec.json.encode(content), mimetype="application/json")


def _known(order: contract.Order, key: str) -> ApiOrder:
    """Tickets only while it is confirmed, for no other code admits anybody."""
    return ApiOrder(
        order_id=order.order_id,
        status=order.status,
        key=key,
        tickets=order.tickets if order.status == "confirmed" else (),
        total=order.total if order.currency else None,
        currency=order.currency or None,
        reason=order.reason or UNSET,
    )


def _answer(status: int, order: ApiOrder) -> Response:
    """What was accepted, now or for later, says where it is to be found."""
    response = json_answer(order)
    response.status_code = status
    if status in (201, 202):
        response.headers["Location"] = url_for("api.show_order", order_id=order.order_id, key=order.key)
    return response
