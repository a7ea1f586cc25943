"""`status`: the one screen, of a shop that is well and of one that isn't."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scripts.cluster.api import Cluster
from scripts.cluster.errors import Unsuitable
from scripts.cluster.kinds import NAMESPACE, POD, SERVICE
from scripts.cluster.manifests import Plan, revision_of
from scripts.cluster.progress import Progress
from scripts.cluster.results import Result
from scripts.cluster.status import run
from scripts.cluster.status_shown import There, screen
from tests.scripts.cluster import standing
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.emulation.knobs import Bad, Play
from tests.scripts.waiting import wait_until

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)


def status(cluster: Cluster) -> Result:
    return run(cluster, None, Progress())


def text(result: Result) -> str:
    return "\n".join(result.lines)


@pytest.fixture
def shop(cluster_api: ClusterApi, cluster: Cluster) -> Plan:
    """A shop that serves, with 20 % of the orders on chaos."""
    standing.make_namespace(cluster_api)
    return standing.build(cluster, chaos=20)


def apply_broken(cluster_api: ClusterApi, cluster: Cluster, bad: Bad) -> str:
    """Bring a stable revision whose image doesn't come up; returns its name once its pod is in trouble."""
    service, name = standing.planned().orders["stable"], "orders-stable-ffffffffff"
    service["spec"]["template"]["metadata"]["name"] = name
    service["spec"]["template"]["spec"]["containers"][0]["image"] = "broken"
    cluster_api.knobs.bad_images["broken"] = bad
    cluster.apply(service)
    wait_until(lambda: any(pod.get("status") for pod in cluster.list(POD, f"serving.knative.dev/revision={name}")))
    return name


def test_a_shop_that_is_well_is_shown_on_one_screen(shop: Plan, cluster: Cluster, cluster_api: ClusterApi) -> None:
    result = status(cluster)
    assert result.code == 0
    said = text(result)
    assert said.startswith("FlameTickets in flametickets: http://frontend.flametickets.shop.example\n")
    assert f"image {standing.IMAGE}\n" in said
    assert "orders: stable 80 %, chaos 20 %\n" in said
    assert "set by deploy.py at " in said
    assert f"{revision_of(shop.orders['chaos'])}   chaos     20 %    20 %  ready, 1 pod\n" in said
    assert "  frontend-database  ready\n" in said
    assert len(result.lines) < 40
    for pod in cluster_api.all("v1", "Pod"):
        assert pod["metadata"]["name"] in said


def test_programs_get_the_same(shop: Plan, cluster: Cluster) -> None:
    data = json.loads(json.dumps(status(cluster).data))
    assert (data["ready"], data["in_force"], data["problems"]) == (True, True, [])
    assert data["split"] == data["wanted"] == {"stable": 80, "chaos": 20}
    assert data["set_by"] == "flametickets-traffic"
    assert [(each["service"], each["tags"], each["actual"], each["ready"]) for each in data["revisions"]] == [
        ("frontend", [], 100, True),
        ("orders", ["stable"], 80, True),
        ("orders", ["chaos"], 20, True),
    ]
    assert {pod["ready"] for pod in data["pods"]} == {"1/1", "2/2"}


def test_looking_changes_nothing(shop: Plan, cluster: Cluster, cluster_api: ClusterApi) -> None:
    before = cluster_api.writes()
    status(cluster)
    assert cluster_api.writes() == before


def test_an_image_that_never_starts_is_told_with_reason_log_and_what_to_do(
    shop: Plan, cluster: Cluster, cluster_api: ClusterApi
) -> None:
    name = apply_broken(cluster_api, cluster, Bad("CrashLoopBackOff", "back-off 40s", 3, ("Traceback", "boom: no key")))
    result = status(cluster)
    assert result.code == 1
    (problem,) = result.data["problems"]
    assert problem["message"].startswith("Knative Service orders is not ready yet")
    assert problem["lines"][0].startswith(f"Pod {name}-deployment-")
    assert "its process ends by itself just after the start (CrashLoopBackOff: back-off 40s)" in problem["lines"][0]
    assert "  boom: no key" in problem["lines"]
    assert problem["hint"]
    assert "boom: no key" in text(result)
    assert f"{name}             0 %     0 %  not ready yet" in text(result)


