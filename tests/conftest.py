"""Fixtures of all tests: a real PostgreSQL with fresh databases, and the whole stack."""

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
from scripts.local.postgres import EmbeddedPostgres
from scripts.local.stack import Stack

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """One running server for all tests that need a database."""
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
    with _running_stack() as running:
        yield running


@pytest.fixture
def start_stack() -> Iterator[Callable[..., Stack]]:
    """Starts stacks of this test alone, on free ports; takes the keyword arguments of `Stack`."""
    with ExitStack() as running:
        yield lambda **options: running.enter_context(_running_stack(**options))


@contextmanager
def _running_stack(**options: Any) -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="flametickets-tests-", ignore_cleanup_errors=True) as folder:
        stack = Stack(Path(folder) / "stack", **options)
        try:
            with stack:
                yield stack
        finally:
            stack.remove()
