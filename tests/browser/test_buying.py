"""A buyer at the real shop: through the browser, the frontend, the gateway, the function and the database."""

import re

import psycopg
import pytest
from playwright.sync_api import Page, expect

from frontend.qr import qr_svg
from functions.orders import contract
from scripts.local.stack import Stack
from tests.browser.conftest import OpenPage

WORDS = {
    "en": {
        "buy": "Buy tickets",
        "total": "Work out the total first",
        "amount": "€69.50",
        "done": "You\u2019re in!",
        "door": "Pay at the door",
        "ask": "Cancel this order\u2026",
        "yes": "Yes, cancel the order",
        "no": "No, keep my tickets",
        "cancelled": "Order cancelled",
        "list": "Your orders",
        "name": "Name",
        "email": "E-mail",
        "wrong": "Something needs another look",
    },
    "es": {
        "buy": "Comprar entradas",
        "total": "Calcular antes el total",
        "amount": "69,50\xa0€",
        "done": "¡Ya las tienes!",
        "door": "Pagas en la puerta",
        "ask": "Cancelar este pedido\u2026",
        "yes": "Sí, cancelar el pedido",
        "no": "No, me quedo mis entradas",
        "cancelled": "Pedido cancelado",
        "list": "Tus pedidos",
        "name": "Nombre",
        "email": "Correo electrónico",
        "wrong": "Hay algo que revisar",
    },
}

both_ways = pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])
both_languages = pytest.mark.parametrize("language", ["en", "es"])


def sold(stack: Stack, show: contract.Show) -> dict[str, int]:
    """What is sold of each ticket type by the ledger's own word; the pages' figures may be a second old."""
    with psycopg.connect(stack.database_url) as session:
        rows = session.execute("SELECT ticket_type, sold FROM stock WHERE show = %s", (show.slug,)).fetchall()
    return dict(rows)


def fill_in(page: Page, words: dict[str, str], *, floor: int = 1, box: int = 1, email: str = "ada@example.org") -> None:
    page.get_by_label("Dance floor", exact=True).fill(str(floor))
    page.get_by_label("Box", exact=True).fill(str(box))
    page.get_by_label(words["name"], exact=True).fill("Ada Lovelace")
    page.get_by_label(words["email"], exact=True).fill(email)


def buy(page: Page, words: dict[str, str]) -> None:
    fill_in(page, words)
    page.get_by_role("button", name=words["buy"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["done"])


@both_languages
@both_ways
def test_two_tickets_of_two_types_are_bought_and_have_their_qr_codes(
    stack: Stack, show: contract.Show, open_page: OpenPage, language: str, javascript: bool
) -> None:
    words = WORDS[language]
    page = open_page(stack.url, language=language, javascript=javascript)
    page.locator(f'a[href="/shows/{show.slug}"]').click()
    expect(page.get_by_role("heading", level=1)).to_have_text(show.title)
    fill_in(page, words)
    if not javascript:
        page.get_by_role("button", name=words["total"]).click()
    expect(page.locator("#total")).to_have_text(words["amount"])
    expect(page.get_by_text(words["door"]).first).to_be_visible()
    page.get_by_role("button", name=words["buy"]).click()

    expect(page).to_have_url(re.compile(r"/orders/[0-9a-f-]{36}\?key=[\w-]{43}$"))
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.get_by_role("heading", level=1)).to_have_text(words["done"])
    tickets = page.get_by_role("article")
    expect(tickets).to_have_count(2)
    codes = [ticket.locator(".code").inner_text() for ticket in tickets.all()]
    assert len(set(codes)) == 2
    for ticket, code in zip(tickets.all(), codes, strict=True):
        drawn = ticket.get_by_role("img", name=re.compile(code))
        expect(drawn).to_be_visible()
        assert dark_modules(qr_svg(code, "")) == drawn.locator("path[stroke]").get_attribute("d")
        expect(ticket).to_contain_text(words["door"])
    assert {ticket.locator(".ticket-type").inner_text() for ticket in tickets.all()} == {"Dance floor", "Box"}
    expect(page.get_by_text(words["amount"]).first).to_be_visible()
    assert sold(stack, show) == {"floor": 1, "box": 1}


def dark_modules(svg: str) -> str:
    """The path that draws the dark modules of a QR code."""
    (path,) = re.findall(r'<path stroke="#000" d="([^"]+)"', svg)
    return str(path)


