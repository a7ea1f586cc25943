"""What every call keeps, whatever the function answers; and what many calls do to it together."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend import calls
from frontend.calls import TRY_S, Call, Plan, Send, Wait
from frontend.orders_client import Unconfirmed
from frontend.replies import Data, NoReply, retry_after_s
from tests.frontend.calling import (
    DECIDED,
    EVENT,
    ORDER_ID,
    REJECTED,
    TIMED_OUT,
    WEIGHTED,
    Answer,
    Shop,
    error,
    open_up,
)

ANSWERS = st.one_of(
    st.sampled_from([TIMED_OUT, NoReply("unreachable"), DECIDED, error(400), error(401), error(500)]),
    st.builds(lambda seconds: error(503, retry_after=str(seconds)), st.integers(0, 8)),
)
PLANS = st.sampled_from([calls.PLACE, calls.REPLAY, calls.LOOKUP, calls.CANCEL])


@given(
    PLANS,
    st.lists(st.tuples(ANSWERS, st.floats(0, 2.5)), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_whatever_comes_back_the_call_keeps_its_promises(
    plan: Plan, answers: list[tuple[Answer, float]], dice: random.Random, weighted_is_open: bool
) -> None:
    shop = Shop(draw=dice.random)
    if weighted_is_open:
        open_up(shop.routes.weighted.breaker)
    given_answers: list[Answer] = []

    def answer(sent: Send) -> Answer:
        reply, took_s = answers[len(given_answers) % len(answers)]
        reply = TIMED_OUT if took_s > sent.within_s else reply
        shop.clock.seconds += 0 if reply == TIMED_OUT else took_s
        given_answers.append(reply)
        return reply

    outcome = shop.call(answer, plan, took_s=0)
    assert shop.clock.seconds - 1000 <= plan.within_s + 1e-6, "the deadline holds over all tries and waits"
    assert all(0 < sent.within_s <= TRY_S for sent in shop.sent)
    assert all(sent.event.time_left_ms == round(sent.within_s * 1000) for sent in shop.sent)
    assert [sent.event.attempt for sent in shop.sent] == list(range(1, len(shop.sent) + 1))
    first_route = "stable" if weighted_is_open or plan is calls.REPLAY else "weighted"
    assert shop.routes_tried() == [first_route, *["stable"] * (len(shop.sent) - 1)]
    final = (DECIDED, error(400), error(401))
    assert not any(reply in final for reply in given_answers[:-1]), "what is final is not repeated"
    assert (outcome == REJECTED) == (given_answers[-1] == DECIDED), "only the function decides, and it is believed"
    waits = zip(shop.waits, given_answers, strict=False)
    assert all(wait >= retry_after_s(reply) for wait, reply in waits), "the function is left alone as long as it asks"


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_an_outage_is_not_multiplied(share: float) -> None:
    """A thousand calls a second for half a minute, of which a share fails at once on either route."""
    dice = random.Random(7)  # noqa: S311
    shop = Shop(draw=dice.random)
    sent = 0
    for _ in range(30_000):
        steps = Call(calls.PLACE, shop.routes, shop.draw, EVENT, ORDER_ID)
        step: Send | Wait | Data | Unconfirmed = steps.send()
        while isinstance(step, Send | Wait):
            if isinstance(step, Send):
                sent += 1
                _, step = steps.after(error(500) if dice.random() < share else DECIDED)
            else:
                step = steps.send()
        shop.clock.seconds += 0.001
    assert sent <= 30_000 * 1.5 + 10 * 30 + 100
    if share == 1.0:
        assert sent <= 300, "the breakers leave a function that is down alone"


def test_with_thirty_of_a_hundred_first_tries_failing_every_buyer_gets_an_answer() -> None:
    dice = random.Random(7)  # noqa: S311
    shop = Shop(draw=dice.random)

    def answer(sent: Send) -> Answer:
        return error(500) if sent.url == WEIGHTED and dice.random() < 0.3 else DECIDED

    outcomes = [shop.call(answer, took_s=0.005) for _ in range(5_000)]
    assert outcomes == [REJECTED] * 5_000
