"""The verb `deploy` over an emulated cluster: the first time, the next, and when something stands in the way."""

import argparse
import io
from typing import Any

import pytest
from rich.console import Console

from scripts.cluster import deploying, rollback, traffic
from scripts.cluster.api import Cluster
from scripts.cluster.arguments import parse
from scripts.cluster.errors import Conflict, Forbidden, NotReady, Refused, Unsuitable
from scripts.cluster.kinds import JOB, NAMESPACE, POD, SERVICE_ACCOUNT, STORAGE_CLASS
from scripts.cluster.progress import Progress
from scripts.cluster.results import GOOD, Result
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.emulation.knobs import Bad, Play

IMAGE = "dev.local/flametickets:1"
NEWER = "dev.local/flametickets:2"
SERVING = "serving.knative.dev/v1"


class Said(Progress):
    """What a person saw, as plain text."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        super().__init__(Console(file=self.text, width=200))

    def __str__(self) -> str:
        return self.text.getvalue()


def options(*words: str, image: str = IMAGE) -> argparse.Namespace:
    return parse(["deploy", "--image", image, "--timeout", "20s", *words])


def deploy(cluster: Cluster, *words: str, image: str = IMAGE, said: Said | None = None) -> Result:
    return deploying.run(cluster, options(*words, image=image), said or Said())


def service(cluster_api: ClusterApi, name: str = "orders") -> dict[str, Any]:
    found = cluster_api.get(SERVING, "Service", name)
    assert found is not None
    return found


def traffic_of(cluster_api: ClusterApi) -> dict[str, tuple[str, int]]:
    """Revision's kind and share by tag."""
    lines = service(cluster_api)["spec"]["traffic"]
    return {line["tag"]: (line["revisionName"].rsplit("-", 1)[0], line.get("percent", 0)) for line in lines}


def watch_routes(cluster_api: ClusterApi, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Each revision that a Route ever sent a share to, from now on."""
    sent: list[tuple[str, int]] = []
    set_status = cluster_api.store.set_status

    def heard(obj: dict[str, Any], status: dict[str, Any]) -> None:
        sent.extend(
            (line["revisionName"], line["percent"]) for line in status.get("traffic") or [] if line.get("percent")
        )
        set_status(obj, status)

    monkeypatch.setattr(cluster_api.store, "set_status", heard)
    return sent


def test_at_no_moment_of_a_first_or_a_later_deploy_does_chaos_get_traffic(
    cluster: Cluster, cluster_api: ClusterApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = watch_routes(cluster_api, monkeypatch)
    deploy(cluster)
    deploy(cluster, image=NEWER)
    revisions = {revision.rsplit("-", 1)[0] for revision, _ in sent}
    assert revisions == {"orders-stable", "frontend"}


def test_a_first_deploy_gives_stable_everything_and_says_where_the_shop_is(
    cluster: Cluster, cluster_api: ClusterApi
) -> None:
    result = deploy(cluster)
    assert result.code == GOOD
    assert traffic_of(cluster_api) == {"stable": ("orders-stable", 100), "chaos": ("orders-chaos", 0)}
    assert service(cluster_api)["spec"]["template"]["metadata"]["name"].startswith("orders-stable-"), (
        "the last template"
    )
    assert result.data["url"] == service(cluster_api, "frontend")["status"]["url"]
    assert result.lines[-1].endswith(result.data["url"])
    revisions = {each["metadata"]["name"]: each for each in cluster_api.all(SERVING, "Revision")}
    env = {
        name.rsplit("-", 1)[0]: {each["name"] for each in revision["spec"]["containers"][0]["env"]}
        for name, revision in revisions.items()
    }
    assert env["orders-chaos"] - env["orders-stable"] == {"CHAOS_FAULTS", "CHAOS_SEED"}


def test_a_second_deploy_changes_nothing_and_says_so(cluster: Cluster, cluster_api: ClusterApi) -> None:
    deploy(cluster)
    before = cluster_api.writes()
    result = deploy(cluster)
    assert cluster_api.writes() == before
    assert "nothing to change" in result.lines[-1]
    assert result.data["changed"] == []


def test_a_new_image_keeps_the_split_that_was_asked_for(cluster: Cluster, cluster_api: ClusterApi) -> None:
    deploy(cluster)
    traffic.run(cluster, parse(["traffic", "chaos=20"]), Said())
    former = service(cluster_api)["spec"]["traffic"]
    deploy(cluster, image=NEWER)
    assert traffic_of(cluster_api) == {"stable": ("orders-stable", 80), "chaos": ("orders-chaos", 20)}
    now = service(cluster_api)["spec"]["traffic"]
    assert not {line["revisionName"] for line in former} & {line["revisionName"] for line in now}


def test_what_the_options_leave_out_stays_as_it_is(cluster: Cluster, cluster_api: ClusterApi) -> None:
    deploy(cluster, "--chaos-faults", "latency:0.5:100ms", "--postgres-image", "dev.local/postgres:15")
    result = deploy(cluster)
    assert result.data["changed"] == []
    result = deploy(cluster, "--chaos-faults", "error:0.1")
    assert result.data["changed"] == ["Knative Service orders"]


def test_a_failed_smoke_test_leaves_the_buyers_where_they_are(cluster: Cluster, cluster_api: ClusterApi) -> None:
    deploy(cluster)
    before = traffic_of(cluster_api)
    report = '{"urls": [{"url": "http://next-stable-orders.flametickets.svc.cluster.local", "steps": [{"step": "place", "good": false, "why": "it sold nothing"}]}]}'  # noqa: E501
    cluster_api.knobs.play = lambda job: Play((report,), 1) if job["metadata"]["name"].startswith("smoke") else Play()
    with pytest.raises(NotReady) as raised:
        deploy(cluster, image=NEWER)
    assert any("place: it sold nothing" in line and line.startswith("orders-stable-") for line in raised.value.lines)
    after = traffic_of(cluster_api)
    assert {tag: after[tag] for tag in before} == before
    cluster_api.knobs.play = lambda _job: Play()
    deploy(cluster, image=NEWER)
    assert set(traffic_of(cluster_api)) == {"stable", "chaos"}, (
        "the same command goes on, and takes the trial's tags away"
    )


def test_a_failed_smoke_test_names_the_pod_that_could_not_answer(cluster: Cluster, cluster_api: ClusterApi) -> None:
    """A revision that had gone to zero comes up for the test, or can't."""
    deploy(cluster)
    report = '{"urls": [{"url": "http://next-stable-orders.flametickets.svc.cluster.local", "steps": [{"step": "publish", "good": false, "why": "no answer within 5 s"}]}]}'  # noqa: E501
    full = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "1 Insufficient cpu."}

    def play(job: dict[str, Any]) -> Play:
        if not job["metadata"]["name"].startswith("smoke"):
            return Play()
        for pod in cluster_api.pods("orders"):
            if pod["spec"]["containers"][0]["image"] == NEWER:
                cluster_api.store.set_status(pod, {"phase": "Failed", "conditions": [full]})
        return Play((report,), 1)

    cluster_api.knobs.play = play
    with pytest.raises(NotReady) as raised:
        deploy(cluster, image=NEWER)
    assert any("no node has room for its pod" in line for line in raised.value.lines)


