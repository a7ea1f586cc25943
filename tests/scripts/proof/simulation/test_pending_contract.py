"""The pending store's statements: the same steps of several sessions come to the same, simulated and in PostgreSQL."""

from tests.scripts.proof.simulation.arenas import Arena
from tests.scripts.proof.simulation.steps import (
    accepting_,
    deciding,
    finding,
    giving_back,
    leasing,
    order_id,
    say,
    trying_later,
)


def test_a_purchase_is_accepted_once_and_decided_once(arena: Arena) -> None:
    arena.do("shop", accepting_(1))
    arena.do("shop", accepting_(1, seat=2))
    arena.do("shop", finding(2))
    arena.do("shop", deciding(1))
    arena.do("shop", deciding(1))
    arena.do("shop", finding(1))
    first, second, unknown, decided, again, found = arena.results["shop"]
    assert first == second, "the first one stays, and its fingerprint tells"
    assert (unknown, decided, again) == ([], 1, 0)
    assert [row[4] for row in (*first, *found)] == ["pending", "decided"]


def test_of_two_who_accept_at_the_limit_the_second_waits_and_counts_the_first(arena: Arena) -> None:
    arena.do("one", say("BEGIN"))
    arena.do("one", accepting_(1, limit=1))
    arena.do("other", accepting_(2, limit=1))
    assert arena.waiting() == {"other"}
    arena.do("one", say("COMMIT"))
    assert arena.results["other"] == [[]]


def test_what_another_worker_is_taking_is_passed_over(arena: Arena) -> None:
    for number in (1, 2):
        arena.do("shop", accepting_(number))
    arena.do("one", say("BEGIN"))
    arena.do("one", leasing())
    arena.do("other", leasing())
    arena.do("third", leasing())
    arena.do("one", say("COMMIT"))
    arena.do("third", leasing())
    taken = [[row[0] for row in rows] for rows in (arena.results["one"][1], *arena.results["other"])]
    assert taken == [[order_id(1)], [order_id(2)]]
    assert arena.results["third"] == [[], []]


def test_a_lease_is_given_back_or_put_off_by_its_holder_alone(arena: Arena) -> None:
    arena.do("shop", accepting_(1))
    arena.do("one", leasing(lease_s=-1.0))
    arena.do("other", leasing())
    arena.do("one", giving_back(1, tries=1))
    arena.do("one", trying_later(1, tries=1))
    arena.do("other", giving_back(1, tries=2))
    arena.do("other", leasing())
    arena.do("other", trying_later(1, tries=2))
    arena.do("one", leasing())
    assert arena.results["one"][1:] == [0, 0, []]
    assert [arena.results["other"][n] for n in (1, 3)] == [1, 1]


def test_a_decision_that_is_not_committed_is_waited_for_and_then_is_the_only_one(arena: Arena) -> None:
    arena.do("shop", accepting_(1))
    arena.do("one", say("BEGIN"))
    arena.do("one", deciding(1))
    arena.do("other", deciding(1))
    arena.do("third", trying_later(1, tries=0))
    assert arena.waiting() == {"other", "third"}
    arena.do("one", say("COMMIT"))
    assert (arena.results["other"], arena.results["third"]) == ([0], [0])
