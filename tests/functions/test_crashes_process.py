"""Processes of the function that are told to stop, or that stand still: what they had taken on, and what they hold."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import psycopg
import pytest
import requests

from functions.orders import contract
from functions.orders.contract import PLACE, PUBLISH, TicketType
from tests.functions.conftest import free_port
from tests.functions.local_invoker import LocalInvoker, make_order, make_show, signature
from tests.functions.meetings import count_waiting
from tests.functions.process import ROOT, answers, running_function
from tests.functions.promises import assert_promises_hold
from tests.scripts.waiting import wait_until

pytestmark = pytest.mark.alone

EXIT_WITHIN_S = 10
FREE_WITHIN_S = 6.0  # twice what is promised: the machine is shared


def send(port: int, kind: str, data: object, order_id: str) -> requests.Response:
    """One signed request on a connection of its own."""
    event = contract.Event(order_id, kind, "/tests", datetime.now(UTC), msgspec.json.encode(data), time_left_ms=2000)
    headers, body = contract.encode_event(event)
    headers |= {**signature(event, body), "connection": "close"}
    return requests.post(f"http://127.0.0.1:{port}/", body, headers=headers, timeout=10)


@dataclass
class Load:
    """Buyers in threads of their own, until nobody listens any more; what became of each order, by its id."""

    port: int
    statuses: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def buy(self) -> None:
        while True:
            order_id = str(uuid.uuid4())
            try:
                answer = send(self.port, PLACE, make_order(lines={"seat": 1}), order_id)
            except requests.ConnectionError as error:
                if "refused" in str(error):
                    self.refused.append(order_id)
                    return
                self.unanswered.append(order_id)
            else:
                self.statuses[order_id] = answer.status_code
                self.bodies[order_id] = answer.content


def stored_orders(url: str) -> dict[str, set[str]]:
    """The codes of each order that is stored."""
    with psycopg.connect(url) as session:
        rows = session.execute(
            "SELECT order_id::text, array(SELECT code FROM tickets t WHERE t.order_id = o.order_id) FROM orders o"
        ).fetchall()
    return {order_id: set(codes) for order_id, codes in rows}


def test_told_to_stop_it_answers_what_it_has_taken_and_takes_no_more(orders_database_url: str) -> None:
    load = Load(free_port())
    seat = TicketType("seat", "Seat", 2500, "EUR", capacity=1_000_000, limit_per_order=4)
    with running_function(load.port, orders_database_url) as process, ThreadPoolExecutor(12) as threads:
        wait_until(lambda: answers(load.port), within_s=30)
        assert send(load.port, PUBLISH, make_show(ticket_types=(seat,)), str(uuid.uuid4())).status_code == 200
        buying = [threads.submit(load.buy) for _ in range(12)]
        wait_until(lambda: len(load.statuses) > 100, within_s=30)
        process.send_signal(signal.SIGTERM)
        assert process.wait(EXIT_WITHIN_S) == 0
        for buyer in buying:
            buyer.result(30)
    stored = stored_orders(orders_database_url)
    assert set(load.statuses.values()) <= {200, 503}
    confirmed = {order_id for order_id, status in load.statuses.items() if status == 200}
    for order_id in confirmed:
        order = msgspec.json.decode(load.bodies[order_id], type=contract.Order)
        assert {ticket.code for ticket in order.tickets} == stored[order_id]
    assert stored.keys() == confirmed, "what was not answered was not taken"
    assert_promises_hold(orders_database_url)


def test_told_to_stop_it_waits_for_the_database_and_answers(orders_database_url: str) -> None:
    """Orders that were taken on wait for a lock when the stop comes, and for a while after."""
    port = free_port()
    with running_function(port, orders_database_url) as process, ThreadPoolExecutor(5) as threads:
        wait_until(lambda: answers(port), within_s=30)
        assert send(port, PUBLISH, make_show(), str(uuid.uuid4())).status_code == 200
        with psycopg.connect(orders_database_url) as somebody:
            somebody.execute("SELECT FROM stock FOR UPDATE")
            buyers = [threads.submit(buy_a_seat, port) for _ in range(5)]
            with psycopg.connect(orders_database_url, autocommit=True) as control:
                wait_until(lambda: count_waiting(control) > 0)
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: not answers(port))
        taken = {order_id for order_id, status in (buyer.result(20) for buyer in buyers) if status == 200}
        assert process.wait(EXIT_WITHIN_S) == 0
    assert len(taken) > 0
    assert stored_orders(orders_database_url).keys() == taken
    assert_promises_hold(orders_database_url)


def buy_a_seat(port: int) -> tuple[str, int]:
    """The order's id, and what it was answered; 0 for a broken connection."""
    order_id = str(uuid.uuid4())
    try:
        return order_id, send(port, PLACE, make_order(lines={"seat": 1}), order_id).status_code
    except requests.ConnectionError:
        return order_id, 0


@contextmanager
def vanishing_client(url: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the hot row in the middle of a transaction."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.functions.vanishing", url],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "locked\n"
        yield process
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


@pytest.mark.parametrize("blow", [signal.SIGSTOP, signal.SIGKILL])
async def test_a_client_that_stands_still_in_mid_transaction_frees_the_hot_row(
    on_sale: LocalInvoker, orders_database_url: str, blow: signal.Signals
) -> None:
    with vanishing_client(orders_database_url) as client:
        client.send_signal(blow)
        began = time.monotonic()
        order_id = str(uuid.uuid4())
        while (await on_sale.send(PLACE, make_order(), id=order_id, time_left_ms=2000)).status != 200:
            assert time.monotonic() - began < FREE_WITHIN_S
    assert await on_sale.left() == {"seat": 3, "standing": 3}
    assert_promises_hold(orders_database_url)