def test_a_registry_without_the_image_is_told_of_by_its_revision(
    shop: Plan, cluster: Cluster, cluster_api: ClusterApi
) -> None:
    cluster_api.knobs.missing_images.add("elsewhere")
    service = standing.planned().orders["stable"]
    service["spec"]["template"]["metadata"]["name"] = "orders-stable-eeeeeeeeee"
    service["spec"]["template"]["spec"]["containers"][0]["image"] = "elsewhere"
    cluster.apply(service)
    wait_until(lambda: "NOT READY" in text(status(cluster)))
    result = status(cluster)
    assert result.code == 1
    assert "its newest revision doesn't come up (RevisionFailed: " in text(result)
    assert "the registry doesn't have its image" in text(result)


def test_a_share_on_a_revision_that_does_not_come_up_is_bad(
    shop: Plan, cluster: Cluster, cluster_api: ClusterApi
) -> None:
    chaos = revision_of(shop.orders["chaos"])
    revision = cluster_api.get(standing.SERVING, "Revision", chaos)
    assert revision is not None
    failed = [{"type": "Ready", "status": "False", "reason": "ExitCode1", "message": "crashed"}]
    cluster_api.knobs.ready_after_s = 60.0
    for pod in cluster_api.pods("orders"):
        if chaos in pod["metadata"]["name"]:
            cluster_api.store.set_status(pod, {"phase": "Pending"})
    # After its pods, for the emulation calls a revision ready that has one.
    cluster_api.store.set_status(revision, {"observedGeneration": 1, "conditions": failed})
    result = status(cluster)
    assert result.code == 1
    assert [each["ready"] for each in result.data["revisions"] if each["name"] == chaos] == [False]
    assert any(chaos in problem["message"] for problem in result.data["problems"])


def test_a_shift_by_kn_is_shown_as_such(shop: Plan, cluster: Cluster, cluster_api: ClusterApi) -> None:
    stable = revision_of(shop.orders["stable"])
    cluster_api.shift_as_kn("orders", [{"revisionName": stable, "percent": 100, "tag": "stable"}])
    wait_until(lambda: status(cluster).data["in_force"])
    assert "set by kn at " in text(status(cluster))
    assert "only with --take-over" in text(status(cluster))


def test_a_split_that_is_not_in_force_yet_shows_both(shop: Plan, cluster: Cluster, cluster_api: ClusterApi) -> None:
    cluster_api.knobs.stalled.add("orders")
    standing.shift(cluster, shop, stable=50, chaos=50)
    result = status(cluster)
    assert result.code == 1
    assert "orders: stable 80 %, chaos 20 %\nwanted: stable 50 %, chaos 50 %; not in force yet\n" in text(result)


def test_a_failed_migration_is_told_of_while_the_shop_goes_on(
    shop: Plan, cluster: Cluster, cluster_api: ClusterApi
) -> None:
    def play(_job: Any) -> Play:
        return Play(("relation exists",), exit_code=1)

    cluster_api.knobs.play = play
    job = standing.planned().migrations[0]
    cluster.create(job)
    wait_until(lambda: status(cluster).data["problems"])
    result = status(cluster)
    assert result.code == 0
    (problem,) = result.data["problems"]
    assert problem["message"].startswith(f"Job {job['metadata']['name']} is not ready: its process failed")
    assert "  relation exists" in problem["lines"]


def test_a_demo_database_without_its_data_is_not_ready() -> None:
    """Its process runs, and there is no table in it."""
    pod = {"metadata": {"name": "orders-database-0", "creationTimestamp": "2026-08-01T11:00:00Z"}, "spec": {}}
    done = {"metadata": {"name": "migrate-orders-0123456789"}, "status": {"completionTime": "2026-08-01T10:00:00Z"}}
    there = There("x", {}, databases=[_database()], jobs=[done], pods=[pod])
    assert "orders-database  NOT READY: it lost its data with its former pod" in text(screen(there, [], NOW))
    later = {**done, "status": {"completionTime": "2026-08-01T11:00:20Z"}}
    assert "orders-database  ready" in text(screen(replace(there, jobs=[done, later]), [], NOW))
    kept = _database(volumeClaimTemplates=[{}])
    assert "orders-database  ready" in text(screen(replace(there, databases=[kept]), [], NOW))


