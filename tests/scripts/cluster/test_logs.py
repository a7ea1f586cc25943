"""`logs`: both services' pods merged, and as they come."""

import argparse
import io
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from rich.console import Console

from scripts.cluster import log_following
from scripts.cluster.api import Cluster
from scripts.cluster.errors import Forbidden, NotReady, Unreachable
from scripts.cluster.kinds import POD
from scripts.cluster.logs import LogsOptions, before, now, run, written
from scripts.cluster.manifests import Plan
from scripts.cluster.progress import Progress
from scripts.cluster.results import Result
from tests.scripts.cluster import standing
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.waiting import wait_until

ORDER = "0198c2f4-7a31-7c51-9d42-1f0e6b7a9c33"
FOLLOW = LogsOptions(follow=True)

Pod = dict[str, Any]


class Enough(Exception):
    """The test has seen what it waited for."""


class Heard:
    """What was said on standard error."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.progress = Progress(Console(file=self._stream, soft_wrap=True))

    @property
    def said(self) -> str:
        return self._stream.getvalue()


def line(second: float, event: str, **fields: object) -> str:
    return json.dumps({"timestamp": f"2026-08-01T12:00:{second:09.6f}Z", "level": "info", "event": event, **fields})


def events(result: Result) -> list[str]:
    return [each.get("event", each.get("text")) for each in result.data["lines"]]


def show(cluster: Cluster, options: LogsOptions | None = None) -> Result:
    return run(cluster, options or LogsOptions(), Heard().progress)


def pod_of(api: ClusterApi, service: str, part: str = "") -> Pod:
    (pod,) = [pod for pod in api.pods(service) if part in pod["metadata"]["name"]]
    return pod


def follow(cluster: Cluster, do_at: Mapping[str, Callable[[], None]], options: LogsOptions = FOLLOW) -> list[str]:
    """Follow; at the line with a key's word the action is done, and the last key's ends it. Returns the lines."""
    seen: list[str] = []
    waiting = dict(do_at)

    def write(text: str) -> None:
        seen.append(text)
        for word in [word for word in waiting if word in text]:
            waiting.pop(word)()
            if not waiting:
                raise Enough

    with pytest.raises(Enough):
        run(cluster, options, Heard().progress, write)
    return seen


def nothing() -> None:
    """The end of a test."""


@pytest.fixture
def shop(cluster_api: ClusterApi, cluster: Cluster) -> Plan:
    """A shop that serves."""
    standing.make_namespace(cluster_api)
    return standing.build(cluster)


def test_the_lines_of_both_services_are_merged_by_time(shop: Plan, cluster_api: ClusterApi, cluster: Cluster) -> None:
    cluster_api.log(pod_of(cluster_api, "frontend"), line(1, "a"), line(4, "d"))
    cluster_api.log(pod_of(cluster_api, "orders", "stable"), line(2, "b"))
    cluster_api.log(pod_of(cluster_api, "orders", "chaos"), line(3, "c"))
    cluster_api.log(pod_of(cluster_api, "orders", "stable"), "not ours", container="queue-proxy")
    result = show(cluster)
    assert events(result) == ["a", "b", "c", "d"]
    assert [each["service"] for each in result.data["lines"]] == ["frontend", "orders", "orders", "frontend"]
    assert [text.split()[0] for text in result.lines] == [f"2026-08-01T12:00:0{n}.000Z" for n in (1, 2, 3, 4)]


def test_databases_and_jobs_are_not_among_them(shop: Plan, cluster_api: ClusterApi, cluster: Cluster) -> None:
    database = cluster_api.get("v1", "Pod", "orders-database-0")
    assert database is not None
    cluster_api.log(database, "checkpoint complete")
    assert events(show(cluster)) == []


def test_one_order_is_followed_through_both_services(shop: Plan, cluster_api: ClusterApi, cluster: Cluster) -> None:
    cluster_api.log(pod_of(cluster_api, "frontend"), line(1, "request", order_id=ORDER), line(2, "request"))
    cluster_api.log(pod_of(cluster_api, "orders", "stable"), line(3, "command.answered", order_id=ORDER))
    assert events(show(cluster, LogsOptions(order=ORDER))) == ["request", "command.answered"]


def test_what_is_older_than_asked_for_is_left_out(shop: Plan, cluster_api: ClusterApi, cluster: Cluster) -> None:
    pod = pod_of(cluster_api, "frontend")
    cluster_api.log(pod, "old", at=time.time() - 700)
    cluster_api.log(pod, "new", at=time.time() - 500)
    assert events(show(cluster)) == ["old", "new"]
    assert events(show(cluster, LogsOptions(since_s=600))) == ["new"]


def test_a_process_that_crashed_is_heard_too(shop: Plan, cluster_api: ClusterApi, cluster: Cluster) -> None:
    pod = pod_of(cluster_api, "orders", "chaos")
    cluster_api.log(pod, line(1, "fault.injected", fault="crash", order_id=ORDER))
    cluster_api.restart(pod)
    cluster_api.log(pod, line(2, "started"))
    assert events(show(cluster)) == ["fault.injected", "started"]


def test_a_pod_whose_process_has_not_started_is_no_error(cluster_api: ClusterApi, cluster: Cluster) -> None:
    standing.make_namespace(cluster_api)
    cluster_api.knobs.bad_images[standing.IMAGE] = standing.NO_IMAGE
    cluster.apply(standing.planned().orders["stable"])
    wait_until(lambda: any(pod.get("status") for pod in cluster_api.pods("orders")))
    assert show(cluster).lines == ()


def test_a_service_without_pods_is_told_of(shop: Plan, cluster_api: ClusterApi, cluster: Cluster) -> None:
    cluster_api.controllers.knative.asleep |= {
        pod["metadata"]["labels"]["serving.knative.dev/revision"] for pod in cluster_api.pods("orders")
    }
    for pod in cluster_api.pods("orders"):
        cluster.delete(POD, pod["metadata"]["name"])
    heard = Heard()
    assert run(cluster, LogsOptions(), heard.progress).code == 0
    assert heard.said == "· orders has no pod just now; what earlier ones logged went with them\n"


def test_where_nothing_is_deployed_that_is_said(cluster: Cluster) -> None:
    with pytest.raises(NotReady, match="isn't in the namespace flametickets"):
        show(cluster)


def test_a_user_who_may_not_read_logs_is_told_so(shop: Plan, cluster_api: ClusterApi, cluster: Cluster) -> None:
    cluster_api.knobs.forbidden.add(("list", "pods"))
    with pytest.raises(Forbidden):
        show(cluster)


@pytest.mark.timeout(60)
def test_followed_lines_come_after_those_that_were_there_and_each_once(
    shop: Plan, cluster_api: ClusterApi, cluster: Cluster
) -> None:
    frontend, orders = pod_of(cluster_api, "frontend"), pod_of(cluster_api, "orders", "stable")
    cluster_api.log(frontend, line(2, "second"))
    cluster_api.log(orders, line(1, "first"))
    seen = follow(
        cluster,
        {
            "second": lambda: cluster_api.log(orders, line(3, "third")),
            "third": lambda: cluster_api.log(frontend, line(4, "fourth")),
            "fourth": nothing,
        },
    )
    assert [text.split()[3] for text in seen] == ["first", "second", "third", "fourth"]


@pytest.mark.timeout(60)
def test_a_pod_that_starts_later_is_followed_too(shop: Plan, cluster_api: ClusterApi, cluster: Cluster) -> None:
    former = pod_of(cluster_api, "frontend")
    cluster_api.log(former, line(1, "of-the-former"))

    def replace() -> None:
        cluster.delete(POD, former["metadata"]["name"])
        wait_until(lambda: [pod for pod in cluster_api.pods("frontend") if pod.get("status") and pod != former])
        cluster_api.log(pod_of(cluster_api, "frontend"), line(2, "of-the-new-one"))

    seen = follow(cluster, {"of-the-former": replace, "of-the-new-one": nothing})
    assert len(seen) == 2


@pytest.mark.timeout(60)
def test_a_process_that_is_started_again_is_followed_on(shop: Plan, cluster_api: ClusterApi, cluster: Cluster) -> None:
    pod = pod_of(cluster_api, "orders", "chaos")
    cluster_api.log(pod, line(1, "before"))

    def restart() -> None:
        cluster_api.restart(pod)
        cluster_api.log(pod, line(2, "after"))

    assert len(follow(cluster, {"before": restart, "after": nothing})) == 2


@pytest.mark.timeout(60)
def test_a_lost_connection_loses_no_line_and_repeats_none(
    shop: Plan, cluster_api: ClusterApi, cluster: Cluster
) -> None:
    pod = pod_of(cluster_api, "frontend")
    cluster_api.log(pod, line(1, "begin"))
    cluster_api.knobs.cut_logs = 4

    def burst() -> None:
        cluster_api.log(pod, *(line(2 + n / 10, f"line-{n}") for n in range(6)))

    seen = follow(cluster, {"begin": burst, "line-5": nothing})
    assert [text.split()[3] for text in seen] == ["begin", *(f"line-{n}" for n in range(6))]


@pytest.mark.timeout(60)
def test_following_one_order_leaves_the_others_out(shop: Plan, cluster_api: ClusterApi, cluster: Cluster) -> None:
    pod = pod_of(cluster_api, "frontend")
    cluster_api.log(pod, line(1, "first", order_id=ORDER))
    more = [line(2, "other", order_id="another"), line(3, "last", order_id=ORDER)]
    options = LogsOptions(order=ORDER, follow=True)
    seen = follow(cluster, {"first": lambda: cluster_api.log(pod, *more), "last": nothing}, options)
    assert [text.split()[3] for text in seen] == ["first", "last"]


@pytest.mark.timeout(60)
def test_followed_for_programs_each_line_is_an_object(shop: Plan, cluster_api: ClusterApi, cluster: Cluster) -> None:
    cluster_api.log(pod_of(cluster_api, "frontend"), line(1, "a"), "Killed")
    (ours, other) = follow(cluster, {"Killed": nothing}, LogsOptions(follow=True, as_json=True))
    assert json.loads(ours)["event"] == "a"
    assert json.loads(other)["text"] == "Killed"


@pytest.mark.timeout(60)
def test_a_cluster_that_stays_away_ends_the_following(
    shop: Plan, cluster_api: ClusterApi, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_following, "_LOST_S", 0.0)
    cluster_api.log(pod_of(cluster_api, "frontend"), "begin")

    def write(_text: str) -> None:
        cluster_api.knobs.cut_requests = 1_000_000

    with pytest.raises(Unreachable):
        run(cluster, FOLLOW, Heard().progress, write)


def test_lines_are_written_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    written("a line")
    assert capsys.readouterr().out == "a line\n"


def test_the_command_line_is_understood() -> None:
    parsed = argparse.Namespace(order=ORDER, since=90.5, follow=True, output="json")
    assert LogsOptions.of(parsed) == LogsOptions(ORDER, 91, follow=True, as_json=True)
    parsed = argparse.Namespace(order=None, since=None, follow=False, output="text")
    assert LogsOptions.of(parsed) == LogsOptions()


def _pod(restarts: int, state: str, **more: object) -> Pod:
    status = {"name": "user-container", "restartCount": restarts, "state": {state: {}}, **more}
    labels = {"serving.knative.dev/service": "orders", "serving.knative.dev/revision": "r"}
    return {
        "metadata": {"name": "p", "labels": labels},
        "spec": {"containers": [{"name": "user-container"}, {"name": "queue-proxy"}]},
        "status": {"containerStatuses": [status]},
    }


@pytest.mark.parametrize(
    ("pod", "present", "former"),
    [
        (_pod(0, "running"), {0: True}, []),
        (_pod(2, "running"), {2: True}, [1]),
        (_pod(2, "terminated"), {2: False}, [1]),
        (_pod(0, "waiting"), {}, []),
        (_pod(2, "waiting", lastState={"terminated": {"exitCode": 1}}), {2: False}, []),
    ],
)
def test_which_processes_of_a_pod_have_logs(pod: Pod, present: dict[int, bool], former: list[int]) -> None:
    assert {source.starts: runs for source, runs in now([pod]).items()} == present
    assert [source.starts for source in before([pod])] == former
