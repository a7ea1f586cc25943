"""The composition root of the shop."""

import importlib
import importlib.util
import os
from typing import Final

from flask import Flask

from frontend import errors, logs, security, static_urls
from frontend.catalogue import CatalogueCache
from frontend.orders_client import OrdersClient
from frontend.orders_http import HttpOrdersClient
from frontend.settings import Settings, load
from frontend.shop import EXTENSION, Shop
from frontend.transport import Transport

_VIEWS: Final = ("shop", "orders", "api", "health")


def create_app(settings: Settings | None = None, client: OrdersClient | None = None) -> Flask:
    """The shop as a WSGI application; from the environment unless told. Raises SettingsError."""
    settings = settings or load(os.environ)
    client = client or HttpOrdersClient(settings.orders_url, settings.signing_secrets[0], Transport())
    app = Flask("frontend")
    app.extensions[EXTENSION] = Shop(settings, client, CatalogueCache(client))
    logs.configure(settings.log_level)
    logs.init_app(app)
    security.init_app(app)
    static_urls.init_app(app)
    errors.init_app(app)
    for view in _VIEWS:
        if importlib.util.find_spec(f"frontend.views.{view}") is not None:
            app.register_blueprint(importlib.import_module(f"frontend.views.{view}").blueprint)
    return app
