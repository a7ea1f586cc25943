"""A seed sends the same crowd again, with the habits in the shares that are asked for."""

from collections import Counter
from collections.abc import Callable

import pytest

from frontend.purchases import is_order_id
from scripts.proof.sale.arrivals import flash_sale
from scripts.proof.sale.crowd import SIMPLE, Chance, Crowd, Habits, Plan

COUNT = 4000


def crowd(seed: int = 1, show: str = "show", habits: Habits | None = None, controls: float = 0.5) -> Crowd:
    prices = {"stalls": 2500, "balcony": 1800}
    return Crowd(show, prices, COUNT, flash_sale(10), seed, habits or Habits(), controls)


def test_a_seed_sends_the_same_crowd_again_and_another_seed_or_show_another_one() -> None:
    numbers = range(50)
    one = [crowd().plan(number) for number in numbers]
    assert one == [crowd().plan(number) for number in numbers]
    assert [crowd().arrival_s(number) for number in numbers] == [crowd().arrival_s(number) for number in numbers]
    ids = {plan.order_id for plan in one}
    assert len(ids) == 50
    assert all(map(is_order_id, ids))
    for other in (crowd(seed=2), crowd(show="other")):
        assert not ids & {other.plan(number).order_id for number in numbers}


def test_arrivals_are_in_the_order_of_the_numbers() -> None:
    moments = [crowd().arrival_s(number) for number in range(COUNT)]
    assert moments == sorted(moments)


def test_the_habits_have_their_shares() -> None:
    habits = Habits()
    plans = [crowd().plan(number) for number in range(COUNT)]

    def share(has: Callable[[Plan], object]) -> float:
        return sum(1 for plan in plans if has(plan)) / COUNT

    within = 0.02  # five deviations of a share of 5 % in 4000
    assert share(lambda plan: plan.double_clicks) == pytest.approx(habits.double_clicks, abs=within)
    assert share(lambda plan: plan.leaves_after_s is not None) == pytest.approx(habits.closes_tab, abs=within)
    assert share(lambda plan: plan.cancels_after_s is not None) == pytest.approx(habits.cancels, abs=within)
    assert share(lambda plan: plan.reloads) == pytest.approx(habits.reloads, abs=within * 2)
    assert share(lambda plan: plan.without_script) == pytest.approx(habits.without_script, abs=within * 2)
    assert share(lambda plan: plan.cohort == "control") == pytest.approx(0.5, abs=within * 2)
    quantities = Counter(plan.quantity for plan in plans)
    assert [quantities[n] / COUNT for n in (1, 2, 3, 4)] == pytest.approx(list(habits.quantities), abs=within * 2)
    prices = {(plan.ticket_type, plan.price) for plan in plans}
    assert prices == {("stalls", 2500), ("balcony", 1800)}


def test_who_leaves_does_so_while_an_answer_may_be_on_its_way() -> None:
    plans = [crowd(habits=Habits(closes_tab=1.0)).plan(number) for number in range(1000)]
    moments = sorted(plan.leaves_after_s or 0.0 for plan in plans)
    assert moments[0] >= 0.005
    assert moments[-1] <= 3.0
    assert 0.08 < moments[500] < 0.2


def test_simple_buyers_buy_one_ticket_with_one_click() -> None:
    for number in range(200):
        plan = crowd(habits=SIMPLE, controls=0.0).plan(number)
        assert (plan.quantity, plan.double_clicks, plan.leaves_after_s, plan.reloads) == (1, False, None, ())
        assert (plan.cancels_after_s, plan.without_script, plan.cohort) == (None, False, "treated")


def test_chance_is_even() -> None:
    chance = Chance("seed", 3)
    drawn = [chance() for _ in range(10_000)]
    assert all(0 <= number < 1 for number in drawn)
    assert Counter(int(number * 10) for number in drawn).most_common()[-1][1] > 850
    assert drawn[:3] == [again() for again in [Chance("seed", 3)] for _ in range(3)]
