"""The shop in a cluster as a target: what it does there, what it leaves alone, and that it is left as it was found."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from functions.orders import contract
from scripts.cluster.api import Cluster
from scripts.cluster.kinds import POD, REVISION, SECRET, SERVICE, STATEFUL_SET
from scripts.cluster.stored_secrets import make
from scripts.cluster.targets import read
from scripts.experiments.knative import KnativeTarget
from scripts.experiments.target import NotHere, Part, TargetError
from tests.scripts.cluster.emulation.knobs import Play
from tests.scripts.cluster.shop import reports, words_of
from tests.scripts.cluster.wanting import DEMO
from tests.scripts.experiments.targets import HOST, Emulated, gateway, in_emulation
from tests.scripts.waiting import wait_until

CHAOS_SHARE: Final = 20
NOW: Final = datetime(2026, 11, 27, 8, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Emulated]:
    with in_emulation(tmp_path, chaos=CHAOS_SHARE) as emulated:
        yield emulated


def service(cluster: Cluster, name: str = "orders") -> dict[str, Any]:
    found = cluster.get(SERVICE, name)
    assert found is not None
    return found


def state(cluster: Cluster) -> tuple[Any, ...]:
    """What a target has to leave as it was found."""
    orders, frontend = (service(cluster, name) for name in ("orders", "frontend"))
    return read(orders).wanted, orders["spec"]["template"], frontend["spec"]["template"]


def owned(service: dict[str, Any]) -> set[str]:
    """The fields beside spec that the tool's own manager has."""
    (fields,) = (each["fieldsV1"] for each in service["metadata"]["managedFields"] if each["manager"] == "flametickets")
    return {*fields["f:metadata"], *(f"spec {name}" for name in fields["f:spec"])}


def chaos_of(cluster: Cluster) -> dict[str, str]:
    """The variables of the revision that is tagged chaos."""
    revision = cluster.get(REVISION, read(service(cluster)).revision_of("chaos") or "")
    assert revision is not None
    return {each["name"]: each.get("value", "") for each in revision["spec"]["containers"][0]["env"]}


def a_show() -> contract.Show:
    kind = contract.TicketType("place", "Place", 1000, "EUR", capacity=10, limit_per_order=4)
    day = timedelta(days=1)
    return contract.Show("proof-x", "The proof", "Old Foundry", NOW + day, NOW - day, NOW + day, (kind,), hidden=True)


class TestWhereItIs:
    def test_it_is_asked_at_the_gateway_by_the_name_that_knative_gave_it(self, shop: Emulated) -> None:
        address = shop.target.shops()["treated"]
        assert (address.name, address.host) == ("127.0.0.1", HOST)
        assert shop.target.shops()["treated"] is address

    def test_a_shop_that_isnt_reached_from_here_is_an_error_that_says_what_to_give(self, shop: Emulated) -> None:
        with pytest.raises(TargetError, match=f"{HOST}.*--shop"), KnativeTarget(shop.cluster):
            pass

    @pytest.mark.usefixtures("shop")
    def test_nothing_that_is_deployed_is_an_error(self) -> None:
        with gateway() as url, pytest.raises(TargetError, match="isn't in the namespace elsewhere"):
            KnativeTarget.connect("emulation", "elsewhere", url)


class TestPublishing:
    def test_it_goes_by_a_job_with_the_show_in_a_file(self, shop: Emulated) -> None:
        files: list[str] = []

        def play(job: dict[str, Any]) -> Play:
            assert words_of(job) == ["python3", "-m", "scripts.inside", "publish", "/files/shows.yaml"]
            maps = shop.api.all("v1", "ConfigMap")
            files.extend(each["data"]["shows.yaml"] for each in maps if "shows.yaml" in each.get("data", {}))
            return reports({"command": "publish", "shows": [{"slug": "proof-x", "status": "published"}]})

        shop.api.knobs.play = play
        shop.target.publish(a_show())
        assert "hidden: true" in files[0]
        assert shop.api.all("batch/v1", "Job") == []

    def test_a_refused_show_is_an_error(self, shop: Emulated) -> None:
        refused = {"slug": "proof-x", "status": "refused", "why": "it was published since"}
        shop.api.knobs.play = lambda _job: reports({"shows": [refused]}, exit_code=1)
        with pytest.raises(TargetError, match="proof-x: refused: it was published since"):
            shop.target.publish(a_show())


