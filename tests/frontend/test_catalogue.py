"""The catalogue is asked for at most twice a second, and its last known values outlive the function."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import structlog
from structlog.testing import capture_logs

from frontend import catalogue as module
from frontend.catalogue import CatalogueCache, Snapshot
from frontend.orders_client import Unconfirmed
from functions.orders import contract
from tests.fakes import FakeOrders, sample_shows, utc_now
from tests.scripts.waiting import wait_until

START = utc_now()


class Clock:
    """Time that stands still until it is told to pass."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return 1000 + self.passed

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def orders(clock: Clock) -> FakeOrders:
    return FakeOrders(sample_shows(START), now=clock.now)


@pytest.fixture
def cache(orders: FakeOrders, clock: Clock) -> CatalogueCache:
    return CatalogueCache(orders, clock, clock.now)


@pytest.fixture(autouse=True)
def _patient_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits where nobody should is found out."""
    monkeypatch.setattr(module, "WAIT_S", 60)
    monkeypatch.setattr(module, "SHORT_WAIT_S", 60)


def known(snapshot: Snapshot | None) -> Snapshot:
    assert snapshot is not None
    return snapshot


def test_many_readers_in_half_a_second_ask_once(cache: CatalogueCache, orders: FakeOrders, clock: Clock) -> None:
    for _ in range(10):
        assert known(cache.get()).fresh
        clock.passed += 0.04
    assert orders.calls == ["catalogue"]


def test_after_half_a_second_the_function_is_asked_again(
    cache: CatalogueCache, orders: FakeOrders, clock: Clock
) -> None:
    first = known(cache.get())
    clock.passed += 0.5
    second = known(cache.get())
    assert second.catalogue.as_of - first.catalogue.as_of == timedelta(seconds=0.5)
    assert len(orders.calls) == 2


def test_it_was_never_known_while_the_function_is_away(cache: CatalogueCache, orders: FakeOrders, clock: Clock) -> None:
    orders.away = True
    assert cache.get() is None
    assert cache.get() is None
    assert len(orders.calls) == 1, "a function that is away is not asked more often either"
    orders.away = False
    clock.passed += 0.5
    assert known(cache.get()).fresh


def test_last_known_values_are_marked(cache: CatalogueCache, orders: FakeOrders, clock: Clock) -> None:
    before = known(cache.get())
    orders.away = True
    clock.passed += 0.6
    assert known(cache.get()).fresh, "an answer of a second ago is as good as one through a slow network"
    clock.passed += 0.6
    after = known(cache.get())
    assert not after.fresh
    assert after.catalogue == before.catalogue
    orders.away = False
    clock.passed += 0.5
    assert known(cache.get()).fresh


def test_the_sales_window_goes_on_while_the_function_is_away(
    cache: CatalogueCache, orders: FakeOrders, clock: Clock
) -> None:
    def on_sale() -> dict[str, bool]:
        return {show.slug: show.on_sale for show in known(cache.get()).catalogue.shows}

    assert on_sale() == {"last-week": False, "open-mic": True, "spring-gala": True, "new-year": False}
    orders.away = True
    clock.passed += timedelta(days=30).total_seconds()
    assert on_sale() == {"last-week": False, "open-mic": False, "spring-gala": False, "new-year": True}


def test_what_is_left_is_forgotten_after_ten_minutes(cache: CatalogueCache, orders: FakeOrders, clock: Clock) -> None:
    def available() -> set[int | None]:
        return {kind.available for show in known(cache.get()).catalogue.shows for kind in show.ticket_types}

    assert available() == {100, 40, 3, 500, 50}
    orders.away = True
    clock.passed = 600
    assert available() == {100, 40, 3, 500, 50}
    clock.passed = 601
    assert available() == {None}


class SlowOrders(FakeOrders):
    """Answers when told to."""

    def __init__(self) -> None:
        super().__init__(sample_shows(START), now=lambda: START + timedelta(seconds=len(self.calls) - 1))
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.was_forgotten = False

    def catalogue(self, traceparent: str) -> contract.Catalogue | Unconfirmed:
        self.asked.release()
        self.was_forgotten |= not self.go_on.acquire(timeout=10)
        return super().catalogue(traceparent)


@pytest.fixture
def slow() -> Iterator[SlowOrders]:
    """A function that every refresh left running is released from at the end."""
    orders = SlowOrders()
    yield orders
    assert not orders.was_forgotten, "somebody waited for what never came"
    orders.go_on.release(100)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture
def cache_of_slow(slow: SlowOrders, clock: Clock) -> CatalogueCache:
    """Knows the catalogue of this moment."""
    cache = CatalogueCache(slow, clock, clock.now)
    slow.go_on.release()
    assert known(cache.get()).fresh
    assert slow.asked.acquire(timeout=10)
    return cache


def test_while_one_reader_waits_for_the_refresh_the_others_get_what_is_fresh(
    slow: SlowOrders, cache_of_slow: CatalogueCache, clock: Clock, pool: ThreadPoolExecutor
) -> None:
    clock.passed += 0.6
    first = pool.submit(cache_of_slow.get)
    assert slow.asked.acquire(timeout=10)
    assert known(cache_of_slow.get()).catalogue.as_of == START
    slow.go_on.release()
    assert known(first.result(10)).catalogue.as_of > START
    assert slow.calls == ["catalogue", "catalogue"]


def test_while_what_is_known_is_not_fresh_all_readers_wait_for_the_refresh(
    slow: SlowOrders, cache_of_slow: CatalogueCache, clock: Clock, pool: ThreadPoolExecutor
) -> None:
    clock.passed += 0.8
    first = pool.submit(cache_of_slow.get)
    assert slow.asked.acquire(timeout=10)
    second = pool.submit(cache_of_slow.get)
    with pytest.raises(TimeoutError):
        second.result(0.05)
    slow.go_on.release()
    assert known(first.result(10)).fresh
    assert known(second.result(10)).fresh
    assert slow.calls == ["catalogue", "catalogue"]


def test_readers_who_know_nothing_wait_for_one_refresh(
    slow: SlowOrders, clock: Clock, pool: ThreadPoolExecutor
) -> None:
    cache = CatalogueCache(slow, clock, clock.now)
    readers: list[Future[Snapshot | None]] = [pool.submit(cache.get) for _ in range(4)]
    assert slow.asked.acquire(timeout=10)
    slow.go_on.release()
    assert len({known(reader.result(10)).catalogue.as_of for reader in readers}) == 1
    assert slow.calls == ["catalogue"]


def test_they_do_not_wait_for_ever(slow: SlowOrders, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    cache = CatalogueCache(slow, clock, clock.now)
    assert cache.get() is None
    slow.go_on.release()
    wait_until(lambda: cache.get() is not None)


@pytest.mark.parametrize("passed", [10.1, 100_000])
def test_a_cold_start_is_waited_for(
    slow: SlowOrders,
    cache_of_slow: CatalogueCache,
    clock: Clock,
    passed: float,
    monkeypatch: pytest.MonkeyPatch,
    pool: ThreadPoolExecutor,
) -> None:
    """Who was not asked for long may have been scaled to zero: old values are not shown for that."""
    monkeypatch.setattr(module, "SHORT_WAIT_S", 0)
    clock.passed += passed
    readers = [pool.submit(cache_of_slow.get) for _ in range(2)]
    assert slow.asked.acquire(timeout=10)
    slow.go_on.release()
    assert all(known(reader.result(10)).fresh for reader in readers)


@pytest.mark.parametrize("passed", [0.8, 9.9])
def test_a_function_that_just_answered_is_waited_for_a_moment_only(
    slow: SlowOrders, cache_of_slow: CatalogueCache, clock: Clock, passed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHORT_WAIT_S", 0)
    clock.passed += passed
    for _ in range(2):
        assert not known(cache_of_slow.get()).fresh
    assert slow.asked.acquire(timeout=10)
    slow.go_on.release()
    wait_until(lambda: known(cache_of_slow.get()).fresh)


def test_while_the_function_is_away_only_who_asks_waits_and_that_a_moment(
    slow: SlowOrders, cache_of_slow: CatalogueCache, clock: Clock, pool: ThreadPoolExecutor
) -> None:
    slow.away = True
    slow.go_on.release()
    clock.passed += 5
    assert not known(cache_of_slow.get()).fresh
    assert slow.asked.acquire(timeout=10)
    clock.passed += 100
    asking = pool.submit(cache_of_slow.get)
    assert slow.asked.acquire(timeout=10)
    for _ in range(10):
        assert not known(cache_of_slow.get()).fresh
    assert not asking.done()
    slow.go_on.release()
    assert not known(asking.result(10)).fresh


def test_nor_does_anybody_wait_who_knows_nothing_while_it_is_away(
    slow: SlowOrders, clock: Clock, pool: ThreadPoolExecutor
) -> None:
    cache = CatalogueCache(slow, clock, clock.now)
    slow.away = True
    slow.go_on.release()
    assert cache.get() is None
    assert slow.asked.acquire(timeout=10)
    clock.passed += 1
    asking = pool.submit(cache.get)
    assert slow.asked.acquire(timeout=10)
    assert cache.get() is None
    slow.go_on.release()
    assert asking.result(10) is None


def test_a_bug_in_the_refresh_is_logged_and_shown_as_a_function_that_is_away(
    cache: CatalogueCache, orders: FakeOrders, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known(cache.get()).fresh
    monkeypatch.setattr(orders, "catalogue", None)
    clock.passed += 5
    with capture_logs() as logs:
        assert not known(cache.get()).fresh
        assert not known(cache.get()).fresh
    assert [entry["event"] for entry in logs] == ["bug"], "it is asked no more often for it"


def test_without_a_thread_for_it_the_refresh_is_made_another_time(
    cache: CatalogueCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as starved:
        starved.setattr(threading.Thread, "start", no_thread)
        assert cache.get() is None
    assert known(cache.get()).fresh


def test_the_log_lines_of_a_refresh_belong_to_the_request_that_began_it(clock: Clock) -> None:
    class Logging(FakeOrders):
        def catalogue(self, traceparent: str) -> contract.Catalogue | Unconfirmed:
            bound.update(structlog.contextvars.get_contextvars())
            return super().catalogue(traceparent)

    bound: dict[str, str] = {}
    with structlog.contextvars.bound_contextvars(traceparent="of the reader"):
        CatalogueCache(Logging(), clock, clock.now).get()
    assert bound == {"traceparent": "of the reader"}
