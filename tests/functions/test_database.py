"""The ledger's database away, back, unsafe, or with a client that vanished in mid-transaction."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest

from functions.orders import contract, database
from functions.orders.contract import PLACE, Order
from functions.orders.ledger import Ledger, Overloaded, Publish, Unavailable
from functions.orders.rules import Cancel, Place
from tests.functions.local_invoker import LocalInvoker, make_order, make_show


async def test_without_its_database_the_function_answers_503(lonely_function: LocalInvoker) -> None:
    for kind, data in ((PLACE, make_order()), (contract.LIST, None)):
        answer = await lonely_function.send(kind, data, time_left_ms=200)
        assert answer.problem["status"] == 503
        assert answer.headers["retry-after"] == "1"


async def test_sessions_that_are_ended_by_the_server_cost_no_order(
    on_sale: LocalInvoker, orders_database_url: str
) -> None:
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with psycopg.connect(orders_database_url, autocommit=True) as session:
        session.execute(f"{end} AND application_name = 'flametickets-orders'")
    order_id = str(uuid.uuid4())

    async def confirmed() -> bool:
        answer = await on_sale.send(PLACE, make_order(), id=order_id)
        return answer.status == 200 and answer.data(Order).status == "confirmed"

    await until(confirmed)
    catalogue = (await on_sale.send(contract.LIST)).data(contract.Catalogue)
    assert catalogue.shows[0].ticket_types[0].available == 3


@pytest.mark.parametrize("setting", ["synchronous_commit"])
async def test_a_server_that_could_lose_a_committed_order_is_refused(orders_database_url: str, setting: str) -> None:
    connection = await psycopg.AsyncConnection.connect(orders_database_url, autocommit=True)
    async with connection:
        await database.check_durability(connection)
        await connection.execute(f"SET {setting} = off")
        with pytest.raises(database.UnsafeDatabase, match=setting):
            await database.check_durability(connection)


async def test_a_client_that_vanishes_in_mid_transaction_frees_the_hot_row(
    on_sale: LocalInvoker, orders_database_url: str
) -> None:
    pool = database.create_pool(orders_database_url)
    async with pool, pool.connection() as vanished:
        await vanished.execute("BEGIN")
        await vanished.execute("SELECT * FROM stock FOR UPDATE")

        async def confirmed() -> bool:
            return (await on_sale.send(PLACE, make_order())).status == 200

        await until(confirmed)
        await vanished.close()


async def test_a_full_ledger_refuses_at_once() -> None:
    pool = database.create_pool("postgresql://127.0.0.1:1/none")
    ledger = Ledger(pool, "orders-test", max_waiting=1)
    waiting = asyncio.ensure_future(ledger.submit(Cancel("a")))
    with pytest.raises(Overloaded):
        await asyncio.gather(*(ledger.submit(Cancel(str(n))) for n in range(3)))
    await ledger.close()
    with pytest.raises(Unavailable):
        await waiting


async def test_publications_and_sales_in_one_batch_keep_their_order(orders_database_url: str) -> None:
    pool = database.create_pool(orders_database_url)
    async with pool:
        ledger = Ledger(pool, "orders-test")
        show, order = make_show(), make_order()
        now = show.sales_start.replace(year=2026)
        commands: list[Any] = [
            Place("11111111-1111-4111-8111-111111111111", "f" * 64, order, now),
            Publish(show, now),
            Place("22222222-2222-4222-8222-222222222222", "f" * 64, order, now),
            Cancel("22222222-2222-4222-8222-222222222222"),
        ]
        before, published, _, after = await asyncio.gather(*map(ledger.submit, commands))
        await ledger.close()
    assert isinstance(before, contract.Rejection)
    assert before.reason == "unknown_show"
    assert isinstance(published, contract.Published)
    assert isinstance(after, contract.Cancelled)


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = 20) -> None:
    async with asyncio.timeout(within_s):
        while not await condition():
            continue
