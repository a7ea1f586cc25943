"""PostgreSQL really killed while orders flow: nothing half done, 503 until it is back, and sales go on then."""

import asyncio
import os
import signal
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import psycopg
import pytest

from functions.orders import contract
from functions.orders.contract import LOOKUP, PLACE, PUBLISH, Order, Rejection, TicketType
from scripts import migrate
from scripts.local.postgres import EmbeddedPostgres
from tests.conftest import running_postgres
from tests.functions.conftest import StartFunctionOn
from tests.functions.local_invoker import Answer, LocalInvoker, make_order, make_show
from tests.functions.promises import assert_promises_hold

pytestmark = pytest.mark.alone

BACK_WITHIN_S = 4.0  # twice what is promised: the machine is shared
OURS = "FROM pg_stat_activity WHERE application_name = 'flametickets-orders'"
_numbers = count(1)


@pytest.fixture(scope="module")
def mortal_server() -> Iterator[EmbeddedPostgres]:
    """A server that tests may kill."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def mortal_url(mortal_server: EmbeddedPostgres) -> str:
    url = mortal_server.ensure_database(f"mortal_{next(_numbers)}")
    migrate.apply("orders", url)
    return url


def kill_server(server: EmbeddedPostgres) -> None:
    """`kill -9`: no goodbye, no checkpoint."""
    process = server._process
    assert process is not None
    process.kill()
    process.wait(10)


def kill_backend(url: str) -> None:
    """`kill -9` of the function's sessions: the server ends all others too, and recovers."""
    with psycopg.connect(url, autocommit=True) as session:
        for (pid,) in session.execute(f"SELECT pid {OURS}".encode()).fetchall():
            os.kill(pid, signal.SIGKILL)


@dataclass
class Buyers:
    """Many who buy one seat after the other, each order again and again until it is decided."""

    functions: list[LocalInvoker]
    decided: dict[str, Answer] = field(default_factory=dict)
    answers: list[tuple[float, float, int]] = field(default_factory=list)  # when asked, when answered, status
    done: bool = False

    async def buy(self, number: int) -> None:
        while not self.done:
            order_id = str(uuid.uuid4())
            while order_id not in self.decided:
                asked_at = time.monotonic()
                function = self.functions[number % len(self.functions)]
                answer = await function.send(PLACE, make_order(lines={"seat": 1 + number % 2}), id=order_id)
                assert answer.status in (200, 503)
                self.answers.append((asked_at, time.monotonic(), answer.status))
                if answer.status == 200:
                    self.decided[order_id] = answer

    async def until(self, orders: int) -> None:
        """Return when so many more orders are decided."""
        wanted = len(self.decided) + orders
        async with asyncio.timeout(60):
            while len(self.decided) < wanted:
                await asyncio.sleep(0)

    def refused_since(self, moment: float) -> bool:
        """Whether somebody who asked after `moment` was answered 503."""
        return any(status == 503 for asked_at, _, status in self.answers if asked_at >= moment)

    def sold_after_s(self, moment: float) -> float:
        """Seconds from `moment` to the first order that was decided after it."""
        return min(at - moment for _, at, status in self.answers if status == 200 and at >= moment)


async def assert_all_are_found_as_answered(buyers: Buyers) -> None:
    for order_id, answer in buyers.decided.items():
        found = (await buyers.functions[0].send(LOOKUP, contract.OrderRef(order_id))).data(Order)
        if answer.event.type == contract.CONFIRMED:
            assert found == answer.data(Order)
        else:
            assert (found.status, found.reason) == ("rejected", answer.data(Rejection).reason)


async def start_buying(start: StartFunctionOn, url: str) -> tuple[Buyers, list["asyncio.Task[None]"]]:
    """Two processes' worth of functions, and sixteen buyers, once a hundred orders are decided."""
    buyers = Buyers([await start(url), await start(url)])
    seat = TicketType("seat", "Seat", 2500, "EUR", capacity=1_000_000, limit_per_order=4)
    assert (await buyers.functions[0].send(PUBLISH, make_show(ticket_types=(seat,)))).status == 200
    buying = [asyncio.create_task(buyers.buy(number)) for number in range(16)]
    await buyers.until(100)
    return buyers, buying


