"""Where a rollback leads, dict in, dict out."""

import pytest

from scripts.cluster.errors import Refused
from scripts.cluster.history import Snapshot
from scripts.cluster.rollback import restored, retagged, to_revision, to_snapshot
from scripts.cluster.targets import Target

OLD, NEW, CHAOS = "orders-stable-aaaaaaaaaa", "orders-stable-bbbbbbbbbb", "orders-chaos-cccccccccc"
SHOP, OLD_SHOP = "frontend-dddddddddd", "frontend-eeeeeeeeee"
PRESENT = {
    "orders": (Target(NEW, 80, "stable"), Target(CHAOS, 20, "chaos")),
    "frontend": (Target(SHOP, 100, is_latest=True),),
}
SERVICES = {"orders": {}, "frontend": {"status": {"latestCreatedRevisionName": SHOP}}}


def test_the_stable_tag_goes_back_to_an_older_revision_and_the_split_stays() -> None:
    way = to_revision(OLD, PRESENT, SERVICES)
    assert way.traffic["orders"] == (Target(OLD, 80, "stable"), Target(CHAOS, 20, "chaos"))
    assert way.traffic["frontend"] == PRESENT["frontend"]


def test_the_chaos_tag_goes_back_alone_too() -> None:
    older = "orders-chaos-ffffffffff"
    assert to_revision(older, PRESENT, SERVICES).traffic["orders"] == (
        Target(NEW, 80, "stable"),
        Target(older, 20, "chaos"),
    )


def test_the_frontend_is_pinned_to_an_older_revision_and_follows_when_it_is_the_newest() -> None:
    assert to_revision(OLD_SHOP, PRESENT, SERVICES).traffic["frontend"] == (Target(OLD_SHOP, 100),)
    pinned = {**PRESENT, "frontend": (Target(OLD_SHOP, 100),)}
    assert to_revision(SHOP, pinned, SERVICES).traffic["frontend"] == (Target(SHOP, 100, is_latest=True),)


@pytest.mark.parametrize("name", ["orders-00007", "orders-stable-x", "other-stable-aaaaaaaaaa", f"{SHOP}0"])
def test_a_revision_that_this_tool_did_not_make_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="is no revision of this shop"):
        to_revision(name, PRESENT, SERVICES)


def test_a_new_revision_under_trial_and_strangers_give_their_shares_to_the_stable_one() -> None:
    trial = (Target(OLD, 65, "stable"), Target(CHAOS, 20, "chaos"), Target(NEW, 5, "next-stable"), Target("x", 10))
    assert retagged(trial, "stable", OLD) == (
        Target(OLD, 80, "stable"),
        Target(CHAOS, 20, "chaos"),
        Target(NEW, 0, "next-stable"),
    )


def test_without_a_stable_tag_it_is_set_first() -> None:
    lines = (Target("orders-00007", 100, is_latest=True),)
    assert retagged(lines, "stable", OLD) == (Target(OLD, 100, "stable"),)
    with pytest.raises(Refused, match="no revision is tagged stable"):
        retagged(lines, "chaos", CHAOS)


def test_a_snapshot_is_restored_with_the_shop_pinned_to_what_was_the_newest_then() -> None:
    then = {
        "orders": (Target(OLD, 100, "stable"), Target(CHAOS, 0, "chaos")),
        "frontend": (Target(OLD_SHOP, 100, is_latest=True),),
    }
    way = to_snapshot(Snapshot("2026-03-01T12:00:00Z", "deploy", "", then), PRESENT, SERVICES, {OLD, CHAOS, OLD_SHOP})
    assert way is not None
    assert way.traffic == {"orders": then["orders"], "frontend": (Target(OLD_SHOP, 100),)}
    assert way.said == "the split of 2026-03-01T12:00:00Z, from before `deploy`"


def test_a_tag_without_a_share_on_a_revision_that_is_gone_is_left_out_of_a_snapshot() -> None:
    then = {"orders": (Target(OLD, 100, "stable"), Target(CHAOS, 0, "chaos"), Target("gone", 0, "next-stable"))}
    way = to_snapshot(Snapshot("t", "deploy", "", then), PRESENT, SERVICES, {OLD})
    assert way is not None
    assert way.traffic["orders"] == then["orders"][:2]  # chaos stays, so that its absence is said and not passed over


def test_a_service_that_the_snapshot_does_not_know_stays_as_it_is() -> None:
    way = to_snapshot(Snapshot("t", "deploy", "", {"orders": PRESENT["orders"]}), PRESENT, SERVICES, set())
    assert way is not None
    assert way.traffic["frontend"] == PRESENT["frontend"]


def test_without_a_snapshot_there_is_no_way() -> None:
    assert to_snapshot(None, PRESENT, SERVICES, set()) is None


def test_what_is_pinned_stays_pinned_even_if_it_is_the_newest() -> None:
    assert restored([Target(SHOP, 100)], SERVICES["frontend"]) == (Target(SHOP, 100),)
