"""The verb `canary`, over the emulated cluster; what its watches see is the test's to say."""

import threading
from typing import Any

import pytest

from scripts.cluster.api import Cluster
from scripts.cluster.canary import run
from scripts.cluster.errors import Conflict, NotReady, Refused
from scripts.cluster.history import load
from scripts.cluster.kinds import POD
from scripts.cluster.results import Result
from scripts.cluster.targets import read, shares
from scripts.cluster.traffic import service_of
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.emulation.knobs import Bad, Play
from tests.scripts.cluster.emulation.statuses import Failure
from tests.scripts.cluster.interrupting import ctrl_c_once
from tests.scripts.cluster.shop import Shop, bring, open_shop, options, progress, reports, words_of
from tests.scripts.waiting import wait_until

FIGURES = {"events": 400, "bad": 0, "share": 0.0, "detail": {"confirmed": 400}}
KEPT = reports({"command": "observe", "verdict": "kept", "why": "0 % is not above 0.1 %", **FIGURES})
BREACHED = reports(
    {"command": "observe", "verdict": "breached", "why": "14.3 % is above 0.1 %", **FIGURES, "bad": 57}, exit_code=1
)
TOO_FEW = reports({"command": "observe", "verdict": "too_few", "why": "3 happened", **FIGURES, "events": 3}, 2)
BLIND = reports({"command": "observe", "verdict": "blind", "why": "no page can be read: away"}, exit_code=2)


class Watches:
    """What the watches of a test see, one after the other; the split that was in force at each of them."""

    def __init__(self, api: ClusterApi) -> None:
        self._api = api
        self._plays = list[Play]()
        self._begun = dict[str, Play]()
        self.splits = list[dict[str, int]]()
        self.words = list[list[str]]()
        api.knobs.play = self._play

    def see(self, *plays: Play) -> None:
        self._plays = list(plays)

    def _play(self, job: dict[str, Any]) -> Play:
        uid = job["metadata"]["uid"]
        if uid not in self._begun:
            orders = self._api.get("serving.knative.dev/v1", "Service", "orders")
            assert orders is not None
            self.splits.append(shares(read(orders).actual))
            self.words.append(words_of(job))
            self._begun[uid] = self._plays.pop(0)
        return self._begun[uid]


@pytest.fixture
def shop(cluster_api: ClusterApi, cluster: Cluster) -> Shop:
    return open_shop(cluster_api, cluster)


@pytest.fixture
def watches(cluster_api: ClusterApi) -> Watches:
    return Watches(cluster_api)


def canary(cluster: Cluster, *words: str) -> Result:
    return run(cluster, options("canary", *words, "--watch", "1", "--timeout", "10"), progress()[0])


def split(cluster: Cluster) -> dict[str, int]:
    """The split that is asked for and in force."""
    traffic = read(service_of(cluster, "orders"))
    assert traffic.is_in_force
    return shares(traffic.wanted)


def test_each_step_is_watched_and_the_last_one_stays(cluster: Cluster, shop: Shop, watches: Watches) -> None:
    watches.see(KEPT, KEPT)
    result = canary(cluster, "chaos", "--steps", "5,20")
    assert (result.code, result.data["verdict"]) == (0, "held")
    assert watches.splits == [{"stable": 95, "chaos": 5}, {"stable": 80, "chaos": 20}]
    assert split(cluster) == {"stable": 80, "chaos": 20}
    assert result.lines[:3] == (
        "canary chaos: held",
        "  stable 95 %, chaos 5 %   held: 0 of 400",
        "  stable 80 %, chaos 20 %  held: 0 of 400",
    )


def test_the_pods_of_the_shop_are_watched_by_the_measure_that_was_asked_for(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, watches: Watches
) -> None:
    watches.see(KEPT)
    canary(cluster, "chaos", "--steps", "5", "--metric", "calls", "--limit", "0.4")
    (words,) = watches.words
    assert words == [
        *("python3", "-m", "scripts.inside", "observe", "--metric", "calls", "--limit", "0.400000000"),
        *("--seconds", "1.0", "http://10.0.0.7:9095/metrics"),
    ]
    assert cluster_api.all("batch/v1", "Job") == []


def test_at_the_first_breach_the_traffic_goes_back_to_the_last_good_split(
    cluster: Cluster, shop: Shop, watches: Watches
) -> None:
    watches.see(KEPT, BREACHED)
    result = canary(cluster, "chaos")
    assert (result.code, result.data["verdict"], result.data["why"]) == (1, "breached", "14.3 % is above 0.1 %")
    assert len(watches.splits) == 2
    assert split(cluster) == {"stable": 95, "chaos": 5}
    assert [step["verdict"] for step in result.data["steps"]] == ["kept", "breached"]


def test_a_breach_of_the_first_step_leads_back_to_the_start(cluster: Cluster, shop: Shop, watches: Watches) -> None:
    watches.see(BREACHED)
    assert canary(cluster, "chaos").code == 1
    assert split(cluster) == {"stable": 100, "chaos": 0}


