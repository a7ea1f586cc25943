"""The verb `verify`, over the emulated cluster; what its pods find is the test's to say."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from scripts.cluster.api import Cluster
from scripts.cluster.errors import Forbidden, NotReady, Unsuitable
from scripts.cluster.verify import run
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.emulation.knobs import Play
from tests.scripts.cluster.emulation.statuses import Failure, forbidden
from tests.scripts.cluster.interrupting import ctrl_c_once
from tests.scripts.cluster.shop import Shop, open_shop, options, progress, reports
from tests.scripts.cluster.verifying import (
    PACE,
    Inside,
    confined_finds,
    found,
    probes,
    stranger_finds,
    verdicts,
    verified,
)
from tests.scripts.waiting import wait_until

SERVING = "serving.knative.dev/v1"
FUNCTION, SHOP = "a pod of the function is deleted", "a pod of the shop is deleted"
STEPS = (
    *("the function's pod is deleted", "the shop's pod is deleted"),
    *("strangers call", "the containers are looked at"),
)


@pytest.fixture
def shop(cluster_api: ClusterApi, cluster: Cluster) -> Shop:
    return open_shop(cluster_api, cluster)


@pytest.fixture
def inside(cluster_api: ClusterApi, shop: Shop) -> Iterator[Inside]:
    inside = Inside(cluster_api)
    with probes(cluster_api, inside.answers):
        yield inside


def pod_names(api: ClusterApi, service: str) -> set[str]:
    return {pod["metadata"]["name"] for pod in api.pods(service)}


def test_a_shop_that_keeps_its_promises_is_good(cluster: Cluster, inside: Inside) -> None:
    result = verified(cluster)
    assert (result.code, set(verdicts(result).values())) == (0, {"good"})
    assert list(verdicts(result)) == [
        *(FUNCTION, f"an order from before {STEPS[0]}", SHOP, f"an order from before {STEPS[1]}"),
        *("a stranger at the weighted address", "a stranger at the tag stable", "a stranger at the tag chaos"),
        *("the visibility of orders", "the addresses of orders", "orders at the public gateway"),
        f"an order from before {STEPS[2]}",
        *("the containers of orders", "the containers of frontend", "seen from inside a pod like theirs"),
        *(f"an order from before {STEPS[3]}", "the orders of this run"),
    ]
    assert result.lines[0].split() == ["check", "verdict", "seconds", "expected", "found"]
    assert result.lines[-1] == "16 of 16 checks are good"
    assert json.loads(json.dumps(result.data))["verdict"] == "good"


def test_one_pod_of_each_is_deleted_and_the_return_is_timed(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, inside: Inside
) -> None:
    before = pod_names(cluster_api, "orders") | pod_names(cluster_api, "frontend")
    result = verified(cluster)
    gone = before - pod_names(cluster_api, "orders") - pod_names(cluster_api, "frontend")
    assert sorted(name.rpartition("-deployment-")[0] for name in gone) == [shop.frontend, shop.stable]
    for check in result.data["checks"][0], result.data["checks"][2]:
        assert 0 < check["ready_s"] <= check["seconds"] < 5
        assert f"a new pod, ready after {check['ready_s']:.1f} s, answers" in check["found"]


def test_what_is_asked_and_how(cluster: Cluster, inside: Inside) -> None:
    verified(cluster)
    (order, *_) = (words[1] for words in inside.words_with("place"))
    function, shop = inside.words_with("probe")
    assert function[:3] == ["stable", "--order", order]
    assert shop[0] == "http://frontend.flametickets.svc.cluster.local/readyz"
    (stranger,) = inside.words_with("stranger")
    assert stranger[:3] == ["orders", "stable", "chaos"]
    (gateway,) = inside.words_with("gateway")
    assert gateway[:4] == [
        *("--known", "frontend.flametickets.shop.example"),
        *("--at", "http://kourier.kourier-system.svc.cluster.local"),
    ]
    assert gateway[-3:] == [f"{host}.flametickets.shop.example" for host in ("orders", "stable-orders", "chaos-orders")]
    for command in ("stranger", "gateway"):
        labels = inside.jobs[command]["spec"]["template"]["metadata"]["labels"]
        assert labels["flametickets.org/role"] == "stranger"


def test_an_order_is_placed_before_each_step_and_found_after_it_and_nothing_is_left(
    cluster: Cluster, cluster_api: ClusterApi, inside: Inside
) -> None:
    verified(cluster)
    placed = [words[1] for words in inside.words_with("place")]
    assert len(set(placed)) == 4
    assert [words[1] for words in inside.words_with("find")] == placed
    assert inside.words_with("cancel") == [["stable", *placed]]
    around = [words[3] for words in inside.words if words[3] not in ("gateway", "cancel")]
    assert around == [each for work in ("probe", "probe", "stranger", "confined") for each in ("place", work, "find")]
    assert cluster_api.all("batch/v1", "Job") == []


def test_the_pod_that_is_looked_into_is_confined_as_the_shops_own(
    cluster: Cluster, cluster_api: ClusterApi, inside: Inside
) -> None:
    verified(cluster)
    own = cluster_api.pods("orders")[0]["spec"]["containers"][0]["securityContext"]
    spec = inside.jobs["confined"]["spec"]["template"]["spec"]
    assert spec["containers"][0]["securityContext"] == own
    assert "securityContext" not in spec


def test_pods_that_come_back_too_late_are_misses_and_the_rest_is_checked_all_the_same(
    cluster: Cluster, cluster_api: ClusterApi, inside: Inside
) -> None:
    cluster_api.knobs.ready_after_s = 0.5
    result = verified(cluster, replace(PACE, budget_s=0.4))
    assert result.code == 1
    assert [each for each, verdict in verdicts(result).items() if verdict != "good"] == [FUNCTION, SHOP]
    assert len(result.data["checks"]) == 16
    assert result.lines[-1] == "14 of 16 checks are good; 2 MISSED"
    for check in (result.data["checks"][0], result.data["checks"][2]):
        assert check["seconds"] >= 0.5
        assert check["failed"] > 0
        assert f"{check['failed']} of {check['requests']} requests failed meanwhile" in check["found"]
        assert "(first: nothing takes connections)" in check["found"]


def test_a_pod_that_never_comes_back_is_a_miss(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, inside: Inside
) -> None:
    cluster_api.knobs.stalled.add(f"{shop.stable}-deployment")
    result = verified(cluster, replace(PACE, give_up_s=0.5))
    assert (result.code, verdicts(result)[FUNCTION]) == (1, "MISSED")
    assert "no new pod was ready within " in found(result, FUNCTION)


def test_a_shop_that_does_not_answer_is_not_deleted(cluster: Cluster, cluster_api: ClusterApi, shop: Shop) -> None:
    inside, before = Inside(cluster_api), pod_names(cluster_api, "orders")
    with probes(cluster_api, lambda service: "it answered 503" if service == "orders" else inside.answers(service)):
        result = verified(cluster, replace(PACE, steady_within_s=0.5))
    assert (result.code, verdicts(result)[STEPS[0]]) == (2, "unclear")
    assert "the function doesn't answer steadily, so none of its pods was deleted: it answered 503" in found(
        result, STEPS[0]
    )
    assert pod_names(cluster_api, "orders") == before
    assert verdicts(result)[SHOP] == "good"


@pytest.mark.parametrize(
    ("report", "code", "words"),
    [
        ({"status": "unknown", "why": "the function knows no such order"}, 1, "the function knows no such order"),
        ({"status": "unconfirmed", "why": "no answer within 5 s"}, 2, "no answer within 5 s"),
        ({"status": "cancelled"}, 0, "found, cancelled"),
    ],
)
def test_an_order_that_is_not_found_after_a_step_is_a_miss(
    cluster: Cluster, inside: Inside, report: dict[str, str], code: int, words: str
) -> None:
    def find(_words: list[str]) -> Play:
        is_second = len(inside.words_with("find")) == 2
        return reports(report, code) if is_second else reports({"status": "confirmed"})

    inside.plays["find"] = find
    result = verified(cluster)
    name = f"an order from before {STEPS[1]}"
    assert result.code == 1
    assert [each for each, verdict in verdicts(result).items() if verdict != "good"] == [name]
    assert found(result, name) == words


def test_an_order_that_can_not_be_placed_is_a_miss_and_is_cancelled_all_the_same(
    cluster: Cluster, inside: Inside
) -> None:
    inside.plays["place"] = reports({"status": "unconfirmed", "why": "no answer within 5 s"}, exit_code=2)
    result = verified(cluster)
    assert (result.code, inside.words_with("find")) == (1, [])
    assert found(result, STEPS[0]) == (
        "the function took no order, so none of its pods was deleted: no answer within 5 s"
    )
    assert found(result, f"an order from before {STEPS[2]}") == "it could not be placed: no answer within 5 s"
    assert len(inside.words_with("cancel")[0]) == 5


def test_a_stranger_who_is_answered_is_a_miss(cluster: Cluster, inside: Inside) -> None:
    inside.plays["stranger"] = stranger_finds({"orders": "no_route", "chaos-orders": "answered"})
    result = verified(cluster)
    assert result.code == 1
    assert [each for each, verdict in verdicts(result).items() if verdict != "good"] == ["a stranger at the tag chaos"]
    assert found(result, "a stranger at the weighted address").startswith("no route unsigned")
    assert found(result, "a stranger at the tag stable") == "401 unsigned, 401 wrongly signed"


def test_a_function_with_a_public_address_is_a_miss(cluster: Cluster, cluster_api: ClusterApi, inside: Inside) -> None:
    orders = cluster_api.get(SERVING, "Service", "orders")
    assert orders is not None
    del orders["metadata"]["labels"]["networking.knative.dev/visibility"]
    cluster_api.store.update(orders)
    wait_until(lambda: "shop.example" in str(cluster_api.get(SERVING, "Route", "orders")))
    answers = [{"host": "orders.shop.example", "outcome": "answered", "status": 401, "why": "it answered 401"}]
    why = "orders.shop.example: it answered 401"
    inside.plays["gateway"] = reports({"command": "gateway", "hosts": answers, "why": why}, exit_code=1)
    result = verified(cluster)
    assert result.code == 1
    assert [each for each, verdict in verdicts(result).items() if verdict != "good"] == [
        *("the visibility of orders", "the addresses of orders", "orders at the public gateway"),
    ]
    assert found(result, "the visibility of orders") == "Service: no label, Route: no label"
    assert found(result, "the addresses of orders").startswith("public: http://orders.flametickets.shop.example")


def test_a_gateway_that_is_not_reached_is_said_so_and_is_no_miss(cluster: Cluster, inside: Inside) -> None:
    why = "no gateway of frontend.flametickets.shop.example is reached from here: …"
    inside.plays["gateway"] = reports({"command": "gateway", "why": why}, exit_code=2)
    result = verified(cluster)
    assert (result.code, verdicts(result)["orders at the public gateway"]) == (0, "not checked")
    assert found(result, "orders at the public gateway") == f"not checked: {why}"
    assert result.lines[-1] == "15 of 16 checks are good; 1 not checked"


def test_a_container_that_runs_as_root_is_a_miss(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, inside: Inside
) -> None:
    (pod,) = (each for each in cluster_api.pods("orders") if each["metadata"]["name"].startswith(shop.chaos))
    pod["spec"]["containers"][0]["securityContext"] |= {"runAsNonRoot": False, "runAsUser": 0}
    cluster_api.store.update(pod)
    inside.plays["confined"] = confined_finds(user="root")
    result = verified(cluster)
    assert result.code == 1
    assert [each for each, verdict in verdicts(result).items() if verdict != "good"] == [
        *("the containers of orders", "seen from inside a pod like theirs"),
    ]
    name = pod["metadata"]["name"]
    assert found(result, "the containers of orders") == f"{name}: runAsNonRoot is false; {name}: runAsUser is 0"
    assert found(result, "seen from inside a pod like theirs") == "user root"
    assert len(inside.words_with("confined")) == 2  # as each of the two ways in which pods are confined


def test_ctrl_c_in_the_middle_cancels_the_orders(cluster: Cluster, cluster_api: ClusterApi, inside: Inside) -> None:
    inside.plays["stranger"] = Play(hangs=True)
    with ctrl_c_once(lambda: inside.words_with("stranger")):
        verified(cluster)
    placed = [words[1] for words in inside.words_with("place")]
    assert inside.words_with("cancel") == [["stable", *placed]]
    assert len(placed) == 3
    assert cluster_api.all("batch/v1", "Job") == []


def test_ctrl_c_while_the_return_is_measured_leaves_no_probe(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, inside: Inside
) -> None:
    cluster_api.knobs.stalled.add(f"{shop.stable}-deployment")
    before = pod_names(cluster_api, "orders")
    with ctrl_c_once(lambda: pod_names(cluster_api, "orders") != before):
        verified(cluster)
    assert len(inside.words_with("cancel")[0]) == 2
    assert cluster_api.all("batch/v1", "Job") == []


def test_orders_that_stay_are_told_of(cluster: Cluster, inside: Inside) -> None:
    inside.plays["cancel"] = reports({"command": "cancel", "orders": [], "why": "x: no answer within 5 s"}, exit_code=2)
    result = verified(cluster)
    assert (result.code, verdicts(result)["the orders of this run"]) == (2, "unclear")


def test_who_may_not_delete_pods_is_told_before_an_order_is_placed(
    cluster: Cluster, cluster_api: ClusterApi, inside: Inside
) -> None:
    cluster_api.knobs.forbidden.add(("delete", "pods"))
    with pytest.raises(Forbidden, match="this user may not do in the namespace flametickets ") as caught:
        verified(cluster)
    assert (caught.value.code, inside.words) == (2, [])
    assert caught.value.what.endswith(": delete pods")


def test_a_deletion_that_the_cluster_forbids_is_said_in_its_place(
    cluster: Cluster, cluster_api: ClusterApi, inside: Inside
) -> None:
    refusal = forbidden("delete", "", "pods", "orders-stable", "flametickets")
    cluster_api.knobs.failures.append(("delete", "pods", refusal))
    result = verified(cluster)
    assert (result.code, verdicts(result)[STEPS[0]]) == (2, "unclear")
    assert "visitor may not delete pods" in found(result, STEPS[0])
    assert verdicts(result)[SHOP] == "good"
    assert cluster_api.all("batch/v1", "Job") == []


@pytest.mark.parametrize("has_namespace", [False, True])
def test_where_nothing_is_deployed_it_is_said(cluster: Cluster, cluster_api: ClusterApi, has_namespace: bool) -> None:
    if has_namespace:
        cluster_api.add_namespace()
    with pytest.raises(Unsuitable, match="there is nothing to verify") as caught:
        verified(cluster)
    assert caught.value.code == 2
    assert "deploy.py --image" in caught.value.hint


def test_a_shop_that_is_not_whole_is_left_alone(cluster: Cluster, cluster_api: ClusterApi, inside: Inside) -> None:
    frontend = cluster_api.get(SERVING, "Service", "frontend")
    assert frontend is not None
    cluster_api.knobs.stalled.add("frontend")
    failed = [{"type": "Ready", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "late"}]
    cluster_api.store.set_status(frontend, {**frontend["status"], "conditions": failed})
    before = cluster_api.writes()
    with pytest.raises(NotReady, match="the shop isn't whole, so none of its pods is deleted") as caught:
        verified(cluster)
    assert any("NOT READY: no pod of it became ready" in line for line in caught.value.lines)
    assert (caught.value.code, cluster_api.writes()) == (1, before)


def test_an_errand_that_fails_is_unclear_and_the_rest_is_checked(
    cluster: Cluster, cluster_api: ClusterApi, inside: Inside
) -> None:
    inside.plays["stranger"] = Play(("Killed",), exit_code=137)
    result = verified(cluster)
    assert (result.code, verdicts(result)[STEPS[2]]) == (2, "unclear")
    assert verdicts(result)["the containers of orders"] == "good"


def test_a_failure_of_the_api_server_in_the_middle_is_no_miss(
    cluster: Cluster, cluster_api: ClusterApi, inside: Inside
) -> None:
    def stranger(_words: list[str]) -> Play:
        failure = Failure(500, "InternalError", "etcd has no leader")
        cluster_api.knobs.failures += [("get", "routes", failure)]
        return stranger_finds({})

    inside.plays["stranger"] = stranger
    result = verified(cluster)
    assert (result.code, verdicts(result)[STEPS[2]]) == (2, "unclear")
    assert verdicts(result)["a stranger at the tag stable"] == "good"


def test_the_command_line_is_read(cluster: Cluster, cluster_api: ClusterApi, inside: Inside) -> None:
    result = run(cluster, options("verify", "--image", "registry.example/other:1", "--timeout", "10"), progress()[0])
    assert result.code == 0
    container = inside.jobs["stranger"]["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "registry.example/other:1"
