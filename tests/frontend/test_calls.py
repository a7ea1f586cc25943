"""The steps of a call, without network and without waiting: what is tried where, how often and for how long."""

import dataclasses

import pytest
from msgspec.structs import replace

from frontend import calls
from frontend.breaker import MIN_CALLS
from frontend.calls import MIN_TRY_S, Call, Plan, Send, Tried, Wait
from frontend.orders_client import Unconfirmed
from frontend.replies import NoReply, Reply
from tests.frontend.calling import (
    DECIDED,
    EVENT,
    ORDER_ID,
    REJECTED,
    STABLE,
    TIMED_OUT,
    WEIGHTED,
    Shop,
    error,
    open_up,
)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_first_try_that_decides_is_the_only_one(shop: Shop) -> None:
    assert shop.call([DECIDED]) == REJECTED
    assert shop.sent == [Send(WEIGHTED, replace(EVENT, attempt=1, time_left_ms=2000), 2.0)]
    (tried,) = shop.tried
    assert dataclasses.replace(tried, took_s=0.0) == Tried("weighted", "orders-stable-test", 1, "decided", 0.0, None)
    assert tried.took_s == pytest.approx(0.01)


def test_further_tries_go_to_the_stable_tag_with_the_same_event(shop: Shop) -> None:
    assert shop.call([error(500), NoReply("unreachable"), error(502), DECIDED]) == REJECTED
    assert [sent.url for sent in shop.sent] == [WEIGHTED, STABLE, STABLE, STABLE]
    assert [sent.event.attempt for sent in shop.sent] == [1, 2, 3, 4]
    assert {replace(sent.event, attempt=None, time_left_ms=None) for sent in shop.sent} == {EVENT}
    assert [tried.outcome for tried in shop.tried] == ["status_500", "unreachable", "status_502", "decided"]


def test_the_time_left_is_sent_along_with_each_try(shop: Shop) -> None:
    assert shop.call(lambda _: TIMED_OUT) == Unconfirmed("timed_out")
    assert [sent.within_s for sent in shop.sent] == [2.0, 2.0, pytest.approx(1.985)]  # waits of 5 and 10 ms
    assert [sent.event.time_left_ms for sent in shop.sent] == [2000, 2000, 1985]
    assert shop.clock.seconds == pytest.approx(1006)


@pytest.mark.parametrize("status", [400, 401])
def test_what_the_function_calls_wrong_is_not_repeated(shop: Shop, status: int) -> None:
    assert shop.call([error(status)]) == Unconfirmed(f"status_{status}")
    assert shop.waits == []


def test_the_waits_double_with_full_jitter_up_to_a_second() -> None:
    for draw in (0.0, 0.5, 1.0):
        shop = Shop(draw=lambda draw=draw: draw)  # type: ignore[misc]
        shop.call([error(500)] * 9 + [DECIDED])
        longest = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0]
        assert shop.waits == pytest.approx([draw * wait for wait in longest])


def test_retry_after_is_honoured_and_jittered(shop: Shop) -> None:
    assert shop.call([error(503, retry_after="1"), error(503, retry_after="2"), DECIDED]) == REJECTED
    assert shop.waits == pytest.approx([1.005, 2.01])


def test_nobody_waits_for_a_try_that_is_asked_for_after_the_deadline(shop: Shop) -> None:
    assert shop.call([error(503, retry_after="6")]) == Unconfirmed("status_503")
    assert shop.clock.seconds < 1000.1


def test_with_the_weighted_breaker_open_the_first_try_goes_to_stable(shop: Shop) -> None:
    open_up(shop.routes.weighted.breaker)
    assert shop.call([DECIDED]) == REJECTED
    assert shop.routes_tried() == ["stable"]


def test_with_both_breakers_open_the_answer_comes_at_once(shop: Shop) -> None:
    open_up(shop.routes.weighted.breaker)
    open_up(shop.routes.stable.breaker)
    assert shop.call([]) == Unconfirmed("stable_open")
    assert shop.clock.slept == []


def test_with_the_stable_breaker_open_a_failed_first_try_is_the_last(shop: Shop) -> None:
    open_up(shop.routes.stable.breaker)
    assert shop.call([error(500)]) == Unconfirmed("stable_open")
    assert shop.clock.slept == []


def test_with_the_stable_breaker_open_the_weighted_route_still_sells(shop: Shop) -> None:
    """It may lead to another revision, whose breaker would be open if it were not well."""
    open_up(shop.routes.stable.breaker)
    assert shop.call([DECIDED]) == REJECTED


def test_the_first_call_after_the_breaker_opened_is_its_trial(shop: Shop) -> None:
    open_up(shop.routes.weighted.breaker)
    shop.clock.seconds += 1
    shop.call([DECIDED])
    assert shop.routes_tried() == ["weighted"]
    assert shop.tried[0].breaker == "closed"