def test_too_little_traffic_proves_nothing_and_goes_back(cluster: Cluster, shop: Shop, watches: Watches) -> None:
    watches.see(TOO_FEW)
    result = canary(cluster, "chaos")
    assert (result.code, result.data["verdict"], result.data["why"]) == (2, "unclear", "3 happened")
    assert split(cluster) == {"stable": 100, "chaos": 0}


def test_a_watch_that_sees_nothing_is_done_again_and_after_the_second_it_goes_back(
    cluster: Cluster, shop: Shop, watches: Watches
) -> None:
    watches.see(BLIND, KEPT, BLIND, BLIND)
    result = canary(cluster, "chaos", "--steps", "5,20")
    assert (result.code, result.data["verdict"]) == (2, "unclear")
    assert [each["chaos"] for each in watches.splits] == [5, 5, 20, 20]
    assert split(cluster) == {"stable": 95, "chaos": 5}


def test_a_watch_whose_pod_does_not_start_has_seen_nothing(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, watches: Watches
) -> None:
    cluster_api.knobs.bad_images["registry.example/none:1"] = Bad()
    result = canary(cluster, "chaos", "--image", "registry.example/none:1")
    assert (result.code, result.data["verdict"]) == (2, "unclear")
    assert "image can't be pulled" in result.data["why"]
    assert split(cluster) == {"stable": 100, "chaos": 0}


def test_without_a_pod_of_the_shop_there_is_nothing_to_watch(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, watches: Watches
) -> None:
    cluster_api.controllers.knative.asleep.add(shop.frontend)
    for pod in cluster_api.pods("frontend"):
        cluster.delete(POD, pod["metadata"]["name"])
    result = canary(cluster, "chaos")
    assert (result.code, result.data["why"]) == (2, "the shop has no pod that runs")
    assert watches.words == []


def test_one_rollback_undoes_a_whole_canary(cluster: Cluster, shop: Shop, watches: Watches) -> None:
    before = len(load(cluster))
    watches.see(KEPT, KEPT, KEPT)
    canary(cluster, "chaos")
    history = load(cluster)
    assert len(history) == before + 1
    assert (history[-1].by, shares(history[-1].traffic["orders"])) == ("canary chaos", {"stable": 100, "chaos": 0})


def test_a_new_stable_revision_takes_over_in_steps_and_has_the_tag_in_the_end(
    cluster: Cluster, shop: Shop, watches: Watches
) -> None:
    new = _bring_another(cluster, shop)
    watches.see(KEPT, KEPT, KEPT)
    result = canary(cluster, "stable", "--steps", "5,50")
    assert result.code == 0
    assert watches.splits == [
        {"stable": 95, "chaos": 0, "next-stable": 5},
        {"stable": 50, "chaos": 0, "next-stable": 50},
        {"stable": 100, "chaos": 0},
    ]
    assert read(service_of(cluster, "orders")).revision_of("stable") == new


def test_a_breach_of_a_new_stable_revision_leaves_the_tag_where_it_was(
    cluster: Cluster, shop: Shop, watches: Watches
) -> None:
    _bring_another(cluster, shop)
    watches.see(BREACHED)
    assert canary(cluster, "stable").code == 1
    assert read(service_of(cluster, "orders")).revision_of("stable") == shop.stable
    assert split(cluster) == {"stable": 100, "chaos": 0}


def test_without_a_new_stable_revision_it_is_refused(cluster: Cluster, shop: Shop, watches: Watches) -> None:
    with pytest.raises(Refused, match=f"no stable revision that is newer than {shop.stable}"):
        canary(cluster, "stable")


def test_steps_that_are_behind_it_change_nothing(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, watches: Watches
) -> None:
    watches.see(KEPT)
    canary(cluster, "chaos", "--steps", "20")
    writes = len(cluster_api.writes())
    assert canary(cluster, "chaos", "--steps", "5,20").code == 0
    assert len(cluster_api.writes()) == writes


def test_traffic_that_kn_set_is_left_alone_unless_it_is_to_be_taken_over(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, watches: Watches
) -> None:
    _shift_as_kn(cluster_api, shop, 90)
    with pytest.raises(Conflict, match="belongs to kn") as caught:
        canary(cluster, "chaos", "--steps", "20")
    assert "--take-over" in caught.value.hint
    assert (watches.words, split(cluster)) == ([], {"stable": 90, "chaos": 10})
    watches.see(KEPT)
    assert canary(cluster, "chaos", "--steps", "20", "--take-over").code == 0
    assert split(cluster) == {"stable": 80, "chaos": 20}


