"""The composition root of the shop."""

import os

from flask import Flask

from frontend import admission, client_limit, errors, logs, security, static_urls
from frontend.catalogue import CatalogueCache
from frontend.metrics import Metrics
from frontend.orders_client import OrdersClient
from frontend.orders_http import HttpOrdersClient
from frontend.pending.purchases import PendingPurchases
from frontend.pending.running import start_pending
from frontend.routes import Routes
from frontend.settings import Settings, load
from frontend.shop import EXTENSION, Shop
from frontend.transport import Transport
from frontend.views import api, health, orders, shop

WORKERS = "flametickets-pending-workers"


def create_app(
    settings: Settings | None = None,
    client: OrdersClient | None = None,
    pending: PendingPurchases | None = None,
    metrics: Metrics | None = None,
) -> Flask:
    """The shop as a WSGI application; what is not given comes from the environment. Raises SettingsError.

    It starts threads, so it is to be called in the process that serves, after any fork.
    """
    settings = settings or load(os.environ)
    metrics = metrics or Metrics()
    client = client or connect_orders(settings, metrics)
    app = Flask("frontend")
    logs.configure(settings.log_level)
    if pending is None:
        pending, app.extensions[WORKERS] = start_pending(
            settings.frontend_database_url,
            client,
            metrics,
            limit=settings.pending_limit,
            workers=settings.pending_workers,
            give_up_s=settings.pending_give_up_s,
        )
    app.extensions[EXTENSION] = Shop(settings, client, CatalogueCache(client), pending, metrics)
    for part in (logs, security, static_urls, errors, client_limit, admission):
        part.init_app(app)
    for views in (shop, orders, api, health):
        app.register_blueprint(views.blueprint)
    if settings.metrics_port is not None:
        metrics.serve(settings.host, settings.metrics_port)
    return app


def connect_orders(settings: Settings, metrics: Metrics) -> HttpOrdersClient:
    """The client of the real order function."""
    routes = Routes.of(settings.orders_url, settings.orders_stable_url)
    return HttpOrdersClient(routes, settings.signing_secrets[0], Transport(), metrics, web_threads=settings.web_threads)
