"""What a probe tells, by the clock of this machine, also over a connection that breaks."""

import json

import pytest

from scripts.cluster.api import Cluster
from scripts.cluster.errors import NotReady
from scripts.cluster.verify_probe import Heard, probing
from scripts.cluster.verify_site import Site
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.emulation.knobs import Bad, Play
from tests.scripts.cluster.shop import WANTED, progress
from tests.scripts.waiting import wait_until


def line(number: int, began: float, took: float, why: str = "") -> str:
    told = {"ask": number, "began_s": began, "took_s": took, "good": not why}
    return json.dumps({**told, **({"why": why} if why else {})})


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_line_that_was_heard_soonest_sets_the_clock_for_all() -> None:
    """The pod began at 100 of this clock; its first line is heard 2 s late, and all is known from the second on."""
    clock = Clock()
    heard = Heard(clock)
    clock.now = 103.1
    heard.hear(line(0, 1.0, 0.1))
    assert heard.answers[0].began == pytest.approx(103.0)
    clock.now = 102.3
    heard.hear(line(1, 2.0, 0.3))
    assert [each.began for each in heard.answers] == pytest.approx([101.0, 102.0])
    assert [each.ended for each in heard.answers] == pytest.approx([101.1, 102.3])
    clock.now = 200.0
    heard.hear(line(2, 3.0, 0.1, "it answered 503"))
    last = heard.answers[2]
    assert (last.began, last.ended) == pytest.approx((103.0, 103.1))
    assert (last.number, last.good, last.why) == (2, False, "it answered 503")


def test_answers_are_in_the_order_of_their_questions_and_other_lines_are_kept_apart() -> None:
    heard = Heard(Clock())
    for text in (line(1, 1.0, 0.1), "a warning", line(0, 0.0, 9.0), '{"command": "probe"}'):
        heard.hear(text)
    assert [each.number for each in heard.answers] == [0, 1]
    assert heard.rest == ["a warning", '{"command": "probe"}']


def site(cluster: Cluster, within_s: float = 10.0) -> Site:
    return Site(cluster, WANTED, within_s, progress()[0])


def silent(_said: str) -> None:
    """Nobody listens."""


def test_a_probe_is_heard_while_it_runs_each_line_once_and_is_gone_afterwards(
    cluster: Cluster, cluster_api: ClusterApi
) -> None:
    cluster_api.add_namespace()
    cluster_api.knobs.play = lambda _job: Play((line(0, 0.1, 0.1),), hangs=True)
    cluster_api.knobs.cut_logs = 1
    with probing(site(cluster), ("stable",), 30, silent) as heard:
        wait_until(lambda: heard.answers)
        (pod,) = cluster_api.all("v1", "Pod")
        cluster_api.log(pod, line(1, 0.3, 0.1))
        wait_until(lambda: len(heard.answers) == 2)
        assert [each.number for each in heard.answers] == [0, 1]
        words = pod["spec"]["containers"][0]["args"]
        assert words[-4:] == ["probe", "stable", "--seconds", "30"]
    assert cluster_api.all("batch/v1", "Job") == []


def test_a_probe_that_ended_by_itself_says_so(cluster: Cluster, cluster_api: ClusterApi) -> None:
    cluster_api.add_namespace()
    cluster_api.knobs.play = lambda _job: Play(("error: no such command",), exit_code=2)
    with probing(site(cluster), ("stable",), 30, silent) as heard:
        wait_until(lambda: heard.has_ended)
        assert (heard.answers, heard.rest) == ([], ["error: no such command"])


def test_a_probe_that_does_not_start_is_not_waited_for(cluster: Cluster, cluster_api: ClusterApi) -> None:
    cluster_api.add_namespace()
    cluster_api.knobs.bad_images[WANTED.image] = Bad()
    with pytest.raises(NotReady, match="image can't be pulled"), probing(site(cluster), ("stable",), 30, silent):
        pass
    assert cluster_api.all("batch/v1", "Job") == []
