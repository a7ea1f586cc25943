"""Every wait for the pending store is bounded, and it comes back by itself."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from frontend.pending.database import REST_S, SESSION_S, WITHIN_S, Database
from frontend.pending.purchases import Accepted, Away
from scripts.local.postgres import EmbeddedPostgres
from tests.fakes import utc_now
from tests.frontend.client_contract import TRACE, new_id, wants
from tests.frontend.pending.servers import frozen
from tests.functions.conftest import free_port
from tests.pending_store import InPostgres, accept, found
from tests.scripts.waiting import wait_until

pytestmark = pytest.mark.alone

SLACK_S = 0.7  # this machine's


def timed(work: Callable[[], object]) -> tuple[object, float]:
    """What `work` returns, and the seconds that it took."""
    began = time.monotonic()
    answer = work()
    return answer, time.monotonic() - began


def is_back(store: InPostgres) -> bool:
    return not isinstance(store.pending.find(new_id()), Away)


def test_nothing_is_connected_before_it_is_needed() -> None:
    database = Database(f"postgresql://127.0.0.1:{free_port()}/pending")
    database.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pending")]


def test_a_server_that_is_not_there_is_away_within_the_second() -> None:
    database = Database(f"postgresql://127.0.0.1:{free_port()}/pending")
    try:
        answer, took_s = timed(lambda: database.run(lambda session: session.execute("SELECT 1").rowcount))
        assert answer == Away()
        assert took_s < SESSION_S + SLACK_S
        assert "refused" in database.why_away()
    finally:
        database.close()


def test_nobody_waits_for_a_server_that_was_away_a_moment_ago() -> None:
    now = 100.0
    database = Database(f"postgresql://127.0.0.1:{free_port()}/pending", lambda: now)

    def asked() -> tuple[object, float]:
        return timed(lambda: database.run(lambda session: session.closed))

    try:
        asked()
        for _ in range(20):
            answer, took_s = asked()
            assert (answer, took_s < 0.05) == (Away(), True)
        now += REST_S
        assert asked()[1] > 0.5, "asked again"
    finally:
        database.close()


def test_one_asks_again_while_the_others_are_told_at_once(own_server: EmbeddedPostgres, own_store: InPostgres) -> None:
    own_server.stop()
    try:
        own_store.pending.find(new_id())
        time_of_rest = time.monotonic() + REST_S
        wait_until(lambda: time.monotonic() > time_of_rest)
        with ThreadPoolExecutor(10) as pool:
            times = sorted(pool.map(lambda _: timed(lambda: own_store.pending.find(new_id()))[1], range(10)))
        assert times[-2] < 0.3 < times[-1]
    finally:
        own_server.start()
    wait_until(lambda: is_back(own_store))


def test_a_restart_of_the_server_costs_nobody_anything(own_server: EmbeddedPostgres, own_store: InPostgres) -> None:
    """Each idle session is broken then, and the first one that is used tells of all of them."""
    with ThreadPoolExecutor(8) as pool:
        order_id, *_ = pool.map(lambda _: accept(own_store.pending), range(64))
    own_server.stop()
    own_server.start()
    assert found(own_store.pending, order_id).state == "pending"
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: accept(own_store.pending), range(64)))) == 64


def test_a_silent_server_is_given_up_in_time(own_server: EmbeddedPostgres, own_store: InPostgres) -> None:
    order_id = accept(own_store.pending)
    with frozen(own_server):
        answer, took_s = timed(lambda: own_store.pending.accept(new_id(), wants(), utc_now(), TRACE))
        assert answer == Away()
        assert took_s < WITHIN_S + SLACK_S
    wait_until(lambda: is_back(own_store))
    assert found(own_store.pending, order_id).state == "pending"


def test_a_lock_that_somebody_holds_is_not_waited_for_for_ever(store: InPostgres) -> None:
    with psycopg.connect(store.url) as session:
        session.execute("LOCK TABLE pending_purchases IN ACCESS EXCLUSIVE MODE")
        answer, took_s = timed(lambda: store.pending.accept(new_id(), wants(), utc_now(), TRACE))
        assert answer == Away()
        assert took_s < WITHIN_S + SLACK_S
    wait_until(lambda: isinstance(store.pending.accept(new_id(), wants(), utc_now(), TRACE), Accepted))


def test_a_database_that_was_not_migrated_is_away_and_says_so(postgres_server: EmbeddedPostgres) -> None:
    store = InPostgres(postgres_server.url())
    try:
        assert store.pending.find(new_id()) == Away()
        assert "migrations" in store.database.why_away()
    finally:
        store.close()


def test_a_closed_one_is_away(store: InPostgres) -> None:
    order_id = accept(store.pending)
    store.close()
    assert store.pending.find(order_id) == Away()
    store.close()


def test_a_mistake_of_ours_is_no_absence_of_the_server(store: InPostgres) -> None:
    def mistaken(_: object) -> None:
        raise KeyError("ours")

    for _ in range(20):
        with pytest.raises(KeyError):
            store.database.run(mistaken)
    assert is_back(store)
