"""What counters have counted, though their processes restart, vanish and come back; and the two measures over it."""

from typing import Any

import pytest

from scripts.inside.counting import Tally, growth
from scripts.inside.measures import buyers, calls
from scripts.inside.pages import CALLS, SAW, Series, Unreadable, parse


def saw(**counts: float) -> Series:
    return {(SAW, (("what", what),)): count for what, count in counts.items()}


def tries(revision: str, outcome: str, count: float, **labels: Any) -> Series:
    label = {"kind": "place", "route": "weighted", "attempt": "1", "revision": revision, "outcome": outcome, **labels}
    return {(CALLS, tuple(sorted(label.items()))): count}


def test_what_counted_on_grew_by_the_difference() -> None:
    assert growth(saw(confirmed=5, busy=1), saw(confirmed=7, busy=1)) == saw(confirmed=2, busy=0)


def test_what_is_new_on_a_page_grew_from_zero() -> None:
    assert growth(saw(confirmed=5), saw(confirmed=5, busy=3)) == saw(confirmed=0, busy=3)


@pytest.mark.parametrize("after", [saw(confirmed=2, busy=9), saw(busy=9)])
def test_a_counter_that_fell_or_is_gone_means_that_all_of_its_page_began_anew(after: Series) -> None:
    assert growth(saw(confirmed=5, busy=1), after) == after


def test_a_page_counts_from_its_first_reading_on_also_across_a_restart_and_an_absence() -> None:
    tally = Tally()
    tally.add("a", saw(confirmed=100))
    tally.add("b", saw(confirmed=1000))
    tally.add("a", saw(confirmed=110))
    tally.add("a", saw(confirmed=3, unconfirmed=1))
    tally.add("b", saw(confirmed=1001))
    assert dict(tally.counted) == saw(confirmed=10 + 3 + 1, unconfirmed=1)


def test_visible_errors_are_unconfirmed_and_busy_among_all_but_mistaken_forms() -> None:
    share = buyers(saw(confirmed=90, rejected=4, confirming=2, unconfirmed=3, busy=1, invalid=900))
    assert (share.events, share.bad, share.share) == (100, 4, 0.04)
    assert share.detail == {"confirmed": 90, "rejected": 4, "confirming": 2, "unconfirmed": 3, "busy": 1}


def test_calls_are_first_tries_of_the_weighted_route_by_revision() -> None:
    counted = {
        **tries("orders-stable-1", "decided", 80),
        **tries("orders-chaos-1", "decided", 14),
        **tries("", "status_500", 6),
        **tries("", "status_500", 50, attempt="2", route="stable"),
        **tries("", "stable_open", 50, attempt="0", route="none"),
        **tries("orders-stable-1", "decided", 50, route="stable", kind="replay"),
    }
    share = calls(counted)
    assert (share.events, share.bad, share.share) == (100, 6, 0.06)
    assert share.detail == {
        "orders-stable-1": {"tries": 80, "undecided": 0},
        "orders-chaos-1": {"tries": 14, "undecided": 0},
        "": {"tries": 6, "undecided": 6},
    }


@pytest.mark.parametrize("measure", [buyers, calls])
def test_where_nothing_happened_nothing_is_bad(measure: Any) -> None:
    assert (measure({}).events, measure({}).share) == (0, 0.0)


def test_a_page_is_read_for_the_two_counters_alone() -> None:
    page = f'# TYPE {SAW.removesuffix("_total")} counter\n{SAW}{{what="busy"}} 2.0\nother_total 3.0\n'
    assert parse(page) == saw(busy=2)


@pytest.mark.parametrize("page", ["<!doctype html><p>no</p>", f'{SAW}{{what="busy"}} many', f'{SAW}{{what="bu'])
def test_what_is_no_page_of_metrics_is_said_to_be_none(page: str) -> None:
    with pytest.raises(Unreadable, match="it is no page of metrics"):
        parse(page)
