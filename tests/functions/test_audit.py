"""The audit finds data that were broken on purpose, and nothing in data that were not."""

import asyncio

import pytest

from functions.orders import contract
from functions.orders.checks import CHECKS
from functions.orders.contract import CANCEL, PLACE, PUBLISH, Order, Rejection
from tests.functions.breakages import BREAKAGES, SOLD_OUT
from tests.functions.conftest import StartFunction
from tests.functions.local_invoker import LocalInvoker, make_order, make_show
from tests.functions.promises import assert_promises_hold, audited, broken
from tests.functions.sold import Sold, sell


@pytest.fixture
async def sold(on_sale: LocalInvoker) -> Sold:
    return await sell(on_sale)


def test_nothing_is_found_in_data_that_nobody_broke(sold: Sold) -> None:
    assert_promises_hold(sold.url)
    examined = {result.check.name: result.examined for result in audited(sold.url)}
    assert min(examined.values()) > 0, examined
    assert examined["what was refused as sold out was sold out"] == 1


def test_nothing_is_found_where_nothing_is(orders_database_url: str) -> None:
    assert_promises_hold(orders_database_url)


@pytest.mark.parametrize(("statements", "found"), BREAKAGES.values(), ids=BREAKAGES)
def test_what_is_broken_is_found(sold: Sold, statements: str, found: set[str]) -> None:
    sold.execute(statements)
    assert broken(sold.url) == found


def test_each_check_is_seen_to_find_something() -> None:
    assert {check.name for check in CHECKS} == set().union(*(found for _, found in BREAKAGES.values()))


def test_what_was_sent_may_be_deleted_from_the_front(sold: Sold) -> None:
    for _ in range(5):
        sold.execute("DELETE FROM outbox WHERE sequence = (SELECT min(sequence) FROM outbox)")
        assert_promises_hold(sold.url)


def test_what_was_refused_before_lines_were_kept_is_judged_by_what_is_known(sold: Sold) -> None:
    sold.execute("UPDATE orders SET lines = '[]' WHERE order_id = :refused")
    assert_promises_hold(sold.url)
    sold.execute("UPDATE orders SET available = jsonb_set(available, '{1,version}', '1') WHERE order_id = :refused")
    assert broken(sold.url) == {SOLD_OUT}


async def test_it_holds_at_any_moment_while_sales_go_on(
    start_function: StartFunction, orders_database_url: str
) -> None:
    functions = [await start_function(), await start_function()]
    await functions[0].send(PUBLISH, make_show())
    done = asyncio.Event()

    async def buy_and_cancel(number: int) -> int:
        bought = 0
        while not done.is_set():
            lines = {"seat": 1 + number % 3} if number % 2 else {"seat": 1, "standing": 1}
            placed = await functions[number % 2].send(PLACE, make_order(lines=lines))
            if placed.event.type == contract.CONFIRMED:
                await functions[(number + 1) % 2].send(CANCEL, contract.CancelOrder(placed.data(Order).order_id))
                bought += 1
            else:
                assert placed.data(Rejection).reason == "sold_out"
        return bought

    buyers = [asyncio.create_task(buy_and_cancel(number)) for number in range(8)]
    results = [await asyncio.to_thread(audited, orders_database_url) for _ in range(5)]
    done.set()
    bought = await asyncio.gather(*buyers)
    assert not [result for run in results for result in run if result.violations]
    assert min(bought) > 0
    assert_promises_hold(orders_database_url)