def test_a_database_that_somebody_scaled_to_no_pods_is_not_ready() -> None:
    there = There("x", {}, databases=[_database(replicas=0)])
    assert "orders-database  NOT READY: somebody scaled it to no pods" in text(screen(there, [], NOW))


def _database(**spec: Any) -> dict[str, Any]:
    status = {"observedGeneration": 1, "readyReplicas": 1, "updatedReplicas": 1}
    head = {"name": "orders-database", "generation": 1}
    return {"kind": "StatefulSet", "metadata": head, "spec": {"replicas": 1, **spec}, "status": status}


def test_a_service_that_a_deploy_never_reached_is_said_to_be_missing(cluster_api: ClusterApi, cluster: Cluster) -> None:
    standing.make_namespace(cluster_api)
    cluster.apply(standing.planned().orders["stable"])
    result = status(cluster)
    assert result.code == 1
    assert "Knative Service frontend isn't there" in text(result)


@pytest.mark.parametrize("is_there", [False, True])
def test_nothing_deployed_is_said_in_so_many_words(cluster_api: ClusterApi, cluster: Cluster, is_there: bool) -> None:
    if is_there:
        standing.make_namespace(cluster_api)
    result = status(cluster)
    assert result.code == 1
    assert result.lines[0].startswith("nothing is deployed: ")
    assert result.data["ready"] is False


def test_a_namespace_that_is_being_deleted_is_called_so(cluster_api: ClusterApi, cluster: Cluster) -> None:
    standing.make_namespace(cluster_api)
    cluster_api.knobs.holds_namespaces = True
    cluster.delete(NAMESPACE, "flametickets")
    assert "the namespace flametickets is being deleted" in status(cluster).lines[0]


def test_who_may_only_look_into_the_namespace_is_told_what_is_in_it(
    shop: Plan, cluster: Cluster, cluster_api: ClusterApi
) -> None:
    cluster_api.knobs.forbidden.add(("get", "namespaces"))
    assert status(cluster).code == 0


def test_a_cluster_without_knative_is_told_where_to_get_it(cluster_api: ClusterApi, cluster: Cluster) -> None:
    standing.make_namespace(cluster_api)
    cluster_api.knobs.has_knative = False
    with pytest.raises(Unsuitable, match="no Knative Serving") as raised:
        status(cluster)
    assert "https://knative.dev/docs/install/" in raised.value.hint


def test_of_revisions_without_traffic_the_newest_five_are_listed(
    shop: Plan, cluster: Cluster, cluster_api: ClusterApi
) -> None:
    orders = cluster.get(SERVICE, "orders")
    assert orders is not None
    names = [f"orders-stable-{number:010x}" for number in range(7)]
    old = [_revision(name, day) for day, name in enumerate(names, 1)]
    result = screen(There("flametickets", {"orders": orders}, old), [], NOW)
    assert [name for name in names if name in text(result)] == names[2:]
    assert "  and 2 older, which --output json has" in result.lines
    assert {each["name"] for each in result.data["revisions"]} >= set(names)


@pytest.mark.parametrize(
    ("age", "words"), [(59, "59 s"), (150, "2 min"), (3 * 3600, "3 h"), (86400, "24 h"), (20 * 86400, "20 d")]
)
def test_ages_are_read_at_a_glance(age: int, words: str) -> None:
    born = f"{NOW - timedelta(seconds=age):%Y-%m-%dT%H:%M:%SZ}"
    pod = {"metadata": {"name": "orders-x", "creationTimestamp": born}, "spec": {"containers": [{"name": "a"}]}}
    (line,) = [each for each in screen(There("x", {}, pods=[pod]), [], NOW).lines if "orders-x" in each]
    assert line.split()[1:] == ["0/1", "0", *words.split(), "starts"]


def _revision(name: str, day: int) -> dict[str, Any]:
    labels = {"serving.knative.dev/service": "orders"}
    head = {"name": name, "labels": labels, "creationTimestamp": f"2026-01-{day:02}T00:00:00Z"}
    return {"metadata": head, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
