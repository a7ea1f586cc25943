"""The schema's migrations: from an empty database, and from the first schema with data of its time in it."""

import asyncio
import shutil
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import psycopg
import pytest
from pogo_core.util import migrate as pogo

from functions.orders import contract
from functions.orders.contract import CANCEL, LOOKUP, PLACE, Order, Rejection
from scripts import migrate
from scripts.local.postgres import EmbeddedPostgres
from tests.functions.conftest import MAIN, StartFunctionOn
from tests.functions.local_invoker import make_order, make_show
from tests.functions.promises import assert_promises_hold, audited

MIGRATIONS = MAIN.parent / "migrations"
FIRST = "0001_ledger.sql"
BEFORE_HIDDEN_SHOWS = (FIRST, "0002_outbox.sql")
_numbers = count(1)

CONFIRMED, CANCELLED, REFUSED, TOMBSTONE = (f"00000000-0000-4000-8000-00000000000{n}" for n in range(1, 5))
ANNS = make_order("old-show", {"seat": 2})
DATA_OF_THE_FIRST_SCHEMA = Path(__file__).with_name("first_schema.sql")

# How a revision from before there were hidden shows publishes one.
PUBLISH_AS_BEFORE = """
INSERT INTO shows (slug, title, venue, starts_at, sales_start, sales_end, utc_offset, image, published_at)
VALUES (%s, 'By an old revision', 'Old Hall', now(), now(), now() + interval '9 days', '+02:00', NULL, now())
ON CONFLICT (slug) DO UPDATE SET title = excluded.title, published_at = excluded.published_at
"""

# What a schema is made of, but for the order of its columns: a later migration adds them at the end.
SCHEMA = """
SELECT 'column', table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
WHERE table_schema = 'public'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'function', proname, pg_get_functiondef(oid), '', '', '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'options', relname, array_to_string(reloptions, ','), '', '', '' FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
ORDER BY 1, 2, 3
"""


@pytest.fixture
def empty_url(postgres_server: EmbeddedPostgres) -> str:
    return postgres_server.ensure_database(f"migrated_{next(_numbers)}")


@pytest.fixture
def first_url(empty_url: str, tmp_path: Path) -> str:
    """A database as it was when there was one migration, with data of that time."""
    shutil.copy(MIGRATIONS / FIRST, tmp_path)
    asyncio.run(_run(pogo.apply, empty_url, tmp_path))
    with psycopg.connect(empty_url) as session:
        session.execute(DATA_OF_THE_FIRST_SCHEMA.read_bytes())
    return empty_url


@pytest.fixture
def url_before_hidden_shows(empty_url: str, tmp_path: Path) -> str:
    """An empty database as the revisions from before there were hidden shows know it."""
    for name in BEFORE_HIDDEN_SHOWS:
        shutil.copy(MIGRATIONS / name, tmp_path)
    asyncio.run(_run(pogo.apply, empty_url, tmp_path))
    return empty_url


async def _run(work: Any, url: str, folder: Path) -> None:
    session = await asyncpg.connect(url)
    try:
        await work(session, folder, schema_name="public")
    finally:
        await session.close()


def schema(url: str) -> Sequence[tuple[Any, ...]]:
    with psycopg.connect(url) as session:
        return session.execute(SCHEMA.encode()).fetchall()


def test_from_nothing_each_migration_is_applied_in_its_order(empty_url: str) -> None:
    assert migrate.apply("orders", empty_url) == sorted(path.stem for path in MIGRATIONS.glob("*.sql"))
    assert_promises_hold(empty_url)


def test_the_first_schema_becomes_what_an_empty_database_becomes(first_url: str, orders_database_url: str) -> None:
    assert migrate.apply("orders", first_url) == sorted(p.stem for p in MIGRATIONS.glob("*.sql") if p.name != FIRST)
    assert schema(first_url) == schema(orders_database_url)


async def test_what_was_sold_under_the_first_schema_is_found_and_can_be_cancelled(
    first_url: str, start_function_on: StartFunctionOn
) -> None:
    await asyncio.to_thread(migrate.apply, "orders", first_url)
    function = await start_function_on(first_url)
    assert_promises_hold(first_url)
    found = (await function.send(LOOKUP, contract.OrderRef(CONFIRMED))).data(Order)
    assert (found.status, found.total, found.name) == ("confirmed", 5000, "Ann Buyer")
    assert [ticket.code for ticket in found.tickets] == ["AAAA", "BBBB"]
    repeated = (await function.send(PLACE, ANNS, id=CONFIRMED)).data(Order)
    assert repeated == found
    assert (await function.send(PLACE, ANNS, id=TOMBSTONE)).data(Rejection).reason == "cancelled"
    assert (await function.send(CANCEL, contract.CancelOrder(REFUSED))).data(Rejection).reason == "sold_out"
    assert (await function.send(PLACE, ANNS)).data(Rejection).reason == "sold_out"
    assert (await function.send(CANCEL, contract.CancelOrder(CONFIRMED))).event.type == contract.CANCELLED
    assert (await function.send(PLACE, make_order("old-show", {"seat": 3}))).data(Order).status == "confirmed"
    assert_promises_hold(first_url)
    examined = {result.check.name: result.examined for result in audited(first_url)}
    assert examined["what was refused as sold out was sold out"] == 2


def test_each_migration_can_be_taken_back_and_made_again(first_url: str) -> None:
    migrate.apply("orders", first_url)
    latest = schema(first_url)
    asyncio.run(_run(pogo.rollback, first_url, MIGRATIONS))
    migrate.apply("orders", first_url)
    assert schema(first_url) == latest
    assert_promises_hold(first_url)


async def test_a_revision_of_before_publishes_on_the_new_schema_and_reveals_nothing(
    first_url: str, start_function_on: StartFunctionOn
) -> None:
    await asyncio.to_thread(migrate.apply, "orders", first_url)
    function = await start_function_on(first_url)
    await function.send(contract.PUBLISH, make_show("hidden-show", hidden=True))
    with psycopg.connect(first_url) as session:
        for slug in ("old-show", "hidden-show", "new-show"):
            session.execute(PUBLISH_AS_BEFORE.encode(), [slug])
        shows = session.execute("SELECT slug, title, hidden FROM shows ORDER BY slug").fetchall()
    assert shows == [
        ("hidden-show", "By an old revision", True),
        ("new-show", "By an old revision", False),
        ("old-show", "By an old revision", False),
    ]
    assert (await function.send(PLACE, make_order("hidden-show", {"seat": 1}))).data(Order).title == (
        "By an old revision"
    )


def test_while_somebody_holds_a_table_a_migration_fails_rather_than_that_sales_wait(
    url_before_hidden_shows: str,
) -> None:
    with psycopg.connect(url_before_hidden_shows) as dump:
        dump.execute("LOCK TABLE shows IN ACCESS SHARE MODE")
        with pytest.raises(migrate.Failed, match=r"0003_hidden_shows: .*lock timeout"):
            migrate.apply("orders", url_before_hidden_shows)
    assert migrate.apply("orders", url_before_hidden_shows) == ["0003_hidden_shows"]
