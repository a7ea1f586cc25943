"""The shop is put together in one place."""

import pytest
from flask import Flask

from frontend.app import WORKERS, create_app
from frontend.orders_http import HttpOrdersClient
from frontend.pending.store import PostgresPending
from frontend.settings import Settings, SettingsError
from frontend.shop import current_shop
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders
from tests.frontend.test_settings import GOOD


def test_the_views_find_the_parts_they_use(
    app: Flask, settings: Settings, orders: FakeOrders, pending: FakePending
) -> None:
    with app.app_context():
        shop = current_shop()
    assert shop.settings is settings
    assert shop.client is orders
    assert shop.pending is pending
    assert shop.now().tzinfo is not None


def test_the_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    app = create_app()
    try:
        with app.app_context():
            assert isinstance(current_shop().client, HttpOrdersClient)
            assert isinstance(current_shop().pending, PostgresPending)
    finally:
        app.extensions[WORKERS].stop()
    monkeypatch.delenv("ORDERS_URL")
    with pytest.raises(SettingsError, match="ORDERS_URL"):
        create_app()


def test_every_part_of_the_shop_is_there(app: Flask) -> None:
    assert set(app.blueprints) == {"shop", "orders", "api", "health"}
