"""The page of an order in each of its states, cancelling it, and the orders a browser keeps."""

import re
import uuid
from datetime import UTC, datetime
from typing import get_args
from urllib.parse import urlsplit

import msgspec
import pytest
from flask.testing import FlaskClient

from frontend.app import create_app
from frontend.keys import issue_key
from frontend.orders_client import Found, Rejected, Unconfirmed
from frontend.settings import Settings
from frontend.views.orders import ARRIVAL_S, State
from functions.orders import contract
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders
from tests.frontend.conftest import KEY_SECRET
from tests.frontend.pages import Page, read, send

HOSTILE = "<b>Ada</b> & co."


@pytest.fixture
def order_url(http: FlaskClient) -> str:
    """The address of a confirmed order: two stalls and one balcony, for somebody with a hostile name."""
    fields = read(http, "/shows/spring-gala").fields
    fields |= {"quantity-stalls": "2", "quantity-balcony": "1", "name": HOSTILE, "email": "ada@example.org"}
    return send(http, "/shows/spring-gala/orders", fields).location


def parts(order_url: str) -> tuple[str, str]:
    """Order id and key of an order's address."""
    order_id, key = re.fullmatch(r"/orders/([0-9a-f-]+)\?key=([\w-]+)", order_url).groups()  # type: ignore[union-attr]
    return order_id, key


def url_of(order_id: str) -> str:
    """The address of an order that nobody placed."""
    return f"/orders/{order_id}?key={issue_key(KEY_SECRET, order_id, 'ab' * 32)}"


