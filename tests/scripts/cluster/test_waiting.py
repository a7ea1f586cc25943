"""What a person hears while something is waited for."""

import pytest

from scripts.cluster import waiting
from scripts.cluster.api import Cluster
from scripts.cluster.errors import TimedOut
from scripts.cluster.kinds import POD
from scripts.cluster.readiness import NotYet
from tests.scripts.cluster import standing
from tests.scripts.cluster.emulation.cluster_api import ClusterApi


def test_what_the_resource_and_its_pod_wait_for_is_said_once_each(
    cluster_api: ClusterApi, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are looked at again and again, and would take turns."""
    monkeypatch.setattr(waiting, "_LOOK_EVERY_S", 0.1)
    standing.make_namespace(cluster_api)
    pod = standing.add(cluster_api, "v1", "Pod", "a-pod", head={"labels": {}}, spec={"containers": []})
    full = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    cluster_api.store.set_status(pod, {"phase": "Failed", "conditions": [full]})
    said: list[str] = []
    with pytest.raises(TimedOut):
        waiting.wait_for(cluster, POD, "a-pod", lambda _pod: NotYet("waiting for its pod to start"), 0.6, said.append)
    assert said == ["waiting for its pod to start", "no node has room for its pod (Unschedulable)"]
