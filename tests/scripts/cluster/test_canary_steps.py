"""The splits that a canary goes through."""

from typing import Any

import pytest

from scripts.cluster.canary_steps import candidate_of, chaos_steps, stable_steps
from scripts.cluster.errors import Refused
from scripts.cluster.targets import Target, Traffic, shares

OLD, NEW = "orders-stable-aaaaaaaaaa", "orders-stable-bbbbbbbbbb"
CHAOS, NEW_CHAOS = "orders-chaos-cccccccccc", "orders-chaos-dddddddddd"


def traffic(*lines: Target) -> Traffic:
    return Traffic(lines, lines)


def revision(name: str, at: str, ready: str = "True") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "creationTimestamp": at},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def test_chaos_gets_its_share_in_steps_and_stable_has_the_rest() -> None:
    steps = chaos_steps(traffic(Target(OLD, 100, "stable"), Target(CHAOS, 0, "chaos")), [5, 20, 50])
    assert [shares(step) for step in steps] == [
        {"stable": 95, "chaos": 5},
        {"stable": 80, "chaos": 20},
        {"stable": 50, "chaos": 50},
    ]


def test_steps_that_chaos_has_behind_it_are_left_out() -> None:
    present = traffic(Target(OLD, 80, "stable"), Target(CHAOS, 20, "chaos"))
    assert [shares(step)["chaos"] for step in chaos_steps(present, [5, 20, 50])] == [50]
    assert chaos_steps(present, [5, 20]) == []


def test_a_canary_without_tags_is_refused() -> None:
    with pytest.raises(Refused, match="no revision is tagged chaos"):
        chaos_steps(traffic(Target(OLD, 100, "stable")), [5])
    with pytest.raises(Refused, match="no revision is tagged stable"):
        candidate_of(traffic(Target(OLD, 100)), [])


def test_a_new_stable_one_gets_its_share_from_the_present_one_and_becomes_it_in_the_end() -> None:
    present = traffic(Target(OLD, 80, "stable"), Target(CHAOS, 20, "chaos"), Target(NEW_CHAOS, 0, "next-chaos"))
    *trials, last = stable_steps(present, NEW, [5, 50])
    assert [shares(step) for step in trials] == [
        {"stable": 75, "chaos": 20, "next-stable": 5},
        {"stable": 30, "chaos": 20, "next-stable": 50},
    ]
    assert all(line.revision == OLD for step in trials for line in step if line.tag == "stable")
    assert last == (Target(NEW, 80, "stable"), Target(NEW_CHAOS, 20, "chaos"))


def test_chaos_stays_as_it_is_when_there_is_no_next_one_and_tags_of_others_stay_too() -> None:
    present = traffic(Target(OLD, 100, "stable"), Target(CHAOS, 0, "chaos"), Target("orders-00007", 0, "blue"))
    assert stable_steps(present, NEW, [100]) == [
        (Target(NEW, 100, "stable"), Target(CHAOS, 0, "chaos"), Target("orders-00007", 0, "blue"))
    ]


def test_a_canary_that_was_cut_short_goes_on_from_the_share_that_it_had() -> None:
    present = traffic(Target(OLD, 80, "stable"), Target(CHAOS, 0, "chaos"), Target(NEW, 20, "next-stable"))
    assert [shares(step) for step in stable_steps(present, NEW, [5, 20, 50])] == [
        {"stable": 50, "chaos": 0, "next-stable": 50},
        {"stable": 100, "chaos": 0},
    ]


def test_the_candidate_is_the_tagged_one() -> None:
    lines = (Target(OLD, 100, "stable"), Target(NEW, 0, "next-stable"))
    assert candidate_of(traffic(*lines), []) == NEW


def test_without_a_tag_the_candidate_is_the_newest_ready_one_after_the_present() -> None:
    present = traffic(Target(OLD, 100, "stable"))
    revisions = [
        revision("orders-stable-0000000000", "2026-03-01T09:00:00Z"),
        revision(OLD, "2026-03-01T10:00:00Z"),
        revision(NEW, "2026-03-01T11:00:00Z"),
        revision("orders-stable-ffffffffff", "2026-03-01T12:00:00Z", ready="False"),
        revision(NEW_CHAOS, "2026-03-01T13:00:00Z"),
    ]
    assert candidate_of(present, revisions) == NEW
    with pytest.raises(Refused, match=f"newer than {OLD}"):
        candidate_of(present, [each for each in revisions if each["metadata"]["name"] != NEW])


def test_a_tag_that_is_the_present_one_is_no_candidate() -> None:
    lines = (Target(OLD, 100, "stable"), Target(OLD, 0, "next-stable"))
    with pytest.raises(Refused):
        candidate_of(traffic(*lines), [revision(OLD, "2026-03-01T10:00:00Z")])
