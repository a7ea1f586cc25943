"""The catalogue is asked for at most twice a second, and its last known values outlive the function."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from frontend import catalogue as module
from frontend.catalogue import CatalogueCache, Snapshot
from frontend.orders_client import Unconfirmed
from functions.orders import contract
from tests.fakes import FakeOrders, sample_shows, utc_now

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
        super().__init__()
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def catalogue(self, traceparent: str) -> contract.Catalogue | Unconfirmed:
        self.asked.release()
        assert self.go_on.acquire(timeout=10)
        return super().catalogue(traceparent)


def test_while_one_reader_asks_the_others_get_what_is_known(clock: Clock) -> None:
    orders = SlowOrders()
    cache = CatalogueCache(orders, clock, clock.now)
    orders.go_on.release()
    first = known(cache.get())
    clock.passed += 0.6
    with ThreadPoolExecutor(1) as pool:
        assert orders.asked.acquire(timeout=10)
        asking = pool.submit(cache.get)
        assert orders.asked.acquire(timeout=10)
        assert cache.get() == first
        orders.go_on.release()
        assert known(asking.result(10)).catalogue.as_of > first.catalogue.as_of
    assert orders.calls == ["catalogue", "catalogue"]


def test_readers_who_know_nothing_wait_for_the_one_who_asks(clock: Clock) -> None:
    orders = SlowOrders()
    cache = CatalogueCache(orders, clock, clock.now)
    with ThreadPoolExecutor(4) as pool:
        readers: list[Future[Snapshot | None]] = [pool.submit(cache.get) for _ in range(4)]
        assert orders.asked.acquire(timeout=10)
        orders.go_on.release()
        assert len({known(reader.result(10)).catalogue.as_of for reader in readers}) == 1
    assert orders.calls == ["catalogue"]


def test_they_do_not_wait_for_ever(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    orders = SlowOrders()
    cache = CatalogueCache(orders, clock, clock.now)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(cache.get)
        assert orders.asked.acquire(timeout=10)
        assert cache.get() is None
        orders.go_on.release()
        assert known(asking.result(10)).fresh


def test_an_answer_of_the_function_away_is_shown_at_once_to_all_but_one(clock: Clock) -> None:
    """A function that hangs costs one reader its two seconds, not every reader."""
    orders = SlowOrders()
    cache = CatalogueCache(orders, clock, clock.now)
    orders.go_on.release(2)
    known(cache.get())
    orders.away = True
    clock.passed += 5
    assert not known(cache.get()).fresh
    clock.passed += 5
    with ThreadPoolExecutor(1) as pool:
        orders.asked = threading.Semaphore(0)
        asking = pool.submit(cache.get)
        assert orders.asked.acquire(timeout=10)
        assert not known(cache.get()).fresh
        orders.go_on.release()
        assert not known(asking.result(10)).fresh
