"""The composition root of the shop."""

import os

from flask import Flask

from frontend import errors, logs, security, static_urls
from frontend.catalogue import CatalogueCache
from frontend.metrics import Metrics
from frontend.orders_client import OrdersClient
from frontend.orders_http import HttpOrdersClient
from frontend.routes import Routes
from frontend.settings import Settings, load
from frontend.shop import EXTENSION, Shop
from frontend.transport import Transport
from frontend.views import api, health, orders, shop


def create_app(settings: Settings | None = None, client: OrdersClient | None = None) -> Flask:
    """The shop as a WSGI application; what is not given comes from the environment. Raises SettingsError."""
    settings = settings or load(os.environ)
    routes = Routes.of(settings.orders_url, settings.orders_stable_url)
    client = client or HttpOrdersClient(
        routes, settings.signing_secrets[0], Transport(), Metrics(), web_threads=settings.web_threads
    )
    app = Flask("frontend")
    app.extensions[EXTENSION] = Shop(settings, client, CatalogueCache(client))
    logs.configure(settings.log_level)
    for part in (logs, security, static_urls, errors):
        part.init_app(app)
    for views in (shop, orders, api, health):
        app.register_blueprint(views.blueprint)
    return app