@both_ways
def test_cancelling_asks_first_and_gives_the_tickets_back(
    stack: Stack, show: contract.Show, open_page: OpenPage, javascript: bool
) -> None:
    words = WORDS["en"]
    page = open_page(f"{stack.url}/shows/{show.slug}", javascript=javascript)
    buy(page, words)
    yes = page.get_by_role("button", name=words["yes"])
    expect(yes).to_be_hidden()
    page.get_by_text(words["ask"]).click()
    expect(yes).to_be_visible()
    page.get_by_role("link", name=words["no"]).click()
    expect(yes).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["done"])
    page.get_by_text(words["ask"]).click()
    yes.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["cancelled"])
    expect(page.locator(".qr")).to_have_count(0)
    assert sold(stack, show) == {"floor": 0, "box": 0}


def test_your_orders_are_remembered_by_the_browser_alone(
    stack: Stack, show: contract.Show, open_page: OpenPage
) -> None:
    words = WORDS["en"]
    page = open_page(f"{stack.url}/shows/{show.slug}")
    buy(page, words)
    order = page.url
    page.get_by_role("link", name=words["list"]).click()
    entry = page.locator("#kept a")
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text(show.title)
    expect(entry).to_contain_text("Confirmed")
    entry.click()
    expect(page).to_have_url(order)
    page.get_by_text(words["ask"]).click()
    page.get_by_role("button", name=words["yes"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["cancelled"])
    page.get_by_role("link", name=words["list"]).click()
    expect(page.locator("#kept a")).to_contain_text("Cancelled")
    somebody_else = open_page(f"{stack.url}/orders")
    expect(somebody_else.get_by_text("No orders here yet")).to_be_visible()


@both_languages
@both_ways
def test_wrong_fields_are_said_and_nothing_typed_is_lost(
    stack: Stack, show: contract.Show, open_page: OpenPage, language: str, javascript: bool
) -> None:
    words = WORDS[language]
    page = open_page(f"{stack.url}/shows/{show.slug}", language=language, javascript=javascript)
    order_id = page.locator("[name=order_id]").get_attribute("value")
    fill_in(page, words, floor=2, box=0, email="ada@")
    page.get_by_role("button", name=words["buy"]).click()
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text(words["wrong"])
    expect(summary).to_be_focused()
    expect(page.get_by_label("Dance floor", exact=True)).to_have_value("2")
    expect(page.get_by_label(words["name"], exact=True)).to_have_value("Ada Lovelace")
    email = page.get_by_label(words["email"], exact=True)
    expect(email).to_have_value("ada@")
    expect(email).to_have_attribute("aria-invalid", "true")
    assert page.locator("[name=order_id]").get_attribute("value") == order_id
    summary.get_by_role("link").click()
    if javascript:
        expect(email).to_be_focused()
    email.fill("ada@example.org")
    page.get_by_role("button", name=words["buy"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["done"])
    assert order_id is not None
    assert order_id in page.url
    assert sold(stack, show) == {"floor": 2, "box": 0}


@both_ways
def test_a_double_click_is_one_order(stack: Stack, show: contract.Show, open_page: OpenPage, javascript: bool) -> None:
    page = open_page(f"{stack.url}/shows/{show.slug}", javascript=javascript)
    fill_in(page, WORDS["en"])
    page.get_by_role("button", name=WORDS["en"]["buy"]).dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text(WORDS["en"]["done"])
    expect(page.get_by_role("article")).to_have_count(2)
    assert sold(stack, show) == {"floor": 1, "box": 1}


def test_the_same_form_sent_from_a_second_tab_is_the_same_order(
    stack: Stack, show: contract.Show, open_page: OpenPage
) -> None:
    words = WORDS["en"]
    page = open_page(f"{stack.url}/shows/{show.slug}")
    buy(page, words)
    order = page.url
    sent = page.context.new_page()
    sent.goto(f"{stack.url}/shows/{show.slug}")
    fill_in(sent, words)
    order_id = order.rpartition("/")[2].partition("?")[0]
    sent.locator("[name=order_id]").evaluate("(field, id) => { field.value = id }", order_id)
    sent.get_by_role("button", name=words["buy"]).click()
    expect(sent).to_have_url(order)
    assert sold(stack, show) == {"floor": 1, "box": 1}


def test_every_sample_show_has_its_page(stack: Stack, open_page: OpenPage) -> None:
    page = open_page(stack.url, width=390)
    addresses = [link.get_attribute("href") for link in page.locator("main h3 a").all()]
    assert len(addresses) >= 6
    for address in addresses:
        page.goto(f"{stack.url}{address}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("img", name=re.compile("Poster"))).to_be_visible()
        poster = page.get_by_role("img", name=re.compile("Poster"))
        assert poster.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
