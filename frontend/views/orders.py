"""One order, by its key; and the orders that this browser keeps."""

from datetime import UTC, datetime
from typing import Final, Literal

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from frontend import standing
from frontend.access import Confirming, Denied, Refused, cancel_order, find_order
from frontend.logs import bind_order
from frontend.orders_client import Found, Unconfirmed
from frontend.pending.purchases import PendingPurchase
from frontend.problems import RETRY_AFTER_S
from frontend.purchases import is_order_id
from frontend.shop import current_shop
from functions.orders import contract

blueprint = Blueprint("orders", __name__)

# A try ends within 6 s of the press; the rest is for clocks that differ and for a slow way back.
ARRIVAL_S: Final = 30

State = Literal[
    "confirming",
    "delayed",
    "confirmed",
    "cancelled",
    "rejected",
    "refused",
    "checking",
    "never_arrived",
    "unavailable",
]
_STATUS: Final[dict[State, int]] = {
    "confirming": 200,
    "delayed": 200,
    "refused": 200,
    "confirmed": 200,
    "cancelled": 200,
    "rejected": 200,
    "checking": 200,
    "never_arrived": 404,
    "unavailable": 503,
}


@blueprint.get("/orders")
def orders() -> Response:
    """The orders whose links this browser keeps; the page's script fills them in."""
    return make_response(render_template("orders.html"))


@blueprint.get("/orders/<order_id>")
def order(order_id: str) -> Response:
    """The present state of an order, for who has its key."""
    shop, key = current_shop(), request.args.get("key", "")
    _bind(order_id)
    answer = find_order(shop.client, shop.pending, shop.settings.order_key_secret, order_id, key, g.traceparent)
    match answer:
        case Denied():
            abort(404)
        case Found(found):
            return _page(found.status, order_id, shop.told_key(order_id, key), found=found)
        case Confirming(purchase):
            return _page("delayed" if purchase.state == "dead" else "confirming", order_id, key, purchase=purchase)
        case Refused():
            told = shop.told_key(order_id, key)
            return _page("refused", order_id, told, found=answer.order, message=answer.message)
        case Unconfirmed():
            return _page("unavailable", order_id, key)
    return _page("checking" if _may_still_arrive() else "never_arrived", order_id, key)


@blueprint.post("/orders/<order_id>/cancel")
def cancel(order_id: str) -> AnyResponse:
    """Gives the tickets back; asking again changes nothing. The order's page says that, or why there were none."""
    shop, key = current_shop(), request.form.get("key", "")
    _bind(order_id)
    answer = cancel_order(shop.client, shop.pending, shop.settings.order_key_secret, order_id, key, g.traceparent)
    match answer:
        case Denied():
            abort(404)
        case Unconfirmed():
            page = render_template("cancel_unconfirmed.html", order_id=order_id, key=key)
            return _waiting(make_response(page, 503))
    return redirect(url_for("orders.order", order_id=order_id, key=shop.told_key(order_id, key)), 303)


def _bind(order_id: str) -> None:
    """An address can hold any text; only an order id goes into the log."""
    if not is_order_id(order_id):
        abort(404)
    bind_order(order_id)


def _may_still_arrive() -> bool:
    """Whether a try may still be on its way: the link of an undecided order says when it was made."""
    asked = request.args.get("asked", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 10):
        return False
    age = current_shop().now() - datetime.fromtimestamp(int(asked), UTC)
    return -ARRIVAL_S < age.total_seconds() < ARRIVAL_S


def _page(
    state: State,
    order_id: str,
    key: str,
    *,
    found: contract.Order | None = None,
    purchase: PendingPurchase | None = None,
    message: str = "",
) -> Response:
    slug = found.show if found else purchase.order.show if purchase else ""
    page = render_template(
        "order.html",
        state=state,
        order=found,
        purchase=purchase,
        message=message,
        order_id=order_id,
        key=key,
        offer=standing.find(current_shop().catalogue.get(), slug),
    )
    return _waiting(make_response(page, _STATUS[state]))


def _waiting(response: Response) -> Response:
    """A page that can't say yet says when to come back."""
    if response.status_code == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
