"""The pending store on a real PostgreSQL."""

from collections.abc import Iterator

import pytest

from scripts.local.postgres import EmbeddedPostgres
from tests.conftest import running_postgres
from tests.pending_store import InPostgres, pending_database


@pytest.fixture
def url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """A fresh, migrated database."""
    with pending_database(postgres_server) as url:
        yield url


@pytest.fixture
def store(url: str) -> Iterator[InPostgres]:
    """The store in a fresh database."""
    store = InPostgres(url)
    yield store
    store.close()


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedPostgres]:
    """A server that the tests of a module may stop, freeze and kill, if they start it again."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def own_store(own_server: EmbeddedPostgres) -> Iterator[InPostgres]:
    """The store in a fresh database of `own_server`."""
    with pending_database(own_server) as url:
        store = InPostgres(url)
        yield store
        store.close()
