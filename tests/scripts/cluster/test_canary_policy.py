"""What a canary does next, told what was seen."""

import pytest

from scripts.cluster.canary_policy import Canary, End, GoBack, Shift, Watch


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def canary(clock: Clock) -> Canary[str]:
    return Canary("before", ["5 %", "20 %"], watch_s=60, clock=clock)


def hold(each: Canary[str], clock: Clock) -> object:
    each.shifted()
    clock.now += 60
    return each.held_out()


def test_each_step_is_shifted_to_and_watched_and_then_it_ends(clock: Clock) -> None:
    each = canary(clock)
    assert each.begin() == Shift("5 %", 1)
    assert each.shifted() == Watch(60)
    clock.now += 60
    assert each.held_out() == Shift("20 %", 2)
    assert hold(each, clock) == End()
    assert (each.held, each.last_good) == (2, "20 %")


def test_a_breach_of_the_first_step_goes_back_to_where_it_began(clock: Clock) -> None:
    each = canary(clock)
    each.begin()
    each.shifted()
    assert each.breached("3 of 100") == GoBack("before", "3 of 100", is_breach=True)


def test_a_breach_later_goes_back_to_the_last_step_that_held(clock: Clock) -> None:
    each = canary(clock)
    each.begin()
    hold(each, clock)
    each.shifted()
    clock.now += 3
    assert each.breached("3 of 100") == GoBack("5 %", "3 of 100", is_breach=True)


def test_a_watch_that_ended_early_is_no_step_that_held(clock: Clock) -> None:
    each = canary(clock)
    each.begin()
    each.shifted()
    clock.now += 20
    assert each.held_out() == Watch(40)
    assert each.last_good == "before"
    clock.now += 40
    assert each.held_out() == Shift("20 %", 2)


def test_one_failure_of_the_watching_is_chance_and_two_in_a_row_are_not(clock: Clock) -> None:
    each = canary(clock)
    each.begin()
    each.shifted()
    clock.now += 50
    assert each.blind("no page can be read") == Watch(60)
    clock.now += 60
    assert each.held_out() == Shift("20 %", 2)
    each.shifted()
    assert each.blind("away") == Watch(60)
    assert each.blind("away") == GoBack("5 %", "away", is_breach=False)


def test_too_few_events_prove_nothing(clock: Clock) -> None:
    each = canary(clock)
    each.begin()
    each.shifted()
    assert each.too_few("3 happened") == GoBack("before", "3 happened", is_breach=False)


def test_an_operator_who_stops_it_gets_the_last_good_split(clock: Clock) -> None:
    each = canary(clock)
    each.begin()
    hold(each, clock)
    assert each.stopped("Ctrl-C") == GoBack("5 %", "Ctrl-C", is_breach=False)


def test_without_steps_there_is_nothing_to_do(clock: Clock) -> None:
    assert Canary("before", [], 60, clock).begin() == End()
