"""The fake of the pending store and the real one, through the same calls: the fake must not be kinder."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from frontend.pending.policy import KEPT, LEASE_S, REFUSED_KEPT
from frontend.pending.purchases import Accepted, Full, Outcome, PendingPurchase, Reused
from functions.orders import contract
from scripts.local.postgres import EmbeddedPostgres
from tests.frontend.client_contract import TRACE, new_id, wants
from tests.pending_store import InMemory, InPostgres, Parts, accept, found, leased, pending_database, sold

LIMIT = 20
PRESSED_AT = datetime(2026, 11, 25, 8, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture(scope="module")
def url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    with pending_database(postgres_server) as url:
        yield url


@pytest.fixture(params=["fake", "real"])
def parts(request: pytest.FixtureRequest) -> Iterator[Parts]:
    if request.param == "fake":
        yield InMemory(LIMIT)
        return
    url = request.getfixturevalue("url")
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("TRUNCATE pending_purchases")
    parts = InPostgres(url, LIMIT)
    yield parts
    parts.close()


class TestAccepting:
    def test_everything_of_a_purchase_is_kept(self, parts: Parts) -> None:
        order_id = new_id()
        order = wants(stalls=2, balcony=1, total=6800, name="Ada Łovelace-O'Neill \\ 100 % %s {}")
        answer = parts.pending.accept(order_id, order, PRESSED_AT, TRACE)
        assert isinstance(answer, Accepted)
        assert parts.pending.find(order_id) == answer.purchase
        assert answer.purchase == PendingPurchase(
            order_id=order_id,
            fingerprint=contract.fingerprint(order),
            order=order,
            pressed_at=PRESSED_AT,
            traceparent=TRACE,
            accepted_at=answer.purchase.accepted_at,
            state="pending",
        )
        assert abs(answer.purchase.accepted_at - datetime.now(UTC)) < timedelta(minutes=1)

    def test_what_was_never_accepted_is_not_found(self, parts: Parts) -> None:
        assert parts.pending.find(new_id()) is None

    def test_a_repeat_changes_nothing(self, parts: Parts) -> None:
        order_id = accept(parts.pending, pressed_at=PRESSED_AT)
        first = found(parts.pending, order_id)
        later = parts.pending.accept(order_id, wants(), PRESSED_AT + timedelta(minutes=1), TRACE)
        assert later == Accepted(first)

    def test_another_purchase_under_the_same_id_learns_nothing(self, parts: Parts) -> None:
        order_id = accept(parts.pending)
        assert parts.pending.accept(order_id, wants(name="Mallory"), PRESSED_AT, TRACE) == Reused(order_id)
        assert found(parts.pending, order_id).order == wants()

    def test_a_double_click_is_accepted_once(self, parts: Parts) -> None:
        order_id = new_id()
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: parts.pending.accept(order_id, wants(), PRESSED_AT, TRACE), range(8)),
            )
        assert answers == [Accepted(found(parts.pending, order_id))] * 8

    def test_the_depth_is_bounded_whoever_comes_at_once(self, parts: Parts) -> None:
        with ThreadPoolExecutor(16) as pool:
            answers = list(
                pool.map(lambda _: parts.pending.accept(new_id(), wants(), PRESSED_AT, TRACE), range(5 * LIMIT))
            )
        assert sum(isinstance(answer, Accepted) for answer in answers) == LIMIT
        assert sum(isinstance(answer, Full) for answer in answers) == 4 * LIMIT

    def test_a_repeat_of_an_accepted_one_is_accepted_when_it_is_full(self, parts: Parts) -> None:
        first, *_ = (accept(parts.pending) for _ in range(LIMIT))
        assert isinstance(parts.pending.accept(new_id(), wants(), PRESSED_AT, TRACE), Full)
        assert isinstance(parts.pending.accept(first, wants(), PRESSED_AT, TRACE), Accepted)

    def test_what_is_decided_or_dead_makes_room(self, parts: Parts) -> None:
        ids = [accept(parts.pending) for _ in range(LIMIT)]
        parts.pending.settle(ids[3], contract.Cancelled(ids[3]))
        accept(parts.pending)
        parts.pass_time(100)
        parts.queue.give_up(100)
        accept(parts.pending)


class TestLeasing:
    def test_purchases_are_taken_in_the_order_of_acceptance(self, parts: Parts) -> None:
        ids = [accept(parts.pending) for _ in range(10)]
        assert [leased(parts.queue).order_id for _ in ids] == ids
        assert parts.queue.lease() is None

    def test_a_leased_purchase_is_as_it_was_accepted_but_for_the_try(self, parts: Parts) -> None:
        order_id = accept(parts.pending, pressed_at=PRESSED_AT)
        first = found(parts.pending, order_id)
        assert leased(parts.queue) == replace(first, tries=1) == found(parts.pending, order_id)

    def test_a_lease_ends_by_itself(self, parts: Parts) -> None:
        """So a killed worker leaves its purchase to the others."""
        order_id = accept(parts.pending)
        leased(parts.queue)
        parts.pass_time(LEASE_S - 1)
        assert parts.queue.lease() is None
        parts.pass_time(1)
        again = leased(parts.queue)
        assert (again.order_id, again.tries) == (order_id, 2)

    def test_a_failed_one_waits_and_holds_nobody_up(self, parts: Parts) -> None:
        failing, other = accept(parts.pending), accept(parts.pending)
        parts.queue.try_later(leased(parts.queue), 60, "timeout")
        assert found(parts.pending, failing).last_failure == "timeout"
        assert leased(parts.queue).order_id == other
        parts.pass_time(59)
        assert leased(parts.queue).order_id == other
        parts.pass_time(1.5)
        assert leased(parts.queue).order_id == failing

    def test_one_that_is_given_back_keeps_its_place(self, parts: Parts) -> None:
        order_id = accept(parts.pending)
        accept(parts.pending)
        parts.queue.give_back(leased(parts.queue))
        assert (leased(parts.queue).order_id, found(parts.pending, order_id).tries) == (order_id, 1)

    def test_whose_lease_is_over_has_no_say_any_more(self, parts: Parts) -> None:
        order_id = accept(parts.pending)
        slow = leased(parts.queue)
        parts.pass_time(LEASE_S)
        leased(parts.queue)
        parts.queue.try_later(slow, 0, "timeout")
        parts.queue.give_back(slow)
        assert parts.queue.lease() is None
        assert found(parts.pending, order_id).last_failure is None


class TestDeciding:
    @pytest.mark.parametrize(
        "outcome",
        [
            sold("6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"),
            contract.Rejection("6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11", "price_changed", (), 2600, "EUR"),
            contract.Rejection(
                "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11", "sold_out", (contract.Availability("stalls", 1, 7),)
            ),
            contract.Cancelled("6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"),
        ],
    )
    def test_an_outcome_is_kept_as_it_is(self, parts: Parts, outcome: Outcome) -> None:
        accept(parts.pending, outcome.order_id)
        assert parts.queue.decide(leased(parts.queue), outcome) is True
        decided = found(parts.pending, outcome.order_id)
        assert (decided.state, decided.outcome, decided.is_refused) == ("decided", outcome, False)

    def test_the_first_outcome_stays(self, parts: Parts) -> None:
        order_id = accept(parts.pending)
        purchase = leased(parts.queue)
        parts.pending.settle(order_id, contract.Cancelled(order_id))
        assert parts.queue.decide(purchase, contract.Rejection(order_id, "cancelled")) is False
        parts.pending.settle(order_id, sold(order_id))
        assert found(parts.pending, order_id).outcome == contract.Cancelled(order_id)

    def test_a_decided_one_is_never_tried_again(self, parts: Parts) -> None:
        order_id = accept(parts.pending)
        purchase = leased(parts.queue)
        parts.queue.decide(purchase, sold(order_id))
        parts.queue.try_later(purchase, 0, "timeout")
        parts.pass_time(3600)
        assert parts.queue.lease() is None
        assert found(parts.pending, order_id).state == "decided"

    def test_settling_what_was_never_accepted_changes_nothing(self, parts: Parts) -> None:
        order_id = new_id()
        parts.pending.settle(order_id, contract.Cancelled(order_id))
        assert parts.pending.find(order_id) is None

    def test_a_late_outcome_decides_also_a_dead_letter(self, parts: Parts) -> None:
        order_id = accept(parts.pending)
        purchase = leased(parts.queue)
        parts.pass_time(100)
        assert parts.queue.give_up(100) == [order_id]
        assert parts.queue.decide(purchase, sold(order_id)) is True
        assert found(parts.pending, order_id).outcome is not None


class TestKeepingHouse:
    def test_what_waits_too_long_becomes_a_dead_letter(self, parts: Parts) -> None:
        old = accept(parts.pending)
        parts.pass_time(60)
        young = accept(parts.pending)
        assert parts.queue.give_up(61) == []
        assert parts.queue.give_up(60) == [old]
        assert (found(parts.pending, old).state, found(parts.pending, young).state) == ("dead", "pending")
        assert leased(parts.queue).order_id == young
        assert parts.queue.lease() is None

    def test_what_is_being_tried_is_not_given_up(self, parts: Parts) -> None:
        accept(parts.pending)
        parts.pass_time(60)
        leased(parts.queue)
        assert parts.queue.give_up(60) == []

    def test_the_depth_counts_what_waits(self, parts: Parts) -> None:
        for _ in range(3):
            accept(parts.pending)
        order_id = leased(parts.queue).order_id
        parts.pass_time(60)
        accept(parts.pending)
        depth = parts.queue.depth()
        assert depth.waiting == 4  # type: ignore[union-attr]
        assert 60 <= depth.oldest_s < 90  # type: ignore[union-attr]
        parts.pending.settle(order_id, contract.Cancelled(order_id))
        assert parts.queue.depth().waiting == 3  # type: ignore[union-attr]

    def test_dead_letters_are_counted_apart(self, parts: Parts) -> None:
        accept(parts.pending)
        parts.pass_time(60)
        assert len(parts.queue.give_up(60)) == 1  # type: ignore[arg-type]
        accept(parts.pending)
        depth = parts.queue.depth()
        assert (depth.waiting, depth.dead) == (1, 1)  # type: ignore[union-attr]

    def test_an_empty_store_is_not_old(self, parts: Parts) -> None:
        depth = parts.queue.depth()
        assert (depth.waiting, depth.oldest_s) == (0, 0)  # type: ignore[union-attr]

    def test_decided_ones_are_forgotten_after_a_day_and_nothing_else(self, parts: Parts) -> None:
        decided, refused, dead, waiting = (accept(parts.pending) for _ in range(4))
        parts.pass_time(100)
        for order_id in (decided, waiting):
            assert found(parts.pending, order_id).state == "pending"
        parts.pending.settle(decided, sold(decided))
        given_up = parts.queue.give_up(100)
        assert isinstance(given_up, list)
        assert sorted(given_up) == sorted([refused, dead, waiting])
        parts.refuse(refused, "The show moved.")
        young = accept(parts.pending)
        parts.pass_time(KEPT.total_seconds() - 10)
        assert parts.queue.forget() == 0
        parts.pass_time(20)
        assert parts.queue.forget() == 1
        assert parts.pending.find(decided) is None
        parts.pass_time((REFUSED_KEPT - KEPT).total_seconds())
        assert parts.queue.forget() == 1
        assert parts.pending.find(refused) is None
        assert [found(parts.pending, order_id).state for order_id in (dead, young)] == ["dead", "pending"]

    def test_a_refused_one_says_why(self, parts: Parts) -> None:
        order_id = accept(parts.pending)
        parts.pass_time(100)
        parts.queue.give_up(100)
        parts.refuse(order_id, "The show moved.")
        refused = found(parts.pending, order_id)
        assert (refused.is_refused, refused.message, refused.state) == (True, "The show moved.", "decided")
        assert parts.pending.accept(order_id, wants(), PRESSED_AT, TRACE) == Accepted(refused)
