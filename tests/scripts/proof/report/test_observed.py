"""What a report shows of a history: each answer once, each buyer's last word, and what followed upon each fault."""

from typing import Any

import pytest

from scripts.proof.history import Attempt, End, Entry, FaultLine, Note, Run, Told
from scripts.proof.report.observed import Observed, latencies, observe, outcome_of
from tests.scripts.proof.report.samples import entries

RUN = Run("sample", 7, "local", 100.0, "a-show", {"place": 10}, "chaos.py run sample")


def attempt(elapsed: float, told: Told, *, took: float = 0.1, **more: Any) -> Attempt:
    fields: dict[str, Any] = {"buyer": 1, "order_id": "a", "action": "place", "status": 200} | more
    return Attempt(start=100 + elapsed - took, end=100 + elapsed, elapsed=elapsed, told=told, **fields)


def fault(elapsed: float, what: Any, seconds: float | None = None, name: str = "stable killed") -> FaultLine:
    return FaultLine(name, what, 100 + elapsed, elapsed, "stable", seconds)


def seen(*lines: Entry) -> Observed:
    return observe([RUN, *lines])


class TestAnswers:
    @pytest.mark.parametrize(
        ("told", "reason", "outcome"),
        [
            ("confirmed", None, "confirmed"),
            ("accepted", None, "accepted"),
            ("rejected", "sold_out", "rejected"),
            ("rejected", None, "error"),
            ("cancelled", None, "rejected"),
            ("unconfirmed", None, "not known yet"),
            ("busy", None, "not known yet"),
            ("not_found", None, "error"),
            ("error", None, "error"),
            ("nothing", None, "error"),
        ],
    )
    def test_each_has_a_kind(self, told: Told, reason: str | None, outcome: str) -> None:
        assert outcome_of(attempt(1, told, reason=reason)) == outcome

    def test_a_look_counts_only_if_it_tells_something_new(self) -> None:
        lines = [attempt(1.0, "accepted")]
        lines += [attempt(2.0 + step, "accepted", action="look") for step in range(5)]
        lines += [attempt(9.2, "confirmed", action="look"), attempt(9.9, "confirmed", action="look")]
        assert seen(*lines).by_second == {1: {"accepted": 1}, 9: {"confirmed": 1}}

    def test_every_press_counts(self) -> None:
        lines = [attempt(1.0, "unconfirmed"), attempt(1.5, "unconfirmed"), attempt(1.6, "busy", action="double_click")]
        observed = seen(*lines)
        assert observed.by_second == {1: {"not known yet": 3}}
        assert observed.presses == 3
        assert len(observed.orders) == 1

    def test_buyers_are_told_by_their_last_answer(self) -> None:
        lines = [
            attempt(1.0, "nothing", buyer=1),
            attempt(2.0, "confirmed", buyer=1, last=True),
            attempt(2.5, "unconfirmed", buyer=1, action="look"),
            attempt(1.0, "rejected", buyer=2, order_id="b", reason="sold_out", last=True),
            attempt(1.0, "error", buyer=3, order_id="c", last=True),
            attempt(1.0, "accepted", buyer=4, order_id="d", last=True),
        ]
        observed = seen(*lines)
        assert dict(observed.last_answers()) == {"confirmed": 1, "rejected: sold_out": 1, "error": 1, "accepted": 1}
        assert (observed.visible_errors, observed.undecided) == (1, 1)

    def test_durations_are_told_by_cohort(self) -> None:
        observed = seen(
            attempt(1, "confirmed", took=0.1, cohort="treated"),
            attempt(1, "confirmed", took=1.0, cohort="control"),
            attempt(1, "confirmed", took=5.0, cohort="control", action="look"),
        )
        assert observed.latencies["treated"].quantile(1) == pytest.approx(0.1)
        assert observed.latencies["control"].count == 1

    def test_durations_are_told_by_the_revision_that_decided(self) -> None:
        lines = [
            attempt(1, "confirmed", order_id="a"),
            attempt(1, "accepted", order_id="a"),
            attempt(1, "rejected", order_id="b", reason="sold_out"),
            attempt(1, "confirmed", order_id="unknown"),
        ]
        found = latencies([RUN, *lines], {"a": "stable", "b": "chaos"})
        assert {name: one.count for name, one in found.items()} == {"stable": 1, "chaos": 1}


class TestFaults:
    def test_a_fault_has_its_end_and_its_recovery(self) -> None:
        observed = seen(fault(5, "begins"), fault(5.1, "ends"), fault(6.2, "recovered", 1.2), fault(9, "begins"))
        first, second = observed.episodes
        assert (first.began, first.ended, first.back_s) == (5, 5.1, 1.2)
        assert (second.began, second.ended, second.back_s) == (9, None, None)

    def test_the_slowest_part_counts_of_a_fault_that_hit_several(self) -> None:
        observed = seen(fault(5, "begins"), fault(6, "recovered", 1.0), fault(7, "recovered", 2.0))
        assert [episode.back_s for episode in observed.episodes] == [2.0]

    def test_each_part_of_a_fault_that_names_several_is_back_by_itself(self) -> None:
        down = FaultLine("both kept down", "begins", 105, 5, "stable, chaos")
        back = [
            FaultLine("both kept down", "recovered", 100 + at, at, part, at - 8) for at, part in ((9, "a"), (11, "b"))
        ]
        (episode,) = seen(down, *back).episodes
        assert (episode.back_at, episode.back_s) == (11, 3)

    def test_a_recovery_whose_beginning_was_lost_is_shown_all_the_same(self) -> None:
        observed = seen(fault(6.2, "recovered", 1.2))
        assert [(one.began, one.back_s) for one in observed.episodes] == [(5.0, 1.2)]

    def test_the_next_purchase_is_one_that_was_pressed_after_the_fault(self) -> None:
        observed = seen(
            fault(5, "begins"),
            attempt(5.4, "confirmed", took=1.0),  # pressed before
            attempt(5.5, "unconfirmed", took=0.2),
            attempt(5.6, "confirmed", took=0.2, action="look"),
            attempt(5.8, "accepted", took=0.3),
            attempt(5.9, "confirmed", took=0.3),
        )
        assert observed.episodes[0].answered_s == pytest.approx(0.8)

    def test_faults_in_one_another_wait_for_the_same_answer(self) -> None:
        observed = seen(fault(5, "begins"), fault(6, "begins", name="chaos killed"), attempt(7, "confirmed"))
        assert [one.answered_s for one in observed.episodes] == [pytest.approx(2), pytest.approx(1)]

    def test_after_the_last_press_nothing_can_be_answered(self) -> None:
        observed = seen(attempt(1, "confirmed"), fault(5, "begins"))
        assert (observed.episodes[0].answered_s, observed.episodes[0].pressed) == (None, 0)


def test_a_run_that_was_cut_short_has_no_end() -> None:
    assert seen(attempt(3, "confirmed")).end is None
    observed = seen(attempt(3, "confirmed"), Note("pace", 104, 4.0), End(105, 5.0))
    assert (observed.end, observed.seconds, len(observed.notes)) == (End(105, 5.0), 5.0, 1)


def test_a_sample_is_observed_whole() -> None:
    observed = observe(entries(buyers=300, errors=3, kills=5, cut_s=2.0))
    assert sum(count for _, count in observed.last_answers()) == len(observed.last) == len(observed.orders) == 300
    assert observed.visible_errors == 3
    assert len(observed.episodes) == 6
