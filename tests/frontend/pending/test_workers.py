"""The workers' turns, on a clock that the tests move."""

import logging
import threading
from datetime import datetime, timedelta

import pytest

from frontend.metrics import Metrics
from frontend.orders_client import Confirmed, Found, Rejected, Unconfirmed
from frontend.pending.policy import LEASE_S, MOMENT_S
from frontend.pending.purchases import PendingPurchase
from frontend.pending.workers import FORGET_S, LOOK_S, Housekeeper, Worker, Workers
from functions.orders import contract
from tests.fakes import FakeOrders, utc_now
from tests.frontend.client_contract import TRACE, new_id, wants
from tests.pending_store import InMemory, accept, found, sold
from tests.scripts.waiting import wait_until

PRESSED_AT = utc_now() - timedelta(minutes=3)


class Replays(FakeOrders):
    """Keeps what was sent again; `failing` ones get no answer."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, contract.PlaceOrder, datetime, str]] = []
        self.failing: dict[str, str] = {}

    def replay(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Confirmed | Rejected | Unconfirmed:
        self.sent.append((order_id, order, pressed_at, traceparent))
        if order_id in self.failing:
            return Unconfirmed(self.failing[order_id])
        return super().replay(order_id, order, pressed_at, traceparent)

    def sent_ids(self) -> list[str]:
        return [order_id for order_id, *_ in self.sent]


@pytest.fixture
def orders() -> Replays:
    return Replays()


@pytest.fixture
def store() -> InMemory:
    return InMemory()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def worker(store: InMemory, orders: Replays, metrics: Metrics) -> Worker:
    return Worker(store.queue, orders, metrics, chance=lambda: 0.5)


def counted(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_the_very_purchase_is_sent_again(store: InMemory, worker: Worker, orders: Replays) -> None:
    order_id = accept(store.pending, pressed_at=PRESSED_AT)
    assert worker.turn() == 0, "the next one need not wait"
    assert orders.sent == [(order_id, wants(), PRESSED_AT, TRACE)]
    decided = found(store.pending, order_id)
    assert isinstance(decided.outcome, contract.Order)
    assert Found(decided.outcome) == orders.lookup(order_id, TRACE)


def test_a_rejection_decides_as_well(store: InMemory, worker: Worker, metrics: Metrics) -> None:
    order_id = new_id()
    store.pending.accept(order_id, wants("no-such-show"), PRESSED_AT, TRACE)
    worker.turn()
    assert found(store.pending, order_id).outcome == contract.Rejection(order_id, "unknown_show")
    assert counted(metrics, "flametickets_purchases_decided_total", outcome="rejected:unknown_show") == 1


def test_they_are_started_in_the_order_of_acceptance(store: InMemory, worker: Worker, orders: Replays) -> None:
    order_ids = [accept(store.pending) for _ in range(10)]
    for _ in order_ids:
        worker.turn()
    assert orders.sent_ids() == order_ids


def test_a_failing_one_blocks_nobody_and_backs_off(store: InMemory, worker: Worker, orders: Replays) -> None:
    failing, *others = (accept(store.pending) for _ in range(4))
    orders.failing[failing] = "timeout"
    for _ in range(4):
        assert worker.turn() == 0
    assert orders.sent_ids() == [failing, *others]
    assert [found(store.pending, order_id).state for order_id in others] == ["decided"] * 3
    assert (found(store.pending, failing).tries, found(store.pending, failing).last_failure) == (1, "timeout")
    store.pass_time(2.4)
    worker.turn()
    assert orders.sent_ids().count(failing) == 1
    store.pass_time(0.2)
    worker.turn()
    assert orders.sent_ids().count(failing) == 2
    store.pass_time(4.9)
    worker.turn()
    assert orders.sent_ids().count(failing) == 2
    orders.failing.clear()
    store.pass_time(0.2)
    worker.turn()
    assert found(store.pending, failing).state == "decided"


def test_nothing_is_sent_while_the_stable_tag_is_shut(store: InMemory, worker: Worker, orders: Replays) -> None:
    order_id = accept(store.pending)
    orders.opens_in = 3.0
    assert worker.turn() >= 3.0
    assert orders.sent == []
    assert found(store.pending, order_id).tries == 0


def test_a_breaker_that_shuts_in_between_costs_no_try(store: InMemory, worker: Worker, orders: Replays) -> None:
    order_id = accept(store.pending)
    orders.failing[order_id] = "stable_open"
    assert worker.turn() >= MOMENT_S
    assert (found(store.pending, order_id).tries, found(store.pending, order_id).last_failure) == (0, None)
    orders.failing.clear()
    worker.turn()
    assert found(store.pending, order_id).state == "decided"


def test_without_the_store_it_waits_and_goes_on(store: InMemory, worker: Worker, orders: Replays) -> None:
    order_id = accept(store.pending)
    store.pending.away = True
    assert worker.turn() > 0
    assert orders.sent == []
    store.pending.away = False
    worker.turn()
    assert found(store.pending, order_id).state == "decided"


def test_an_outcome_that_could_not_be_kept_is_asked_for_again(
    store: InMemory, worker: Worker, orders: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same order id gets the same outcome, so that nothing is lost with the first answer."""
    order_id = accept(store.pending)
    with monkeypatch.context() as broken:
        broken.setattr(store.queue, "decide", lambda *_: None)
        worker.turn()
    assert found(store.pending, order_id).state == "pending"
    store.pass_time(LEASE_S)
    worker.turn()
    assert orders.sent_ids() == [order_id, order_id]
    decided = found(store.pending, order_id).outcome
    assert isinstance(decided, contract.Order)
    assert Found(decided) == orders.lookup(order_id, TRACE)


