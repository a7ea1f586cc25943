"""The snapshots of the traffic."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from scripts.cluster.history import (
    KEPT,
    Snapshot,
    config_map_of,
    last_different,
    read_history,
    taken,
    with_snapshot,
)
from scripts.cluster.targets import Target, targets

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def split(stable: int) -> dict[str, tuple[Target, ...]]:
    return {"orders": (Target("a", stable, "stable"), Target("b", 100 - stable, "chaos"))}


def snapshot(stable: int) -> Snapshot:
    return Snapshot("2026-03-01T12:00:00Z", "traffic", "flametickets-traffic", split(stable))


def service(traffic: list[dict[str, Any]], manager: str = "kn") -> dict[str, Any]:
    fields: dict[str, Any] = {"f:spec": {"f:traffic": {}}}
    managed = [{"manager": manager, "time": "2026-03-01T11:00:00Z", "fieldsV1": fields}]
    return {
        "metadata": {"managedFields": managed},
        "spec": {"traffic": traffic},
        "status": {"latestReadyRevisionName": "frontend-1"},
    }


def test_a_snapshot_has_the_traffic_of_both_services_and_who_set_it() -> None:
    services = {
        "orders": service(targets("a", "b", {"stable": 80, "chaos": 20})),
        "frontend": service([{"latestRevision": True, "percent": 100}]),
    }
    there = taken(services, "traffic chaos=50", NOW.astimezone(timezone(timedelta(hours=2))))
    assert (there.time, there.by, there.owner) == ("2026-03-01T12:00:00Z", "traffic chaos=50", "kn")
    assert there.traffic["orders"] == split(80)["orders"]
    assert there.traffic["frontend"] == (Target("frontend-1", 100, is_latest=True),)


def test_what_is_kept_is_read_as_it_was() -> None:
    history = (snapshot(100), Snapshot("t", "deploy", "", {"frontend": (Target("frontend-1", 100, is_latest=True),)}))
    assert read_history(config_map_of(history, None)) == history


def test_a_present_config_map_keeps_its_version_so_that_a_change_meanwhile_is_seen() -> None:
    present = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "traffic-history", "resourceVersion": "7"}}
    assert config_map_of((snapshot(80),), present)["metadata"]["resourceVersion"] == "7"


def test_no_history_and_what_is_none_are_empty() -> None:
    assert read_history(None) == ()
    for text in ("", "{", "[1]", '[{"time": "t"}]', "3"):
        assert read_history({"data": {"snapshots.json": text}}) == ()


def test_the_last_twenty_are_kept() -> None:
    history: tuple[Snapshot, ...] = ()
    for stable in range(30):
        history = with_snapshot(history, snapshot(stable))
    assert len(history) == KEPT
    assert history[-1] == snapshot(29)


def test_a_snapshot_that_says_nothing_new_is_not_added() -> None:
    assert with_snapshot((snapshot(80),), snapshot(80)) == (snapshot(80),)


def test_the_way_back_leads_to_the_newest_that_is_different() -> None:
    history = (snapshot(100), snapshot(80), snapshot(50))
    assert last_different(history, split(50)) == snapshot(80)
    assert last_different(history, split(20)) == snapshot(50)
    assert last_different((snapshot(50),), split(50)) is None


def test_a_service_that_was_not_there_yet_makes_no_difference() -> None:
    present = {**split(80), "frontend": (Target("frontend-1", 100),)}
    assert last_different((snapshot(80),), present) is None
