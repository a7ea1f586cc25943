"""The browser keeps a purchase until it is answered, whatever becomes of the function, the shop, or the page."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from frontend.orders_client import Found
from functions.orders import contract
from tests.browser.conftest import FakeShop, OpenPage

NOT_KNOWN = "We don\u2019t know yet whether your order went through"
IN = "You\u2019re in!"
ASKS = "There is still no answer. Shall we go on trying?"


def fill_in(page: Page, *, name: str = "Ada Lovelace", stalls: int = 2) -> None:
    page.get_by_label("Stalls", exact=True).fill(str(stalls))
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("E-mail", exact=True).fill("ada@example.org")


def press(page: Page) -> None:
    page.get_by_role("button", name="Buy tickets").click()


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def expect_waiting(page: Page) -> None:
    expect(page.get_by_role("heading", name=NOT_KNOWN)).to_be_visible()
    expect(page.locator("form.purchase")).to_be_hidden()


def says(page: Page, words: str) -> None:
    """The banner says so; what it says in other states stands there out of sight."""
    expect(page.locator("#banners").get_by_text(words)).to_be_visible()


def kept(page: Page) -> list[Any]:
    """The purchases that the browser of this page keeps."""
    return list(page.evaluate("JSON.parse(localStorage.getItem('flametickets.purchases') ?? '[]')"))


def sold(shop: FakeShop) -> int:
    """How many tickets of the paid show are sold."""
    catalogue = shop.orders.catalogue("")
    assert isinstance(catalogue, contract.Catalogue)
    types = next(show for show in catalogue.shows if show.slug == "spring-gala").ticket_types
    return sum(t.capacity - (t.available or 0) for t in types)


@pytest.fixture
def form(shop: FakeShop, open_page: OpenPage) -> Page:
    """The purchase form, filled in."""
    page = open_page(f"{shop.url}/shows/spring-gala")
    fill_in(page)
    return page


def nobody_answers(shop: FakeShop) -> None:
    shop.orders.away = shop.pending.away = True


def all_answer(shop: FakeShop) -> None:
    shop.orders.away = shop.pending.away = False


def test_what_nobody_took_is_tried_again_by_itself(shop: FakeShop, form: Page) -> None:
    nobody_answers(shop)
    press(form)
    expect_waiting(form)
    expect(form.get_by_text("This browser keeps your order and tries again by itself.")).to_be_visible()
    expect(form.locator("#waiting .slip")).to_contain_text("2 \u00d7 Stalls")
    expect(form.get_by_role("heading", name=NOT_KNOWN)).to_be_focused()
    assert len(kept(form)) == 1
    all_answer(shop)
    heading(form, IN)
    assert kept(form) == []
    assert sold(shop) == 2


def test_what_was_taken_without_an_answer_is_found_by_its_link(shop: FakeShop, form: Page) -> None:
    nobody_answers(shop)
    press(form)
    form.get_by_role("link", name="See whether the order arrived").click()
    heading(form, "Your order can\u2019t be looked up right now")
    says(form, "Your order for Spring Gala has no answer yet")
    all_answer(shop)
    heading(form, IN)


def test_the_shop_itself_may_be_away(shop: FakeShop, form: Page) -> None:
    shop.stop()
    press(form)
    expect_waiting(form)
    shop.start()
    heading(form, IN)
    assert sold(shop) == 2


def test_a_closed_tab_is_no_lost_purchase(shop: FakeShop, form: Page) -> None:
    context = form.context
    shop.stop()
    press(form)
    expect_waiting(form)
    form.close()
    shop.start()
    elsewhere = context.new_page()
    elsewhere.goto(f"{shop.url}/orders")
    banner = elsewhere.locator("#banners")
    says(elsewhere, "Your order for Spring Gala is confirmed.")
    assert kept(elsewhere) == []
    elsewhere.goto(shop.url)  # it is said until it is seen
    banner.get_by_role("link", name="See the order").click()
    heading(elsewhere, IN)
    elsewhere.goto(shop.url)
    expect(banner).to_be_hidden()


def test_the_page_of_the_show_goes_on_with_a_kept_purchase(shop: FakeShop, form: Page) -> None:
    nobody_answers(shop)
    press(form)
    expect_waiting(form)
    form.goto(shop.url)
    form.locator("#banners").get_by_role("link", name="See the order").click()
    expect_waiting(form)
    expect(form.locator("#banners .banner")).to_have_count(0)  # the page itself says it
    all_answer(shop)
    form.get_by_role("button", name="Try again now").click()
    heading(form, IN)
    assert sold(shop) == 2


def test_after_half_an_hour_it_asks(shop: FakeShop, form: Page) -> None:
    form.clock.install()
    nobody_answers(shop)
    press(form)
    expect_waiting(form)
    form.clock.fast_forward("31:00")
    expect(form.get_by_text(ASKS)).to_be_visible()
    tries = shop.orders.calls.count("place")
    form.clock.fast_forward("05:00")
    assert shop.orders.calls.count("place") == tries
    all_answer(shop)
    form.get_by_role("button", name="Go on trying").click()
    heading(form, IN)


def test_it_asks_too_when_sales_end(shop: FakeShop, open_page: OpenPage) -> None:
    show = shop.orders._shows["spring-gala"]
    shop.orders.publish(msgspec.structs.replace(show, sales_end=shop.now() + timedelta(minutes=5)))
    page = open_page(f"{shop.url}/shows/spring-gala")
    fill_in(page)
    page.clock.install()
    nobody_answers(shop)
    press(page)
    expect_waiting(page)
    page.clock.fast_forward("06:00")
    expect(page.get_by_text(ASKS)).to_be_visible()


def test_on_another_page_it_asks_as_well_and_can_be_told_to_stop(shop: FakeShop, form: Page) -> None:
    form.clock.install()
    nobody_answers(shop)
    press(form)
    expect_waiting(form)
    form.goto(f"{shop.url}/orders")
    form.clock.fast_forward("31:00")
    banner = form.locator("#banners")
    says(form, "still has no answer. Shall we go on trying?")
    banner.get_by_role("button", name="Stop trying").click()
    expect(banner).to_be_hidden()
    assert kept(form) == []
    expect(form.locator("#kept a")).to_contain_text("Not known yet")  # its link stays


def test_started_anew_it_is_another_order(shop: FakeShop, form: Page) -> None:
    first = form.locator("[name=order_id]").get_attribute("value")
    nobody_answers(shop)
    press(form)
    expect_waiting(form)
    all_answer(shop)
    form.get_by_role("link", name="Start a new order").click()
    expect(form.locator("form.purchase")).to_be_visible()
    expect(form.locator("#waiting")).to_be_hidden()
    assert form.locator("[name=order_id]").get_attribute("value") != first
    assert kept(form) == []


def test_a_refusal_is_told_by_the_form_with_a_new_order_id(shop: FakeShop, open_page: OpenPage) -> None:
    page = open_page(f"{shop.url}/shows/open-mic")
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_label("E-mail", exact=True).fill("ada@example.org")
    first = page.locator("[name=order_id]").get_attribute("value")
    nobody_answers(shop)
    page.get_by_role("button", name="Get free tickets").click()
    expect(page.locator("#waiting")).to_be_visible()
    all_answer(shop)
    page.goto(shop.url)
    sell_out(shop)
    page.reload()
    page.locator("#banners").get_by_role("button", name="See the answer").click()
    expect(page.get_by_role("alert")).to_contain_text("There aren\u2019t that many tickets left")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Ada")
    assert page.locator("[name=order_id]").get_attribute("value") != first
    assert kept(page) == []


def sell_out(shop: FakeShop) -> None:
    show = shop.orders._shows["open-mic"]
    (entry,) = show.ticket_types
    shop.orders.publish(msgspec.structs.replace(show, ticket_types=(msgspec.structs.replace(entry, capacity=0),)))


def test_a_limit_that_the_function_alone_knew_leaves_no_used_order_id_in_the_form(
    shop: FakeShop, open_page: OpenPage
) -> None:
    page = open_page(f"{shop.url}/shows/spring-gala")
    show = shop.orders._shows["spring-gala"]
    stalls, balcony = show.ticket_types
    shop.orders.publish(
        msgspec.structs.replace(show, ticket_types=(msgspec.structs.replace(stalls, limit_per_order=1), balcony))
    )
    fill_in(page)
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("That is more than one order may have")
    page.get_by_label("Stalls", exact=True).fill("1")
    press(page)
    heading(page, IN)


def test_an_answer_of_somebody_elses_gateway_is_no_answer(shop: FakeShop, form: Page) -> None:
    answers = [
        (404, "application/json", '{"message": "no such service"}'),
        (200, "text/html", "please log in"),
        (200, "application/json", "{}"),
    ]

    def stand_between(route: Any) -> None:
        status, kind, body = answers.pop(0)
        route.fulfill(status=status, content_type=kind, body=body)

    form.route("**/api/orders", stand_between, times=3)
    press(form)
    expect_waiting(form)
    heading(form, IN)
    assert answers == []
    assert sold(shop) == 2


def test_without_storage_it_is_kept_as_long_as_the_page_stands(shop: FakeShop, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('switched off') } })")
    page.goto(f"{shop.url}/shows/spring-gala")
    fill_in(page)
    nobody_answers(shop)
    press(page)
    expect_waiting(page)
    all_answer(shop)
    heading(page, IN)


def test_a_form_left_open_overnight_still_buys(shop: FakeShop, form: Page) -> None:
    form.clock.install()
    shop.late_by = timedelta(hours=14)
    form.clock.fast_forward("14:00:00")
    press(form)
    heading(form, IN)
    found = shop.orders.lookup(form.url.rpartition("/")[2].partition("?")[0], "")
    assert isinstance(found, Found)
    assert abs(found.order.placed_at - shop.now()) < timedelta(minutes=1)


def test_a_browser_whose_clock_is_wrong_buys_too(shop: FakeShop, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    page.clock.install(time=shop.now() + timedelta(days=400))
    page.goto(f"{shop.url}/shows/spring-gala")
    fill_in(page)
    nobody_answers(shop)
    press(page)
    expect_waiting(page)
    expect(page.get_by_text(ASKS)).to_be_hidden()
    all_answer(shop)
    heading(page, IN)


def test_a_form_without_its_prices_never_buys_at_any_price(shop: FakeShop, form: Page) -> None:
    form.locator("[name^=price-]").evaluate_all("fields => fields.forEach((field) => field.remove())")
    press(form)
    expect(form.get_by_role("alert")).to_contain_text("Please look at the prices and the total once more.")
    assert sold(shop) == 0
