"""However often and from wherever a form is sent: one order, and nobody else learns of it."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import requests
from playwright.sync_api import expect

from frontend.keys import issue_key
from frontend.orders_client import Confirmed, Rejected, Unconfirmed, Unknown
from frontend.settings import Settings
from frontend.shop import EXTENSION
from tests.browser.conftest import FakeShop, OpenPage
from tests.browser.test_keeping import IN, NOT_KNOWN, expect_waiting, fill_in, heading, press, sold

both_ways = pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])


@both_ways
def test_a_double_click(shop: FakeShop, open_page: OpenPage, javascript: bool) -> None:
    page = open_page(f"{shop.url}/shows/spring-gala", javascript=javascript)
    fill_in(page)
    page.get_by_role("button", name="Buy tickets").dblclick()
    heading(page, IN)
    assert sold(shop) == 2


def test_the_back_button_leads_to_the_form_as_it_was_sent(shop: FakeShop, open_page: OpenPage) -> None:
    page = open_page(f"{shop.url}/shows/spring-gala")
    fill_in(page)
    press(page)
    heading(page, IN)
    order = page.url
    page.go_back()
    notice = page.locator("#sent-before")
    expect(notice).to_contain_text("You have sent this form before.")
    expect(page.get_by_label("Stalls", exact=True)).to_have_value("2")
    press(page)
    expect(page).to_have_url(order)
    assert sold(shop) == 2
    page.go_back()
    notice.get_by_role("link", name="Open a new form").click()
    expect(notice).to_be_hidden()
    fill_in(page)
    press(page)
    heading(page, IN)
    assert page.url != order
    assert sold(shop) == 4


def test_the_back_button_without_javascript_buys_nothing_by_itself(shop: FakeShop, open_page: OpenPage) -> None:
    page = open_page(f"{shop.url}/shows/spring-gala", javascript=False)
    fill_in(page)
    press(page)
    heading(page, IN)
    page.go_back()
    press(page)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert sold(shop) == 2


def test_a_second_tab_shares_the_order(shop: FakeShop, open_page: OpenPage) -> None:
    first = open_page(f"{shop.url}/shows/spring-gala")
    second = first.context.new_page()
    second.goto(f"{shop.url}/shows/spring-gala")
    for page in (first, second):
        fill_in(page)
    for page in (first, second):
        press(page)
        heading(page, IN)
    assert first.url == second.url
    assert sold(shop) == 2


def test_a_second_tab_waits_with_the_first(shop: FakeShop, open_page: OpenPage) -> None:
    first = open_page(f"{shop.url}/shows/spring-gala")
    second = first.context.new_page()
    second.goto(f"{shop.url}/shows/spring-gala")
    fill_in(first)
    fill_in(second, name="Somebody Else")
    shop.orders.away = shop.pending.away = True
    press(first)
    expect_waiting(first)
    expect_waiting(second)  # what was sent can only be repeated as it is
    expect(second.locator("#waiting .slip")).to_contain_text("Ada Lovelace")
    third = first.context.new_page()
    third.goto(f"{shop.url}/shows/spring-gala")
    expect_waiting(third)
    shop.orders.away = shop.pending.away = False
    for page in (first, second, third):
        heading(page, IN)
    assert sold(shop) == 2


def test_another_purchase_with_a_used_form_says_so_and_links_to_the_earlier(
    shop: FakeShop, open_page: OpenPage
) -> None:
    first = open_page(f"{shop.url}/shows/spring-gala")
    second = first.context.new_page()
    second.goto(f"{shop.url}/shows/spring-gala")
    fill_in(first)
    press(first)
    heading(first, IN)
    fill_in(second, stalls=1)
    press(second)
    heading(second, "This form was used before")
    assert sold(shop) == 2
    earlier = second.get_by_role("link", name="See the earlier order")
    expect(earlier).to_have_attribute("href", first.url.removeprefix(shop.url))
    second.get_by_role("link", name="Open a new form").click()
    fill_in(second, stalls=1)
    press(second)
    heading(second, IN)
    assert sold(shop) == 3


@both_ways
def test_a_form_that_was_edited_after_a_lost_reply(
    shop: FakeShop, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, javascript: bool
) -> None:
    """The order was carried out and nobody heard of it: the edited form buys nothing, and the order is found."""
    page = open_page(f"{shop.url}/shows/spring-gala", javascript=javascript)
    fill_in(page)
    shop.pending.away = True
    with monkeypatch.context() as lossy:
        lossy.setattr(shop.orders, "place", losing_replies(shop))
        press(page)
        expect(page.get_by_role("heading", name=NOT_KNOWN)).to_be_visible()
        found = page.get_by_role("link", name="See whether the order arrived").get_attribute("href")
        assert sold(shop) == 2
    edited = open_page(f"{shop.url}/shows/spring-gala", javascript=False)
    fields = page.locator("form[data-purchase] input").evaluate_all("all => all.map((one) => [one.name, one.value])")
    answer = edited.request.post(
        f"{shop.url}/shows/spring-gala/orders",
        form={**dict(fields), "name": "Ada King"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status == 422
    assert "This form was used before" in answer.text().replace("\u2019", "'")
    assert sold(shop) == 2
    page.goto(f"{shop.url}{found}")
    heading(page, IN)


def losing_replies(shop: FakeShop) -> object:
    """A `place` that carries the order out and loses the reply."""
    place = shop.orders.place

    def lose(*asked: object) -> Unconfirmed:
        assert isinstance(place(*asked), Confirmed | Rejected)  # type: ignore[arg-type]
        return Unconfirmed("reply_lost")

    return lose


@both_ways
def test_somebody_else_with_my_order_id_learns_nothing(shop: FakeShop, open_page: OpenPage, javascript: bool) -> None:
    mine = open_page(f"{shop.url}/shows/spring-gala")
    fill_in(mine)
    press(mine)
    heading(mine, IN)
    order_id, _, key = mine.url.rpartition("/")[2].partition("?key=")
    theirs = open_page(f"{shop.url}/shows/spring-gala", javascript=javascript)
    theirs.locator("[name=order_id]").evaluate("(field, id) => { field.value = id }", order_id)
    fill_in(theirs, name="Mallory")
    press(theirs)
    heading(theirs, "This form was used before")
    expect(theirs.locator("[data-earlier]")).to_be_hidden()
    text = theirs.content()
    assert not [told for told in (key, "Lovelace", "ada@example.org") if told in text]
    assert sold(shop) == 2


@pytest.fixture
def one_place(settings: Settings) -> Iterator[FakeShop]:
    """A shop that works on one request at a time, and lets none wait."""
    shop = FakeShop(replace(settings, web_threads=1, web_waiting=0))
    try:
        yield shop
    finally:
        shop.stop()


@contextmanager
def taken(shop: FakeShop, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Inside, the only place is taken by a request that waits for the function."""
    asked, answered = threading.Event(), threading.Event()

    def wait(order_id: str, _traceparent: str) -> Unknown:
        asked.set()
        assert answered.wait(30)
        return Unknown(order_id)

    monkeypatch.setattr(shop.orders, "lookup", wait)
    order_id, secret = str(uuid.uuid4()), shop.app.extensions[EXTENSION].settings.order_key_secret
    address = f"{shop.url}/api/orders/{order_id}?key={issue_key(secret, order_id, 'ab' * 32)}"
    asking = threading.Thread(target=requests.get, args=(address,), kwargs={"timeout": 40})
    asking.start()
    try:
        assert asked.wait(10)
        yield
    finally:
        answered.set()
        asking.join()
        monkeypatch.undo()


@both_ways
def test_a_busy_shop_is_waited_for_with_the_same_order(
    one_place: FakeShop, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, javascript: bool
) -> None:
    page = open_page(f"{one_place.url}/shows/spring-gala", javascript=javascript)
    order_id = page.locator("[name=order_id]").get_attribute("value")
    fill_in(page)
    with taken(one_place, monkeypatch):
        press(page)
        if javascript:
            expect_waiting(page)
        else:
            heading(page, "We\u2019re very busy right now")
    if not javascript:
        page.get_by_role("button", name="Try again").click()
    heading(page, IN)
    assert f"/orders/{order_id}?" in page.url
    assert sold(one_place) == 2


def test_a_page_that_was_too_much_comes_by_itself(
    one_place: FakeShop, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with taken(one_place, monkeypatch):
        page = open_page(one_place.url)
        heading(page, "We\u2019re very busy right now")
    heading(page, "What\u2019s on")
