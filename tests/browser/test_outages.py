"""Parts of the real stack are away while somebody buys: the browser, gunicorn, Envoy, the function, PostgreSQL."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
import psycopg
import pytest
from playwright.sync_api import Page, expect

from functions.orders import contract
from scripts.local.stack import Stack
from tests.browser.conftest import OpenPage
from tests.scripts.waiting import wait_until

IN = "You\u2019re in!"
CONFIRMING = "We\u2019re confirming your order"


def buy(page: Page) -> None:
    page.get_by_label("Dance floor", exact=True).fill("2")
    page.get_by_label("Name", exact=True).fill("Ada Lovelace")
    page.get_by_label("E-mail", exact=True).fill("ada@example.org")
    page.get_by_role("button", name="Buy tickets").click()


def sold(stack: Stack, show: contract.Show) -> int:
    """How many tickets of the dance floor are sold, by the ledger's own word."""
    with psycopg.connect(stack.database_url) as session:
        row = session.execute(
            "SELECT sold FROM stock WHERE show = %s AND ticket_type = 'floor'", (show.slug,)
        ).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def standing_still(stack: Stack, *names: str) -> Iterator[None]:
    """Inside, these processes and their children do nothing, as if they were not there."""
    with ExitStack() as resumed:
        for name in names:
            pid = stack.pid(name)
            assert pid is not None
            process = psutil.Process(pid)
            for each in (process, *process.children(recursive=True)):
                each.suspend()
                resumed.callback(each.resume)
        yield


both_ways = pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])


@both_ways
def test_bought_while_the_function_is_away_it_is_confirmed_once_it_is_back(
    stack: Stack, show: contract.Show, open_page: OpenPage, javascript: bool
) -> None:
    page = open_page(f"{stack.url}/shows/{show.slug}", javascript=javascript)
    heading = page.get_by_role("heading", level=1)
    with standing_still(stack, "stable", "chaos"):
        buy(page)
        expect(heading).to_have_text(CONFIRMING)
        expect(page.get_by_text("No ticket is reserved yet, and you owe nothing")).to_be_visible()
        page.evaluate("window.marked = true")
    expect(heading).to_have_text(IN, timeout=30_000)
    if javascript:
        assert page.evaluate("window.marked") is True  # the page was never loaded again
    expect(page.locator(".qr")).to_have_count(2)
    assert sold(stack, show) == 2


def test_bought_while_the_shop_is_away_it_is_bought_once_it_is_back(
    stack: Stack, show: contract.Show, open_page: OpenPage
) -> None:
    page = open_page(f"{stack.url}/shows/{show.slug}")
    former = stack.pid("frontend")
    assert former is not None
    for pid in (former, *(child.pid for child in psutil.Process(former).children(recursive=True))):
        os.kill(pid, signal.SIGKILL)
    buy(page)
    expect(page.get_by_role("heading", name="We don\u2019t know yet whether your order went through")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(IN, timeout=30_000)
    wait_until(lambda: stack.pid("frontend") not in (None, former))
    assert sold(stack, show) == 2
