"""What the shop answers over its JSON interface, as `frontend.views.api` does: the same words, without a web server."""

from collections.abc import Mapping
from typing import Any

from frontend.access import CancelledOrder, Confirming, Denied, Refused
from frontend.buying import Pending
from frontend.orders_client import Confirmed, Found, Rejected, Unconfirmed, Unknown
from frontend.problems import RETRY_AFTER_S
from frontend.rejections import STATUS_OF_REASON
from functions.orders import contract
from scripts.proof.sale.buyer import Answer


def placed(outcome: Confirmed | Rejected | Pending | Unconfirmed, order_id: str, key: str) -> Answer:
    """The answer to a purchase."""
    match outcome:
        case Confirmed(order):
            return Answer(201, _order(order, key))
        case Pending():
            return Answer(202, _bare(order_id, "pending", key))
        case Rejected(rejection):
            return _rejected(rejection, key)
    return _problem(503, order_id=order_id, key=key)


def looked(
    outcome: Found | Confirming | Refused | Unknown | Unconfirmed | Denied, order_id: str, key: str, told: str
) -> Answer:
    """The answer to a look at an order; `told` is the key that goes with an outcome."""
    match outcome:
        case Found(order):
            return Answer(200, _order(order, told))
        case Confirming():
            return Answer(200, _bare(order_id, "pending", key))
        case Refused(_, _, order):
            return Answer(200, _order(order, told) if order else _bare(order_id, "cancelled", told))
        case Unconfirmed():
            return _problem(503)
    return _problem(404)


def cancelled(outcome: CancelledOrder | Rejected | Unconfirmed | Denied, told: str) -> Answer:
    """The answer to a cancel."""
    match outcome:
        case CancelledOrder(order_id):
            return Answer(200, _bare(order_id, "cancelled", told))
        case Rejected(rejection):
            return _rejected(rejection, told, 409)
        case Denied():
            return _problem(404)
    return _problem(503)


def _order(order: contract.Order, key: str) -> Mapping[str, Any]:
    tickets = [{"code": ticket.code, "ticket_type": ticket.ticket_type} for ticket in order.tickets]
    is_sold = order.status == "confirmed"
    known = {**_bare(order.order_id, order.status, key), "tickets": tickets if is_sold else []}
    if order.currency:
        known["total"] = order.total
    return {**known, "reason": order.reason} if order.reason else known


def _bare(order_id: str, status: str, key: str) -> dict[str, Any]:
    return {"order_id": order_id, "status": status, "key": key, "tickets": []}


def _rejected(rejection: contract.Rejection, key: str, status: int | None = None) -> Answer:
    """With `id_reused` nothing may lead to the other order."""
    available = [{"ticket_type": left.ticket_type, "available": left.available} for left in rejection.available]
    named = {} if rejection.reason == "id_reused" else {"order_id": rejection.order_id, "key": key}
    code = status or STATUS_OF_REASON[rejection.reason]
    return Answer(code, {"status": code, "reason": rejection.reason, "available": available, **named})


def _problem(status: int, **named: str) -> Answer:
    return Answer(status, {"status": status, **named}, float(RETRY_AFTER_S) if status == 503 else 0.0)