def test_a_breaker_opens_by_what_its_route_answers(shop: Shop) -> None:
    for _ in range(MIN_CALLS):
        assert shop.call([error(500), DECIDED]) == REJECTED
    assert shop.routes.weighted.breaker.state == "open"
    assert shop.routes.stable.breaker.state == "closed"
    assert shop.tried[-2].breaker == "open"


@pytest.mark.parametrize("reply", [DECIDED, error(400)])
def test_neither_a_rejection_nor_a_400_opens_a_breaker(shop: Shop, reply: Reply) -> None:
    for _ in range(2 * MIN_CALLS):
        shop.call([reply])
    assert shop.routes.weighted.breaker.state == "closed"


def test_a_401_does_for_a_revision_with_a_wrong_secret_can_be_gone_round(shop: Shop) -> None:
    for _ in range(MIN_CALLS):
        shop.call([error(401)])
    assert shop.call([DECIDED]) == REJECTED
    assert shop.routes_tried()[-1] == "stable"


def test_a_replay_is_one_try_on_stable(shop: Shop) -> None:
    assert shop.call([error(500)], calls.REPLAY) == Unconfirmed("status_500")
    open_up(shop.routes.weighted.breaker)
    assert shop.call([DECIDED], calls.REPLAY) == REJECTED
    open_up(shop.routes.stable.breaker)
    assert shop.call([], calls.REPLAY) == Unconfirmed("stable_open")
    assert shop.routes_tried() == ["stable", "stable"]


def test_the_catalogue_is_tried_twice_in_two_and_a_half_seconds(shop: Shop) -> None:
    assert shop.call([error(500), error(500)], calls.CATALOGUE) == Unconfirmed("status_500")
    started = shop.clock.seconds
    assert shop.call([TIMED_OUT, TIMED_OUT], calls.CATALOGUE) == Unconfirmed("timed_out")
    assert shop.clock.seconds - started == pytest.approx(2.5)


@pytest.mark.parametrize("plan", [calls.LOOKUP, calls.CANCEL])
def test_what_is_asked_about_an_order_takes_four_seconds_at_most(shop: Shop, plan: Plan) -> None:
    shop.call(lambda _: TIMED_OUT, plan)
    assert shop.clock.seconds == pytest.approx(1004)
    assert [sent.within_s for sent in shop.sent] == [2.0, pytest.approx(1.995)]


def test_a_wait_that_took_longer_than_asked_for_leaves_less_time(shop: Shop) -> None:
    steps = Call(calls.PLACE, shop.routes, shop.draw, EVENT, ORDER_ID)
    assert isinstance(steps.send(), Send)
    _, wait = steps.after(error(500))
    assert isinstance(wait, Wait)
    shop.clock.seconds += 6 - MIN_TRY_S / 2
    assert steps.send() == Unconfirmed("status_500")
    assert shop.routes.stable.breaker.admits_in() == 0


def test_a_call_without_any_time_is_not_tried(shop: Shop) -> None:
    steps = Call(calls.PLACE, shop.routes, shop.draw, EVENT, ORDER_ID)
    shop.clock.seconds += 6
    assert steps.send() == Unconfirmed("timed_out")


def test_without_budget_a_failed_try_is_the_last(shop: Shop) -> None:
    while shop.routes.budget.withdraw(healthy=True):
        pass
    assert shop.call([error(500)]) == Unconfirmed("status_500")
    assert shop.waits == []


def test_the_budget_is_smaller_towards_a_stable_tag_that_is_not_healthy(shop: Shop) -> None:
    for _ in range(1000):
        shop.routes.budget.deposit()
    for _ in range(400):
        assert shop.routes.budget.withdraw(healthy=True)
    stable = shop.routes.stable.breaker
    assert shop.call([error(500), DECIDED]) == REJECTED
    for failed in [True] * 5 + [False] * 20:
        permit = stable.admit()
        assert permit is not None
        stable.record(permit, failed=failed, took_s=0.01)
    assert shop.call([error(500)]) == Unconfirmed("status_500")


def test_a_call_that_was_never_sent_earns_no_budget(shop: Shop) -> None:
    open_up(shop.routes.weighted.breaker)
    open_up(shop.routes.stable.breaker)
    before = shop.routes.budget.left(healthy=True)
    for _ in range(100):
        shop.call([])
    assert shop.routes.budget.left(healthy=True) == before


def test_every_kind_of_call_has_its_plan() -> None:
    plans = [calls.PLACE, calls.REPLAY, calls.LOOKUP, calls.CANCEL, calls.CATALOGUE]
    assert [(plan.kind, plan.within_s) for plan in plans] == [
        ("place", 6),
        ("replay", 2),
        ("lookup", 4),
        ("cancel", 4),
        ("catalogue", 2.5),
    ]