async def stop_buying(buyers: Buyers, buying: list["asyncio.Task[None]"]) -> None:
    buyers.done = True
    async with asyncio.timeout(30):
        await asyncio.gather(*buying)


def count_sessions(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as session:
        row = session.execute(f"SELECT count(*) {OURS}".encode()).fetchone()
        return int(row[0]) if row else 0


async def test_a_killed_server_costs_no_order_and_sales_go_on_when_it_is_back(
    mortal_server: EmbeddedPostgres, mortal_url: str, start_function_on: StartFunctionOn
) -> None:
    buyers, buying = await start_buying(start_function_on, mortal_url)
    killed_at = time.monotonic()
    await asyncio.to_thread(kill_server, mortal_server)
    async with asyncio.timeout(10):
        while not buyers.refused_since(killed_at):
            await asyncio.sleep(0)
    await asyncio.to_thread(mortal_server.start)
    back_at = time.monotonic()
    await buyers.until(100)
    await stop_buying(buyers, buying)
    assert buyers.sold_after_s(back_at) < BACK_WITHIN_S
    await assert_all_are_found_as_answered(buyers)
    assert count_sessions(mortal_url) <= 4, "a session to write and one to read for each function"
    assert_promises_hold(mortal_url)


async def test_a_killed_session_of_the_server_costs_no_order(
    mortal_url: str, start_function_on: StartFunctionOn
) -> None:
    buyers, buying = await start_buying(start_function_on, mortal_url)
    await asyncio.to_thread(kill_backend, mortal_url)
    await buyers.until(100)
    await stop_buying(buyers, buying)
    await assert_all_are_found_as_answered(buyers)
    assert count_sessions(mortal_url) <= 4
    assert_promises_hold(mortal_url)


async def test_a_server_that_is_killed_again_and_again_is_found_again_each_time(
    mortal_server: EmbeddedPostgres, mortal_url: str, start_function_on: StartFunctionOn
) -> None:
    buyers, buying = await start_buying(start_function_on, mortal_url)
    for _ in range(3):
        await asyncio.to_thread(kill_server, mortal_server)
        await asyncio.to_thread(mortal_server.start)
        await buyers.until(20)
    await stop_buying(buyers, buying)
    await assert_all_are_found_as_answered(buyers)
    assert count_sessions(mortal_url) <= 4
    assert_promises_hold(mortal_url)


async def test_without_its_server_a_command_is_answered_503_in_its_time_and_with_it_decided(
    mortal_server: EmbeddedPostgres, mortal_url: str, start_function_on: StartFunctionOn
) -> None:
    function = await start_function_on(mortal_url)
    await function.send(PUBLISH, make_show())
    await asyncio.to_thread(kill_server, mortal_server)
    order_id, began = str(uuid.uuid4()), time.monotonic()
    for kind, data in ((PLACE, make_order()), (LOOKUP, contract.OrderRef(order_id)), (contract.LIST, None)):
        answer = await function.send(kind, data, id=order_id, time_left_ms=1000)
        assert answer.problem["status"] == 503
    assert time.monotonic() - began < 5
    await asyncio.to_thread(mortal_server.start)
    placed = (await function.send(PLACE, make_order(), id=order_id)).data(Order)
    assert placed.status == "confirmed"
    assert (await function.send(LOOKUP, contract.OrderRef(order_id))).data(Order) == placed
    assert_promises_hold(mortal_url)


async def test_a_server_that_is_slow_is_waited_for_no_longer_than_the_buyer_waits(
    mortal_url: str, start_function_on: StartFunctionOn
) -> None:
    function = await start_function_on(mortal_url)
    await function.send(PUBLISH, make_show())
    order_id = str(uuid.uuid4())
    with psycopg.connect(mortal_url) as somebody:
        somebody.execute("SELECT FROM stock FOR UPDATE")
        began = time.monotonic()
        assert (await function.send(PLACE, make_order(), id=order_id, time_left_ms=300)).status == 503
        assert 0.25 < time.monotonic() - began < 2
    placed = (await function.send(PLACE, make_order(), id=order_id)).data(Order)
    assert placed.status == "confirmed"
    assert await function.left() == {"seat": 3, "standing": 3}
    assert_promises_hold(mortal_url)
