"""A revision that died before it went to zero: Knative holds it for broken until the next request comes."""

from dataclasses import replace
from typing import Any

import pytest

from scripts.cluster import deploying
from scripts.cluster.api import Cluster
from scripts.cluster.arguments import parse
from scripts.cluster.kinds import REVISION, SERVICE
from scripts.cluster.manifests import revision_of
from scripts.cluster.progress import Progress
from scripts.cluster.waking import has_fallen_asleep, wake
from tests.scripts.cluster import standing
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.emulation.knobs import Play
from tests.scripts.cluster.wanting import DEMO

MISSING = {"type": "Ready", "status": "False", "reason": "RevisionMissing"}


def conditions(reason: str, active: str) -> list[dict[str, Any]]:
    return [{"type": "Ready", "status": "False", "reason": reason}, {"type": "Active", "status": active}]


def asked(job: dict[str, Any]) -> str:
    """The address that the pod of a Job asks."""
    words = job["spec"]["template"]["spec"]["containers"][0]["args"]
    return next(str(word) for word in words if str(word).startswith("http"))


@pytest.mark.parametrize(
    ("reason", "active", "has"),
    [("ExitCode137", "False", True), ("ExitCode1", "True", False), ("ContainerMissing", "False", False)],
)
def test_only_one_that_died_and_has_no_pods_has_fallen_asleep(reason: str, active: str, has: bool) -> None:
    assert has_fallen_asleep({"status": {"conditions": conditions(reason, active)}}) is has


def test_it_gets_a_request_by_its_tag(
    cluster: Cluster, cluster_api: ClusterApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing.make_namespace(cluster_api)
    shop = standing.build(cluster)
    orders = cluster.get(SERVICE, "orders")
    revision = cluster.get(REVISION, revision_of(shop.orders["chaos"]))
    assert orders is not None
    assert revision is not None
    monkeypatch.setattr(cluster_api.controllers.knative, "reconcile", lambda: None)
    fallen = {**revision["status"], "conditions": conditions("ExitCode137", "False")}
    cluster_api.store.set_status(revision, fallen)
    heard: list[str] = []

    def play(job: dict[str, Any]) -> Play:
        heard.append(asked(job))
        cluster_api.store.set_status(revision, revision["status"])
        return Play()

    cluster_api.knobs.play = play
    wanted = replace(DEMO, namespace="flametickets")
    wake(cluster, wanted, {**orders, "status": {**orders["status"], "conditions": [MISSING]}}, 20.0, Progress())
    assert set(heard) == {"http://chaos-orders.flametickets.svc.cluster.local/healthz"}
    assert not has_fallen_asleep(cluster.get(REVISION, revision["metadata"]["name"]))


def test_a_deploy_wakes_before_it_compares(
    cluster: Cluster, cluster_api: ClusterApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[object] = []
    monkeypatch.setattr(deploying, "wake", lambda *given: heard.append(given[2]))
    options = parse(["deploy", "--image", "dev.local/flametickets:1", "--timeout", "20s"])
    deploying.run(cluster, options, Progress())
    deploying.run(cluster, options, Progress())
    assert [orders is None for orders in heard] == [True, False]
