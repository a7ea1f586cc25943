"""A real browser on the shop: the system's Chromium, never a downloaded one."""

import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import requests
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from frontend.app import create_app
from frontend.settings import Settings
from functions.orders import contract
from scripts.local.stack import Stack
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders
from tests.scripts.waiting import wait_until

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP shop.test 127.0.0.1",
)
NOTES = (
    "Failed to load resource: the server",  # every 4xx and 5xx answer; those are tested as what they are
    "The Cross-Origin-Opener-Policy header has been ignored",  # over plain http, where it is no use
)
WAIT_MS = 15_000
LOCALES = {"en": "en-GB", "es": "es-ES"}

OpenPage = Callable[..., Page]


@dataclass(frozen=True)
class FakeShop:
    """The shop over a fake of the order function, so that a test can take the function away."""

    url: str
    orders: FakeOrders


class Quiet(WSGIRequestHandler):
    """The shop writes its own log; werkzeug's line has the whole address in it."""

    def log_request(self, *_: object) -> None:
        pass


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser. It ends with this package's tests: while it runs, no event loop of another test could."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium is found, and with CI=true nothing is skipped")
        pytest.skip("no Chromium is found")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Opens a page of a new visitor; at the end no page may have broken the content policy or had an error."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(NOTES):
            complaints.append(f"{message.type}: {message.text}")

    with ExitStack() as visitors:

        def open_one(address: str, *, language: str = "en", javascript: bool = True, width: int = 1280) -> Page:
            context = chromium.new_context(
                locale=LOCALES[language],
                java_script_enabled=javascript,
                viewport={"width": width, "height": 900},
            )
            visitors.callback(context.close)
            context.set_default_timeout(WAIT_MS)
            page = context.new_page()
            page.on("console", listen)
            page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
            page.goto(address)
            return page

        yield open_one
    assert complaints == []


@pytest.fixture
def shop(settings: Settings) -> Iterator[FakeShop]:
    """The shop in this process, served on a free port."""
    orders = FakeOrders()
    server = make_server(
        "127.0.0.1", 0, create_app(settings, orders, FakePending()), threaded=True, request_handler=Quiet
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield FakeShop(f"http://127.0.0.1:{server.port}", orders)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def settings() -> Settings:
    return Settings(
        orders_url="http://127.0.0.1:9/",
        orders_stable_url="http://127.0.0.1:9/",
        signing_secrets=("signing-secret-of-the-tests-0123456789",),
        order_key_secret="order-key-secret-of-the-tests-0123456789",
        frontend_database_url="postgresql://127.0.0.1:9/pending",
    )


@pytest.fixture
def show(stack: Stack) -> contract.Show:
    """A show of this test alone, on sale in the running stack."""
    now = datetime.now(UTC)
    show = contract.Show(
        slug=f"browser-{uuid.uuid4().hex[:8]}",
        title="The Browser's Ball",
        venue="Old Foundry",
        starts_at=now + timedelta(days=3),
        sales_start=now - timedelta(days=1),
        sales_end=now + timedelta(days=2),
        ticket_types=(
            contract.TicketType("floor", "Dance floor", 2150, "EUR", 40, 6),
            contract.TicketType("box", "Box", 4800, "EUR", 10, 2),
        ),
    )
    assert stack.publish(show) == []
    wait_until(lambda: requests.get(f"{stack.url}/shows/{show.slug}", timeout=5).status_code == 200)
    return show
