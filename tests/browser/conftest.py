"""A real browser on the shop: the system's Chromium, never a downloaded one."""

import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
import requests
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from frontend.app import create_app
from frontend.orders_client import Confirmed, Unconfirmed
from frontend.pending.purchases import PendingPurchase
from frontend.settings import Settings
from frontend.shop import EXTENSION, Shop
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
    "Failed to load resource: net::ERR_",  # the shop is away, as its tests have it
    "Failed to load resource: the server",  # every 4xx and 5xx answer; those are tested as what they are
    "The Cross-Origin-Opener-Policy header has been ignored",  # over plain http, where it is no use
)
WAIT_MS = 15_000
LOCALES = {"en": "en-GB", "es": "es-ES"}

OpenPage = Callable[..., Page]


class FakeShop:
    """The shop in this process, over fakes of the order function and of the pending purchases.

    A test can take each of them away, and the shop itself too; `late_by` puts its clock ahead.
    """

    def __init__(self, settings: Settings) -> None:
        self.late_by = timedelta()
        self.orders = FakeOrders(now=self.now)
        self.pending = FakePending(now=self.now)
        self.app = create_app(settings, self.orders, self.pending)
        shop: Shop = self.app.extensions[EXTENSION]
        self.app.extensions[EXTENSION] = replace(shop, now=self.now)
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def now(self) -> datetime:
        return datetime.now(UTC) + self.late_by

    def start(self) -> None:
        """Begins to answer, at the address that it had before."""
        self._server = make_server("127.0.0.1", self._port, self.app, threaded=True, request_handler=Quiet)
        self._port = self._server.port
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        """Refuses all connections."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def decide(self, order_id: str) -> None:
        """Does what the worker of the pending purchases does, once the function answers again."""
        purchase = self.pending.find(order_id)
        assert isinstance(purchase, PendingPurchase)
        outcome = self.orders.place(order_id, purchase.order, purchase.pressed_at, purchase.traceparent)
        assert not isinstance(outcome, Unconfirmed)
        self.pending.settle(order_id, outcome.order if isinstance(outcome, Confirmed) else outcome.rejection)


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

        def open_one(
            address: str,
            *,
            language: str = "en",
            javascript: bool = True,
            width: int = 1280,
            scheme: Literal["light", "dark"] = "light",
        ) -> Page:
            context = chromium.new_context(
                locale=LOCALES[language],
                java_script_enabled=javascript,
                viewport={"width": width, "height": 900},
                color_scheme=scheme,
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
    shop = FakeShop(settings)
    try:
        yield shop
    finally:
        shop.stop()


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
