"""`destroy`: what goes, what stays, and what is asked before."""

import io
from collections.abc import Callable
from typing import TextIO, cast

import pytest
from rich.console import Console

from scripts.cluster.api import Cluster
from scripts.cluster.destroying import DestroyOptions, run, typed
from scripts.cluster.errors import Declined, Forbidden, TimedOut
from scripts.cluster.kinds import CONFIG_MAP, NAMESPACE, POD, REVISION, SECRET, SERVICE, SERVICE_ACCOUNT, STATEFUL_SET
from scripts.cluster.progress import Progress
from tests.scripts.cluster import standing
from tests.scripts.cluster.emulation.cluster_api import ClusterApi

YES = DestroyOptions(yes=True, timeout=20.0)
ASKS = DestroyOptions(timeout=20.0)


class Heard:
    """What was said on standard error, and what was asked; answers each question alike."""

    def __init__(self, answer: str = "") -> None:
        self.stream = io.StringIO()
        self.on_words: Callable[[], None] = lambda: None
        self.progress = Progress(Console(file=cast(TextIO, self), soft_wrap=True))
        self.questions: list[str] = []
        self._answer = answer

    def ask(self, question: str) -> str:
        self.questions.append(question)
        return self._answer

    def write(self, text: str) -> int:
        self.on_words()
        return self.stream.write(text)

    def flush(self) -> None:
        """All is there at once."""

    @property
    def said(self) -> str:
        return self.stream.getvalue()


def test_all_goes_with_a_namespace_that_a_deploy_made(cluster_api: ClusterApi, cluster: Cluster) -> None:
    standing.make_namespace(cluster_api)
    standing.build(cluster)
    heard = Heard("flametickets")
    result = run(cluster, ASKS, heard.progress, heard.ask)
    assert result.code == 0
    assert result.data["namespace_removed"] is True
    assert {"Knative Service orders", "Secret order-key"} <= set(result.data["removed"])
    assert cluster.get(NAMESPACE, "flametickets") is None
    assert heard.questions == ["Type the name of the namespace, flametickets, to go on: "]


def test_what_is_lost_for_good_is_said_before_the_question(cluster_api: ClusterApi, cluster: Cluster) -> None:
    standing.make_namespace(cluster_api)
    standing.build(cluster)
    standing.add(cluster_api, "v1", "Secret", "a-colleagues")
    said: list[str] = []
    heard = Heard()

    def ask(_question: str) -> str:
        said.append(heard.said)
        return ""

    with pytest.raises(Declined):
        run(cluster, ASKS, heard.progress, ask)
    assert "no link that a buyer has to an order will ever work again" in said[0]
    copy = "get secret order-key -o jsonpath='{.data.ORDER_KEY_SECRET}' | base64 -d > order-key;"
    assert copy in said[0]
    assert "create secret generic order-key --from-file=ORDER_KEY_SECRET=order-key)" in said[0]
    assert "orders and tickets: frontend-database, orders-database" in said[0]
    assert "not of this shop, and gone with it: Secret a-colleagues\n" in said[0]


@pytest.mark.parametrize("answer", ["", "yes", "flameticket"])
def test_another_answer_than_the_name_changes_nothing(cluster_api: ClusterApi, cluster: Cluster, answer: str) -> None:
    standing.make_namespace(cluster_api)
    cluster.apply(standing.planned().orders["stable"])
    before = cluster_api.writes()
    heard = Heard(answer)
    with pytest.raises(Declined) as raised:
        run(cluster, ASKS, heard.progress, heard.ask)
    assert raised.value.code == 1
    assert cluster_api.writes() == before


def test_a_namespace_that_was_there_before_stays_with_what_is_not_ours(
    cluster_api: ClusterApi, cluster: Cluster
) -> None:
    standing.make_namespace(cluster_api, is_ours=False)
    standing.build(cluster)
    standing.add(cluster_api, "v1", "Secret", "a-colleagues")
    heard = Heard()
    result = run(cluster, YES, heard.progress, heard.ask)
    assert result.data["namespace_removed"] is False
    assert heard.questions == []
    assert "stays, for it was there before" in heard.said
    for kind in (SERVICE, REVISION, POD, STATEFUL_SET):
        assert standing.names(cluster, kind) == [], kind
    assert standing.names(cluster, SECRET) == ["a-colleagues"]
    assert standing.names(cluster, SERVICE_ACCOUNT) == ["default"]
    assert standing.names(cluster, CONFIG_MAP) == ["kube-root-ca.crt"]