class TestRevisions:
    def test_other_faults_take_the_tag_and_its_share_and_the_template_stays_stable(self, shop: Emulated) -> None:
        lines, *templates = state(shop.cluster)
        shop.target.deploy_chaos("drop_reply:0.3", 7)
        variables = chaos_of(shop.cluster)
        assert (variables["CHAOS_FAULTS"], variables["CHAOS_SEED"]) == ("drop_reply:0.3", "7")
        now, *templates_now = state(shop.cluster)
        assert templates_now == templates
        assert [(line.tag, line.percent) for line in now] == [(line.tag, line.percent) for line in lines]

    def test_without_faults_it_has_no_word_of_chaos(self, shop: Emulated) -> None:
        shop.target.deploy_chaos("", 0)
        assert not [name for name in chaos_of(shop.cluster) if name.startswith("CHAOS")]

    def test_faults_that_were_there_before_are_the_same_revision(self, shop: Emulated) -> None:
        shop.target.deploy_chaos("error:0.1", 1)
        first = read(service(shop.cluster)).revision_of("chaos")
        shop.target.deploy_chaos("", 0)
        shop.target.deploy_chaos("error:0.1", 1)
        assert read(service(shop.cluster)).revision_of("chaos") == first

    def test_a_revision_that_doesnt_come_up_leaves_the_template_and_the_tag(self, shop: Emulated) -> None:
        found = state(shop.cluster)
        shop.api.knobs.missing_images.add(DEMO.image)
        with pytest.raises(TargetError, match="is not ready"):
            shop.target.deploy_chaos("error:0.1", 1)
        shop.api.knobs.missing_images.clear()
        assert state(shop.cluster) == found

    def test_it_is_as_it_was_found_after_all_of_it(self, tmp_path: Path) -> None:
        with in_emulation(tmp_path, chaos=CHAOS_SHARE) as shop:
            found = state(shop.cluster)
            shop.target.deploy_chaos("error:0.5", 3)
            shop.target.shift({"stable": 0, "chaos": 100})
            for part in ("stable", "frontend"):
                shop.target.deploy("stable" if part == "stable" else "frontend")
            assert all(now != before for now, before in zip(state(shop.cluster), found, strict=True))
            shop.target.__exit__(None, None, None)
            assert state(shop.cluster) == found

    @pytest.mark.parametrize("name", ["orders", "frontend"])
    def test_it_owns_what_a_deploy_owns_and_nothing_else(self, shop: Emulated, name: str) -> None:
        """What it owned beyond that, the next deploy would take away: Knative refuses that of its own notes."""
        former = owned(service(shop.cluster, name))
        shop.target.deploy("stable" if name == "orders" else "frontend")
        shop.target.calm()
        assert owned(service(shop.cluster, name)) == former

    def test_a_split_that_somebody_else_set_is_left_and_its_owner_is_named(self, shop: Emulated) -> None:
        traffic = service(shop.cluster)["spec"]["traffic"]
        theirs = [{**line, "percent": 50} for line in traffic]
        shop.api.shift_as_kn("orders", theirs)
        target = KnativeTarget(shop.cluster, "http://127.0.0.1:1")
        with pytest.raises(TargetError, match="belongs to kn"):
            target.shift({"stable": 100, "chaos": 0})
        assert dict(target.split()) == {"stable": 50, "chaos": 50}
        target.calm()  # has changed nothing, and so has nothing to put back

    def test_who_shifts_in_the_middle_of_an_experiment_is_not_overruled(self, shop: Emulated) -> None:
        target = KnativeTarget(shop.cluster, "http://127.0.0.1:1")
        target.shift({"stable": 0, "chaos": 100})
        shop.api.shift_as_kn("orders", [{**line, "percent": 50} for line in service(shop.cluster)["spec"]["traffic"]])
        with pytest.raises(TargetError, match="belongs to kn"):
            target.calm()
        assert dict(target.split()) == {"stable": 50, "chaos": 50}


