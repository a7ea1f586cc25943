"""The composition root of the shop."""

import os

from flask import Flask

from frontend import errors, logs, security, static_urls
from frontend.catalogue import CatalogueCache
from frontend.metrics import Metrics
from frontend.orders_client import OrdersClient
from frontend.orders_http import HttpOrdersClient
from frontend.pending.database import Database
from frontend.pending.purchases import PendingPurchases
from frontend.pending.store import PostgresPending
from frontend.routes import Routes
from frontend.settings import Settings, load
from frontend.shop import EXTENSION, Shop
from frontend.transport import Transport
from frontend.views import api, health, orders, shop


def create_app(
    settings: Settings | None = None,
    client: OrdersClient | None = None,
    pending: PendingPurchases | None = None,
    metrics: Metrics | None = None,
) -> Flask:
    """The shop as a WSGI application; what is not given comes from the environment. Raises SettingsError."""
    settings = settings or load(os.environ)
    metrics = metrics or Metrics()
    client = client or connect_orders(settings, metrics)
    pending = pending or PostgresPending(Database(settings.frontend_database_url), settings.pending_limit)
    app = Flask("frontend")
    app.extensions[EXTENSION] = Shop(settings, client, CatalogueCache(client), pending, metrics)
    logs.configure(settings.log_level)
    for part in (logs, security, static_urls, errors):
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
