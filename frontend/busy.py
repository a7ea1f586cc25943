"""The answer to a request that nobody has looked at: come again in a moment, with the same order id."""

from typing import Final, Literal

from flask import Response, make_response, render_template, request

from frontend.problems import problem
from frontend.security import is_api
from frontend.shop import current_shop

TEMPLATE: Final = "busy.html"
_PURCHASE_FORM: Final = "shop.buy"
_PURCHASES: Final = frozenset({_PURCHASE_FORM, "api.place_order"})


def busy(status: Literal[429, 503], retry_after_s: int, why: Literal["overload", "client_limit"]) -> Response:
    """Says so, and when to come again; the page brings a posted purchase form along, to be sent once more."""
    metrics = current_shop().metrics
    metrics.turned_away(why)
    if request.endpoint in _PURCHASES:
        metrics.saw("busy")
    if is_api(request.path):
        response = problem(status, "Too many requests at the moment. Repeat this one, as it is.", retryable=True)
    else:
        is_purchase = request.endpoint == _PURCHASE_FORM
        fields = request.form.to_dict() if is_purchase else {}
        slug = (request.view_args or {}).get("slug") if is_purchase else None
        response = make_response(
            render_template(TEMPLATE, fields=fields, slug=slug, retry_after_s=retry_after_s), status
        )
    response.headers["Retry-After"] = str(retry_after_s)
    return response
