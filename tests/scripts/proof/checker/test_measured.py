"""What is measured beside the promises, what isn't shown, and which orders a violation names."""

import pytest

from scripts.proof.checker import Evidence, LedgerSnapshot, PendingSnapshot, Step, StockRow, Verdict, hear, judge
from scripts.proof.checker.oversold import at_once
from scripts.proof.checker.verdict import Promise, State
from scripts.proof.history import Attempt, Entry, Run
from tests.scripts.proof.checker.made import BEGAN, Made, order_id


def state_of(verdict: Verdict, promise: Promise, name: str) -> State:
    (check,) = [check for check in verdict[promise].checks if check.name == name]
    return check.state


def test_waits_are_measured_from_the_acceptance_and_from_the_last_fault_s_end() -> None:
    made = Made(capacity=1)
    made.fault("kill", 0.0, 50.0)
    made.accept(1)
    made.now = BEGAN + 80.0
    made.decide(1)
    measured = made.verdict()["P2"].measured
    assert measured["s from the last fault's end to the last decision"] == pytest.approx(30.3)
    assert measured["s from accepted to decided, at most"] == pytest.approx(79.9)


def test_what_was_decided_before_the_last_fault_s_end_took_no_time() -> None:
    made = Made(capacity=1)
    made.accept(1)
    made.decide(1)
    assert made.verdict()["P2"].measured["s from the last fault's end to the last decision"] is None
    made.fault("kill", 0.0, 50.0)
    assert made.verdict()["P2"].measured["s from the last fault's end to the last decision"] == 0.0


def test_what_is_sent_again_is_counted() -> None:
    made = Made()
    made.buy(1)
    made.buy(2)
    made.buy(2)
    assert made.verdict()["P3"].measured == {"order ids": 2, "sent more than once": 1, "orders stored": 2}


def test_without_the_pending_store_only_what_the_ledger_lacks_is_not_checked() -> None:
    made = Made(capacity=1, has_pending=False)
    made.accept(1)
    made.decide(1)
    decided = "told accepted: decided"
    assert state_of(made.verdict(), "P2", decided) == "kept"
    assert made.verdict()["P2"].state == "not checked"  # for nobody knows when
    made.accept(2)
    assert state_of(made.verdict(), "P2", decided) == "not checked"


def test_a_promise_that_others_showed_something_of_is_not_shown_without_its_own_examples() -> None:
    made = Made(capacity=0)
    made.accept(1)
    made.decide(1)
    made.tell(1, "look")
    assert made.verdict()["P2"].state == "not shown"  # nobody was told confirmed
    assert made.verdict()["P4"].state == "kept"

    unread = Made(capacity=1)
    unread.decide(1)
    unread.say(1, "unconfirmed")
    assert unread.verdict()["P3"].state == "not shown"  # nobody was told an outcome
    assert unread.verdict()["P4"].state == "not shown"

    unwritten = Made(capacity=1)
    unwritten.buy(1)
    evidence = unwritten.evidence()
    ledger = LedgerSnapshot("show", evidence.ledger.orders, {}, {})
    row = judge(Evidence(evidence.heard, ledger, None))["P1"]
    assert row.state == "violated"
    nothing = judge(Evidence(evidence.heard, LedgerSnapshot("show", {}, {}, {}), None))["P1"]
    assert nothing.state == "not shown"


def told(number: int, at: float, kind: str, *codes: str) -> Attempt:
    return Attempt(number, order_id(number), "place", at, at, at, 201, "confirmed", 1, kind, tickets=codes)


def found(capacity: dict[str, int], *attempts: Entry, journal: dict[str, list[Step]] | None = None) -> list[object]:
    """What more tickets were told confirmed at one moment than there are places for."""
    heard = hear([Run("made", 1, "local", 0.0, "show", capacity, "none"), *attempts])
    evidence = Evidence(heard, LedgerSnapshot("show", {}, journal or {}, {}), PendingSnapshot())
    return [(violation.what, violation.order_ids) for violation in at_once(evidence)]


def test_each_type_has_its_own_places() -> None:
    two = (told(1, 1.0, "seat", "A"), told(2, 2.0, "seat", "B"))
    assert found({"seat": 1, "standing": 1}, *two) == [
        ("seat: 2 tickets told confirmed at one moment, capacity 1", (order_id(1), order_id(2)))
    ]
    assert found({"seat": 2, "standing": 1}, *two) == []


def test_tickets_of_no_type_have_all_places() -> None:
    two = (told(1, 1.0, "", "A"), told(2, 2.0, "", "B"))
    assert found({"seat": 1, "standing": 1}, *two) == []
    assert len(found({"seat": 1, "standing": 0}, *two)) == 1
    assert len(found({"seat": 1}, *two)) == 1


def test_the_most_places_that_there_ever_were_are_the_limit() -> None:
    one = told(1, 1.0, "seat", "A")
    assert found({}, one, journal={"seat": [Step(1, 1, 0, "published"), Step(2, 0, 0, "published")]}) == []
    assert len(found({}, one, journal={"seat": [Step(1, 0, 0, "published")]})) == 1
    assert found({"seat": 1}, one, journal={"seat": [Step(1, 0, 0, "published")]}) == []


def test_the_first_order_may_be_too_many_and_the_last_ones_are_named() -> None:
    assert len(found({"seat": 1}, told(1, 1.0, "seat", "A", "B"))) == 1
    five = [told(number, float(number), "seat", str(number)) for number in range(1, 6)]
    assert found({"seat": 4}, *five) == [
        ("seat: 5 tickets told confirmed at one moment, capacity 4", tuple(map(order_id, (3, 4, 5))))
    ]


def test_who_asked_to_cancel_is_not_named_as_a_holder() -> None:
    cancel = Attempt(1, order_id(1), "cancel", 1.5, 1.6, 1.6, 200, "nothing")
    three = [told(number, float(number), "seat", str(number)) for number in (1, 2, 3)]
    assert found({"seat": 1}, cancel, *three) == [
        ("seat: 2 tickets told confirmed at one moment, capacity 1", (order_id(2), order_id(3)))
    ]


def test_a_code_that_was_told_twice_is_one_ticket() -> None:
    assert found({"seat": 1}, told(1, 1.0, "seat", "A"), told(2, 2.0, "seat", "A")) == []


def test_stock_rows_are_added_up() -> None:
    made = Made(capacity=3)
    made.buy(1)
    made.buy(2)
    evidence = made.evidence()
    stock = {**evidence.ledger.stock, "seat": StockRow(5, 0, 1)}
    ledger = LedgerSnapshot("show", evidence.ledger.orders, evidence.ledger.journal, stock)
    assert judge(Evidence(evidence.heard, ledger, None))["P1"].measured == {"capacity": 8, "sold": 2}
