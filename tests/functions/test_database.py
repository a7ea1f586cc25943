"""The ledger's database away, back, unsafe, or with a client that vanished in mid-transaction."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from functions.orders import contract, database
from functions.orders.backlog import MAX_WAITING, Backlog, Overloaded, Publish
from functions.orders.contract import PLACE, Order
from functions.orders.ledger import Ledger, Unanswered
from functions.orders.rules import Cancel, Place
from tests.functions.local_invoker import Answer, LocalInvoker, make_order, make_show


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
    assert await on_sale.left() == {"seat": 3, "standing": 3}


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
    vanished = database.Session(orders_database_url)
    async with vanished.connection() as connection:
        await connection.execute("SELECT * FROM stock FOR UPDATE")

        async def confirmed() -> bool:
            return (await on_sale.send(PLACE, make_order())).status == 200

        await until(confirmed)
    await vanished.close()


async def test_a_full_ledger_refuses_at_once() -> None:
    session = database.Session("postgresql://127.0.0.1:1/none")
    ledger = Ledger(session, "orders-test", Backlog(max_waiting=1))
    waiting = asyncio.ensure_future(ledger.submit(Cancel("a"), 2))
    with pytest.raises(Overloaded):
        await asyncio.gather(*(ledger.submit(Cancel(str(n)), 2) for n in range(3)))
    await ledger.close()
    with pytest.raises(Unanswered):
        await waiting


async def test_with_the_ledger_full_a_request_is_refused_unread_in_the_same_turn(
    orders_database_url: str, on_sale: LocalInvoker
) -> None:
    async with await psycopg.AsyncConnection.connect(orders_database_url) as session:
        await session.execute("SELECT * FROM stock FOR UPDATE")
        waiting = [asyncio.ensure_future(on_sale.send(PLACE, make_order(), time_left_ms=10_000)) for _ in range(12_000)]
        await asyncio.sleep(0)  # each is read and queued in one turn
        with pytest.raises(StopIteration) as ended:
            on_sale.post({}, b"not read").send(None)
        refused: Answer = ended.value.value
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert (await on_sale.post({}, b"", method="GET", path="/healthz")).status == 200
    answers = await asyncio.gather(*waiting)
    assert {answer.status for answer in answers} == {200, 503}
    assert sum(answer.status == 503 for answer in answers) <= 12_000 - MAX_WAITING


async def test_publications_and_sales_in_one_batch_keep_their_order(orders_database_url: str) -> None:
    session = database.Session(orders_database_url)
    ledger = Ledger(session, "orders-test")
    show, order = make_show(), make_order()
    now = datetime.now(UTC)
    commands: list[Any] = [
        Place("11111111-1111-4111-8111-111111111111", "f" * 64, order, now),
        Publish(show, now),
        Place("22222222-2222-4222-8222-222222222222", "f" * 64, order, now),
        Cancel("22222222-2222-4222-8222-222222222222"),
    ]
    before, published, placed, after = await asyncio.gather(*(ledger.submit(command, 2) for command in commands))
    await ledger.close()
    await session.close()
    assert isinstance(before, contract.Rejection)
    assert before.reason == "unknown_show"
    assert isinstance(published, contract.Published)
    assert isinstance(placed, contract.Order)
    assert isinstance(after, contract.Cancelled)


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = 20) -> None:
    async with asyncio.timeout(within_s):
        while not await condition():
            continue
