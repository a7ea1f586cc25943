"""The page of an order follows it by itself: nobody has to load it again."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from functions.orders import contract
from tests.browser.conftest import FakeShop, OpenPage
from tests.browser.test_keeping import IN, fill_in, heading, press, sold

both_ways = pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])
CONFIRMING = "We\u2019re confirming your order"
MESSAGE = "The hall had to close. <b>We\u2019re sorry!</b>"


def confirming(shop: FakeShop, open_page: OpenPage, *, javascript: bool = True) -> Page:
    """The page of a purchase that was made while the function is away."""
    page = open_page(f"{shop.url}/shows/spring-gala", javascript=javascript)
    fill_in(page)
    shop.orders.away = True
    press(page)
    heading(page, CONFIRMING)
    return page


def order_id_of(page: Page) -> str:
    return page.url.rpartition("/")[2].partition("?")[0]


def mark(page: Page) -> None:
    """Leaves something that a load of the page would take away."""
    page.evaluate("window.marked = true")


def assert_was_not_loaded_again(page: Page) -> None:
    assert page.evaluate("window.marked") is True


def answer(shop: FakeShop, page: Page) -> None:
    shop.orders.away = False
    shop.decide(order_id_of(page))


def test_confirming_becomes_confirmed_without_a_load(shop: FakeShop, open_page: OpenPage) -> None:
    page = confirming(shop, open_page)
    expect(page.get_by_text("No ticket is reserved yet, and you owe nothing")).to_be_visible()
    expect(page.locator(".slip")).to_contain_text("2 \u00d7 Stalls")
    mark(page)
    answer(shop, page)
    heading(page, IN)
    assert_was_not_loaded_again(page)
    expect(page.locator(".qr")).to_have_count(2)
    expect(page).to_have_title("Your tickets · Spring Gala · FlameTickets")
    expect(page.locator("#said")).to_have_text(IN)
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.locator("summary").click()  # what came in by itself works like what was there
    page.get_by_role("link", name="No, keep my tickets").click()
    expect(page.get_by_role("button", name="Yes, cancel the order")).to_be_hidden()
    page.get_by_role("link", name="Your orders").click()
    expect(page.locator("#kept a")).to_contain_text("Confirmed")


def test_without_javascript_the_page_is_loaded_again_by_itself(shop: FakeShop, open_page: OpenPage) -> None:
    page = confirming(shop, open_page, javascript=False)
    answer(shop, page)
    heading(page, IN)


def test_the_link_works_on_another_device_and_no_other_key_does(shop: FakeShop, open_page: OpenPage) -> None:
    page = confirming(shop, open_page)
    elsewhere = open_page(page.url)
    heading(elsewhere, CONFIRMING)
    stranger = open_page(page.url[:-1] + ("A" if page.url[-1] != "A" else "B"))
    heading(stranger, "There\u2019s nothing here")
    answer(shop, page)
    heading(elsewhere, IN)


def test_what_takes_longer_is_said_and_then_what_the_operator_says(shop: FakeShop, open_page: OpenPage) -> None:
    page = confirming(shop, open_page)
    mark(page)
    order_id = order_id_of(page)
    shop.pending.bury(order_id)
    heading(page, "This takes longer than usual")
    expect(page.get_by_text("somebody looks after your order")).to_be_visible()
    page.get_by_role("link", name="Your orders").click()
    expect(page.locator("#kept a")).to_contain_text("Takes longer")
    page.go_back()
    heading(page, "This takes longer than usual")
    shop.orders.away = False
    shop.orders.cancel(order_id, "", "")
    shop.pending.refuse(order_id, MESSAGE)
    page.reload()
    heading(page, "Your order couldn\u2019t be carried out")
    expect(page.locator("blockquote")).to_have_text(MESSAGE)
    expect(page.get_by_text("you owe nothing")).to_be_visible()


def test_a_rejection_comes_by_itself_too(shop: FakeShop, open_page: OpenPage) -> None:
    page = confirming(shop, open_page)
    mark(page)
    gala = shop.orders._shows["spring-gala"]
    stalls, balcony = gala.ticket_types
    none_left = contract.TicketType(stalls.id, stalls.name, stalls.price, stalls.currency, 0, 6)
    shop.orders.publish(
        contract.Show(
            gala.slug, gala.title, gala.venue, gala.starts_at, gala.sales_start, gala.sales_end, (none_left, balcony)
        )
    )
    answer(shop, page)
    heading(page, "Not bought")
    expect(page.get_by_text("There weren\u2019t that many tickets left.")).to_be_visible()
    assert_was_not_loaded_again(page)


@both_ways
def test_an_order_is_cancelled_before_it_is_confirmed(shop: FakeShop, open_page: OpenPage, javascript: bool) -> None:
    page = confirming(shop, open_page, javascript=javascript)
    page.locator("summary").click()
    expect(page.get_by_text("Cancel this order before it is confirmed?")).to_be_visible()
    page.get_by_role("button", name="Yes, cancel the order").click()
    heading(page, "We don\u2019t know yet whether the order is cancelled")
    shop.orders.away = False
    page.get_by_role("button", name="Try again").click()
    heading(page, "Order cancelled")
    assert sold(shop) == 0


def test_a_page_that_can_not_be_had_changes_nothing(shop: FakeShop, open_page: OpenPage) -> None:
    """The small answer came through, and the page after it did not: what was said stays until there is more."""
    page = confirming(shop, open_page)
    page.evaluate(
        """() => {
          window.headings = [];
          const listen = () => window.headings.push(document.querySelector("h1").textContent);
          new MutationObserver(listen).observe(document.querySelector("main"), { childList: true });
        }"""
    )
    shop.pending.away = True
    away = requests.get(page.url, timeout=5)
    assert away.status_code == 503
    shop.pending.away = False
    fetched = re.compile(r"/orders/[^/]+\?key=[^/]+$")
    page.route(
        lambda address: bool(fetched.search(address)) and "/api/" not in address,
        lambda route: route.fulfill(status=503, content_type="text/html", body=away.text),
        times=1,
    )
    answer(shop, page)
    heading(page, IN)
    assert page.evaluate("window.headings") == [IN]


def test_a_page_never_takes_back_that_it_is_confirming(shop: FakeShop, open_page: OpenPage) -> None:
    """Also the pending purchases can be away for a while; what was said is still true."""
    page = confirming(shop, open_page)
    shop.pending.away = True
    with page.expect_response(lambda response: response.status == 503):
        pass
    heading(page, CONFIRMING)
    shop.pending.away = False
    answer(shop, page)
    heading(page, IN)
