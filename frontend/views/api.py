"""The JSON interface: shows, orders, and the description of both."""

import msgspec
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import NotFound, UnsupportedMediaType

from frontend import standing
from frontend.access import CancelledOrder, Confirming, Denied, Refused, cancel_order, find_order
from frontend.api_answers import (
    buried_order,
    json_answer,
    order_answer,
    pending_answer,
    refused_answer,
    rejection_answer,
)
from frontend.buying import Pending, buy
from frontend.keys import issue_key
from frontend.logs import bind_order
from frontend.openapi import describe
from frontend.orders_client import Confirmed, Found, Rejected, Unconfirmed
from frontend.pending.purchases import PendingPurchase
from frontend.problems import WrongField, problem
from frontend.purchases import UnreadablePurchaseError, is_order_id, read_json
from frontend.rejections import STATUS_OF_REASON
from frontend.shop import current_shop
from frontend.views.seen import seen
from functions.orders import contract

ORDER_ID_HEADER = "Idempotency-Key"

blueprint = Blueprint("api", __name__, url_prefix="/api")


@blueprint.get("/shows")
def shows() -> Response:
    """All shows with what is left; `as_of` says of which moment."""
    snapshot = current_shop().catalogue.get()
    if snapshot is None:
        return problem(503, "The shows can't be had right now.", retryable=True)
    return json_answer(snapshot.catalogue)


@blueprint.post("/orders")
def place_order() -> Response:
    """Buys; a repeat with the same Idempotency-Key gets the present state of the order."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    order_id = request.headers.get(ORDER_ID_HEADER, "")
    if not is_order_id(order_id):
        code = "bad_order_id" if order_id else "required"
        return problem(400, "Send a UUID in lower case.", errors=(WrongField(ORDER_ID_HEADER, code),))
    try:
        order = read_json(request.get_data())
    except UnreadablePurchaseError as error:
        return problem(400, str(error))
    if isinstance(order, tuple):
        current_shop().metrics.saw("invalid")
        wrong = tuple(WrongField(error.field, error.code) for error in order)
        return problem(400, "Some fields can't be accepted.", errors=wrong)
    bind_order(order_id)
    return _place(order_id, order)


@blueprint.get("/orders/<order_id>")
def show_order(order_id: str) -> Response:
    """The order, whatever its status, for whoever has its key."""
    shop, key = current_shop(), request.args.get("key", "")
    answer = find_order(shop.client, shop.pending, shop.settings.order_key_secret, order_id, key, g.traceparent)
    match answer:
        case Found():
            return order_answer(200, answer.order, shop.told_key(order_id, key))
        case Confirming():
            return pending_answer(200, answer.purchase, key, _currency(answer.purchase))
        case Refused():
            return refused_answer(order_id, answer.message, answer.order, shop.told_key(order_id, key))
        case Unconfirmed():
            return problem(503, "The order can't be looked up right now.", retryable=True)
    raise NotFound


@blueprint.post("/orders/<order_id>/cancel")
def cancel(order_id: str) -> Response:
    """Cancels the order, for whoever has its key; once more does no harm."""
    shop, key = current_shop(), request.args.get("key", "")
    answer = cancel_order(shop.client, shop.pending, shop.settings.order_key_secret, order_id, key, g.traceparent)
    match answer:
        case CancelledOrder(order=None):
            return json_answer(buried_order(order_id, shop.told_key(order_id, key)))
        case CancelledOrder(order=contract.Order() as order):
            cancelled = msgspec.structs.replace(order, status="cancelled")
            return order_answer(200, cancelled, shop.told_key(order_id, key))
        case Rejected():
            detail = "The order was rejected, so there is nothing to cancel."
            return rejection_answer(409, answer.rejection, shop.told_key(order_id, key), detail)
        case Denied():
            raise NotFound
    return problem(503, "It is not known whether the order is cancelled. Please ask again.", retryable=True)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """This interface as OpenAPI 3.1."""
    return Response(msgspec.json.encode(describe()), mimetype="application/json")


def _place(order_id: str, order: contract.PlaceOrder) -> Response:
    shop = current_shop()
    outcome = buy(shop.client, shop.pending, order_id, order, shop.now(), g.traceparent, shop.metrics, shop.flights)
    told = isinstance(outcome, Confirmed | Rejected)
    key = issue_key(shop.settings.order_key_secret, order_id, contract.fingerprint(order), told=told)
    shop.metrics.saw(seen(outcome))
    match outcome:
        case Confirmed():
            return order_answer(201, outcome.order, key)
        case Pending():
            return pending_answer(202, outcome.purchase, key, _currency(outcome.purchase))
        case Rejected():
            return rejection_answer(STATUS_OF_REASON[outcome.rejection.reason], outcome.rejection, key)
    detail = "It is not known yet whether the order is sold. Repeat the request with the same Idempotency-Key."
    return problem(503, detail, retryable=True, order_id=order_id, key=key)


def _currency(purchase: PendingPurchase) -> str | None:
    """The currency of the show, as far as the catalogue tells without the function."""
    offer = standing.find(current_shop().catalogue.get(), purchase.order.show)
    return offer.show.ticket_types[0].currency if offer else None