@pytest.mark.parametrize("seen", [KEPT, BREACHED])
def test_what_somebody_shifts_in_the_middle_stays_theirs_even_with_take_over(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, seen: Play
) -> None:
    def play(_job: dict[str, Any]) -> Play:
        if split_of(cluster_api)["chaos"] == 5:
            cluster_api.shift_as_kn("orders", _lines(shop, 70))  # its coming into force waits for this to return
        return seen

    cluster_api.knobs.play = play
    with pytest.raises(Conflict, match="kn set the traffic to stable 70 %, chaos 30 % in the middle of the canary"):
        canary(cluster, "chaos", "--take-over")
    assert _asked_for(cluster_api) == {"stable": 70, "chaos": 30}


def test_ctrl_c_takes_the_traffic_back_and_the_watch_away(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, watches: Watches
) -> None:
    watches.see(KEPT, Play(hangs=True))

    with ctrl_c_once(lambda: len(watches.words) == 2 and cluster_api.follows_all_jobs()):
        run(cluster, options("canary", "chaos", "--watch", "1", "--timeout", "30"), progress()[0])
    assert split(cluster) == {"stable": 95, "chaos": 5}
    assert cluster_api.all("batch/v1", "Job") == []


def test_a_step_that_does_not_come_into_force_is_taken_back(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, watches: Watches
) -> None:
    # As if Knative had stopped: the Route keeps what it had, until the test lets it go on.
    cluster_api.knobs.stalled.add("orders")

    def go_on() -> None:
        wait_until(lambda: _asked_for(cluster_api) == {"stable": 95, "chaos": 5})
        wait_until(lambda: _asked_for(cluster_api) == {"stable": 100, "chaos": 0})
        cluster_api.knobs.stalled.clear()

    knative = threading.Thread(target=go_on)
    knative.start()
    with pytest.raises(NotReady, match="Knative Route orders was not ready within 1 s"):
        run(cluster, options("canary", "chaos", "--watch", "1", "--timeout", "1"), progress()[0])
    knative.join()
    wait_until(lambda: split_of(cluster_api) == {"stable": 100, "chaos": 0})


def test_a_breach_is_taken_back_through_an_outage_of_the_api_server(
    cluster: Cluster, cluster_api: ClusterApi, shop: Shop, watches: Watches
) -> None:
    outage = [("patch", "services", Failure(503, "ServiceUnavailable", "etcd has no leader")) for _ in range(3)]

    def play(_job: dict[str, Any]) -> Play:
        if split_of(cluster_api)["chaos"] == 5:
            cluster_api.knobs.failures[:] = outage
        return BREACHED

    cluster_api.knobs.play = play
    progress_here, shown = progress()
    result = run(cluster, options("canary", "chaos", "--watch", "1", "--timeout", "30"), progress_here)
    assert (result.code, split(cluster)) == (1, {"stable": 100, "chaos": 0})
    assert "etcd has no leader" in shown.getvalue()


def _bring_another(cluster: Cluster, shop: Shop) -> str:
    """A new stable revision, newer than the present one by the clock of the server, and without traffic."""
    service = shop.plan.orders["stable"]
    spec = service["spec"]
    template = spec["template"]
    metadata = {**template["metadata"], "name": "orders-stable-ffffffffff"}
    (container,) = template["spec"]["containers"]
    changed = {**template["spec"], "containers": [{**container, "image": "registry.example/shop@sha256:" + "2" * 64}]}
    name = bring(cluster, {**service, "spec": {**spec, "template": {"metadata": metadata, "spec": changed}}})
    lines = [
        {"revisionName": shop.stable, "latestRevision": False, "percent": 100, "tag": "stable"},
        {"revisionName": shop.chaos, "latestRevision": False, "percent": 0, "tag": "chaos"},
        {"revisionName": name, "latestRevision": False, "percent": 0, "tag": "next-stable"},
    ]
    body: dict[str, Any] = {"apiVersion": "serving.knative.dev/v1", "kind": "Service"}
    head = {"name": "orders", "namespace": "flametickets"}
    cluster.apply({**body, "metadata": head, "spec": {"traffic": lines}}, "flametickets-traffic")
    return name


def _lines(shop: Shop, stable: int) -> list[dict[str, Any]]:
    return [
        {"revisionName": shop.stable, "percent": stable, "tag": "stable"},
        {"revisionName": shop.chaos, "percent": 100 - stable, "tag": "chaos"},
    ]


def _shift_as_kn(api: ClusterApi, shop: Shop, stable: int) -> None:
    api.shift_as_kn("orders", _lines(shop, stable))
    wait_until(lambda: split_of(api)["stable"] == stable)


def split_of(api: ClusterApi) -> dict[str, int]:
    """The split in force."""
    return _shares(api, "status")


def _asked_for(api: ClusterApi) -> dict[str, int]:
    return _shares(api, "spec")


def _shares(api: ClusterApi, part: str) -> dict[str, int]:
    orders = api.get("serving.knative.dev/v1", "Service", "orders")
    assert orders is not None
    traffic = read(orders)
    return shares(traffic.wanted if part == "spec" else traffic.actual)
