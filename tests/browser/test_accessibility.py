"""No page of the shop, in whatever state, language or scheme, breaks a rule of WCAG 2.2 AA that axe-core can see."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

from frontend.admission import ADMISSION
from frontend.orders_client import Rejected
from frontend.shop import EXTENSION
from functions.orders import contract
from tests.browser.conftest import FakeShop, OpenPage

RULES: Final = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
FIELDS: Final = (
    ("order_id", "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"),
    ("quantity-stalls", "1"),
    ("price-stalls", "2500"),
    ("name", "Ada"),
    ("email", "ada@example.org"),
)
schemes = pytest.mark.parametrize("scheme", ["light", "dark"])
languages = pytest.mark.parametrize("language", ["en", "es"])


@pytest.fixture
def visitor(
    shop: FakeShop, open_page: OpenPage, language: str, scheme: Literal["light", "dark"]
) -> Callable[[str], Page]:
    """Opens pages in one language and scheme, on the width of a phone."""
    page = open_page(f"{shop.url}/orders", language=language, scheme=scheme, width=390)

    def open_one(path: str) -> Page:
        page.goto(f"{shop.url}{path}")
        return page

    return open_one


def check(page: Page, of: str) -> None:
    """Fails with what axe-core found wrong."""
    results = Axe().run(page, options=RULES)
    assert results.violations_count == 0, f"{of} at {page.url}:\n{results.generate_report()}"


def fill_in(page: Page, stalls: int = 2, email: str = "ada@example.org") -> None:
    page.locator("#quantity-stalls").fill(str(stalls))
    page.locator("#name").fill("Ada Lovelace")
    page.locator("#email").fill(email)


def press(page: Page) -> None:
    page.locator(".button-buy").click()


def settle(page: Page, selector: str) -> Page:
    page.locator(selector).first.wait_for()
    return page


@schemes
@languages
class TestWcag:
    def test_pages_of_shows(self, shop: FakeShop, visitor: Callable[[str], Page]) -> None:
        for path in ("/", "/shows/spring-gala", "/shows/open-mic", "/shows/new-year", "/shows/last-week"):
            check(visitor(path), "shows")
        shop.orders.away = True
        with age_of_the_figures(shop, 60):
            check(settle(visitor("/"), ".notice-wait"), "the last known figures")
        with age_of_the_figures(shop, 3_600):
            check(visitor("/shows/spring-gala"), "no figures")

    def test_pages_without_shows(self, shop: FakeShop, visitor: Callable[[str], Page]) -> None:
        shop.orders.away = True
        check(visitor("/"), "no shows known")
        check(visitor("/nowhere"), "nothing there")
        check(visitor("/orders"), "no orders")

    def test_a_form_that_comes_back(self, shop: FakeShop, visitor: Callable[[str], Page]) -> None:
        page = visitor("/shows/spring-gala")
        fill_in(page, stalls=0, email="ada")
        press(page)
        check(settle(page, "#summary"), "wrong fields")
        gala = shop.orders._shows["spring-gala"]
        stalls, balcony = gala.ticket_types
        few = msgspec.structs.replace(stalls, capacity=1)
        shop.orders.publish(msgspec.structs.replace(gala, ticket_types=(few, balcony)))
        fill_in(page)
        press(page)
        check(settle(page, "#summary [href='#quantity-stalls']"), "sold out")

    def test_an_order(self, shop: FakeShop, visitor: Callable[[str], Page]) -> None:
        page = visitor("/shows/spring-gala")
        fill_in(page)
        press(page)
        check(settle(page, ".qr"), "confirmed")
        address = page.url.removeprefix(shop.url)
        page.locator("summary").click()
        check(page, "the question before cancelling")
        check(settle(visitor("/orders"), "#kept a"), "orders that are kept")
        shop.orders.away = True
        check(visitor(address), "can't be looked up")
        page.go_back()
        shop.orders.away = False
        visitor(address).locator("summary").click()
        page.locator(".button-danger").click()
        check(settle(page, ".seal-off"), "cancelled")

    def test_an_order_that_is_pending(self, shop: FakeShop, visitor: Callable[[str], Page]) -> None:
        page = visitor("/shows/spring-gala")
        fill_in(page)
        shop.orders.away = True
        press(page)
        check(settle(page, ".seal-live"), "confirming")
        order_id = page.url.rpartition("/")[2].partition("?")[0]
        shop.pending.bury(order_id)
        page.reload()
        check(settle(page, ".seal-wait"), "delayed")
        page.locator("summary").click()
        page.locator(".button-danger").click()
        check(settle(page, "form"), "not known whether it is cancelled")
        shop.pending.refuse(order_id, "The hall had to close.")
        page.locator(".button-quiet").click()
        check(settle(page, "blockquote"), "refused")

    def test_an_order_without_an_answer(self, shop: FakeShop, visitor: Callable[[str], Page]) -> None:
        page = visitor("/shows/spring-gala")
        page.clock.install()
        fill_in(page)
        shop.orders.away = shop.pending.away = True
        press(page)
        check(settle(page, "#waiting"), "waiting")
        check(settle(visitor("/"), ".banner"), "a banner that waits")
        page.clock.fast_forward("31:00")
        check(settle(page, ".banner [data-stop]:visible"), "a banner that asks")
        check(settle(visitor("/shows/spring-gala"), "#waiting"), "asking")
        shop.orders.away = shop.pending.away = False
        visitor("/orders").locator(".banner [data-go-on]").click()
        check(settle(page, ".banner [data-order]:visible"), "a banner that has the answer")

    def test_a_form_that_was_sent_before(self, visitor: Callable[[str], Page]) -> None:
        page = visitor("/shows/spring-gala")
        fill_in(page)
        press(page)
        settle(page, ".qr")
        page.go_back()
        check(settle(page, "#sent-before"), "sent before")
        fill_in(page, stalls=1)
        press(page)
        check(settle(page, "[data-earlier]"), "the order id was used")

    def test_answers_to_a_form_that_nobody_took(self, shop: FakeShop, visitor: Callable[[str], Page]) -> None:
        """As they are without JavaScript: the forms are sent by the browser itself."""
        page = visitor("/shows/spring-gala")
        fill_in(page)
        shop.orders.away = shop.pending.away = True
        page.locator("form.purchase").evaluate("form => form.submit()")
        check(settle(page, "#keeping"), "unconfirmed")
        shop.orders.away = shop.pending.away = False
        settle(page, ".qr")

    def test_what_is_refused(
        self, shop: FakeShop, visitor: Callable[[str], Page], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = visitor("/shows/spring-gala")
        monkeypatch.setattr(shop.app.extensions[EXTENSION].catalogue, "get", lambda: None)
        monkeypatch.setattr(
            shop.orders, "place", lambda order_id, *_: Rejected(contract.Rejection(order_id, "expired"))
        )
        page.evaluate(
            """([action, fields]) => {
              const form = Object.assign(document.createElement("form"), { method: "post", action });
              for (const [name, value] of fields) {
                form.append(Object.assign(document.createElement("input"), { name, value }));
              }
              document.body.append(form);
              form.submit();
            }""",
            ["/shows/spring-gala/orders", FIELDS],
        )
        check(settle(page, ".blank"), "refused without the show")

    def test_a_busy_shop(self, shop: FakeShop, visitor: Callable[[str], Page]) -> None:
        page = visitor("/shows/spring-gala")
        fill_in(page)
        places = shop.app.extensions[ADMISSION]
        taken = 0
        while places.enter():
            taken += 1
        page.locator("form.purchase").evaluate("form => form.submit()")
        check(settle(page, "#keeping"), "a purchase that must wait")
        check(settle(visitor("/shows/spring-gala"), ".blank"), "a page that must wait")
        for _ in range(taken):
            places.leave()


@contextmanager
def age_of_the_figures(shop: FakeShop, seconds: float) -> Iterator[None]:
    """Inside, what the shop knows of its shows is so old."""
    catalogue = shop.app.extensions[EXTENSION].catalogue
    clock = catalogue._clock
    catalogue._clock = lambda: clock() + seconds
    try:
        yield
    finally:
        catalogue._clock = clock
