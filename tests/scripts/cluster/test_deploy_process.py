"""deploy.py as a process, against an emulated cluster: exit codes, output for programs, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.emulation.knobs import Play
from tests.scripts.cluster.emulation.served import by_name

ROOT = Path(__file__).parents[3]
IMAGE = "dev.local/flametickets:1"
SERVING = "serving.knative.dev/v1"


def environment(cluster_api: ClusterApi) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "KUBECONFIG": str(cluster_api.kubeconfig)}


def command(*words: str) -> list[str]:
    """In the environment that runs these tests: no set-up."""
    start = (
        "import sys; from scripts.cluster import arguments as a, commands as c; sys.exit(c.run(a.parse(sys.argv[1:])))"
    )
    return [sys.executable, "-c", start, *words]


def run(cluster_api: ClusterApi, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), cwd=ROOT, env=environment(cluster_api), capture_output=True, text=True, check=False, timeout=60
    )


def test_progress_goes_to_standard_error_and_one_object_to_standard_output(cluster_api: ClusterApi) -> None:
    ended = run(cluster_api, "--image", IMAGE, "--output", "json")
    assert ended.returncode == 0, ended.stderr
    data = json.loads(ended.stdout)
    assert data["url"].startswith("http://frontend.flametickets")
    assert "smoke test" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_error_is_a_line_with_a_way_out_and_an_object_for_programs(cluster_api: ClusterApi) -> None:
    cluster_api.knobs.has_knative = False
    ended = run(cluster_api, "--image", IMAGE, "--output", "json")
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["error"] == "Unsuitable"
    assert "https://knative.dev/docs/install" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_a_cluster_it_is_said_which_file_or_context_is_missing(cluster_api: ClusterApi) -> None:
    ended = run(cluster_api, "status", "--context", "elsewhere")
    assert ended.returncode == 2
    assert "elsewhere" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture
def hanging(cluster_api: ClusterApi) -> Iterator["subprocess.Popen[str]"]:
    """A deploy whose first migration never ends."""
    cluster_api.knobs.play = lambda _job: Play(hangs=True)
    process = subprocess.Popen(
        command("--image", IMAGE),
        cwd=ROOT,
        env=environment(cluster_api),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def wait_for_job(cluster_api: ClusterApi, prefix: str) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if any(job["metadata"]["name"].startswith(prefix) for job in cluster_api.all("batch/v1", "Job")):
            return
        time.sleep(0.02)
    raise AssertionError(f"no Job {prefix}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_the_same_command_goes_on(
    cluster_api: ClusterApi, hanging: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    wait_for_job(cluster_api, "migrate-")
    hanging.send_signal(number)
    _, said = hanging.communicate(timeout=20)
    assert hanging.returncode == 130
    assert "the same command goes on from here" in said
    assert "Traceback" not in said
    cluster_api.knobs.play = lambda _job: Play()
    for job in cluster_api.all("batch/v1", "Job"):  # its pod ends at last
        cluster_api.store.remove(by_name("batch/v1", "Job"), "flametickets", job["metadata"]["name"])
    ended = run(cluster_api, "--image", IMAGE)
    assert ended.returncode == 0, ended.stderr
    orders = cluster_api.get(SERVING, "Service", "orders")
    assert orders is not None
    assert [line["percent"] for line in orders["spec"]["traffic"]] == [100, 0]


def test_what_is_rendered_is_complete_and_each_document_is_an_object(cluster_api: ClusterApi) -> None:
    ended = run(cluster_api, "render", "--image", IMAGE, "--namespace", "shop")
    assert ended.returncode == 0, ended.stderr
    documents = list(yaml.safe_load_all(ended.stdout))
    forms = [each["spec"]["template"]["metadata"]["name"] for each in documents if each["metadata"]["name"] == "orders"
             and each["apiVersion"] == SERVING]  # fmt: skip
    assert [form.rsplit("-", 1)[0] for form in forms] == ["orders-chaos", "orders-stable"]
    assert {each["metadata"].get("namespace", "shop") for each in documents} == {"shop"}
    assert cluster_api.requests == [], "no cluster is asked for anything"
