"""Both databases, and what only tests ask of them."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from functions.orders import store
from scripts import migrate
from scripts.local.postgres import EmbeddedPostgres
from scripts.proof.simulation import ledger_statements
from scripts.proof.simulation.backends import Backend, Rows
from tests.scripts.proof.simulation.arenas import Arena, InPostgres, Simulated
from tests.scripts.proof.simulation.steps import publishing, show

LOOK_AT_STOCK = store._LOCK_STOCK.replace("FOR NO KEY UPDATE", "")
LOCK_BY_NAME = "SELECT sold FROM stock WHERE ticket_type = $1 FOR NO KEY UPDATE"
LOCK_AND_COUNT = """
    WITH locked AS MATERIALIZED (SELECT sold FROM stock FOR NO KEY UPDATE)
    SELECT (SELECT sum(sold) FROM locked), (SELECT count(*) FROM orders)
"""


def lock_by_name(backend: Backend, parameters: Any) -> Rows:
    statement = backend.statement()
    keys = [key for key, _ in statement.scan("stock") if key[1] == parameters[0]]
    return [(str(statement.lock("stock", key).sold),) for key in keys]


def lock_and_count(backend: Backend, _: Any) -> Rows:
    statement = backend.statement()
    sold = sum(statement.lock("stock", key).sold for key, _ in statement.scan("stock"))
    return [(str(sold), str(sum(1 for _ in statement.scan("orders"))))]


EXTRA = {LOOK_AT_STOCK: ledger_statements.look_at_stock, LOCK_BY_NAME: lock_by_name, LOCK_AND_COUNT: lock_and_count}
MakeArena = Callable[[], Arena]


@pytest.fixture(scope="session")
def both_schemas(postgres_server: EmbeddedPostgres) -> str:
    """The name of a database with the tables of both sides, to copy from."""
    url = postgres_server.ensure_database("both_template")
    migrate.apply("orders", url)
    migrate.apply("frontend", url)
    return "both_template"


@pytest.fixture
def postgres(postgres_server: EmbeddedPostgres, both_schemas: str) -> Iterator[MakeArena]:
    """Makes arenas in PostgreSQL, each with a fresh database."""
    made: list[tuple[str, InPostgres]] = []
    with psycopg.connect(postgres_server.url(), autocommit=True) as session:

        def make() -> Arena:
            name = f"both_{len(made)}"
            session.execute(f"CREATE DATABASE {name} TEMPLATE {both_schemas}".encode())
            made.append((name, InPostgres(postgres_server.url(name))))
            return made[-1][1]

        yield make
        for name, arena in made:
            arena.close()
            session.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(params=["simulated 1", "simulated 2", "simulated 3", "PostgreSQL"])
def arena(request: pytest.FixtureRequest) -> Iterator[Arena]:
    """One of the two, with a show of three seats and two standing places."""
    if request.param == "PostgreSQL":
        made: Arena = request.getfixturevalue("postgres")()
    else:
        made = Simulated(int(request.param[-1]), EXTRA)
    made.do("publisher", publishing(show(seat=3, standing=2)))
    yield made
    if isinstance(made, Simulated):
        made.close()