def test_a_second_run_has_nothing_to_do_and_asks_nothing(cluster_api: ClusterApi, cluster: Cluster) -> None:
    standing.make_namespace(cluster_api, is_ours=False)
    cluster.apply(standing.planned().orders["stable"])
    run(cluster, YES, Heard().progress)
    before, heard = cluster_api.writes(), Heard()
    result = run(cluster, ASKS, heard.progress, heard.ask)
    assert (result.code, result.data["removed"], heard.questions) == (0, [], [])
    assert "nothing to remove" in result.lines[0]
    assert cluster_api.writes() == before


def test_without_the_namespace_there_is_nothing_to_remove(cluster: Cluster) -> None:
    heard = Heard()
    result = run(cluster, ASKS, heard.progress, heard.ask)
    assert (result.code, heard.questions) == (0, [])
    assert result.lines == ("nothing to remove: the namespace flametickets isn't there",)


def test_a_run_that_was_cut_off_is_gone_on_with(cluster_api: ClusterApi, cluster: Cluster) -> None:
    standing.make_namespace(cluster_api)
    standing.build(cluster)
    cluster_api.knobs.forbidden.add(("delete", "secrets"))
    with pytest.raises(Forbidden):
        run(cluster, YES, Heard().progress)
    assert standing.names(cluster, SERVICE) == []
    cluster_api.knobs.forbidden.clear()
    assert run(cluster, YES, Heard().progress).code == 0
    assert cluster.get(NAMESPACE, "flametickets") is None


def test_a_namespace_that_is_going_already_is_waited_for_and_nobody_is_asked(
    cluster_api: ClusterApi, cluster: Cluster
) -> None:
    standing.make_namespace(cluster_api)
    cluster_api.knobs.holds_namespaces = True
    cluster.delete(NAMESPACE, "flametickets")
    heard = Heard()

    heard.on_words = lambda: setattr(cluster_api.knobs, "holds_namespaces", False)
    result = run(cluster, ASKS, heard.progress, heard.ask)
    assert (result.code, heard.questions) == (0, [])
    assert cluster.get(NAMESPACE, "flametickets") is None


def test_what_holds_a_namespace_is_told_when_the_time_is_over(cluster_api: ClusterApi, cluster: Cluster) -> None:
    standing.make_namespace(cluster_api)
    cluster_api.knobs.holds_namespaces = True
    cluster.delete(NAMESPACE, "flametickets")
    namespace = cluster_api.get("v1", "Namespace", "flametickets")
    assert namespace is not None
    remains = {"type": "NamespaceContentRemaining", "status": "True", "message": "pods. has 1 resource instances"}
    cluster_api.store.set_status(namespace, {"phase": "Terminating", "conditions": [remains]})
    with pytest.raises(TimedOut) as raised:
        run(cluster, DestroyOptions(yes=True, timeout=0.3), Heard().progress)
    assert raised.value.lines == ["pods. has 1 resource instances"]


def test_what_does_not_go_is_named_with_what_holds_it(cluster_api: ClusterApi, cluster: Cluster) -> None:
    standing.make_namespace(cluster_api, is_ours=False)
    labels = {"labels": {"app.kubernetes.io/part-of": "flametickets"}, "finalizers": ["kubernetes.io/pvc-protection"]}
    standing.add(cluster_api, "v1", "PersistentVolumeClaim", "data-orders-database-0", head=labels)
    with pytest.raises(TimedOut) as raised:
        run(cluster, DestroyOptions(yes=True, timeout=0.3), Heard().progress)
    assert raised.value.lines == ["PersistentVolumeClaim data-orders-database-0, held by kubernetes.io/pvc-protection"]


def test_a_shop_that_never_came_up_can_be_removed(cluster_api: ClusterApi, cluster: Cluster) -> None:
    standing.make_namespace(cluster_api, is_ours=False)
    cluster_api.knobs.bad_images[standing.IMAGE] = standing.NO_IMAGE
    cluster.apply(standing.planned().orders["stable"])
    assert run(cluster, YES, Heard().progress).code == 0
    assert standing.names(cluster, POD) == []


def test_the_shop_is_removed_from_a_cluster_that_has_lost_its_knative(
    cluster_api: ClusterApi, cluster: Cluster
) -> None:
    standing.make_namespace(cluster_api, is_ours=False)
    for obj in standing.planned().foundations:
        cluster.apply(obj)
    cluster_api.knobs.has_knative = False
    assert run(cluster, YES, Heard().progress).code == 0
    assert standing.names(cluster, STATEFUL_SET) == []


def test_the_name_is_read_from_standard_input_and_standard_output_is_left_to_the_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("flametickets\n"))
    assert [typed("Which? "), typed("And now? ")] == ["flametickets", ""]
    assert capsys.readouterr() == ("", "Which? And now? ")
