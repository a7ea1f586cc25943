"""Workers of several processes on one PostgreSQL."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg

from frontend.metrics import Metrics
from frontend.orders_client import Confirmed, Rejected, Unconfirmed
from frontend.pending.purchases import Full
from frontend.pending.running import start_pending
from frontend.pending.workers import Workers
from functions.orders import contract
from scripts.local.postgres import EmbeddedPostgres
from tests.fakes import FakeOrders, utc_now
from tests.frontend.client_contract import TRACE, new_id, wants
from tests.frontend.pending import leasing
from tests.frontend.pending.servers import kill
from tests.pending_store import InPostgres, accept, found, leased
from tests.scripts.waiting import wait_until

ROOT = Path(__file__).parents[3]


class Watching(FakeOrders):
    """Takes a moment for each purchase, and sees whether one is sent while it is being sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: Counter[str] = Counter()
        self.at_once: list[str] = []
        self._sending: set[str] = set()
        self._watch = threading.Lock()

    def replay(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Confirmed | Rejected | Unconfirmed:
        with self._watch:
            if order_id in self._sending:
                self.at_once.append(order_id)
            self._sending.add(order_id)
            self.sent[order_id] += 1
        time.sleep(0.002)  # the function's own time, not a wait for anything
        try:
            return super().replay(order_id, order, pressed_at, traceparent)
        finally:
            with self._watch:
                self._sending.discard(order_id)


@contextmanager
def working(url: str, orders: FakeOrders, workers: int = 4) -> Iterator[Workers]:
    """The threads of one process of the shop."""
    _, threads = start_pending(url, orders, Metrics(), limit=3000, workers=workers, give_up_s=86400)
    try:
        yield threads
    finally:
        threads.stop()


def all_decided(store: InPostgres, order_ids: list[str]) -> bool:
    with psycopg.connect(store.url, autocommit=True) as session:
        row = session.execute(
            "SELECT count(*) FROM pending_purchases WHERE state = 'decided' AND order_id = ANY(%s::uuid[])",
            (order_ids,),
        ).fetchone()
    return row == (len(order_ids),)


def test_workers_of_two_processes_never_send_one_purchase_twice_at_once(store: InPostgres) -> None:
    orders = Watching()
    order_ids = [accept(store.pending) for _ in range(300)]
    with working(store.url, orders), working(store.url, orders):
        wait_until(lambda: all_decided(store, order_ids), within_s=30)
    assert orders.at_once == []
    assert orders.sent == dict.fromkeys(order_ids, 1)


def test_who_accepts_waits_until_it_is_known_whether_another_did(url: str) -> None:
    """Or else two shops would both take the last place."""
    store = InPostgres(url, limit=1)
    try:
        with ThreadPoolExecutor(1) as shop, psycopg.connect(url) as other_shop:
            other_shop.execute(
                "SELECT FROM accept_pending(gen_random_uuid(), repeat('f', 64), '{}', now(), '', 1)",
            )
            answer = shop.submit(store.pending.accept, new_id(), wants(), utc_now(), TRACE)
            wait_until(lambda: waits_for_a_lock(url) or answer.done())
            other_shop.commit()
            assert answer.result(10) == Full()
    finally:
        store.close()


def waits_for_a_lock(url: str) -> bool:
    with psycopg.connect(url, autocommit=True) as session:
        return session.execute("SELECT FROM pg_locks WHERE NOT granted").fetchone() is not None


def test_what_another_worker_is_taking_is_passed_over_and_not_waited_for(store: InPostgres) -> None:
    first, second = accept(store.pending), accept(store.pending)
    with psycopg.connect(store.url) as session:
        session.execute("SELECT FROM pending_purchases WHERE order_id = %s FOR UPDATE", (first,))
        assert leased(store.queue).order_id == second
    assert leased(store.queue).order_id == first


def test_a_killed_worker_leaves_its_purchase_to_the_others(store: InPostgres) -> None:
    orders = Watching()
    order_ids = [accept(store.pending) for _ in range(3)]
    command = [sys.executable, "-m", leasing.__name__, store.url, "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == order_ids[0]
        finally:
            process.kill()
    with working(store.url, orders):
        wait_until(lambda: all_decided(store, order_ids[1:]))
        wait_until(lambda: all_decided(store, order_ids))
    assert found(store.pending, order_ids[0]).tries == 2


def test_a_server_that_is_killed_in_the_middle_loses_nothing(
    own_server: EmbeddedPostgres, own_store: InPostgres
) -> None:
    orders = Watching()
    order_ids = [accept(own_store.pending) for _ in range(300)]
    with working(own_store.url, orders):
        wait_until(lambda: len(orders.sent) > 50)
        kill(own_server)
        own_server.start()
        wait_until(lambda: all_decided(own_store, order_ids), within_s=30)
    assert orders.at_once == []


def test_it_begins_without_the_server_and_goes_on_once_it_is_there(
    own_server: EmbeddedPostgres, own_store: InPostgres
) -> None:
    order_id = accept(own_store.pending)
    own_server.stop()
    try:
        with working(own_store.url, FakeOrders()):
            own_server.start()
            wait_until(lambda: all_decided(own_store, [order_id]))
    finally:
        if own_server._process is None:
            own_server.start()
