"""Fixtures of all tests: a real PostgreSQL with fresh databases, and the whole stack."""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from scripts import migrate
from scripts.local import ports
from scripts.local.chromium import find_chromium
from scripts.local.postgres import EmbeddedPostgres
from scripts.local.stack import Stack
from tests.container.sandbox import why_no_containers

_numbers = count(1)
_LEFT_OUT = pytest.StashKey[dict[str, int]]()
_WHY_NOT: dict[str, Callable[[], str | None]] = {
    "browser": lambda: None if find_chromium() else "no Chromium is found",
    "container": why_no_containers,
}


def _is_ci() -> bool:
    return os.environ.get("CI") == "true"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs the system's Chromium; all tests in tests/browser are marked")
    config.addinivalue_line("markers", "container: needs bubblewrap; all tests in tests/container are marked")
    config.addinivalue_line("markers", "alone: measures time or loads the machine; all in tests/faults are marked")
    if (worker := getattr(config, "workerinput", None)) is not None:
        _take_ports(int(worker["workerid"].removeprefix("gw")), worker["workercount"])
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell has it for what it starts in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _take_ports(number: int, count: int) -> None:
    """Of several processes that test at a time each has its part, with all that it starts."""
    share = len(ports.ALL) // count
    first = ports.ALL[number * share]
    os.environ[ports.PORTS] = f"{first}-{first + share - 1}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests out that need of the system what is not there; on CI that is an error."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent / "faults"):
            item.add_marker("alone")
    left_out = config.stash[_LEFT_OUT] = {}
    for folder, why_not in _WHY_NOT.items():
        concerned = [item for item in items if item.path.is_relative_to(Path(__file__).parent / folder)]
        for item in concerned:
            item.add_marker(folder)
        if not concerned or (why := why_not()) is None:
            continue
        if _is_ci():
            raise pytest.UsageError(f"{why}, and CI=true: {len(concerned)} {folder} tests can't be left out")
        config.hook.pytest_deselected(items=concerned)
        left_out[f"{folder} tests were left out: {why}"] = len(concerned)
        items[:] = [item for item in items if item not in concerned]
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = left_out


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:  # the hook's own names
    """What a process that tests left out, the one that reports must know."""
    node.config.stash[_LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for what, number in config.stash.get(_LEFT_OUT, {}).items():
        terminalreporter.section("left out", yellow=True)
        terminalreporter.line(f"{number} {what}")
    if _is_ci() and (skipped := terminalreporter.stats.get("skipped")):
        terminalreporter.section("skipped", red=True)
        terminalreporter.line(f"{len(skipped)} tests were skipped; with CI=true that is a failure")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """On CI a skipped test is a failed run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if _is_ci() and reporter is not None and reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """One running server for all tests that need a database."""
    with running_postgres() as server:
        yield server


@contextmanager
def running_postgres() -> Iterator[EmbeddedPostgres]:
    """A server of its own, gone afterwards with its data."""
    with tempfile.TemporaryDirectory(prefix="flametickets-tests-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        try:
            with server:
                yield server
        finally:
            server.remove()


@pytest.fixture(scope="session")
def _orders_template(postgres_server: EmbeddedPostgres) -> str:
    """The name of a migrated database that nobody uses, to copy from."""
    migrate.apply("orders", postgres_server.ensure_database("orders_template"))
    return "orders_template"


@pytest.fixture
def orders_database_url(postgres_server: EmbeddedPostgres, _orders_template: str) -> Iterator[str]:
    """The URL of a fresh, migrated database of the function, dropped after the test."""
    name = sql.Identifier(f"orders_{next(_numbers)}")
    with psycopg.connect(postgres_server.url(), autocommit=True) as session:
        session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(_orders_template)))
        yield postgres_server.url(name.as_string().strip('"'))
        session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One running stack with the sample shows, for tests that publish shows of their own and leave it whole."""
    with running_stack() as running:
        yield running


@pytest.fixture
def start_stack() -> Iterator[Callable[..., Stack]]:
    """Starts stacks of this test alone, on free ports; takes the keyword arguments of `Stack`."""
    with ExitStack() as running:
        yield lambda **options: running.enter_context(running_stack(**options))


@contextmanager
def running_stack(**options: Any) -> Iterator[Stack]:
    """A stack of its own, with the keyword arguments of `Stack`; gone afterwards with its data."""
    with tempfile.TemporaryDirectory(prefix="flametickets-tests-", ignore_cleanup_errors=True) as folder:
        stack = Stack(Path(folder) / "stack", **options)
        try:
            with stack:
                yield stack
        finally:
            stack.remove()