def test_one_that_was_cancelled_meanwhile_is_never_sold(store: InMemory, worker: Worker, orders: Replays) -> None:
    order_id = accept(store.pending)
    orders.cancel(order_id, "", TRACE)
    worker.turn()
    assert found(store.pending, order_id).outcome == contract.Rejection(order_id, "cancelled")


def test_each_outcome_is_counted_once(store: InMemory, worker: Worker, metrics: Metrics) -> None:
    order_id = accept(store.pending)
    store.pending.settle(order_id, sold(order_id))
    accept(store.pending)
    worker.turn()
    worker.turn()
    assert counted(metrics, "flametickets_purchases_decided_total", outcome="confirmed") == 1


def test_the_housekeeper_tells_the_depth_and_the_age_of_the_oldest(store: InMemory, metrics: Metrics) -> None:
    keeper = Housekeeper(store.queue, metrics, give_up_s=3600)
    for _ in range(3):
        accept(store.pending)
    store.pass_time(50)
    assert keeper.turn() == LOOK_S
    assert counted(metrics, "flametickets_pending_depth") == 3
    assert 50 <= (counted(metrics, "flametickets_pending_oldest_seconds") or 0) < 60
    store.pending.away = True
    keeper.turn()
    assert counted(metrics, "flametickets_pending_depth") == 3, "the last figure that is known"


def test_what_waits_too_long_is_a_dead_letter_though_nothing_can_be_tried(
    store: InMemory, worker: Worker, orders: Replays, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Or else a purchase of an outage that never ends would never come to an operator."""
    orders.opens_in = 5.0
    order_id = accept(store.pending)
    keeper = Housekeeper(store.queue, metrics, give_up_s=3600)
    store.pass_time(3590)
    keeper.turn()
    worker.turn()
    assert found(store.pending, order_id).state == "pending"
    store.pass_time(10)
    with caplog.at_level(logging.ERROR):
        keeper.turn()
    assert found(store.pending, order_id).state == "dead"
    assert counted(metrics, "flametickets_pending_depth") == 0


def test_old_ones_are_removed_now_and_then_and_all_of_them(store: InMemory, metrics: Metrics) -> None:
    now = 0.0
    order_ids = [accept(store.pending) for _ in range(250)]
    for order_id in order_ids:
        store.pending.settle(order_id, contract.Cancelled(order_id))
    keeper = Housekeeper(store.queue, metrics, 3600, monotonic=lambda: now)
    keeper.turn()
    store.pass_time(100_000)
    keeper.turn()
    assert found(store.pending, order_ids[0]).state == "decided", "not at every look"
    now += FORGET_S
    left = []
    for _ in range(3):
        keeper.turn()
        left.append(sum(isinstance(store.pending.find(order_id), PendingPurchase) for order_id in order_ids))
    assert left == [150, 50, 0]


class TestThreads:
    def test_a_mistake_in_one_turn_ends_no_thread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("frontend.pending.workers.AFTER_A_BUG_S", 0.01)
        turns: list[None] = []
        ended: list[None] = []

        def mistaken() -> float:
            turns.append(None)
            raise KeyError("ours")

        workers = Workers([mistaken], at_end=lambda: ended.append(None))
        workers.start()
        wait_until(lambda: len(turns) > 2)
        workers.stop()
        assert ended == [None]

    def test_what_is_being_tried_is_ended_and_no_more(self, store: InMemory, orders: Replays, metrics: Metrics) -> None:
        order_ids = [accept(store.pending) for _ in range(500)]
        workers = Workers([Worker(store.queue, orders, metrics).turn] * 4, at_end=lambda: None)
        workers.start()
        wait_until(lambda: len(orders.sent) > 20)
        workers.stop()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("pending-")]
        sent = orders.sent_ids()
        assert sorted(sent) == sorted(set(sent))
        states = [found(store.pending, order_id).state for order_id in order_ids]
        assert states.count("decided") == len(sent)

    def test_a_thread_that_does_not_end_holds_up_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("frontend.pending.workers.STOP_WITHIN_S", 0.05)
        ended: list[None] = []
        answer = threading.Event()

        def stuck() -> float:
            answer.wait(20)
            return 0

        workers = Workers([stuck], at_end=lambda: ended.append(None))
        workers.start()
        workers.stop()
        assert ended == [None]
        answer.set()