def test_a_split_set_by_kn_is_never_overwritten_unasked(cluster: Cluster, cluster_api: ClusterApi) -> None:
    deploy(cluster)
    lines = service(cluster_api)["spec"]["traffic"]
    shifted = [{**line, "percent": 70 if line["tag"] == "stable" else 30} for line in lines]
    cluster_api.shift_as_kn("orders", shifted)
    with pytest.raises(Conflict) as raised:
        deploy(cluster, image=NEWER)
    assert raised.value.owner == "kn"
    assert "--take-over" in raised.value.hint
    assert traffic_of(cluster_api) == {"stable": ("orders-stable", 70), "chaos": ("orders-chaos", 30)}
    deploy(cluster, "--take-over", image=NEWER)
    assert traffic_of(cluster_api) == {"stable": ("orders-stable", 70), "chaos": ("orders-chaos", 30)}


def test_a_split_set_by_kn_is_noticed_before_any_revision_is_made(cluster: Cluster, cluster_api: ClusterApi) -> None:
    deploy(cluster)
    cluster_api.shift_as_kn("orders", [{**line} for line in service(cluster_api)["spec"]["traffic"][::-1]])
    before = cluster_api.writes()
    with pytest.raises(Conflict):
        deploy(cluster, image=NEWER)
    assert cluster_api.writes() == before


def test_a_rollback_after_a_deploy_goes_back_to_before_it(cluster: Cluster, cluster_api: ClusterApi) -> None:
    deploy(cluster)
    before = {line["revisionName"] for line in service(cluster_api)["spec"]["traffic"]}
    deploy(cluster, image=NEWER)
    rollback.run(cluster, parse(["rollback"]), Said())
    assert {line["revisionName"] for line in service(cluster_api)["spec"]["traffic"]} == before


def test_an_account_that_somebody_deleted_comes_back(cluster: Cluster, cluster_api: ClusterApi) -> None:
    deploy(cluster)
    cluster.delete(SERVICE_ACCOUNT, "orders")
    assert "ServiceAccount orders" in deploy(cluster).data["changed"]
    assert deploy(cluster).data["changed"] == []


def test_with_hold_buyers_stay_on_the_old_stable(cluster: Cluster, cluster_api: ClusterApi) -> None:
    deploy(cluster)
    old = next(line["revisionName"] for line in service(cluster_api)["spec"]["traffic"] if line["tag"] == "stable")
    deploy(cluster, "--hold", image=NEWER)
    lines = {line["tag"]: line for line in service(cluster_api)["spec"]["traffic"]}
    assert (lines["stable"]["revisionName"], lines["stable"]["percent"]) == (old, 100)
    assert lines["next-stable"].get("percent", 0) == 0
    assert lines["next-stable"]["revisionName"] != old