class TestPods:
    def test_kept_down_none_of_it_serves(self, shop: Emulated) -> None:
        shop.api.knobs.ready_after_s = 5.0
        with shop.target.kept_down("stable", "chaos"):
            wait_until(lambda: not shop.target.is_serving("stable"))
            seen = {shop.target.generation("stable") for _ in range(8)}
            assert len(seen) > 1
            assert not shop.target.is_serving("stable")
        shop.api.knobs.ready_after_s = 0.02
        wait_until(lambda: shop.target.is_serving("stable"))

    def test_a_process_that_was_started_anew_is_another_generation(self, shop: Emulated) -> None:
        former = shop.target.generation("frontend")
        shop.api.restart(shop.api.pods("frontend")[0])
        assert shop.target.generation("frontend") != former

    def test_a_revision_at_zero_is_woken_so_that_it_can_be_ended(self, shop: Emulated) -> None:
        chaos = read(service(shop.cluster)).revision_of("chaos")
        assert chaos is not None
        asleep = shop.api.controllers.knative.asleep
        asleep.add(chaos)
        shop.target.end("chaos", "killed")
        wait_until(lambda: shop.target.generation("chaos") == "")
        asked: list[list[str]] = []

        def play(job: dict[str, Any]) -> Play:
            asked.append(words_of(job)[3:5])
            asleep.discard(chaos)
            return reports({"command": "find"})

        shop.api.knobs.play = play
        shop.target.end("chaos", "killed")
        assert asked[0] == ["find", "chaos"]
        wait_until(lambda: shop.target.is_serving("chaos"))

    @pytest.mark.parametrize(("how", "signal"), [("killed", "QUIT"), ("restarted", "INT")])
    def test_a_databases_process_is_ended_in_its_pod_which_stays(
        self, shop: Emulated, monkeypatch: pytest.MonkeyPatch, how: Any, signal: str
    ) -> None:
        ran: list[tuple[str, ...]] = []

        class Ends:
            def wait(self) -> str:
                return ""

        def run_in_pod(_cluster: Cluster, *words: str) -> Ends:
            ran.append(words)
            return Ends()

        monkeypatch.setattr(Cluster, "run_in_pod", run_in_pod)
        former = shop.target.generation("ledger-database")
        shop.target.end("ledger-database", how)
        assert ran == [("orders-database-0", "postgres", "sh", "-c", f"kill -{signal} 1")]
        assert shop.target.generation("ledger-database") == former


class TestDatabases:
    def secret(self, shop: Emulated, name: str, key: str, url: str) -> None:
        shop.cluster.delete(SECRET, name)
        made = make(name, {key: url})
        shop.cluster.create({**made, "metadata": {**made["metadata"], "namespace": "flametickets"}})

    def test_one_in_the_cluster_is_reached_by_a_port_of_this_machine(self, shop: Emulated) -> None:
        url = "postgresql://flametickets:s3cret@orders-database:5432/orders?application_name=x"
        self.secret(shop, DEMO.secrets.orders_database, "ORDERS_DATABASE_URL", url)
        here = shop.target.ledger_url()
        assert here.startswith("postgresql://flametickets:s3cret@127.0.0.1:")
        assert here.endswith("/orders?application_name=x")
        assert shop.target.ledger_url() == here

    def test_a_secret_without_an_address_is_an_error_that_quotes_nothing_of_it(self, shop: Emulated) -> None:
        with pytest.raises(TargetError, match=f"the Secret {DEMO.secrets.frontend_database}$"):
            shop.target.pending_url()

    def test_those_elsewhere_are_left_alone_and_asked_where_they_are(self, shop: Emulated) -> None:
        for name in ("orders-database", "frontend-database"):
            shop.cluster.delete(STATEFUL_SET, name)
        url = "postgresql://flametickets:s3cret@db.example:5433/orders"
        self.secret(shop, DEMO.secrets.orders_database, "ORDERS_DATABASE_URL", url)
        target = KnativeTarget(shop.cluster, "http://127.0.0.1:1")
        assert target.ledger_url() == url
        assert {"end ledger-database", "end pending-database"} <= target.cannot.keys()
        with pytest.raises(NotHere, match="no part of what was deployed"):
            target.end("ledger-database", "killed")
        with pytest.raises(NotHere), target.kept_down("stable", "pending-database"):
            pass


def test_a_shop_whose_traffic_is_pinned_is_not_deployed_anew(shop: Emulated) -> None:
    frontend = service(shop.cluster, "frontend")
    pinned = [{"revisionName": frontend["status"]["latestReadyRevisionName"], "latestRevision": False, "percent": 100}]
    shop.api.shift_as_kn("frontend", pinned)
    with pytest.raises(NotHere, match="pinned"):
        shop.target.deploy("frontend")


def test_what_the_pods_logged_is_told_as_the_checker_reads_it(shop: Emulated) -> None:
    (pod,) = (each for each in shop.api.pods("frontend"))
    shop.api.log(pod, json.dumps({"event": "asked", "timestamp": "2026-11-27T08:00:00Z", "order_id": "x"}))
    lines = [json.loads(line) for _, line in shop.target.log_lines()]
    assert [(line["event"], line["order_id"], line["pod"]) for line in lines] == [
        ("asked", "x", pod["metadata"]["name"])
    ]


def test_pods_of_others_are_left_alone(shop: Emulated) -> None:
    head = {"name": "other", "namespace": "flametickets", "labels": {"app.kubernetes.io/name": "other"}}
    shop.api.add({"apiVersion": "v1", "kind": "Pod", "metadata": head, "spec": {"containers": [{"name": "x"}]}})
    parts: tuple[Part, ...] = ("stable", "chaos", "frontend")
    for part in parts:
        shop.target.end(part, "killed")
    assert shop.cluster.get(POD, "other") is not None
