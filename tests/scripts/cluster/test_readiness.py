"""Whether a resource is as it should be, judged by what the cluster says of it."""

from typing import Any

import pytest

from scripts.cluster.readiness import Broken, Done, NotYet, pod_stays, revision_ready


def revision(reason: str, message: str = "") -> dict[str, Any]:
    failed = {"type": "Ready", "status": "False", "reason": reason, "message": message}
    return {"metadata": {"generation": 1}, "status": {"observedGeneration": 1, "conditions": [failed]}}


@pytest.mark.parametrize("reason", ["Unschedulable", "Deploying", "ExitCode1"])
def test_what_passes_by_itself_is_waited_for(reason: str) -> None:
    """A node is full until the pods of former revisions have gone: Knative says Unschedulable, and takes it back."""
    assert isinstance(revision_ready(revision(reason)), NotYet)


def test_a_node_without_room_is_named_while_it_is_waited_for() -> None:
    verdict = revision_ready(revision("Unschedulable", "0/1 nodes are available: 1 Insufficient cpu."))
    assert isinstance(verdict, NotYet)
    assert verdict.why.startswith("no node has room for its pod (Unschedulable: 0/1 nodes are available")


@pytest.mark.parametrize("reason", ["ContainerMissing", "RevisionNameTaken", "ProgressDeadlineExceeded"])
def test_what_does_not_pass_is_broken(reason: str) -> None:
    assert revision_ready(revision(reason, "why")) == Broken(reason, "why")


def test_a_pod_on_its_way_out_is_not_waited_with() -> None:
    """A StatefulSet counts it as ready until it has gone."""
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    assert pod_stays({"metadata": {"name": "orders-database-0"}, "status": ready}) == Done()
    leaving = {"name": "orders-database-0", "deletionTimestamp": "2026-08-01T10:00:00Z"}
    assert isinstance(pod_stays({"metadata": leaving, "status": ready}), NotYet)
