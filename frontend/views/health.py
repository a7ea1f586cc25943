"""Whether the shop lives, and whether shows can be bought in it."""

from flask import Blueprint, Response

from frontend.shop import current_shop

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """200 as long as the process answers at all."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """200 only while the catalogue can be had; without it nothing can be bought."""
    snapshot = current_shop().catalogue.get()
    if snapshot is None or not snapshot.fresh:
        return Response("the catalogue can't be had\n", status=503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")
