"""What a buyer reads may only go on from pending to decided, and from confirmed to cancelled by a cancel."""

from itertools import product

import pytest

from scripts.proof.sale.buyer import Answer
from scripts.proof.sale.known import Known

STATUSES: dict[str, tuple[int, object]] = {
    "accepted": (202, "pending"),
    "confirmed": (200, "confirmed"),
    "rejected": (200, "rejected"),
    "cancelled": (200, "cancelled"),
    "unconfirmed": (503, 503),
    "not_found": (404, 404),
}


def answer(word: str, *codes: str) -> Answer:
    status, said = STATUSES[word]
    tickets = [{"code": code} for code in codes]
    return Answer(status, {"status": said, "tickets": tickets, "key": "k"}, retry_after_s=2.0 if status == 503 else 0.0)


def read(*words: str, cancels: bool = False) -> Known:
    known = Known()
    for word in words:
        known.read([answer(word)], asked_to_cancel=cancels)
    return known


ALLOWED = {("accepted", "confirmed"), ("accepted", "rejected"), ("accepted", "cancelled")}


@pytest.mark.parametrize(("one", "other"), list(product(("accepted", "confirmed", "rejected", "cancelled"), repeat=2)))
def test_only_what_was_pending_may_become_something_else(one: str, other: str) -> None:
    known = read(one, other)
    assert (known.contradictions == []) == (one == other or (one, other) in ALLOWED)
    assert known.told == other if one == other or (one, other) in ALLOWED else known.told in (one, other)


def test_a_cancel_makes_a_confirmed_order_cancelled_and_nothing_else() -> None:
    assert read("confirmed", "cancelled", cancels=True).contradictions == []
    assert read("rejected", "cancelled", cancels=True).contradictions != []


@pytest.mark.parametrize("word", ["accepted", "confirmed", "rejected", "cancelled"])
def test_what_was_told_is_found_again(word: str) -> None:
    (problem,) = read(word, "not_found").contradictions
    assert problem.endswith(f"{word} order is not found")


def test_no_answer_and_an_honest_not_known_contradict_nothing() -> None:
    known = Known()
    for each in (answer("not_found"), Answer(), answer("confirmed", "A"), Answer(500), answer("unconfirmed"), Answer()):
        known.read([each])
    assert (known.told, known.contradictions) == ("confirmed", [])


def test_the_tickets_stay_the_same() -> None:
    known = Known()
    known.read([answer("confirmed", "A", "B")])
    known.read([answer("confirmed", "B", "A")])
    assert known.contradictions == []
    known.read([answer("confirmed", "A", "C")])
    assert known.contradictions == ["its tickets were ['A', 'B'] and are ['A', 'C']"]


def test_two_answers_of_one_moment_may_be_at_different_stages_but_not_differ() -> None:
    for words in (("confirmed", "accepted"), ("accepted", "confirmed"), ("confirmed", "unconfirmed")):
        known = Known()
        known.read([answer(word) for word in words])
        assert (known.told, known.contradictions) == ("confirmed", [])
    known = Known()
    known.read([answer("confirmed"), answer("rejected")])
    assert known.contradictions == ["it was told confirmed and rejected at the same moment"]
    known = Known()
    known.read([answer("confirmed", "A"), answer("confirmed", "B")])
    assert known.contradictions == ["its tickets were ['A'] and are ['B']"]
