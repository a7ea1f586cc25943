"""A purchase that the function didn't answer: accepted, followed on its page, and told to its buyer alone."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from frontend.app import create_app
from frontend.keys import issue_key
from frontend.orders_client import Confirmed, Rejected
from frontend.pending.purchases import PendingPurchase
from frontend.settings import Settings
from frontend.shop import EXTENSION, Shop
from functions.orders import contract
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders
from tests.frontend.conftest import KEY_SECRET
from tests.frontend.pages import Page, filled_form, read, send

BUY = "/shows/spring-gala/orders"


@pytest.fixture
def filled(http: FlaskClient) -> dict[str, str]:
    return filled_form(http)


@pytest.fixture
def address(http: FlaskClient, filled: dict[str, str], orders: FakeOrders) -> str:
    """The page of a purchase that was made while the function is away."""
    orders.away = True
    return send(http, BUY, filled).location


def saw(app: Flask, what: str) -> float:
    """How many buyers saw this, by the metrics."""
    shop: Shop = app.extensions[EXTENSION]
    return shop.metrics.registry.get_sample_value("flametickets_buyers_saw_total", {"what": what}) or 0.0


class TestConfirming:
    def test_the_browser_is_sent_to_a_page_that_promises_no_ticket(
        self, http: FlaskClient, filled: dict[str, str], address: str
    ) -> None:
        assert address.startswith(f"/orders/{filled['order_id']}?key=")
        page = read(http, address)
        assert page.status == 200
        assert "We're confirming your order" in page.words
        assert "No ticket is reserved yet, and you owe nothing unless the order is confirmed." in page.words
        for told in ("2 \u00d7 Stalls", "1 \u00d7 Balcony", "€68.00 · Pay at the door", "Ada Lovelace", "Spring Gala"):
            assert told in page.words
        assert "failed" not in page.words.lower()
        assert 'http-equiv="refresh"' in page.html
        assert f'data-poll="/api/orders/{filled["order_id"]}"' in page.html

    def test_it_can_be_said_without_the_catalogue(
        self, settings: Settings, orders: FakeOrders, pending: FakePending, address: str
    ) -> None:
        page = read(create_app(settings, orders, pending).test_client(), address)
        assert page.status == 200
        assert "We're confirming your order" in page.words
        assert "2 \u00d7 stalls" in page.words

    def test_the_same_form_again_is_the_same_purchase(
        self, http: FlaskClient, filled: dict[str, str], pending: FakePending, address: str
    ) -> None:
        before = pending.find(filled["order_id"])
        assert send(http, BUY, filled).location == address
        assert pending.find(filled["order_id"]) == before

    def test_another_purchase_under_the_same_order_id_is_told_nothing(
        self, http: FlaskClient, filled: dict[str, str], address: str
    ) -> None:
        page = Page(send(http, BUY, filled | {"name": "Mallory"}))
        assert page.status == 503, "nobody knows which of the two the function has"
        assert "Not known yet" in page.words
        assert address.partition("key=")[2] not in page.html
        assert "Ada" not in page.html

    def test_a_key_for_another_purchase_shows_nothing(
        self, http: FlaskClient, filled: dict[str, str], address: str
    ) -> None:
        key = issue_key(KEY_SECRET, filled["order_id"], "cd" * 32)
        for wrong in (key, address.partition("key=")[2][:-1], ""):
            page = read(http, f"/orders/{filled['order_id']}?key={wrong}")
            assert page.status in (404, 503)
            assert "Ada" not in page.html
            assert "Spring Gala" not in page.html

    def test_it_becomes_the_order(
        self, http: FlaskClient, orders: FakeOrders, pending: FakePending, filled: dict[str, str], address: str
    ) -> None:
        orders.away = False
        purchase = pending.find(filled["order_id"])
        assert isinstance(purchase, PendingPurchase)
        sold = orders.place(purchase.order_id, purchase.order, purchase.pressed_at, purchase.traceparent)
        assert isinstance(sold, Confirmed)
        assert "You're in!" in read(http, address).words

    def test_it_is_cancelled_like_any_other(self, http: FlaskClient, orders: FakeOrders, address: str) -> None:
        order_id, _, key = address.removeprefix("/orders/").partition("?key=")
        assert "Cancel this order before it is confirmed?" in read(http, address).words
        assert send(http, f"/orders/{order_id}/cancel", {"key": key}).status_code == 503
        orders.away = False
        cancelled = send(http, f"/orders/{order_id}/cancel", {"key": key}).location
        assert cancelled.partition("?key=")[0] == address.partition("?key=")[0]
        assert "Order cancelled" in read(http, cancelled).words
        assert "Order cancelled" in read(http, address).words


class TestGivenUp:
    def test_what_takes_longer_is_looked_after_by_somebody(
        self, http: FlaskClient, pending: FakePending, filled: dict[str, str], address: str
    ) -> None:
        pending.bury(filled["order_id"])
        page = read(http, address)
        assert page.status == 200
        assert "This takes longer than usual" in page.words
        assert "somebody looks after your order by hand" in page.words
        assert "No ticket is reserved yet, and you owe nothing" in page.words
        assert 'http-equiv="refresh"' in page.html

    @pytest.mark.parametrize("away", [True, False])
    def test_what_the_operator_says_is_told_as_words(
        self,
        http: FlaskClient,
        orders: FakeOrders,
        pending: FakePending,
        filled: dict[str, str],
        address: str,
        away: bool,
    ) -> None:
        orders.away = False
        orders.cancel(filled["order_id"], "", "")
        orders.away = away
        pending.bury(filled["order_id"])
        pending.refuse(filled["order_id"], "<b>Closed</b> for repairs")
        page = read(http, address)
        assert page.status == 200
        assert "Your order couldn't be carried out" in page.words
        assert "There are no tickets, and you owe nothing." in page.words
        assert "<b>Closed</b> for repairs" in page.words
        assert "<b>Closed" not in page.html
        assert 'http-equiv="refresh"' not in page.html


class TestWhatTheScriptAskedBefore:
    """A refused purchase is sent once more as a form, for its page: with the mark `decided`."""

    def test_a_limit_is_told_as_it_was_decided(
        self, http: FlaskClient, filled: dict[str, str], orders: FakeOrders
    ) -> None:
        too_many = filled | {"quantity-stalls": "7"}
        assert "place" not in orders.calls
        assert Page(send(http, BUY, too_many)).fields["order_id"] == filled["order_id"]  # nothing was asked yet
        page = Page(send(http, BUY, too_many | {"decided": "1"}))
        assert page.status == 422
        assert "That is more than one order may have" in page.words
        assert page.fields["order_id"] != filled["order_id"]
        assert "decided" not in page.fields

    def test_it_is_counted_once(
        self, app: Flask, http: FlaskClient, filled: dict[str, str], orders: FakeOrders, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            orders, "place", lambda order_id, *_: Rejected(contract.Rejection(order_id, "sales_closed"))
        )
        send(http, BUY, filled | {"decided": "1"})
        assert saw(app, "rejected") == 0
        send(http, BUY, filled)
        assert saw(app, "rejected") == 1


@pytest.mark.parametrize("api", [False, True], ids=["form", "api"])
class TestWhatBuyersSee:
    def buy(self, http: FlaskClient, filled: dict[str, str], api: bool, **changes: str) -> None:
        filled = filled | changes
        if not api:
            send(http, BUY, filled)
            return
        lines = [{"ticket_type": "stalls", "quantity": int(filled["quantity-stalls"])}]
        purchase = {"show": "spring-gala", "lines": lines, "name": filled["name"], "email": filled["email"]}
        http.post("/api/orders", json=purchase, headers={"Idempotency-Key": filled["order_id"]})

    def test_it_is_counted(
        self,
        app: Flask,
        http: FlaskClient,
        filled: dict[str, str],
        orders: FakeOrders,
        pending: FakePending,
        api: bool,
    ) -> None:
        self.buy(http, filled, api)
        self.buy(http, filled, api, name="Somebody Else")
        self.buy(http, filled, api, email="nonsense")
        orders.away = True
        self.buy(http, filled, api, order_id="6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11")
        pending.full = True
        self.buy(http, filled, api, order_id="6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a12")
        words = ("confirmed", "rejected", "invalid", "confirming", "unconfirmed", "busy")
        assert {what: saw(app, what) for what in words} == dict.fromkeys(words, 1) | {"busy": 0}


def test_when_it_was_pressed_is_what_counts(
    app: Flask, http: FlaskClient, filled: dict[str, str], orders: FakeOrders, pending: FakePending
) -> None:
    shop: Shop = app.extensions[EXTENSION]
    pressed = shop.now()
    app.extensions[EXTENSION] = replace(shop, now=lambda: pressed)
    orders.away = True
    send(http, BUY, filled)
    kept = pending.find(filled["order_id"])
    assert isinstance(kept, PendingPurchase)
    assert kept.pressed_at == pressed
