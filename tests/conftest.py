"""Fixtures of all tests: a real PostgreSQL, and fresh databases on it."""

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from scripts import migrate
from scripts.local.postgres import EmbeddedPostgres

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
