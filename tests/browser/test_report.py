"""The report of a run in a real browser: readable for everybody, on a phone, at a desk and on paper, and offline."""

from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from scripts.proof.report import write_report
from tests.browser.conftest import OpenPage
from tests.browser.test_accessibility import check
from tests.scripts.proof.report.samples import run

PHONE, DESK = 390, 1280
widths = pytest.mark.parametrize("width", [PHONE, DESK])
states = pytest.mark.parametrize("state", ["green", "red", "empty"])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The address of the report in a state."""
    folders = {state: tmp_path_factory.mktemp(state) for state in ("green", "red", "empty")}
    pages = {state: write_report(folder, run(folder, state=state))[0] for state, folder in folders.items()}
    return lambda state: pages[state].as_uri()


@pytest.mark.parametrize(
    ("state", "width", "scheme"),
    [("red", PHONE, "light"), ("red", DESK, "dark"), ("empty", PHONE, "dark")],
)
def test_it_breaks_no_rule_of_wcag(
    open_page: OpenPage, address: Callable[[str], str], state: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = open_page(address(state), width=width, scheme=scheme)
    for summary in page.locator("#e1 summary").all():
        summary.click()
    check(page, f"a {state} report")


@widths
@states
def test_nothing_is_wider_than_the_screen(
    open_page: OpenPage, address: Callable[[str], str], state: str, width: int
) -> None:
    page = open_page(address(state), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize(("width", "shown"), [(PHONE, "chart-narrow"), (DESK, "chart-wide")])
def test_of_each_chart_the_one_for_this_screen_is_seen(
    open_page: OpenPage, address: Callable[[str], str], width: int, shown: str
) -> None:
    page = open_page(address("red"), width=width)
    seen = [chart.get_attribute("class") for chart in page.locator("svg.chart").all() if chart.is_visible()]
    assert seen == [f"chart {shown}"] * (page.locator("svg.chart").count() // 2) != []


def test_on_paper_everything_that_was_asked_is_open(open_page: OpenPage, address: Callable[[str], str]) -> None:
    page = open_page(address("red"), width=PHONE)
    asked = page.locator(".printed .checks").first
    assert not is_drawn(page, ".printed .checks")
    page.emulate_media(media="print")
    assert is_drawn(page, ".printed .checks")
    assert not asked.locator("xpath=../summary").is_visible()
    assert page.locator("svg.chart-wide").first.is_visible()
    assert not page.locator("svg.chart-narrow").first.is_visible()


def test_it_asks_for_nothing(chromium: Browser, address: Callable[[str], str]) -> None:
    asked: list[str] = []
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address("red"), wait_until="networkidle")
    context.close()
    assert asked == [address("red")]


def is_drawn(page: Page, selector: str) -> bool:
    """Whether it is drawn; what a closed `details` holds is not, though some browsers give it a place all the same."""
    return bool(page.locator(selector).first.evaluate("one => one.checkVisibility()"))
