"""The shop in this process, on a fake of the order function."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from frontend.app import create_app
from frontend.settings import Settings
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders

SIGNING_SECRET = "signing-secret-of-the-tests-0123456789"
KEY_SECRET = "order-key-secret-of-the-tests-0123456789"


@pytest.fixture
def settings() -> Settings:
    return Settings(
        orders_url="http://127.0.0.1:9/",
        orders_stable_url="http://127.0.0.1:9/",
        signing_secrets=(SIGNING_SECRET,),
        order_key_secret=KEY_SECRET,
        frontend_database_url="postgresql://127.0.0.1:9/pending",
    )


@pytest.fixture
def orders() -> FakeOrders:
    return FakeOrders()


@pytest.fixture
def pending() -> FakePending:
    return FakePending()


@pytest.fixture
def app(settings: Settings, orders: FakeOrders, pending: FakePending) -> Flask:
    app = create_app(settings, orders, pending)
    app.config["TESTING"] = False  # errors are answered here as they are in service
    return app


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    """A client that sends what it is told and nothing else; no browser's headers."""
    return app.test_client()
