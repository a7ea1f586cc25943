"""What is still allowed and what isn't any more: at the limit, at the same moment, and in a run that was cut short."""

import pytest

from scripts.proof.checker.lost import DECIDED_WITHIN_S
from scripts.proof.history import Note
from tests.scripts.proof.checker.made import BEGAN, Made, broken, order_id, violated


@pytest.mark.parametrize(("errors", "code"), [(1, 0), (2, 1)])
def test_one_buyer_in_a_thousand_may_see_an_error(errors: int, code: int) -> None:
    made = Made(capacity=1)
    for number in range(1000 - errors):
        made.buy(number)
    for number in range(1000 - errors, 1000):
        made.say(number, "error", last=True)
    verdict = made.verdict()
    assert verdict.code == code
    assert verdict["P6"].violations == (errors if code else 0)
    assert verdict["P6"].measured["share that saw an error"] == errors / 1000


def test_the_last_answer_counts_and_not_an_error_before_it() -> None:
    made = Made(capacity=1)
    made.say(1, "error")
    made.buy(1)
    made.buy(2, quantity=2)
    assert made.verdict().code == 0


def test_what_is_marked_as_the_last_answer_is_it() -> None:
    made = Made(capacity=1)
    made.buy(1)
    made.decide(2)
    made.tell(2, last=True)
    made.say(2, "nothing", "look")
    assert made.verdict().code == 0
    made.say(2, "nothing", "look", last=True)
    assert violated(made.verdict()) == {"P6"}


def overlapping(by_wall_clock: bool, by_monotonic_clock: bool) -> Made:
    """Two answers that contradict each other if one is after the other; each clock says whether it is."""
    made = Made(capacity=2)
    made.buy(1)
    made.buy(2, quantity=3)
    start = BEGAN + (0.6 if by_wall_clock else 0.4)
    made.say(1, "accepted", "look", start=start, end=start + 0.5, elapsed=0.6 if by_monotonic_clock else 0.4)
    made.tell(1, "look")
    return made


def test_only_what_is_later_by_both_clocks_contradicts() -> None:
    assert overlapping(True, False).verdict().code == 0
    assert overlapping(False, True).verdict().code == 0
    assert violated(overlapping(True, True).verdict()) == {"P5"}


def test_two_answers_contradict_each_other_however_many_lie_between() -> None:
    """The first confirmed is early enough, and the last accepted late enough, whatever else was said."""
    made = Made(capacity=2)
    made.say(1, "accepted", start=BEGAN - 5, end=BEGAN - 4, elapsed=-4.0)
    made.buy(1)
    made.buy(2, quantity=3)
    made.tell(1, "look")
    made.say(1, "accepted", "look")
    made.tell(1, "look")
    assert broken(made.verdict()) == {("P5", "told confirmed, and after that accepted")}


@pytest.mark.parametrize(("late_s", "code"), [(0.0, 0), (0.5, 1)])
def test_the_time_to_decide_counts_from_the_last_fault_s_end(late_s: float, code: int) -> None:
    made = Made(capacity=1)
    made.fault("kill", 0.0, 50.0)
    made.accept(1)
    made.now = BEGAN + 50.0 + DECIDED_WITHIN_S + late_s - 0.3  # which is when the store keeps it
    made.decide(1)
    made.buy(2)
    made.tell(1, "look")
    verdict = made.verdict()
    assert verdict.code == code, broken(verdict)
    measured = verdict["P2"].measured["s from the last fault's end to the last decision"]
    assert measured == pytest.approx(DECIDED_WITHIN_S + late_s)


def test_a_run_that_was_cut_short_has_lost_what_is_in_neither_store_but_may_still_decide_what_waits() -> None:
    made = Made(capacity=1, is_whole=False)
    made.accept(1)
    assert violated(made.verdict()) == set()
    made.say(2, "accepted")
    assert broken(made.verdict()) == {("P2", "told accepted, and it is in neither store")}


def test_an_order_whose_buyer_was_cut_short_isn_t_nobody_s() -> None:
    made = Made(capacity=1, is_whole=False)
    made.decide(1)
    assert violated(made.verdict()) == set()


def test_an_id_that_another_buyer_used_is_told_so() -> None:
    made = Made(capacity=1)
    made.buy(1)
    made.buy(2)
    made.say(3, "rejected", reason="id_reused", order_id=order_id(1))
    made.say(4, "rejected", reason="id_reused", order_id=order_id(5))
    made.say(4, "rejected", reason="id_reused", order_id=order_id(5), quantity=2)
    assert made.verdict().code == 0


def test_a_ticket_whose_cancel_was_asked_for_is_nobody_s() -> None:
    made = Made(capacity=1)
    made.buy(1)
    made.buy(2)
    made.cancel(1)
    made.buy(3)
    assert made.verdict().code == 0
    made.attempts = [attempt for attempt in made.attempts if attempt.action != "cancel"]
    assert any("2 tickets told confirmed at one moment" in what for promise, what in broken(made.verdict()))


def test_a_show_that_had_nothing_to_order_is_a_moment_and_no_order() -> None:
    made = Made(capacity=1)
    made.buy(1)
    made.buy(2)
    made.say(3, "rejected", reason="not_offered")
    assert made.verdict().code == 0


def test_a_page_that_names_no_total_and_no_type_contradicts_none() -> None:
    made = Made(capacity=1)
    made.buy(1)
    made.buy(2)
    made.say(1, "confirmed", "look", tickets=("0001-0",), ticket_type="")
    assert made.verdict().code == 0


def counted(came: int) -> Made:
    """One bought and one was told sold out; the load counted so many buyers."""
    made = Made(capacity=1)
    made.buy(1)
    made.buy(2)
    made.others.append(Note("pace", BEGAN, 0.0, {"buyers": came, "ended": 2}))
    return made


def test_who_was_never_answered_saw_an_error() -> None:
    assert counted(2).verdict().code == 0
    verdict = counted(4).verdict()
    assert broken(verdict) == {("P6", "a buyer was never answered, until the sale was over")}
    assert verdict["P6"].measured == {"buyers": 4, "saw an error last": 2, "share that saw an error": 0.5}


def test_an_order_may_be_of_somebody_who_was_never_answered() -> None:
    made = counted(3)
    made.decide(9)
    assert violated(made.verdict()) == {"P6"}
    assert made.verdict()["P3"].state == "not checked"
    made = counted(2)
    made.decide(9)
    assert violated(made.verdict()) == {"P3"}