class TestConfirmed:
    def test_each_ticket_has_its_code_and_its_qr_code(
        self, http: FlaskClient, orders: FakeOrders, order_url: str
    ) -> None:
        page = read(http, order_url)
        assert page.status == 200
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "same-origin"  # its address holds the key
        found = orders.lookup(parts(order_url)[0], "")
        assert isinstance(found, Found)
        codes = [ticket.code for ticket in found.order.tickets]
        labels = [svg["aria-label"] for svg in page.all("svg") if svg.get("class") == "qr"]
        assert labels == [f"QR code of ticket {code}" for code in codes]
        assert all(code in page.words for code in codes)
        assert len(codes) == 3

    def test_everything_that_was_bought_is_told(self, http: FlaskClient, order_url: str) -> None:
        words = read(http, order_url).words
        for text in (
            "Spring Gala",
            "The Old Brewery",
            "2 \u00d7 Stalls",
            "€50.00",
            "€68.00",
            "pay at the door",
            HOSTILE,
        ):
            assert text in words
        assert parts(order_url)[0] in words

    def test_hostile_names_are_only_words(self, http: FlaskClient, order_url: str) -> None:
        assert HOSTILE not in read(http, order_url).html

    def test_nothing_is_to_pay_for_a_free_show(self, http: FlaskClient) -> None:
        fields = read(http, "/shows/open-mic").fields | {"name": "Ada", "email": "ada@example.org"}
        words = read(http, send(http, "/shows/open-mic/orders", fields).location).words
        assert "Your ticket for Open Mic is confirmed. Nothing to pay." in words
        assert "Pay at the door" not in words

    def test_it_opens_also_when_the_catalogue_is_away(
        self, order_url: str, orders: FakeOrders, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(orders, "catalogue", lambda *_: Unconfirmed("away"))
        page = read(create_app(settings, orders, FakePending()).test_client(), order_url)
        assert page.status == 200
        assert "You're in!" in page.words


class TestKeys:
    def test_a_wrong_key_or_none_is_a_page_that_is_not_there(self, http: FlaskClient, order_url: str) -> None:
        order_id, key = parts(order_url)
        for address in (f"/orders/{order_id}", f"/orders/{order_id}?key={key[:-1]}", url_of(order_id)):
            page = read(http, address)
            assert page.status == 404
            assert "Spring Gala" not in page.words
        assert send(http, f"/orders/{order_id}/cancel", {"key": "x"}).status_code == 404
        assert "You're in!" in read(http, order_url).words

    @pytest.mark.parametrize("order_id", ["x", "A" * 36, "0" * 36])
    def test_what_is_no_order_id_is_not_there_either(self, http: FlaskClient, order_id: str) -> None:
        assert read(http, f"/orders/{order_id}?key=x").status == 404
        assert send(http, f"/orders/{order_id}/cancel", {"key": "x"}).status_code == 404

    def test_a_key_for_somebody_elses_order_id_neither_shows_nor_cancels(
        self, http: FlaskClient, order_url: str
    ) -> None:
        order_id, _ = parts(order_url)
        key = issue_key(KEY_SECRET, order_id, "cd" * 32)
        assert read(http, f"/orders/{order_id}?key={key}").status == 404
        assert send(http, f"/orders/{order_id}/cancel", {"key": key}).status_code == 404
        assert "You're in!" in read(http, order_url).words


class TestCancelling:
    def test_a_question_comes_first(self, http: FlaskClient, order_url: str) -> None:
        page = read(http, order_url)
        assert "Give all tickets of this order back?" in page.words
        assert page.by_id("cancel") is not None
        (form,) = page.all("form")
        assert form["action"] == f"/orders/{parts(order_url)[0]}/cancel"

    def test_a_cancelled_order_says_so_and_has_no_tickets(self, http: FlaskClient, order_url: str) -> None:
        order_id, key = parts(order_url)
        for _ in range(2):
            answer = send(http, f"/orders/{order_id}/cancel", {"key": key})
            assert (answer.status_code, answer.location) == (303, order_url)
        page = read(http, order_url)
        assert page.status == 200
        assert "Its tickets are no longer valid, and you owe nothing." in page.words
        assert "QR" not in page.html

    def test_not_knowing_is_said_and_can_be_tried_again(
        self, http: FlaskClient, order_url: str, orders: FakeOrders, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order_id, key = parts(order_url)
        monkeypatch.setattr(orders, "cancel", lambda *_: Unconfirmed("away"))
        page = Page(send(http, f"/orders/{order_id}/cancel", {"key": key}))
        assert page.status == 503
        assert int(page.headers["Retry-After"]) > 0
        assert "We don't know yet whether the order is cancelled" in page.words
        assert page.fields == {"key": key}

    def test_an_order_that_was_rejected_meanwhile_says_why_there_is_nothing_to_cancel(
        self, http: FlaskClient, order_url: str, orders: FakeOrders, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order_id, key = parts(order_url)
        monkeypatch.setattr(orders, "cancel", lambda *_: Rejected(contract.Rejection(order_id, "sold_out")))
        answer = send(http, f"/orders/{order_id}/cancel", {"key": key})
        assert answer.status_code == 303
        assert urlsplit(answer.location).path == f"/orders/{order_id}"


class TestOtherStates:
    def test_an_order_cancelled_before_it_arrived(self, http: FlaskClient, orders: FakeOrders) -> None:
        order_id = str(uuid.uuid4())
        orders.cancel(order_id, "", "")
        page = read(http, url_of(order_id))
        assert page.status == 200
        assert "This order was cancelled before it reached us." in page.words

    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            ("sold_out", "There weren't that many tickets left."),
            ("sales_closed", "Sales of this show were closed."),
            ("price_changed", "The price had changed since you saw it."),
            ("limit_exceeded", "It was more than one order may have."),
            ("unknown_show", "What it asked for isn't sold any more."),
            ("expired", "The form had become too old."),
        ],
    )
    def test_a_rejected_order_says_why(
        self,
        http: FlaskClient,
        orders: FakeOrders,
        order_url: str,
        monkeypatch: pytest.MonkeyPatch,
        reason: contract.Reason,
        words: str,
    ) -> None:
        found = orders.lookup(parts(order_url)[0], "")
        assert isinstance(found, Found)
        rejected = msgspec.structs.replace(found.order, status="rejected", reason=reason, tickets=())
        monkeypatch.setattr(orders, "lookup", lambda *_: Found(rejected))
        page = read(http, order_url)
        assert page.status == 200
        assert f"{words} There are no tickets, and you owe nothing." in page.words
        assert "/shows/spring-gala" in [link["href"] for link in page.all("a")]

    def test_an_order_that_can_not_be_looked_up_looks_again(
        self, http: FlaskClient, orders: FakeOrders, order_url: str
    ) -> None:
        orders.away = True
        page = read(http, order_url)
        assert page.status == 503
        assert int(page.headers["Retry-After"]) > 0
        assert "if it was confirmed, it still is" in page.words
        assert 'http-equiv="refresh"' in page.html
        assert f'data-poll="/api/orders/{parts(order_url)[0]}"' in page.html

    def test_an_order_that_may_still_arrive_is_not_called_lost(self, http: FlaskClient) -> None:
        address = url_of(str(uuid.uuid4()))
        asked = int(datetime.now(UTC).timestamp())
        page = read(http, f"{address}&asked={asked}")
        assert page.status == 200
        assert "it may still be on its way. No ticket is reserved so far, and you owe nothing." in page.words
        assert 'http-equiv="refresh"' in page.html
        for too_old in (f"&asked={asked - ARRIVAL_S - 1}", "&asked=soon", "&asked=99999999999", ""):
            page = read(http, address + too_old)
            assert page.status == 404
            assert "This order never reached us" in page.words
            assert 'http-equiv="refresh"' not in page.html


class TestYourOrders:
    def test_the_list_says_that_it_needs_a_script(self, http: FlaskClient) -> None:
        page = read(http, "/orders")
        assert page.status == 200
        assert "This list needs JavaScript" in page.words
        assert "hidden" in page.by_id("kept")

    def test_every_status_that_a_page_keeps_has_a_word(self, http: FlaskClient) -> None:
        words = {item["data-status"] for item in read(http, "/orders").all("li") if "data-status" in item}
        assert words == set(get_args(State)) - {"checking", "unavailable"} | {"unconfirmed"}

    @pytest.mark.parametrize("state", ["confirmed", "cancelled"])
    def test_an_orders_page_says_what_to_keep(self, http: FlaskClient, order_url: str, state: str) -> None:
        order_id, key = parts(order_url)
        if state == "cancelled":
            send(http, f"/orders/{order_id}/cancel", {"key": key})
        (kept,) = [tag for _, tag in read(http, order_url).tags if "data-keep" in tag]
        expected = {"data-order-id": order_id, "data-key": key, "data-status": state, "data-title": "Spring Gala"}
        assert expected.items() <= kept.items()
        assert datetime.fromisoformat(str(kept["data-starts-at"])).tzinfo is not None
