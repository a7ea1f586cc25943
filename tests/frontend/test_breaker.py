"""The circuit breaker: when it opens, how it is tried again, and that it never holds anybody up."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.breaker import (
    LONGEST_OPEN_S,
    MIN_CALLS,
    SLOW_S,
    TRIAL_POLL_S,
    TRIAL_S,
    CircuitBreaker,
    Permit,
    State,
)
from frontend.calls import TRY_S
from tests.frontend.clocks import Clock

FAST = 0.01


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(clock)


def admitted(breaker: CircuitBreaker) -> Permit:
    permit = breaker.admit()
    assert permit is not None
    return permit


def state_of(breaker: CircuitBreaker) -> State:
    return breaker.state


def call(breaker: CircuitBreaker, times: int = 1, *, failed: bool = False, took_s: float = FAST) -> None:
    for _ in range(times):
        breaker.record(admitted(breaker), failed=failed, took_s=took_s)


def opened(breaker: CircuitBreaker) -> CircuitBreaker:
    call(breaker, MIN_CALLS, failed=True)
    assert state_of(breaker) == "open"
    return breaker


def test_half_of_twenty_calls_failed_open_it(breaker: CircuitBreaker) -> None:
    call(breaker, 10)
    call(breaker, 9, failed=True)
    assert state_of(breaker) == "closed"
    permit = admitted(breaker)
    assert breaker.record(permit, failed=True, took_s=FAST) == "open"
    assert breaker.admit() is None


def test_fewer_than_twenty_calls_say_nothing(breaker: CircuitBreaker) -> None:
    call(breaker, 19, failed=True)
    assert state_of(breaker) == "closed"


def test_less_than_half_failed_leaves_it_closed(breaker: CircuitBreaker) -> None:
    for _ in range(50):
        call(breaker, 2)
        call(breaker, failed=True)
    assert state_of(breaker) == "closed"


def test_four_of_five_calls_slow_open_it(breaker: CircuitBreaker) -> None:
    call(breaker, 4)
    call(breaker, 15, took_s=SLOW_S)
    assert state_of(breaker) == "closed"
    call(breaker, took_s=SLOW_S)
    assert state_of(breaker) == "open"


def test_calls_just_below_slow_leave_it_closed(breaker: CircuitBreaker) -> None:
    call(breaker, 100, took_s=SLOW_S - 0.001)
    assert state_of(breaker) == "closed"


def test_what_happened_ten_seconds_ago_is_forgotten(breaker: CircuitBreaker, clock: Clock) -> None:
    call(breaker, 19, failed=True)
    clock.seconds += 10
    call(breaker, failed=True)
    assert state_of(breaker) == "closed"
    call(breaker, 18, failed=True)
    assert state_of(breaker) == "closed"
    call(breaker, failed=True)
    assert state_of(breaker) == "open"


def test_what_happened_nine_seconds_ago_is_not(breaker: CircuitBreaker, clock: Clock) -> None:
    call(breaker, 19, failed=True)
    clock.seconds += 9
    call(breaker, failed=True)
    assert state_of(breaker) == "open"


def test_after_a_second_one_trial_closes_it(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.seconds += 0.999
    assert breaker.admit() is None
    clock.seconds += 0.001
    trial = admitted(breaker)
    assert state_of(breaker) == "half_open"
    assert breaker.admit() is None
    assert breaker.record(trial, failed=False, took_s=FAST) == "closed"
    call(breaker, 19, failed=True)
    assert state_of(breaker) == "closed", "it begins anew, without what it knew before"


@pytest.mark.parametrize(("failed", "took_s"), [(True, FAST), (False, SLOW_S)])
def test_a_bad_trial_opens_it_for_longer_and_five_seconds_at_most(
    breaker: CircuitBreaker, clock: Clock, failed: bool, took_s: float
) -> None:
    opened(breaker)
    waits = []
    for _ in range(5):
        waits.append(breaker.admits_in())
        clock.seconds += breaker.admits_in()
        assert breaker.record(admitted(breaker), failed=failed, took_s=took_s) == "open"
    assert waits == [1, 2, 4, 5, 5]
    clock.seconds += breaker.admits_in()
    call(breaker)
    opened(breaker)
    assert breaker.admits_in() == 1, "it was well in between"


def test_a_trial_that_never_returns_blocks_nobody_for_ever(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.seconds += 1
    lost = admitted(breaker)
    clock.seconds += TRIAL_S - 0.001
    assert breaker.admit() is None
    clock.seconds += 0.001
    trial = admitted(breaker)
    assert breaker.record(lost, failed=True, took_s=TRIAL_S) is None
    assert breaker.record(trial, failed=False, took_s=FAST) == "closed"
    assert TRIAL_S > TRY_S, "a trial that still runs isn't given up"


def test_an_answer_from_before_it_opened_does_not_count(breaker: CircuitBreaker, clock: Clock) -> None:
    early = [admitted(breaker) for _ in range(40)]
    opened(breaker)
    assert breaker.record(early[0], failed=False, took_s=FAST) is None
    assert state_of(breaker) == "open"
    clock.seconds += 1
    trial = admitted(breaker)
    assert breaker.record(early[1], failed=True, took_s=FAST) is None
    assert state_of(breaker) == "half_open"
    breaker.record(trial, failed=False, took_s=FAST)
    for permit in early:
        assert breaker.record(permit, failed=True, took_s=FAST) is None
    assert state_of(breaker) == "closed"


def test_it_tells_when_to_come_back(breaker: CircuitBreaker, clock: Clock) -> None:
    assert breaker.admits_in() == 0
    opened(breaker)
    clock.seconds += 0.25
    assert breaker.admits_in() == 0.75
    clock.seconds += 10
    assert breaker.admits_in() == 0
    admitted(breaker)
    assert breaker.admits_in() == TRIAL_POLL_S, "a trial may end at any moment"
    clock.seconds += TRIAL_S
    assert breaker.admits_in() == 0


def test_it_is_healthy_while_hardly_anything_fails(breaker: CircuitBreaker) -> None:
    assert breaker.is_healthy()
    call(breaker, 4, failed=True)
    assert breaker.is_healthy(), "a few calls say nothing"
    call(breaker, 36)
    assert not breaker.is_healthy()
    call(breaker, 1)
    assert breaker.is_healthy()


def test_it_is_not_healthy_while_it_is_open_or_tried(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    assert not breaker.is_healthy()
    clock.seconds += 1
    admitted(breaker)
    assert not breaker.is_healthy()


STEP = st.one_of(
    st.tuples(st.just("admit"), st.just(0.0)),
    st.tuples(st.sampled_from(["well", "failed", "slow"]), st.floats(0, 1)),  # which of the calls under way ends
    st.tuples(st.just("sleep"), st.floats(0, 12)),
)


@given(st.lists(STEP, max_size=200))
def test_whatever_happens_there_is_one_trial_at_a_time_and_nobody_is_shut_out_for_long(
    steps: list[tuple[str, float]],
) -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    under_way: list[Permit] = []
    trial_began = float("-inf")
    for what, amount in steps:
        if what == "sleep":
            clock.seconds += amount
        elif what == "admit":
            was, wait = breaker.state, breaker.admits_in()
            permit = breaker.admit()
            assert (permit is not None) == (wait == 0)
            assert wait <= LONGEST_OPEN_S
            if permit is not None:
                under_way.append(permit)
                if was != "closed":
                    assert clock.seconds - trial_began >= (TRIAL_S if was == "half_open" else 0)
                    trial_began = clock.seconds
        elif under_way:
            permit = under_way.pop(int(amount * (len(under_way) - 1)))
            breaker.record(permit, failed=what == "failed", took_s=2.0 if what == "slow" else FAST)
    clock.seconds += max(LONGEST_OPEN_S, TRIAL_S)
    breaker.record(admitted(breaker), failed=False, took_s=FAST)
    assert state_of(breaker) == "closed" or breaker.admits_in() <= LONGEST_OPEN_S


def test_many_threads_leave_it_whole() -> None:
    breaker = CircuitBreaker(Clock())

    def work(number: int) -> bool:
        for turn in range(200):
            if (permit := breaker.admit()) is None:
                return False
            breaker.record(permit, failed=(number + turn) % 3 == 0, took_s=FAST)
        return True

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(work, range(48)))
    assert state_of(breaker) == "closed"
    assert not breaker.is_healthy()
