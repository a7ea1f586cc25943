"""The verb `pending`, over the emulated cluster."""

import json
from typing import Any

import pytest

from scripts.cluster.api import Cluster
from scripts.cluster.errors import ClusterError, NotReady
from scripts.cluster.pending import run, told
from scripts.cluster.results import Result
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.emulation.knobs import Play
from tests.scripts.cluster.schemas import check
from tests.scripts.cluster.shop import WANTED, open_shop, options, progress, words_of

ORDER = "019c8a3e-7b1d-7c52-9d3e-5f6a7b8c9d0e"


@pytest.fixture
def jobs(cluster_api: ClusterApi, cluster: Cluster) -> list[dict[str, Any]]:
    """The Jobs that were run; the shop is deployed."""
    open_shop(cluster_api, cluster)
    seen = list[dict[str, Any]]()
    will(cluster_api, seen, Play())
    return seen


def will(api: ClusterApi, seen: list[dict[str, Any]], play: Play) -> None:
    """Have the pods of Jobs do this."""

    def played(job: dict[str, Any]) -> Play:
        if job["metadata"]["uid"] not in [each["metadata"]["uid"] for each in seen]:
            seen.append(job)
        return play

    api.knobs.play = played


def pending(cluster: Cluster, *words: str) -> Result:
    return run(cluster, options("pending", *words), progress()[0])


def test_the_words_are_the_commands_and_so_are_its_lines_and_its_exit_code(
    cluster_api: ClusterApi, cluster: Cluster, jobs: list[dict[str, Any]]
) -> None:
    will(cluster_api, jobs, Play((f"{ORDER}: is pending, no dead letter",), exit_code=1))
    result = pending(cluster, "replay", ORDER)
    assert (result.code, result.lines) == (1, (f"{ORDER}: is pending, no dead letter",))
    (job,) = jobs
    assert words_of(job) == ["python3", "-m", "frontend.pending", "replay", ORDER]


def test_the_job_has_what_the_shops_process_has_and_is_gone_afterwards(
    cluster_api: ClusterApi, cluster: Cluster, jobs: list[dict[str, Any]]
) -> None:
    pending(cluster, "list", "--dead")
    (job,) = jobs
    (container,) = job["spec"]["template"]["spec"]["containers"]
    secrets = {each["name"]: each["valueFrom"]["secretKeyRef"]["name"] for each in container["env"]
               if "valueFrom" in each}  # fmt: skip
    assert secrets == {
        "SIGNING_SECRETS": WANTED.secrets.signing,
        "ORDER_KEY_SECRET": WANTED.secrets.order_key,
        "FRONTEND_DATABASE_URL": WANTED.secrets.frontend_database,
    }
    assert container["image"] == WANTED.image
    check({key: value for key, value in job.items() if key != "status"})
    assert cluster_api.all("batch/v1", "Job") == []


def test_a_message_stays_one_word(cluster: Cluster, jobs: list[dict[str, Any]]) -> None:
    pending(cluster, "refuse", ORDER, "--message", "Sorry, it's over; $HOME")
    assert words_of(jobs[0])[-2:] == ["--message", "Sorry, it's over; $HOME"]


def test_another_image_is_for_the_job_alone(cluster: Cluster, jobs: list[dict[str, Any]]) -> None:
    pending(cluster, "list", "--image", "registry.example/other@sha256:22")
    assert jobs[0]["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/other@sha256:22"


def test_programs_get_the_purchases(cluster_api: ClusterApi, cluster: Cluster, jobs: list[dict[str, Any]]) -> None:
    listed = json.dumps([{"order_id": ORDER, "state": "dead"}], indent=2).splitlines()
    will(cluster_api, jobs, Play((*listed, "the first 1 are listed; there may be more (--limit)")))
    result = pending(cluster, "list", "--limit", "1", "--output", "json")
    assert words_of(jobs[0])[3:] == ["list", "--output", "json", "--limit", "1"]
    assert result.data["purchases"] == [{"order_id": ORDER, "state": "dead"}]
    assert result.data["lines"] == ["the first 1 are listed; there may be more (--limit)"]


def test_what_is_said_before_the_purchases_is_told_beside_them() -> None:
    assert told("list", 0, ["[note] there may be more", "[]"]) == {
        "command": "list",
        "exit_code": 0,
        "purchases": [],
        "lines": ["[note] there may be more"],
    }


def test_a_list_that_failed_has_no_purchases() -> None:
    why = "FRONTEND_DATABASE_URL: nobody listens"
    assert told("list", 2, [why]) == {"command": "list", "exit_code": 2, "lines": [why]}


def test_a_command_that_is_none_is_said_before_anything_is_sent(
    cluster_api: ClusterApi, cluster: Cluster, jobs: list[dict[str, Any]]
) -> None:
    before = len(cluster_api.requests)
    with pytest.raises(ClusterError, match="pending: delete is none of list, replay, refuse") as caught:
        pending(cluster, "delete", ORDER)
    assert (caught.value.code, len(cluster_api.requests)) == (2, before)


def test_a_pod_that_was_killed_has_not_answered(
    cluster_api: ClusterApi, cluster: Cluster, jobs: list[dict[str, Any]]
) -> None:
    will(cluster_api, jobs, Play(("half a line",), exit_code=137))
    with pytest.raises(NotReady, match=r"was ended, or could not run its command \(exit code 137\)") as caught:
        pending(cluster, "list")
    assert caught.value.lines == ["half a line"]
    assert cluster_api.all("batch/v1", "Job") == []


def test_without_a_shop_it_says_what_is_missing(cluster_api: ClusterApi, cluster: Cluster) -> None:
    cluster_api.add_namespace()
    with pytest.raises(NotReady, match="Knative Service orders isn't in the namespace flametickets") as caught:
        pending(cluster, "list")
    assert "deploy.py --image" in caught.value.hint
