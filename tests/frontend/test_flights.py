"""Who sends a purchase again while it is under way gets what comes of the first: one call, one answer."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from frontend.buying import buy
from frontend.flights import Flights
from frontend.orders_client import Confirmed
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders, utc_now
from tests.frontend.client_contract import TRACE, new_id, wants
from tests.scripts.waiting import wait_until


class Flying:
    """An act that lasts until the test lets it land."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_land = threading.Event()
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        self.begun.set()
        assert self.may_land.wait(10)
        return self.count


def waiting(flights: Flights) -> int:
    """How many wait for somebody else's; there is no other way to know that a thread has got so far."""
    return sum(len(vars(flight.landed)["_cond"]._waiters) for flight in flights._flights.values())


def joined(flights: Flights, pool: ThreadPoolExecutor, act: Callable[[], Any]) -> "Future[Any]":
    """Somebody joins from a thread; returns once that thread waits."""
    before = waiting(flights)
    future = pool.submit(flights.join, "key", act)
    wait_until(lambda: waiting(flights) == before + 1)
    return future


def test_who_comes_meanwhile_gets_the_same_and_does_nothing() -> None:
    flights, act = Flights(), Flying()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(flights.join, "key", act)
        assert act.begun.wait(10)
        others = [joined(flights, pool, lambda: pytest.fail("a second call")) for _ in range(3)]
        act.may_land.set()
        assert [each.result(10) for each in (first, *others)] == [1] * 4


def test_who_comes_later_acts_anew() -> None:
    flights = Flights()
    assert [flights.join("key", lambda: 1), flights.join("key", lambda: 2)] == [1, 2]


def test_others_are_not_waited_for() -> None:
    flights, act = Flights(), Flying()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(flights.join, "key", act)
        assert act.begun.wait(10)
        assert flights.join("another key", lambda: "at once") == "at once"
        act.may_land.set()
        assert first.result(10) == 1


def test_after_a_failure_who_waited_acts_after_all() -> None:
    flights, may_fail = Flights(), threading.Event()
    begun = threading.Event()

    def fail() -> int:
        begun.set()
        assert may_fail.wait(10)
        raise RuntimeError("no answer")

    with ThreadPoolExecutor() as pool:
        first = pool.submit(flights.join, "key", fail)
        assert begun.wait(10)
        second = joined(flights, pool, lambda: 2)
        may_fail.set()
        assert second.result(10) == 2
        with pytest.raises(RuntimeError):
            first.result(10)


class HalfAway(FakeOrders):
    """Sells to the first who asks, in its own time; from then on it is away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.may_answer = threading.Event()

    def place(self, *arguments: Any) -> Any:
        outcome = super().place(*arguments)
        self.away = True
        self.asked.set()
        assert not isinstance(outcome, Confirmed) or self.may_answer.wait(10)
        return outcome


def test_the_two_halves_of_a_double_click_are_told_the_same() -> None:
    """Of two calls the second would be accepted as pending, by a way that just went away."""
    orders, pending, flights, order_id, order = HalfAway(), FakePending(), Flights(), new_id(), wants()

    def click() -> object:
        return buy(orders, pending, order_id, order, utc_now(), TRACE, flights=flights)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(click)
        assert orders.asked.wait(10)
        second = pool.submit(click)
        wait_until(lambda: waiting(flights) == 1)
        orders.may_answer.set()
        told = [first.result(10), second.result(10)]
    assert isinstance(told[0], Confirmed)
    assert told[1] == told[0]


def test_another_purchase_with_the_same_id_is_not_joined() -> None:
    """Mallory's is answered while Ann's is still under way."""
    orders, pending, flights, order_id = HalfAway(), FakePending(), Flights(), new_id()

    def click(name: str) -> object:
        return buy(orders, pending, order_id, wants(name=name), utc_now(), TRACE, flights=flights)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(click, "Ann")
        assert orders.asked.wait(10)
        assert not isinstance(click("Mallory"), Confirmed)
        assert not first.done()
        orders.may_answer.set()
        assert isinstance(first.result(10), Confirmed)
