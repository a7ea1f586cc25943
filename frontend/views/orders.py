"""One order, by its key; and the orders that this browser keeps."""

from datetime import UTC, datetime
from typing import Final, Literal

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from frontend import standing
from frontend.keys import check_key
from frontend.orders_client import Cancelled, Found, Unconfirmed, Unknown
from frontend.problems import RETRY_AFTER_S
from frontend.purchases import is_order_id
from frontend.shop import current_shop
from functions.orders import contract

blueprint = Blueprint("orders", __name__)

# A try ends within 6 s of the press; the rest is for clocks that differ and for a slow way back.
ARRIVAL_S: Final = 30

State = Literal["confirmed", "cancelled", "rejected", "checking", "never_arrived", "unavailable"]
_STATUS: Final[dict[State, int]] = {
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
    key = request.args.get("key", "")
    answer = _looked_up(order_id, key)
    if isinstance(answer, Found):
        return _page(answer.order.status, order_id, key, answer.order)
    if isinstance(answer, Unconfirmed):
        return _page("unavailable", order_id, key)
    return _page("checking" if _may_still_arrive() else "never_arrived", order_id, key)


@blueprint.post("/orders/<order_id>/cancel")
def cancel(order_id: str) -> AnyResponse:
    """Gives the tickets back; asking again changes nothing."""
    key = request.form.get("key", "")
    if isinstance(_looked_up(order_id, key), Unconfirmed):
        return _cancel_page("cancel_unconfirmed.html", 503, order_id, key)
    answer = current_shop().client.cancel(order_id, g.traceparent)
    if isinstance(answer, Unconfirmed):
        return _cancel_page("cancel_unconfirmed.html", 503, order_id, key)
    if isinstance(answer, Cancelled):
        return redirect(url_for("orders.order", order_id=order_id, key=key), 303)
    return _cancel_page("cancel_rejected.html", 409, order_id, key)


def _looked_up(order_id: str, key: str) -> Found | Unknown | Unconfirmed:
    """What is known of an order; a key of another order, or of another purchase under this id, is a page not there.

    Who posts a form with somebody else's order id may get a key for it while the function is away: it is a key
    of their own purchase, and must neither show nor cancel the other one. A tombstone has no fingerprint.
    """
    shop = current_shop()
    prefix = check_key(shop.settings.order_key_secret, order_id, key) if is_order_id(order_id) else None
    if prefix is None:
        abort(404)
    answer = shop.client.lookup(order_id, g.traceparent)
    if isinstance(answer, Found) and answer.order.fingerprint and not answer.order.fingerprint.startswith(prefix):
        abort(404)
    return answer


def _may_still_arrive() -> bool:
    """Whether a try may still be on its way: the link of an undecided order says when it was made."""
    asked = request.args.get("asked", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 10):
        return False
    age = current_shop().now() - datetime.fromtimestamp(int(asked), UTC)
    return -ARRIVAL_S < age.total_seconds() < ARRIVAL_S


def _page(state: State, order_id: str, key: str, found: contract.Order | None = None) -> Response:
    snapshot = current_shop().catalogue.get() if found else None
    show = standing.find(snapshot.catalogue, found.show) if snapshot and found else None
    page = render_template("order.html", state=state, order=found, order_id=order_id, key=key, show=show)
    return _waiting(make_response(page, _STATUS[state]))


def _cancel_page(template: str, status: int, order_id: str, key: str) -> Response:
    return _waiting(make_response(render_template(template, order_id=order_id, key=key), status))


def _waiting(response: Response) -> Response:
    """A page that can't say yet says when to come back."""
    if response.status_code == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
