"""The function without one of its guards breaks the promise that the guard keeps; whole, it keeps it."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from frontend.orders_client import Confirmed, Found, Rejected, Unknown
from functions.orders import contract
from tests.functions.breakages import HELD, SOLD_OUT, TICKETS, VERSIONS
from tests.functions.meetings import count_waiting
from tests.functions.promises import assert_promises_hold, broken
from tests.scripts.proof.sabotage.starting import Function, function, kill, words_of
from tests.scripts.waiting import wait_until


def two_at_once(one: Function, other: Function, database_url: str) -> list[str]:
    """What two buyers of the last seat are told, whose writers have both read the stock before one of them writes."""
    with psycopg.connect(database_url) as control, ThreadPoolExecutor(2) as buyers:
        control.execute("SELECT FROM stock FOR NO KEY UPDATE")
        answers = [buyers.submit(each.place) for each in (one, other)]
        with psycopg.connect(database_url, autocommit=True) as looking:
            wait_until(lambda: count_waiting(looking) == 2)
        control.rollback()
        return words_of([answer.result() for answer in answers])


@pytest.mark.parametrize("guard", [None, "no-lock"])
def test_without_the_lock_the_last_seat_is_sold_twice(
    guard: str | None, orders_database_url: str, tmp_path: Path
) -> None:
    with function(guard, orders_database_url, tmp_path) as one, function(guard, orders_database_url, tmp_path) as other:
        one.publish(1)
        told = two_at_once(one, other, orders_database_url)
    if guard is None:
        assert told == ["Confirmed", "sold_out"]
        assert_promises_hold(orders_database_url)
    else:
        assert told == ["Confirmed", "Confirmed"]
        assert HELD in broken(orders_database_url)
        assert VERSIONS not in broken(orders_database_url), "the journal looks whole, so the tickets must be counted"


@pytest.mark.parametrize("guard", [None, "no-prior-outcome"])
def test_without_the_prior_outcome_a_repeat_is_sold_again(
    guard: str | None, orders_database_url: str, tmp_path: Path
) -> None:
    order_id = str(uuid.uuid4())
    with function(guard, orders_database_url, tmp_path) as one:
        one.publish(10)
        answers = [one.place(order_id) for _ in range(2)]
    assert words_of(answers) == ["Confirmed", "Confirmed"]
    codes = {ticket.code for answer in answers if isinstance(answer, Confirmed) for ticket in answer.order.tickets}
    assert len(codes) == (1 if guard is None else 2)
    assert (TICKETS in broken(orders_database_url)) == (guard is not None)


@pytest.mark.parametrize("guard", [None, "outcome-lost"])
def test_an_outcome_that_was_told_too_early_is_lost_with_the_process(
    guard: str | None, orders_database_url: str, tmp_path: Path
) -> None:
    """On a machine so busy that a kill comes half a second late they survive; so there are a few tries."""
    lost = 0
    for _ in range(4 if guard else 2):
        with function(guard, orders_database_url, tmp_path) as one:
            one.publish(100)
            sold = [one.place() for _ in range(3)]
            kill(one.process)
        with function(guard, orders_database_url, tmp_path) as again:
            found = [again.lookup(each.order.order_id) for each in sold if isinstance(each, Confirmed)]
        assert len(found) == 3
        if lost := sum(isinstance(answer, Unknown) for answer in found):
            break
    assert (lost > 0) == (guard is not None)
    assert_promises_hold(orders_database_url)


def test_a_late_commit_comes_all_the_same(orders_database_url: str, tmp_path: Path) -> None:
    """Without a restart nothing is lost."""
    with function("outcome-lost", orders_database_url, tmp_path) as one:
        one.publish(100)
        sold = one.place()
        assert isinstance(sold, Confirmed)
        wait_until(lambda: isinstance(one.lookup(sold.order.order_id), Found), within_s=5)


def id_that_ends(number: int) -> str:
    return f"{uuid.uuid4()}"[:-6] + f"{number:06x}"


@pytest.mark.parametrize("guard", [None, "sold-out-unchecked"])
def test_sold_out_is_told_without_looking(guard: str | None, orders_database_url: str, tmp_path: Path) -> None:
    with function(guard, orders_database_url, tmp_path) as one:
        one.publish(100)
        answers = [one.place(id_that_ends(number)) for number in range(10, 20)]
    refused = [answer.rejection for answer in answers if isinstance(answer, Rejected)]
    assert words_of(answers)[:9] == ["Confirmed"] * 9
    if guard is None:
        assert refused == []
        assert_promises_hold(orders_database_url)
    else:
        (rejection,) = refused
        assert rejection.reason == "sold_out"
        assert rejection.available == (contract.Availability("seat", 0, rejection.available[0].version),)
        assert broken(orders_database_url) == {SOLD_OUT}
