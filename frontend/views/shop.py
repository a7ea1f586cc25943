"""Shows and their purchase pages."""

from dataclasses import replace
from typing import Final, cast

import msgspec
from flask import Blueprint, Flask, Response, abort, g, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as AnyResponse

from frontend import i18n, posters, purchase_form, purchases, standing, templating
from frontend.buying import Pending
from frontend.buying import buy as buy_order
from frontend.catalogue import Snapshot
from frontend.keys import issue_key
from frontend.logs import bind_order
from frontend.orders_client import Confirmed, Rejected
from frontend.problems import RETRY_AFTER_S
from frontend.purchase_form import PurchaseForm
from frontend.purchases import QUANTITY_FIELD, FieldError
from frontend.rejections import STATUS_OF_REASON
from frontend.shop import current_shop
from frontend.standing import Offer
from frontend.views.seen import seen
from functions.orders import contract

blueprint = Blueprint("shop", __name__)

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
    if (snapshot := current_shop().catalogue.get()) is None:
        return _page("unavailable.html", 503, form=None)
    if (offer := standing.find(snapshot, slug)) is None:
        abort(404)
    return _purchase_page(offer, purchase_form.blank(offer.show), 200)


@blueprint.post("/shows/<slug>/orders")
def buy(slug: str) -> AnyResponse:
    """Places the order of a form; the same form again gives the same order."""
    shop = current_shop()
    form = purchase_form.sent(request.form)
    if not purchases.is_order_id(form.order_id):
        abort(400)
    bind_order(form.order_id)
    snapshot = shop.catalogue.get()
    offer = standing.find(snapshot, slug)
    only_total = "only-total" in request.form
    order = () if only_total else _asked(slug, form, offer)
    if isinstance(order, contract.PlaceOrder):
        return _placed(slug, form, offer, order)
    if not only_total:
        shop.metrics.saw("invalid")
    if offer:
        return _purchase_page(offer, form, 200 if only_total else 422, errors=order)
    if snapshot:
        abort(404)
    return _page("unavailable.html", 503, slug=slug, form=form, only_total=only_total)


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


def _placed(slug: str, form: PurchaseForm, offer: Offer | None, order: contract.PlaceOrder) -> AnyResponse:
    """Buys, and shows what came of it; whatever it is, the order's page or the form says how it goes on."""
    shop = current_shop()
    now = shop.now()
    outcome = buy_order(shop.client, shop.pending, form.order_id, order, now, g.traceparent, shop.metrics, shop.flights)
    told = isinstance(outcome, Confirmed | Rejected)
    key = issue_key(shop.settings.order_key_secret, form.order_id, contract.fingerprint(order), told=told)
    if not (form.decided and isinstance(outcome, Rejected)):  # else it was counted when the script asked
        shop.metrics.saw(seen(outcome))
    match outcome:
        case Confirmed() | Pending():
            return redirect(url_for("orders.order", order_id=form.order_id, key=key), 303)
        case Rejected():
            return _rejected(slug, form, offer, outcome.rejection, key)
    asked_at = int(now.timestamp())
    return _page("unconfirmed.html", 503, slug=slug, form=form, offer=offer, key=key, asked_at=asked_at)


def _asked(slug: str, form: PurchaseForm, offer: Offer | None) -> contract.PlaceOrder | tuple[FieldError, ...]:
    """The purchase that `form` asks for, at the total its buyer saw; or every error in it."""
    total = form.expected_total()
    fields = form.fields() | ({} if total is None else {"expected_total": str(total)})
    order = purchases.read_form(slug, fields)
    if not isinstance(order, contract.PlaceOrder):
        return order
    if total is None:
        return (FieldError("lines", "bad_total"),)
    # What was decided already under this order id is shown as it was decided, or its words would get a used id.
    types = offer.show.ticket_types if offer and not form.decided else ()
    limits = {ticket_type.id: ticket_type.limit_per_order for ticket_type in types}
    over = tuple(
        FieldError(f"{QUANTITY_FIELD}{line.ticket_type}", "too_many")
        for line in order.lines
        if line.quantity > limits.get(line.ticket_type, purchases.MAX_QUANTITY)
    )
    return over or order


def _rejected(
    slug: str, form: PurchaseForm, offer: Offer | None, rejection: contract.Rejection, key: str
) -> AnyResponse:
    """Says why, and offers the form again under a new order id where that may help."""
    reason = rejection.reason
    if reason == "cancelled":
        return redirect(url_for("orders.order", order_id=form.order_id, key=key), 303)
    if reason == "unknown_show":
        abort(404)
    if reason == "price_changed":
        offer = _offered_anew(slug) or offer
    if offer is None or reason == "id_reused":
        return _page("rejected.html", STATUS_OF_REASON[reason], slug=slug, offer=offer, rejection=rejection)
    return _purchase_page(
        _with_stock_of(rejection, offer),
        form.renewed(),
        STATUS_OF_REASON[reason],
        rejection=rejection,
        seen_total=form.expected_total(),
    )


def _offered_anew(slug: str) -> Offer | None:
    """The show past the cache, which may still hold the price that was just refused."""
    catalogue = current_shop().client.catalogue(g.traceparent)
    fresh = Snapshot(catalogue, fresh=True) if isinstance(catalogue, contract.Catalogue) else None
    return standing.find(fresh, slug)


def _with_stock_of(rejection: contract.Rejection, offer: Offer) -> Offer:
    """`offer` with what the rejection says is left, which is newer."""
    left = {stock.ticket_type: stock.available for stock in rejection.available}
    types = tuple(
        msgspec.structs.replace(ticket_type, available=left.get(ticket_type.id, ticket_type.available))
        for ticket_type in offer.show.ticket_types
    )
    return replace(offer, show=msgspec.structs.replace(offer.show, ticket_types=types))


def _purchase_page(
    offer: Offer,
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
        offer=offer,
        form=purchase_form.priced(form, offer.show),
        errors={error.field: error.code for error in reversed(errors)},
        rejection=rejection,
        seen_total=seen_total,
        standing=standing.standing(offer.show, current_shop().now()),
    )


def _page(template: str, status: int, **context: object) -> Response:
    """A page; one that can't say yet says when to come back."""
    response = make_response(render_template(template, **context), status)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
