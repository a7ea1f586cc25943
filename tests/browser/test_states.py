"""What a buyer sees when something is in the way, and small comforts of the pages."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from frontend.orders_client import Unconfirmed
from functions.orders import contract
from tests.browser.conftest import FakeShop, OpenPage
from tests.scripts.waiting import wait_until

both_ways = pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])


def fill_in(page: Page) -> None:
    page.get_by_label("Stalls", exact=True).fill("2")
    page.get_by_label("Name", exact=True).fill("Ada Lovelace")
    page.get_by_label("E-mail", exact=True).fill("ada@example.org")


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


@both_ways
def test_a_shop_without_encryption_sells_too(shop: FakeShop, open_page: OpenPage, javascript: bool) -> None:
    """There, and that is Knative's first set-up, a browser says of a form no more than the origin of its page."""
    page = open_page(f"{shop.url.replace('127.0.0.1', 'shop.test')}/shows/spring-gala", javascript=javascript)
    fill_in(page)
    page.get_by_role("button", name="Buy tickets").click()
    heading(page, "You\u2019re in!")


@both_ways
def test_an_orders_page_comes_back_by_itself(shop: FakeShop, open_page: OpenPage, javascript: bool) -> None:
    page = open_page(f"{shop.url}/shows/spring-gala", javascript=javascript)
    fill_in(page)
    page.get_by_role("button", name="Buy tickets").click()
    heading(page, "You\u2019re in!")
    shop.orders.away = True
    page.reload()
    heading(page, "Your order can\u2019t be looked up right now")
    shop.orders.away = False
    heading(page, "You\u2019re in!")
    expect(page.locator(".qr")).to_have_count(2)


def test_a_catalogue_that_is_away_is_a_page_that_says_so(shop: FakeShop, open_page: OpenPage) -> None:
    shop.orders.away = True
    page = open_page(shop.url)
    heading(page, "The shows can\u2019t be shown right now")
    shop.orders.away = False
    wait_until(lambda: requests.get(shop.url, timeout=5).status_code == 200, within_s=5)
    page.get_by_role("link", name="Try again now").click()
    heading(page, "What\u2019s on")


def test_a_changed_price_is_shown_and_then_bought(shop: FakeShop, open_page: OpenPage) -> None:
    page = open_page(f"{shop.url}/shows/spring-gala")
    fill_in(page)
    expect(page.locator("#total")).to_have_text("€50.00")
    shop.orders.publish(with_price(shop, 2600))
    page.get_by_role("button", name="Buy tickets").click()
    expect(page.get_by_role("alert")).to_contain_text("You saw a total of €50.00; it is €52.00 now.")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.locator("#total")).to_have_text("€52.00")
    page.get_by_role("button", name="Buy tickets").click()
    heading(page, "You\u2019re in!")


def with_price(shop: FakeShop, price: int) -> contract.Show:
    """The paid show with its stalls at another price."""
    show = shop.orders._shows["spring-gala"]
    stalls, balcony = show.ticket_types
    dearer = contract.TicketType(stalls.id, stalls.name, price, stalls.currency, stalls.capacity, 6)
    return contract.Show(
        show.slug, show.title, show.venue, show.starts_at, show.sales_start, show.sales_end, (dearer, balcony)
    )


def test_sold_out_says_what_is_left(shop: FakeShop, open_page: OpenPage) -> None:
    first, second = (open_page(f"{shop.url}/shows/open-mic") for _ in range(2))
    for page in (first, second):
        page.get_by_label("Entry", exact=True).fill("2")
        page.get_by_label("Name", exact=True).fill("Ada")
        page.get_by_label("E-mail", exact=True).fill("ada@example.org")
        page.get_by_role("button", name="Get free tickets").click()
    heading(first, "You\u2019re in!")
    alert = second.get_by_role("alert")
    expect(alert).to_contain_text("There aren\u2019t that many tickets left")
    expect(alert).to_contain_text("Only 1 left")
    second.get_by_role("button", name="One fewer: Entry").click()
    second.get_by_role("button", name="Get free tickets").click()
    heading(second, "You\u2019re in!")


def test_steps_keep_to_what_can_be_had(shop: FakeShop, open_page: OpenPage) -> None:
    page = open_page(f"{shop.url}/shows/open-mic")
    quantity = page.get_by_label("Entry", exact=True)
    fewer = page.get_by_role("button", name="One fewer: Entry")
    more = page.get_by_role("button", name="One more: Entry")
    expect(quantity).to_have_value("1")
    for _ in range(2):
        more.click()
    expect(more).to_have_attribute("aria-disabled", "true")
    more.click(force=True)
    expect(quantity).to_have_value("3")
    for _ in range(3):
        fewer.click()
    expect(fewer).to_have_attribute("aria-disabled", "true")
    fewer.click(force=True)
    expect(quantity).to_have_value("0")
    expect(page.locator("#total-count")).to_have_text("no tickets yet")
    quantity.fill("9")
    expect(page.locator("#total-count")).to_have_text("9 tickets")
    expect(more).to_have_attribute("aria-disabled", "true")
    fewer.click()
    expect(quantity).to_have_value("8")