def test_an_image_that_never_starts_is_told_with_the_pods_reason_and_log(
    cluster: Cluster, cluster_api: ClusterApi
) -> None:
    deploy(cluster)
    before = traffic_of(cluster_api)
    cluster_api.knobs.bad_images[NEWER] = Bad("CrashLoopBackOff", "back-off", 3, ("SIGNING_SECRETS: is not set",))
    with pytest.raises(NotReady) as raised:
        deploy(cluster, image=NEWER)
    assert service(cluster_api)["spec"]["template"]["metadata"]["name"].startswith("orders-stable-"), (
        "not left at chaos"
    )
    assert "SIGNING_SECRETS: is not set" in str(raised.value)
    assert traffic_of(cluster_api) == before


def test_a_rotation_is_two_deploys_and_the_second_needs_the_first(cluster: Cluster, cluster_api: ClusterApi) -> None:
    deploy(cluster)
    first = {each["metadata"]["name"] for each in cluster_api.all("v1", "Secret")}
    result = deploy(cluster, "--rotate-signing-secret")
    assert {"Knative Service orders", "Knative Service frontend"} <= set(result.data["changed"])
    second = {each["metadata"]["name"] for each in cluster_api.all("v1", "Secret")}
    assert len(second - first) == 1
    deploy(cluster, "--retire-signing-secret")
    assert deploy(cluster).data["changed"] == []


@pytest.mark.parametrize(
    ("turn", "error", "says"),
    [
        (lambda knobs: setattr(knobs, "has_knative", False), Unsuitable, "https://knative.dev/docs/install"),
        (lambda knobs: knobs.forbidden.add(("create", "secrets")), Forbidden, "create secrets"),
    ],
)
def test_what_stands_in_the_way_is_said_before_anything_is_changed(
    cluster: Cluster, cluster_api: ClusterApi, turn: Any, error: type[Exception], says: str
) -> None:
    turn(cluster_api.knobs)
    with pytest.raises(error) as raised:
        deploy(cluster)
    assert says in str(raised.value)
    assert cluster_api.writes() == []


def test_a_namespace_that_is_being_deleted_is_waited_for_by_the_person(
    cluster: Cluster, cluster_api: ClusterApi
) -> None:
    cluster_api.add_namespace()
    cluster_api.knobs.holds_namespaces = True
    cluster.delete(NAMESPACE, "flametickets")
    with pytest.raises(Refused, match="is being deleted"):
        deploy(cluster)


def test_lost_connections_and_forgotten_watches_are_gone_on_from(cluster: Cluster, cluster_api: ClusterApi) -> None:
    cluster_api.knobs.cut_watches = 2
    cluster_api.knobs.gone_watches = 2
    assert deploy(cluster).code == GOOD


def test_the_demos_databases_warn_where_nothing_is_kept(cluster: Cluster, cluster_api: ClusterApi) -> None:
    cluster.delete(STORAGE_CLASS, "standard")
    said = Said()
    deploy(cluster, said=said)
    assert "lose it with them" in str(said)
    assert deploy(cluster).data["changed"] == []


def test_a_demo_database_that_lost_its_data_with_its_pod_gets_its_schema_again(
    cluster: Cluster, cluster_api: ClusterApi
) -> None:
    cluster.delete(STORAGE_CLASS, "standard")
    deploy(cluster)
    (job,) = (each for each in cluster.list(JOB) if each["metadata"]["name"].startswith("migrate-orders-"))
    name = job["metadata"]["name"]
    cluster_api.store.set_status(job, {**job["status"], "completionTime": "2026-01-01T00:00:00Z"})
    said = Said()
    assert deploy(cluster, said=said).data["changed"] == [f"Job {name}"]
    assert "orders-database lost its data with its pod; publish the shows again" in str(said)
    again = cluster.get(JOB, name)
    assert again is not None
    assert again["metadata"]["uid"] != job["metadata"]["uid"]
    assert deploy(cluster).data["changed"] == []


def test_a_demo_database_that_a_deploy_gives_another_pod_gets_its_schema_in_the_same_run(
    cluster: Cluster, cluster_api: ClusterApi
) -> None:
    cluster.delete(STORAGE_CLASS, "standard")
    deploy(cluster, "--postgres-image", "postgres:17")
    born = {each["metadata"]["name"]: each["metadata"]["uid"] for each in cluster.list(JOB)}
    for job in cluster.list(JOB):
        cluster_api.store.set_status(job, {**job["status"], "completionTime": "2026-01-01T00:00:00Z"})
    for side in ("orders", "frontend"):
        cluster.delete(POD, f"{side}-database-0")
    deploy(cluster, "--postgres-image", "postgres:18")
    again = {each["metadata"]["name"]: each["metadata"]["uid"] for each in cluster.list(JOB)}
    assert again.keys() == born.keys()
    assert all(again[name] != born[name] for name in born)


def test_databases_elsewhere_need_none_of_the_demos(cluster: Cluster, cluster_api: ClusterApi) -> None:
    urls = [f"--{side}-database-url=postgresql://u:p@{side}.example:6432/x" for side in ("orders", "frontend")]
    said = Said()
    deploy(cluster, *urls, said=said)
    assert cluster_api.all("apps/v1", "StatefulSet") == []
    assert "u:p" not in str(said)
    assert deploy(cluster).data["changed"] == [], "found again without being named"
