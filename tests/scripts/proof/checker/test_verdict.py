"""An honest sale is found to be one; what wasn't shown or couldn't be checked isn't said to be kept."""

import pytest

from scripts.proof.checker import NoRun, Verdict, check, hear
from scripts.proof.checker.verdict import KEPT_OF_A_CHECK, Check, Row, Violation, collected
from scripts.proof.history import Note
from tests.scripts.proof.checker.made import Made, broken


def honest() -> Made:
    """Of everything that may happen, one."""
    made = Made(capacity=3)
    made.fault("kill", 0.5, 2.5)
    made.say(1, "nothing")
    made.buy(1)
    made.tell(1, "look")
    made.accept(2)
    made.tell(2, "look")
    made.decide(2)
    made.tell(2, "look")
    made.buy(3, quantity=2)  # sold out: one is left
    made.cancel(2)
    made.tell(2, "look")
    made.buy(4, quantity=2)
    made.say(5, "unconfirmed")
    made.buy(5)
    made.cancel(6)
    made.accept(7)
    made.decide(7)
    made.tell(7, "come_back")
    return made


def test_an_honest_sale_keeps_every_promise() -> None:
    verdict = honest().verdict()
    assert broken(verdict) == set()
    assert [row.state for row in verdict.rows] == ["kept"] * 6
    assert verdict.code == 0
    assert min(check.examined for row in verdict.rows for check in row.checks if "id was used" not in check.name) > 0


def test_what_was_measured_is_told() -> None:
    made = honest()
    verdict = made.verdict()
    assert verdict["P5"].measured == {"answers heard": len(made.attempts)}
    assert verdict["P1"].measured == {"capacity": 3, "sold": 3}
    assert verdict["P2"].measured["told accepted"] == 2
    assert verdict["P4"].measured == {"told sold out": 3}
    assert verdict["P6"].measured == {"buyers": 7, "saw an error last": 0, "share that saw an error": 0.0}


def test_a_run_in_which_nothing_happened_shows_nothing() -> None:
    verdict = Made().verdict()
    assert verdict.code == 2
    assert {row.promise: row.state for row in verdict.rows if row.state != "kept"} == dict.fromkeys(
        ("P2", "P3", "P4", "P5", "P6"), "not shown"
    )
    assert verdict["P2"].examined == 0


def test_without_the_pending_store_what_hangs_on_it_is_not_checked() -> None:
    made = honest()
    made.has_pending = False
    verdict = made.verdict()
    assert verdict.code == 2
    assert {row.promise for row in verdict.rows if row.state == "not checked"} == {"P2", "P3"}


def test_the_pending_store_isn_t_missed_where_nothing_was_accepted() -> None:
    made = Made(capacity=1)
    made.buy(1)
    made.buy(2)
    made.has_pending = False
    assert made.verdict().code == 0


def test_a_run_that_was_cut_short_is_told_from_a_whole_one_and_never_kept() -> None:
    made = honest()
    made.is_whole = False
    verdict = made.verdict()
    assert not verdict.is_whole
    assert verdict.code == 2
    assert broken(verdict) == set()


def test_what_a_violation_adds_outweighs_what_could_not_be_checked() -> None:
    made = honest()
    made.is_whole = False
    made.change(1, status="rejected", reason="sales_closed")
    assert made.verdict().code == 1


def test_a_history_without_a_head_is_none() -> None:
    with pytest.raises(NoRun):
        hear([Note("hello", 1.0, 1.0)])
    with pytest.raises(NoRun):
        hear([])


def test_violations_beyond_the_first_are_counted() -> None:
    found = collected("P1", "name", 100, (Violation(str(number)) for number in range(50)))
    assert (found.violations, len(found.shown)) == (50, KEPT_OF_A_CHECK)


def test_a_promise_is_as_good_as_its_worst_check() -> None:
    kept, nothing = Check("P1", "a", 1), Check("P1", "b", 0)
    needed, unchecked, bad = Check("P1", "c", 0, needed=True), Check("P1", "d", 1, why_not="?"), Check("P1", "e", 1, 1)
    assert Row("P1", (kept, nothing)).state == "kept"
    assert Row("P1", (kept, needed)).state == "not shown"
    assert Row("P1", (kept, needed, unchecked)).state == "not checked"
    assert Row("P1", (kept, needed, unchecked, bad)).state == "violated"
    assert Row("P1", (nothing,)).state == "not shown"
    assert Verdict((Row("P1", (kept,)), Row("P2", (bad,)))).code == 1


def test_the_whole_check_takes_a_history_that_can_be_read_once() -> None:
    made = honest()
    made.orders.pop("00000000-0000-4000-8000-000000000004")
    evidence = made.evidence()
    verdict = check(iter(made.entries()), evidence.ledger, evidence.pending)
    assert verdict.code == 1
    assert any(violation.story for each in verdict["P4"].checks for violation in each.shown)
