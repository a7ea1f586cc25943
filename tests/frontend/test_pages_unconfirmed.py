"""An order that got no answer and couldn't be kept either: nobody knows yet, and the page says just that."""

import pytest
from flask.testing import FlaskClient

from frontend.app import create_app
from frontend.settings import Settings
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders
from tests.frontend.pages import Page, filled_form, read, send

BUY = "/shows/spring-gala/orders"


@pytest.fixture
def filled(http: FlaskClient) -> dict[str, str]:
    return filled_form(http)


@pytest.fixture
def unconfirmed(http: FlaskClient, filled: dict[str, str], orders: FakeOrders, pending: FakePending) -> Page:
    orders.away = pending.full = True
    return Page(send(http, BUY, filled))


def test_the_page_says_that_it_is_not_known(unconfirmed: Page) -> None:
    assert unconfirmed.status == 503
    assert int(unconfirmed.headers["Retry-After"]) > 0
    assert "We don't know yet whether your order went through" in unconfirmed.words
    assert "Pay at the door" in unconfirmed.words
    assert "€68.00" in unconfirmed.words
    assert "until then you owe nothing" in unconfirmed.words
    assert "failed" not in unconfirmed.words.lower()


def test_it_can_only_be_repeated_as_it_is(
    http: FlaskClient, filled: dict[str, str], orders: FakeOrders, unconfirmed: Page
) -> None:
    assert unconfirmed.fields == filled
    assert all(field["type"] == "hidden" for field in unconfirmed.all("input"))
    orders.away = False
    assert send(http, BUY, unconfirmed.fields).status_code == 303


def test_its_link_finds_the_order_once_it_arrived(http: FlaskClient, orders: FakeOrders, unconfirmed: Page) -> None:
    (link,) = [str(link["href"]) for link in unconfirmed.all("a") if "asked=" in str(link["href"])]
    assert "can't be looked up right now" in read(http, link).words
    orders.away = False
    assert "Still checking" in read(http, link).words
    send(http, BUY, unconfirmed.fields)
    assert "You're in!" in read(http, link).words


def test_it_can_be_said_without_the_catalogue(settings: Settings, filled: dict[str, str]) -> None:
    orders, pending = FakeOrders(), FakePending()
    orders.away = pending.away = True
    page = Page(send(create_app(settings, orders, pending).test_client(), BUY, filled))
    assert page.status == 503
    assert "We don't know yet whether your order went through" in page.words
    assert page.fields == filled


def test_wrong_fields_are_kept_when_the_show_can_not_be_shown(settings: Settings, filled: dict[str, str]) -> None:
    orders = FakeOrders()
    orders.away = True
    page = Page(send(create_app(settings, orders, FakePending()).test_client(), BUY, filled | {"email": "ada"}))
    assert page.status == 503
    assert "Nothing was bought. What you typed is kept" in page.words
    assert page.fields == filled | {"email": "ada"}
