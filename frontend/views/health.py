"""Whether the shop lives, and whether shows can be bought in it."""

from typing import Final

from flask import Blueprint, Response

from frontend.pending.purchases import Away
from frontend.shop import current_shop

blueprint = Blueprint("health", __name__)

_NOBODYS_ORDER: Final = "00000000-0000-0000-0000-000000000000"


@blueprint.get("/healthz")
def healthz() -> Response:
    """200 as long as the process answers at all."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """200 once shows are known, be they old, and while a purchase finds somebody to take it: the function, or pending.

    A shop that went away together with the function could not tell its buyers that their purchases are kept.
    """
    snapshot = current_shop().catalogue.get()
    if snapshot is None:
        return _not_ready("the shows were never known")
    if not snapshot.fresh and isinstance(current_shop().pending.find(_NOBODYS_ORDER), Away):
        return _not_ready("neither the function nor the pending store can be had")
    return Response("ready\n", mimetype="text/plain")


def _not_ready(why: str) -> Response:
    return Response(f"{why}\n", status=503, mimetype="text/plain")
