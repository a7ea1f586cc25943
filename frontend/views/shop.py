"""Shows and their purchase pages."""

from typing import Final, cast

import msgspec
from flask import Blueprint, Flask, Response, abort, g, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as AnyResponse

from frontend import i18n, posters, purchase_form, purchases, standing, templating
from frontend.keys import issue_key
from frontend.orders_client import Confirmed, Rejected
from frontend.problems import RETRY_AFTER_S
from frontend.purchase_form import PurchaseForm
from frontend.purchases import QUANTITY_FIELD, FieldError
from frontend.shop import Shop, current_shop
from functions.orders import contract

blueprint = Blueprint("shop", __name__)

# What a rejection is called over HTTP, as the API calls it; a page says why in words.
_STATUS: Final[dict[contract.Reason, int]] = {
    "sold_out": 409,
    "sales_closed": 409,
    "price_changed": 409,
    "expired": 409,
    "cancelled": 409,
    "unknown_show": 404,
    "unknown_ticket_type": 422,
    "limit_exceeded": 422,
    "id_reused": 422,
}
_POSTER_AGE: Final = "public, max-age=31536000, immutable"


@blueprint.record_once
def _set_up(state: BlueprintSetupState) -> None:
    """The pages bring their languages and their templates' words with them."""
    app = cast(Flask, state.app)
    i18n.init_app(app)
    templating.init_app(app)


@blueprint.get("/")
def shows() -> Response:
    """All shows; the last known ones, marked as such, when the function is away."""
    shop = current_shop()
    if (snapshot := shop.catalogue.get()) is None:
        return _page("unavailable.html", 503, form=None)
    return _page("shows.html", 200, snapshot=snapshot, board=standing.board(snapshot.catalogue, shop.now()))


@blueprint.get("/shows/<slug>")
def show(slug: str) -> Response:
    """The purchase page, with an order id of its own."""
    snapshot = current_shop().catalogue.get()
    if snapshot is None:
        return _page("unavailable.html", 503, form=None)
    if (listed := standing.find(snapshot.catalogue, slug)) is None:
        abort(404)
    return _purchase_page(listed, purchase_form.blank(listed), 200)


@blueprint.post("/shows/<slug>/orders")
def buy(slug: str) -> AnyResponse:
    """Places the order of a form; the same form again gives the same order."""
    shop = current_shop()
    form = purchase_form.sent(request.form)
    if not purchases.is_order_id(form.order_id):
        abort(400)
    snapshot = shop.catalogue.get()
    listed = standing.find(snapshot.catalogue, slug) if snapshot else None
    if listed and "only-total" in request.form:
        return _purchase_page(listed, form, 200)
    order = _asked(slug, form, listed)
    if not isinstance(order, contract.PlaceOrder):
        if snapshot and not listed:
            abort(404)
        return _purchase_page(listed, form, 422, errors=order) if listed else _unavailable(form, slug)
    key = issue_key(shop.settings.order_key_secret, form.order_id, contract.fingerprint(order))
    outcome = shop.client.place(form.order_id, order, shop.now(), g.traceparent)
    if isinstance(outcome, Confirmed):
        return redirect(url_for("orders.order", order_id=form.order_id, key=key), 303)
    if isinstance(outcome, Rejected):
        return _rejected(shop, outcome.rejection, form, listed, slug, key)
    asked_at = int(shop.now().timestamp())
    response = _page("unconfirmed.html", 503, form=form, slug=slug, show=listed, key=key, asked_at=asked_at)
    return _retriable(response)


@blueprint.get("/posters/<slug>.svg")
def poster(slug: str) -> Response:
    """The drawn poster of any slug, the same for good."""
    try:
        msgspec.convert(slug, contract.Slug)
    except msgspec.ValidationError:
        abort(404)
    response = Response(posters.poster(slug), mimetype="image/svg+xml")
    response.headers["Cache-Control"] = _POSTER_AGE
    return response


def _asked(
    slug: str, form: PurchaseForm, listed: contract.ListedShow | None
) -> contract.PlaceOrder | tuple[FieldError, ...]:
    """The purchase that `form` asks for, at the total its buyer saw; or every error in it."""
    total = form.expected_total()
    fields = form.fields() | ({} if total is None else {"expected_total": str(total)})
    order = purchases.read_form(slug, fields)
    if not isinstance(order, contract.PlaceOrder):
        return order
    if total is None:
        return (FieldError("lines", "bad_total"),)
    limits = {ticket_type.id: ticket_type.limit_per_order for ticket_type in listed.ticket_types} if listed else {}
    over = tuple(
        FieldError(f"{QUANTITY_FIELD}{line.ticket_type}", "too_many")
        for line in order.lines
        if line.quantity > limits.get(line.ticket_type, purchases.MAX_QUANTITY)
    )
    return over or order


def _rejected(
    shop: Shop,
    rejection: contract.Rejection,
    form: PurchaseForm,
    listed: contract.ListedShow | None,
    slug: str,
    key: str,
) -> AnyResponse:
    """Says why, and offers the form again under a new order id where that may help."""
    reason = rejection.reason
    if reason == "cancelled":
        return redirect(url_for("orders.order", order_id=form.order_id, key=key), 303)
    if reason == "unknown_show":
        abort(404)
    if reason == "price_changed":
        listed = _shown_anew(shop, slug) or listed
    if listed is None or reason == "id_reused":
        return _page("rejected.html", _STATUS[reason], rejection=rejection, slug=slug, show=listed)
    return _purchase_page(
        _with_stock_of(rejection, listed),
        form.renewed(),
        _STATUS[reason],
        rejection=rejection,
        seen_total=form.expected_total(),
    )


def _shown_anew(shop: Shop, slug: str) -> contract.ListedShow | None:
    """The show past the cache, which may still hold the price that was just refused."""
    catalogue = shop.client.catalogue(g.traceparent)
    return standing.find(catalogue, slug) if isinstance(catalogue, contract.Catalogue) else None


def _with_stock_of(rejection: contract.Rejection, listed: contract.ListedShow) -> contract.ListedShow:
    """`listed` with what the rejection says is left, which is newer."""
    left = {stock.ticket_type: stock.available for stock in rejection.available}
    types = tuple(
        msgspec.structs.replace(ticket_type, available=left.get(ticket_type.id, ticket_type.available))
        for ticket_type in listed.ticket_types
    )
    return msgspec.structs.replace(listed, ticket_types=types)


def _purchase_page(
    listed: contract.ListedShow,
    form: PurchaseForm,
    status: int,
    *,
    errors: tuple[FieldError, ...] = (),
    rejection: contract.Rejection | None = None,
    seen_total: int | None = None,
) -> Response:
    return _page(
        "show.html",
        status,
        show=listed,
        form=purchase_form.priced(form, listed),
        errors={error.field: error.code for error in reversed(errors)},
        rejection=rejection,
        seen_total=seen_total,
        standing=standing.standing(listed, current_shop().now()),
    )


def _unavailable(form: PurchaseForm, slug: str) -> Response:
    return _page("unavailable.html", 503, form=form, slug=slug)


def _page(template: str, status: int, **context: object) -> Response:
    return make_response(render_template(template, **context), status)


def _retriable(response: Response) -> Response:
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
