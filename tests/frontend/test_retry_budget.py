"""The retry budget: faults of one revision are masked, and an outage is never multiplied."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.retry_budget import HEALTHY_SHARE, MINIMUM_PER_S, SHARE, RetryBudget
from frontend.sliding_window import WINDOW_S, SlidingWindow
from tests.frontend.clocks import Clock

MINIMUM = MINIMUM_PER_S * WINDOW_S


def withdraw_all(budget: RetryBudget, *, healthy: bool) -> int:
    count = 0
    while budget.withdraw(healthy=healthy):
        count += 1
    return count


def deposited(calls: int, clock: Clock | None = None) -> RetryBudget:
    budget = RetryBudget(clock or Clock())
    for _ in range(calls):
        budget.deposit()
    return budget


@pytest.mark.parametrize(
    ("healthy", "calls", "retries"), [(True, 0, 100), (False, 0, 100), (True, 1000, 600), (False, 1000, 300)]
)
def test_a_share_of_the_calls_may_be_retried_and_ten_a_second(healthy: bool, calls: int, retries: int) -> None:
    budget = deposited(calls)
    assert budget.left(healthy=healthy) == retries
    assert withdraw_all(budget, healthy=healthy) == retries
    assert budget.left(healthy=healthy) == 0


def test_a_target_that_is_not_healthy_any_more_gets_no_retry_on_what_it_was(clock: Clock) -> None:
    budget = deposited(1000)
    assert withdraw_all(budget, healthy=True) == 600
    assert budget.left(healthy=False) == 0
    assert not budget.withdraw(healthy=False)


def test_the_window_slides(clock: Clock) -> None:
    budget = deposited(1000, clock)
    assert withdraw_all(budget, healthy=True) == 600
    clock.seconds += 9.5
    assert not budget.withdraw(healthy=True)
    clock.seconds += 0.5
    assert withdraw_all(budget, healthy=True) == MINIMUM, "neither calls nor retries of ten seconds ago count"


def test_thirty_of_a_hundred_calls_failing_are_all_retried(clock: Clock) -> None:
    budget = RetryBudget(clock)
    for call in range(100_000):
        budget.deposit()
        if call % 10 < 3:
            assert budget.withdraw(healthy=True)
        clock.seconds += 0.001


STEP = st.one_of(st.tuples(st.just("sleep"), st.floats(0, 15)), st.tuples(st.just("call"), st.integers(1, 400)))


@given(st.lists(STEP, max_size=60), st.booleans())
def test_when_every_call_fails_the_retries_are_a_share_and_the_minimum(
    steps: list[tuple[str, float]], healthy: bool
) -> None:
    clock = Clock()
    budget = RetryBudget(clock)
    calls: list[int] = []  # the second of each
    retries: list[int] = []
    for what, amount in steps:
        if what == "sleep":
            clock.seconds += amount
            continue
        for _ in range(int(amount)):
            calls.append(int(clock.seconds))
            budget.deposit()
            while budget.withdraw(healthy=healthy):
                retries.append(int(clock.seconds))
        window = range(int(clock.seconds) - WINDOW_S + 1, int(clock.seconds) + 1)
        share = HEALTHY_SHARE if healthy else SHARE
        allowed = share * sum(second in window for second in calls) + MINIMUM
        assert sum(second in window for second in retries) <= allowed
        assert 0 <= budget.left(healthy=healthy) < 1


def test_many_threads_get_no_more_than_there_is() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads meet between the question and the count
    try:
        budget = deposited(20_000)
        with ThreadPoolExecutor(8) as pool:
            got = pool.map(lambda _: sum(budget.withdraw(healthy=True) for _ in range(2_000)), range(8))
        assert sum(got) == 10_100
    finally:
        sys.setswitchinterval(interval)


@given(st.lists(st.tuples(st.floats(0, 25), st.integers(0, 5)), max_size=80))
def test_a_sliding_window_counts_this_second_and_the_nine_before(steps: list[tuple[float, int]]) -> None:
    clock = Clock()
    window = SlidingWindow(2, clock)
    seen: list[tuple[int, int]] = []
    for wait, count in steps:
        clock.seconds += wait
        window.add(1, count)
        seen.append((int(clock.seconds), count))
        recent = [counted for second, counted in seen if second > int(clock.seconds) - WINDOW_S]
        assert window.totals() == (len(recent), sum(recent))


@pytest.fixture
def clock() -> Clock:
    return Clock()
