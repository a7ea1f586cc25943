"""The traffic of a Service: what is asked for, what is in force, and who set it."""

from typing import Any

import pytest

from scripts.cluster.targets import Owner, Target, moved, names_of, read, same, shares, targets

STABLE = "orders-stable-aaaaaaaaaa"
CHAOS = "orders-chaos-bbbbbbbbbb"
NEW = "orders-stable-cccccccccc"


def service(
    spec: list[dict[str, Any]], status: list[dict[str, Any]] | None = None, managers: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "metadata": {"name": "orders", "managedFields": managers or []},
        "spec": {"traffic": spec},
        "status": {"traffic": spec if status is None else status, "latestReadyRevisionName": NEW},
    }


def managed(manager: str, at: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"manager": manager, "time": at, "fieldsV1": fields, **more}


def test_the_split_becomes_one_line_for_each_tag() -> None:
    assert targets(STABLE, CHAOS, {"stable": 80, "chaos": 20}) == [
        {"revisionName": STABLE, "latestRevision": False, "percent": 80, "tag": "stable"},
        {"revisionName": CHAOS, "latestRevision": False, "percent": 20, "tag": "chaos"},
    ]


def test_a_first_deploy_pins_the_stable_revision_alone() -> None:
    assert targets(STABLE, None, {"stable": 100}) == [
        {"revisionName": STABLE, "latestRevision": False, "percent": 100, "tag": "stable"}
    ]


def test_a_new_revision_gets_a_tag_and_no_traffic() -> None:
    lines = targets(STABLE, CHAOS, {"stable": 100, "chaos": 0}, {"next-stable": NEW})
    assert lines[2] == {"revisionName": NEW, "latestRevision": False, "percent": 0, "tag": "next-stable"}


def test_a_tag_may_have_a_share_too() -> None:
    lines = targets(STABLE, CHAOS, {"stable": 75, "chaos": 20, "next-stable": 5}, {"next-stable": NEW})
    assert [line["percent"] for line in lines] == [75, 20, 5]


@pytest.mark.parametrize("split", [{"stable": 80}, {"stable": 80, "chaos": 30}])
def test_shares_that_are_not_all_of_the_traffic_are_never_sent(split: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be 100 %"):
        targets(STABLE, CHAOS, split)


def test_a_share_for_a_chaos_revision_that_is_not_there_is_never_sent() -> None:
    with pytest.raises(ValueError, match="80 % together"):
        targets(STABLE, None, {"stable": 80, "chaos": 20})


def test_what_is_sent_is_read_as_it_was() -> None:
    traffic = read(service(targets(STABLE, CHAOS, {"stable": 80, "chaos": 20})))
    assert traffic.wanted == (Target(STABLE, 80, "stable"), Target(CHAOS, 20, "chaos"))
    assert (traffic.revision_of("stable"), traffic.revision_of("chaos")) == (STABLE, CHAOS)
    assert traffic.is_in_force


def test_a_shift_that_the_ingress_has_not_taken_is_not_in_force() -> None:
    before = targets(STABLE, CHAOS, {"stable": 100, "chaos": 0})
    after = targets(STABLE, CHAOS, {"stable": 80, "chaos": 20})
    traffic = read(service(after, before))
    assert not traffic.is_in_force
    assert (shares(traffic.wanted), shares(traffic.actual)) == (
        {"stable": 80, "chaos": 20},
        {"stable": 100, "chaos": 0},
    )


def test_traffic_that_follows_the_newest_revision_is_named_by_it() -> None:
    traffic = read(service([{"latestRevision": True, "percent": 100}]))
    assert traffic.wanted == (Target(NEW, 100, is_latest=True),)
    assert shares(traffic.wanted) == {NEW: 100}


def test_a_share_that_kn_gave_without_a_tag_counts_for_the_tag_of_its_revision() -> None:
    lines = read(
        service(
            [
                {"revisionName": STABLE, "percent": 70},
                {"revisionName": CHAOS, "percent": 30},
                {"revisionName": STABLE, "percent": 0, "tag": "stable"},
                {"revisionName": CHAOS, "tag": "chaos"},
            ]
        )
    ).wanted
    assert shares(lines) == {"stable": 70, "chaos": 30}


def test_a_stranger_with_a_share_is_named_and_one_without_is_not() -> None:
    lines = (
        Target(STABLE, 90, "stable"),
        Target("orders-00007", 10),
        Target(CHAOS, 0, "chaos"),
        Target(NEW, 0, "next"),
    )
    assert shares(lines) == {"stable": 90, "chaos": 0, "orders-00007": 10}


def test_a_revision_with_two_tags_has_the_name_of_the_first_of_ours() -> None:
    lines = (Target(NEW, 0, "blue"), Target(NEW, 0, "next-stable"), Target(NEW, 100, "stable"))
    assert names_of(lines) == {NEW: "stable"}


def test_the_owner_is_the_last_manager_that_has_the_traffic() -> None:
    ours = managed("flametickets-traffic", "2026-03-01T10:00:00Z", {"f:spec": {"f:traffic": {}}})
    template = managed("flametickets", "2026-03-01T12:00:00Z", {"f:spec": {"f:template": {}}})
    kn = managed("kn", "2026-03-01T11:00:00Z", {"f:spec": {"f:traffic": {}, "f:template": {}}})
    status = managed("controller", "2026-03-01T13:00:00Z", {"f:spec": {"f:traffic": {}}}, subresource="status")
    assert read(service([], managers=[ours, template, kn, status])).owner == Owner("kn", "2026-03-01T11:00:00Z")
    own = read(service([], managers=[ours, template])).owner
    assert own is not None
    assert own.is_this_tool


def test_traffic_that_nobody_set_has_no_owner() -> None:
    template = managed("flametickets", "2026-03-01T12:00:00Z", {"f:spec": {"f:template": {}}})
    assert read(service([], managers=[template])).owner is None
    assert read({"metadata": {}}).owner is None


def test_moving_shares_keeps_the_tags_and_drops_lines_without() -> None:
    lines = (Target(STABLE, 70, "stable"), Target(CHAOS, 20, "chaos"), Target("orders-00007", 10))
    assert moved(lines, {"stable": 100}) == (Target(STABLE, 100, "stable"), Target(CHAOS, 0, "chaos"))


def test_the_order_of_the_lines_and_empty_ones_do_not_matter() -> None:
    one = (Target(STABLE, 80, "stable"), Target(CHAOS, 20, "chaos"))
    assert same(one, (Target("orders-00007"), *reversed(one)))
    assert not same(one, (Target(STABLE, 80, "stable"), Target(CHAOS, 20)))
