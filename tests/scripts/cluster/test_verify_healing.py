"""Whose pod is deleted, and what is made of the pods that take its place. The rest is in test_verify.py."""

from typing import Any

import pytest

from scripts.cluster.errors import NotReady
from scripts.cluster.targets import Target, Traffic
from scripts.cluster.verify_course import Course
from scripts.cluster.verify_healing import function_of, looked, shop_of

ORDER = "019c8a3e-7b1d-7c52-9d3e-5f6a7b8c9d0e"
BEGUN = Course(1.0, None)


def pod(*conditions: tuple[str, str], container: dict[str, Any] | None = None, **metadata: str) -> dict[str, Any]:
    told = [{"type": kind, "status": status, "reason": "Unschedulable"} for kind, status in conditions]
    statuses = [{"name": "user-container", "state": container}] if container else []
    return {
        "metadata": {"name": "orders-1", **metadata},
        "status": {"conditions": told, "containerStatuses": statuses},
    }


def test_a_pod_that_is_ready_ends_the_waiting() -> None:
    assert looked(BEGUN, [pod(("Ready", "False")), pod(("Ready", "True"))], 3.5) == Course(1.0, 3.5)


def test_a_ready_pod_that_is_on_its_way_out_does_not() -> None:
    assert looked(BEGUN, [pod(("Ready", "True"), deletionTimestamp="2026-08-01T12:00:00Z")], 3.5) == BEGUN


def test_what_keeps_a_pod_is_told_in_plain_words_and_remembered_once_it_starts() -> None:
    kept = looked(BEGUN, [pod(("PodScheduled", "False"))], 2.0)
    assert kept.waits_for == "no node has room for its pod (Unschedulable)"
    waiting = {"waiting": {"reason": "ImagePullBackOff"}}
    assert looked(BEGUN, [pod(container=waiting)], 2.0).waits_for == "its image can't be pulled (ImagePullBackOff)"
    assert looked(kept, [pod(container={"running": {}})], 2.5) == kept
    ready = looked(kept, [pod(("Ready", "True"))], 3.5)
    assert (ready.ready_at, ready.waits_for) == (3.5, kept.waits_for)


@pytest.mark.parametrize("container", [{"running": {}}, {"waiting": {"reason": "ContainerCreating"}}])
def test_a_pod_that_is_just_starting_is_nothing_to_tell_of(container: dict[str, Any]) -> None:
    starting = pod(("Ready", "False"), container=container)
    starting["status"]["containerStatuses"][0]["ready"] = False
    assert looked(BEGUN, [starting], 2.0) == BEGUN
    assert looked(BEGUN, [], 2.0) == BEGUN


def test_the_functions_pod_is_one_of_the_stable_revision_whatever_its_share() -> None:
    lines = (Target("orders-stable-1", 20, "stable"), Target("orders-chaos-1", 80, "chaos"))
    patient = function_of(Traffic(lines, lines), ORDER)
    assert (patient.revision, patient.words) == ("orders-stable-1", ("stable", "--order", ORDER))


def test_without_the_tag_there_is_none() -> None:
    with pytest.raises(NotReady, match="has no revision that is tagged stable"):
        function_of(Traffic((Target("orders-stable-1", 100),), ()), ORDER)


def test_the_shops_pod_is_one_of_the_revision_that_has_most_of_the_traffic() -> None:
    lines = (Target("frontend-1", 10), Target("frontend-2", 90))
    patient = shop_of(Traffic((), lines), "tickets")
    assert patient.revision == "frontend-2"
    assert patient.words == ("http://frontend.tickets.svc.cluster.local/readyz",)
    with pytest.raises(NotReady, match="has no traffic"):
        shop_of(Traffic((), ()), "tickets")
