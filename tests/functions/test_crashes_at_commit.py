"""The connection breaks at a COMMIT, and nobody knows what came of it: found out under the lock, never guessed."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from functions.orders import contract
from functions.orders.contract import CANCEL, LOOKUP, PLACE, PUBLISH, Order
from tests.functions.between import Between, Cut, between
from tests.functions.conftest import StartFunctionOn
from tests.functions.local_invoker import LocalInvoker, make_order, make_show
from tests.functions.meetings import Control, control, count_waiting
from tests.functions.promises import assert_promises_hold

__all__ = ["control"]  # a fixture


@dataclass(frozen=True)
class Cuttable:
    """A function with shows on sale, and who can cut its line to the database."""

    function: LocalInvoker
    line: Between
    database_url: str


@pytest.fixture
async def cuttable(orders_database_url: str, start_function_on: StartFunctionOn) -> AsyncIterator[Cuttable]:
    async with between(orders_database_url) as (line, url):
        function = await start_function_on(url)
        await function.send(PUBLISH, make_show())
        yield Cuttable(function, line, orders_database_url)


async def stored(cuttable: Cuttable, order_id: str) -> Order:
    return (await cuttable.function.send(LOOKUP, contract.OrderRef(order_id))).data(Order)


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_an_order_whose_commit_was_cut_is_confirmed_once(cuttable: Cuttable, cut: Cut) -> None:
    order_id = str(uuid.uuid4())
    cuttable.line.cut_at_next_commit(cut)
    placed = (await cuttable.function.send(PLACE, make_order(), id=order_id)).data(Order)
    assert cuttable.line.cuts == 1
    assert placed.status == "confirmed"
    assert await stored(cuttable, order_id) == placed
    assert await cuttable.function.left() == {"seat": 3, "standing": 3}
    assert_promises_hold(cuttable.database_url)


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_a_cancel_whose_commit_was_cut_frees_the_seats_once(cuttable: Cuttable, cut: Cut) -> None:
    placed = (await cuttable.function.send(PLACE, make_order())).data(Order)
    cuttable.line.cut_at_next_commit(cut)
    cancelled = await cuttable.function.send(CANCEL, contract.CancelOrder(placed.order_id))
    assert cancelled.event.type == contract.CANCELLED
    assert cuttable.line.cuts == 1
    assert await cuttable.function.left() == {"seat": 5, "standing": 3}
    assert_promises_hold(cuttable.database_url)


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_a_publication_whose_commit_was_cut_is_made_once(cuttable: Cuttable, cut: Cut) -> None:
    cuttable.line.cut_at_next_commit(cut)
    published = await cuttable.function.send(PUBLISH, make_show("another"))
    assert published.event.type == contract.PUBLISHED
    assert cuttable.line.cuts == 1
    assert await cuttable.function.left("another") == {"seat": 5, "standing": 3}
    assert_promises_hold(cuttable.database_url)


@pytest.fixture
def slow_commits(control: Control) -> Iterator[Control]:
    """Who has inserted an order waits at the commit for a lock of `control`, and is neither done nor undone."""
    control.execute("""
        CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION wait_at_commit();
        SELECT pg_advisory_lock(1)
    """)
    yield control
    control.execute("SELECT pg_advisory_unlock_all()")


async def test_while_a_lost_commit_still_runs_its_order_is_not_decided_anew(
    cuttable: Cuttable, slow_commits: Control
) -> None:
    order_id = str(uuid.uuid4())
    placing = asyncio.create_task(cuttable.function.send(PLACE, make_order(), id=order_id, time_left_ms=5000))
    await until_waiting(slow_commits, 1)
    cuttable.line.break_off()
    await until_waiting(slow_commits, 2)
    assert not placing.done()
    slow_commits.execute("SELECT pg_advisory_unlock(1)")
    placed = (await placing).data(Order)
    assert placed.status == "confirmed"
    assert await stored(cuttable, order_id) == placed
    assert cuttable.line.commits == 2, "of the show and of the question: that of the order went on unheard"
    assert await cuttable.function.left() == {"seat": 3, "standing": 3}
    assert_promises_hold(cuttable.database_url)


async def until_waiting(control: Control, sessions: int) -> None:
    async with asyncio.timeout(10):
        while count_waiting(control) < sessions:
            await asyncio.sleep(0)


async def test_a_line_that_falls_silent_is_given_up_and_the_next_one_serves(cuttable: Cuttable) -> None:
    cuttable.line.fall_silent()
    order_id = str(uuid.uuid4())
    async with asyncio.timeout(15):
        while (
            answer := await cuttable.function.send(PLACE, make_order(), id=order_id, time_left_ms=1000)
        ).status != 200:
            assert answer.status == 503
    assert answer.data(Order).status == "confirmed"
    assert_promises_hold(cuttable.database_url)
