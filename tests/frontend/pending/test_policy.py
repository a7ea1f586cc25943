"""What a worker does next, decided without a clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.orders_client import Confirmed, Rejected, Unconfirmed
from frontend.pending import policy
from frontend.pending.policy import Decide, GiveBack, Lease, Send, TryLater, Wait
from frontend.pending.purchases import Away, PendingPurchase
from functions.orders import contract
from tests.fakes import utc_now
from tests.frontend.client_contract import TRACE, new_id, wants
from tests.pending_store import sold

chances = st.floats(0, 1)


def purchase(tries: int = 1) -> PendingPurchase:
    order = wants()
    now = utc_now()
    return PendingPurchase(new_id(), contract.fingerprint(order), order, now, TRACE, now, "pending", tries)


@given(opens_in=st.floats(0, 5), chance=chances)
def test_nothing_is_taken_while_the_stable_tag_can_not_be_tried(opens_in: float, chance: float) -> None:
    step = policy.before(opens_in, lambda: chance)
    if opens_in == 0:
        assert step == Lease()
    else:
        assert isinstance(step, Wait)
        assert opens_in <= step.for_s <= opens_in + policy.MOMENT_S


@given(chance=chances)
def test_what_is_leased_is_sent_and_otherwise_soon_looked_for_again(chance: float) -> None:
    taken = purchase()
    assert policy.after_lease(taken, lambda: chance) == Send(taken)
    idle, away = policy.after_lease(None, lambda: chance), policy.after_lease(Away(), lambda: chance)
    assert isinstance(idle, Wait)
    assert 0 < idle.for_s <= policy.IDLE_S
    assert isinstance(away, Wait)
    assert 0 < away.for_s <= policy.AWAY_S


def test_any_decided_reply_decides() -> None:
    taken = purchase()
    order, rejection = sold(taken.order_id), contract.Rejection(taken.order_id, "id_reused")
    assert policy.after_reply(taken, Confirmed(order), 0, lambda: 0.5) == Decide(order)
    assert policy.after_reply(taken, Rejected(rejection), 3, lambda: 0.5) == Decide(rejection)


@given(why=st.sampled_from(["timeout", "status_503", "status_400", "busy"]), tries=st.integers(1, 9), chance=chances)
def test_no_reply_means_later_with_full_jitter(why: str, tries: int, chance: float) -> None:
    step = policy.after_reply(purchase(tries), Unconfirmed(why), 0, lambda: chance)
    assert step == TryLater((5 if tries == 1 else 10) * chance, why)


@pytest.mark.parametrize("opens_in", [0.0, 2.0])
@given(chance=chances)
def test_a_breaker_that_opened_in_between_costs_no_try_and_no_busy_loop(opens_in: float, chance: float) -> None:
    step = policy.after_reply(purchase(), Unconfirmed("stable_open"), opens_in, lambda: chance)
    assert isinstance(step, GiveBack)
    assert opens_in + policy.MOMENT_S <= step.wait_s <= opens_in + 2 * policy.MOMENT_S


def test_a_lease_outlives_a_try() -> None:
    """Two seconds of the try, and what the store takes at most for its answer, twice."""
    assert policy.LEASE_S > 2 + 2 * 2.5