@both_ways
def test_the_language_is_changed_by_a_link_and_kept(shop: FakeShop, open_page: OpenPage, javascript: bool) -> None:
    page = open_page(f"{shop.url}/shows/spring-gala", javascript=javascript)
    page.get_by_role("link", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page).to_have_url(f"{shop.url}/shows/spring-gala")
    page.get_by_role("link", name="Cartelera").click()
    heading(page, "Cartelera")
    page.get_by_role("link", name="English").click()
    heading(page, "What\u2019s on")


def test_your_orders_say_that_they_need_a_script_and_can_be_forgotten(shop: FakeShop, open_page: OpenPage) -> None:
    without = open_page(f"{shop.url}/orders", javascript=False)
    expect(without.locator("noscript strong")).to_be_visible()
    expect(without.locator("noscript strong")).to_contain_text("This list needs JavaScript")
    page = open_page(f"{shop.url}/shows/spring-gala")
    fill_in(page)
    page.get_by_role("button", name="Buy tickets").click()
    heading(page, "You\u2019re in!")
    page.goto(f"{shop.url}/orders")
    expect(page.locator("#kept a")).to_have_count(1)
    page.get_by_text("Forget these links").click()
    page.get_by_role("button", name="Yes, forget them").click()
    expect(page.locator("#kept a")).to_have_count(0)
    expect(page.get_by_text("No orders here yet")).to_be_visible()


@pytest.mark.parametrize("content", ["no JSON", "{}", '[{"id": "<img src=x onerror=alert(1)>"}, null, 7]'])
def test_a_list_that_is_not_ours_breaks_nothing(shop: FakeShop, open_page: OpenPage, content: str) -> None:
    page = open_page(f"{shop.url}/orders")
    page.evaluate("content => localStorage.setItem('flametickets.orders', content)", content)
    page.reload()
    expect(page.get_by_text("No orders here yet")).to_be_visible()
    page.goto(f"{shop.url}/shows/spring-gala")
    fill_in(page)
    page.get_by_role("button", name="Buy tickets").click()
    heading(page, "You\u2019re in!")


def test_the_keyboard_alone_buys(shop: FakeShop, open_page: OpenPage) -> None:
    page = open_page(f"{shop.url}/shows/spring-gala")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_label("Stalls", exact=True)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#total")).to_have_text("€25.00")
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("Ada")
    page.keyboard.press("Tab")
    page.keyboard.type("ada@example.org")
    page.keyboard.press("Enter")
    heading(page, "You\u2019re in!")


@pytest.mark.parametrize("width", [320, 390, 768])
def test_no_page_is_wider_than_the_screen(shop: FakeShop, open_page: OpenPage, width: int) -> None:
    page = open_page(shop.url, width=width, language="es")
    for path in ("/shows/spring-gala", "/shows/new-year", "/shows/last-week", "/orders", "/nowhere", "/shows/open-mic"):
        page.goto(f"{shop.url}{path}")
        assert_fits(page)
    page.get_by_label("Nombre").fill("A" * 120)
    page.get_by_label("Correo").fill(f"{'a' * 60}@{'b' * 60}.example.org")
    page.get_by_role("button", name="Conseguir entradas gratis").click()
    expect(page).to_have_url(re.compile("/orders/"))
    assert_fits(page)


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_ticket_of_a_long_name_leaves_room_for_what_is_to_be_paid(
    shop: FakeShop, open_page: OpenPage, width: int, language: str
) -> None:
    page = open_page(f"{shop.url}/shows/spring-gala", width=width)
    fill_in(page)
    page.get_by_role("button", name="Buy tickets").click()
    heading(page, "You\u2019re in!")
    page.goto(f"{page.url}&lang={language}")
    page.locator(".slip dt").first.evaluate("row => row.textContent = '2 \u00d7 Seats in the stalls, at the side'")
    sticking_out = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent)"
    assert page.locator(".slip dd").evaluate_all(sticking_out) == []


def assert_fits(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, page.url


def test_nothing_is_lost_when_a_cancel_gets_no_answer(
    shop: FakeShop, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(f"{shop.url}/shows/spring-gala")
    fill_in(page)
    page.get_by_role("button", name="Buy tickets").click()
    heading(page, "You\u2019re in!")
    with monkeypatch.context() as away:
        away.setattr(shop.orders, "cancel", lambda *_: Unconfirmed("away"))
        page.get_by_text("Cancel this order").click()
        page.get_by_role("button", name="Yes, cancel the order").click()
        heading(page, "We don\u2019t know yet whether the order is cancelled")
    page.get_by_role("button", name="Try again").click()
    heading(page, "Order cancelled")
