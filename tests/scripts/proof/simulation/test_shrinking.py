"""A world that fails is made smaller as long as it goes on failing, and what is left replays exactly."""

import pytest

from scripts.proof.simulation.drawing import draw
from scripts.proof.simulation.plans import Plan
from scripts.proof.simulation.runs import replay, run
from scripts.proof.simulation.shrinking import Shrinker


def size(plan: Plan) -> tuple[int, int, int]:
    return len(plan.visits), len(plan.faults), len(plan.publications)


def test_only_what_matters_is_left() -> None:
    plan = next(plan for plan in map(draw, range(1, 100)) if len(plan.visits) > 20 and len(plan.faults) > 5)
    matter = {plan.visits[3].person.number, plan.visits[17].person.number}

    def fails(smaller: Plan) -> bool:
        return matter <= {visit.person.number for visit in smaller.visits} and plan.faults[2] in smaller.faults

    smallest = Shrinker(fails).shrink(plan)
    assert {visit.person.number for visit in smallest.visits} >= matter
    assert size(smallest) == (len(matter | {plan.faults[2].visit} - {-1}), 1, 0)
    assert (smallest.chaos, smallest.to_chaos) == ("", 0.0)
    assert not any(visit.person.double_clicks or visit.person.reloads for visit in smallest.visits)


def test_a_world_that_can_not_be_made_smaller_stays() -> None:
    plan = draw(1)
    assert Shrinker(lambda smaller: smaller == plan).shrink(plan) == plan


def test_it_gives_up_in_time() -> None:
    shrinker = Shrinker(lambda _: True, most_tries=5)
    shrinker.shrink(draw(1))
    assert shrinker.tries == 5


@pytest.mark.parametrize("sabotage", ["no-lock", "sold-out-unchecked"])
def test_the_smallest_world_breaks_the_same_promise_again_and_again(sabotage: str) -> None:
    failing = next(lived for lived in run(range(1, 1000), sabotage) if lived.broken)
    promise = failing.broken[0].promise
    plan = Shrinker(lambda plan: promise in replay(plan, sabotage)[0].broken, most_tries=150).shrink(draw(failing.seed))
    assert sum(size(plan)) < sum(size(draw(failing.seed)))
    told = [replay(plan, sabotage, is_told=True) for _ in range(2)]
    assert told[0][1].story.lines() == told[1][1].story.lines()
    assert promise in told[0][0].broken
