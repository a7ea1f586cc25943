"""The faults that a socket alone shows: a reply that never comes, a connection that is closed, a process that exits.

One process has the faults, and another on the same database, in this process, has none and tells what became of them.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
import requests

from functions.orders import contract
from functions.orders.contract import CONFIRMED, FOUND, LOOKUP, PLACE, UNKNOWN
from tests.functions.conftest import free_port
from tests.functions.local_invoker import LocalInvoker, make_order, signature
from tests.functions.process import answers, running_function
from tests.functions.promises import assert_promises_hold
from tests.scripts.waiting import wait_until


@dataclass(frozen=True)
class Faulty:
    """A process of the chaos revision."""

    port: int
    master: int
    log: Path

    def place(self, order_id: str, *, timeout: float = 10.0) -> requests.Response:
        """One signed order for two seats, on a connection of its own."""
        data = msgspec.json.encode(make_order())
        event = contract.Event(order_id, PLACE, "/tests", datetime.now(UTC), data, time_left_ms=2000, attempt=1)
        headers, body = contract.encode_event(event)
        headers |= {**signature(event, body), "connection": "close"}
        return requests.post(f"http://127.0.0.1:{self.port}/", body, headers=headers, timeout=timeout)

    def lines(self, order_id: str) -> list[dict[str, Any]]:
        """What is in the log about an order."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("order_id") == order_id]

    def faults(self, order_id: str) -> list[tuple[str, str | None]]:
        lines = self.lines(order_id)
        return [(line["fault"], line["detail"]) for line in lines if line["event"] == "fault.injected"]

    def worker(self) -> int | None:
        children = psutil.Process(self.master).children()
        return children[0].pid if children else None


StartFaulty = Callable[[str], Faulty]


@pytest.fixture
def start_faulty(orders_database_url: str, tmp_path: Path, on_sale: LocalInvoker) -> Iterator[StartFaulty]:
    """Starts the chaos revision as the Procfile does, on a database with a show on sale."""
    with ExitStack() as running:

        def start(faults: str) -> Faulty:
            port, log = free_port(), tmp_path / "log"
            output = running.enter_context(log.open("wb"))
            settings = {"CHAOS_FAULTS": faults, "K_REVISION": "orders-chaos-1"}
            process = running.enter_context(running_function(port, orders_database_url, output=output, **settings))
            wait_until(lambda: answers(port), within_s=30)
            return Faulty(port, process.pid, log)

        yield start
    assert_promises_hold(orders_database_url)


async def state(function: LocalInvoker, order_id: str) -> str:
    """What a lookup says of an order."""
    return (await function.send(LOOKUP, contract.OrderRef(order_id))).event.type


async def until(function: LocalInvoker, order_id: str, expected: str, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while await state(function, order_id) != expected:
        assert time.monotonic() < deadline, f"not {expected} within {within_s} s"


async def test_a_dropped_reply_closes_the_connection_after_the_work(
    start_faulty: StartFaulty, on_sale: LocalInvoker
) -> None:
    faulty, order_id = start_faulty("drop_reply:1"), str(uuid.uuid4())
    with pytest.raises(requests.ConnectionError):
        faulty.place(order_id)
    assert await state(on_sale, order_id) == FOUND
    assert faulty.faults(order_id) == [("drop_reply", None)]
    assert "ASGI" not in faulty.log.read_text(), "the server makes no answer of its own in its place"
    assert answers(faulty.port)


async def test_a_hang_does_no_work_and_ends_with_the_callers_patience(
    start_faulty: StartFaulty, on_sale: LocalInvoker
) -> None:
    faulty, order_id = start_faulty("hang:1:never"), str(uuid.uuid4())
    began = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        faulty.place(order_id, timeout=0.5)
    assert time.monotonic() - began >= 0.5
    assert faulty.faults(order_id) == [("hang", "never")]
    psutil.Process(faulty.master).terminate()  # it stops once all that it had taken on is over
    wait_until(lambda: not psutil.pid_exists(faulty.master) or faulty.worker() is None)
    assert await state(on_sale, order_id) == UNKNOWN
    assert "ASGI" not in faulty.log.read_text()


async def test_a_late_hang_does_the_work_when_the_caller_is_gone(
    start_faulty: StartFaulty, on_sale: LocalInvoker
) -> None:
    faulty, order_id = start_faulty("hang:1:late"), str(uuid.uuid4())
    with pytest.raises(requests.ReadTimeout):
        faulty.place(order_id, timeout=0.5)
    await until(on_sale, order_id, FOUND)
    assert faulty.faults(order_id) == [("hang", "late")]
    again = await on_sale.send(PLACE, make_order(), id=order_id, attempt=2)
    assert again.event.type == CONFIRMED
    assert await on_sale.left() == {"seat": 3, "standing": 3}


@pytest.mark.parametrize(("when", "left_behind"), [("before", UNKNOWN), ("after", FOUND)])
async def test_a_crash_ends_the_process_and_another_takes_its_place(
    start_faulty: StartFaulty, on_sale: LocalInvoker, when: str, left_behind: str
) -> None:
    faulty, order_id = start_faulty(f"crash:1:{when}"), str(uuid.uuid4())
    former = faulty.worker()
    with pytest.raises(requests.ConnectionError):
        faulty.place(order_id)
    assert await state(on_sale, order_id) == left_behind
    assert faulty.faults(order_id) == [("crash", when)]
    assert [line["event"] for line in faulty.lines(order_id) if line["event"] == "command.answered"] == (
        ["command.answered"] if when == "after" else []
    )
    wait_until(lambda: answers(faulty.port) and faulty.worker() not in (None, former), within_s=30)


async def test_a_duplicate_is_answered_twice_in_the_log_and_once_to_the_caller(
    start_faulty: StartFaulty, on_sale: LocalInvoker
) -> None:
    faulty, order_id = start_faulty("duplicate:1"), str(uuid.uuid4())
    answer = faulty.place(order_id)
    assert answer.headers["ce-type"] == CONFIRMED
    assert await on_sale.left() == {"seat": 3, "standing": 3}
    wait_until(lambda: len(faulty.lines(order_id)) == 3)
    assert [line["event"] for line in faulty.lines(order_id)] == ["fault.injected", *["command.answered"] * 2]
