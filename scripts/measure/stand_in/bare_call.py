"""The shop with a bare call in the place of the resilient one: what is left is what the resilience costs.

A program that gunicorn loads by its folder, and no part of the package `scripts`, which knows none of the shop's
insides. No setting of the shop does this: only who writes another `create_app` can.
"""

import os

import msgspec
from flask import Flask

from frontend import app
from frontend.calls import TRY_S, Plan, Send
from frontend.metrics import Metrics
from frontend.orders_client import Unconfirmed
from frontend.orders_http import HttpOrdersClient
from frontend.replies import Data, read_reply
from frontend.routes import Routes
from frontend.settings import load
from frontend.transport import Transport
from functions.orders import contract


class BareClient(HttpOrdersClient):
    """One try: no deadline over it, no second one, no breaker, no budget, no bulkhead, and nothing counted."""

    def _run(
        self, _plan: Plan, event: contract.Event, order_id: str | None, fingerprint: str | None = None
    ) -> Data | Unconfirmed:
        only = msgspec.structs.replace(event, attempt=1, time_left_ms=round(TRY_S * 1000))
        reply = self._send(Send(self._routes.weighted.url, only, TRY_S))
        return read_reply(event.type, order_id, reply, fingerprint)


def create_app() -> Flask:
    """The shop, but for its client of the function."""
    settings, metrics = load(os.environ), Metrics()
    routes = Routes.of(settings.orders_url, settings.orders_stable_url)
    client = BareClient(routes, settings.signing_secrets[0], Transport(), metrics, web_threads=settings.web_threads)
    return app.create_app(settings, client, metrics=metrics)
