"""Both Procfile commands as a cluster runs them: no root, nothing to write to, process 1, and SIGTERM at any moment."""

import shlex
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from scripts.local.function_client import FunctionClient
from tests.container import buying
from tests.container.conftest import Start
from tests.container.image import Image
from tests.container.pods import SIGNING_SECRET, Pod, procfile
from tests.container.sandbox import USER
from tests.scripts.waiting import wait_until

GRACE_S = 45.0
_NONE = "0000000000000000"


def test_a_ticket_is_sold_by_services_that_have_nothing_but_the_documented_settings(
    start_orders: Start, start_web: Start
) -> None:
    function = start_orders()
    buying.publish(function.url)
    shop = start_web(function.url)
    sold = buying.buy(shop.url)
    assert (sold.status_code, sold.json()["status"]) == (201, "confirmed")
    assert buying.find(shop.url, sold.json())["tickets"] == sold.json()["tickets"]
    client = FunctionClient(function.url, SIGNING_SECRET)
    wait_until(lambda: [kind.available for show in client.catalogue().shows for kind in show.ticket_types] == [4, 3])
    client.close()


def test_the_services_run_as_process_1_of_a_user_without_any_rights(start_orders: Start, start_web: Start) -> None:
    function = start_orders()
    buying.publish(function.url)
    for pod in (function, start_web(function.url)):
        status = _status(pod.container.first)
        assert status["NSpid"].split()[-1] == "1"
        assert Path(pod.container.first.exe()).name.startswith("python3")
        for process in _processes(pod):
            status = _status(process)
            assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {_NONE}
            assert status["NoNewPrivs"] == "1"
            assert _users(process) == {USER}


def test_the_services_write_to_nothing_but_a_memory_folder(start_orders: Start, start_web: Start, image: Image) -> None:
    before = image.state()
    function = start_orders()
    buying.publish(function.url)
    shop = start_web(function.url)
    assert buying.buy(shop.url).status_code == 201
    for pod in (function, shop):
        assert _writable(pod) == {("tmpfs", "/tmp")}  # noqa: S108 - the container's
        assert "Read-only file system" not in pod.container.text()
        assert "Permission denied" not in pod.container.text()
    assert image.state() == before


@pytest.mark.parametrize("which", ["function", "shop"])
def test_on_sigterm_what_was_accepted_is_answered_and_no_process_is_left(
    which: str, start_orders: Start, start_web: Start, orders_url: str
) -> None:
    pods = {"function": start_orders()}
    buying.publish(pods["function"].url)
    pods["shop"] = start_web(pods["function"].url)
    ending = pods[which].container
    namespace = _namespace(ending.first)
    with ThreadPoolExecutor() as buyers:
        with buying.held_up(orders_url) as wait_until_it_decides:
            purchase = buyers.submit(buying.buy, pods["shop"].url)
            wait_until_it_decides()
            ending.terminate()
            wait_until(lambda: not _listens(ending.first))
            assert ending.process.poll() is None
        assert (purchase.result().status_code, purchase.result().json()["status"]) == (201, "confirmed")
    assert ending.wait(GRACE_S) == 0
    assert [process for process in psutil.process_iter() if _namespace(process) == namespace] == []


@pytest.mark.parametrize("name", ["orders", "web"])
def test_the_launcher_of_a_buildpacks_image_is_used_where_there_is_one(
    name: str, start_orders: Start, start_web: Start, tmp_path: Path
) -> None:
    """As it starts a Procfile's line: a script for bash, which puts the program in its own place."""
    launcher = tmp_path / "launcher"
    launcher.write_text(f"#!/bin/bash\nexport LAUNCHED=yes\nexec bash -c {shlex.quote(procfile()[name])}\n")
    launcher.chmod(0o755)
    files = {f"/cnb/process/{name}": launcher}
    function = start_orders(files)
    buying.publish(function.url)
    pod = function if name == "orders" else start_web(function.url, files)
    assert pod.container.first.environ()["LAUNCHED"] == "yes"
    assert Path(pod.container.first.exe()).name.startswith("python3")
    pod.container.terminate()
    assert pod.container.wait(GRACE_S) == 0


def _processes(pod: Pod) -> list[psutil.Process]:
    first = pod.container.first
    return [first, *first.children(recursive=True)]


def _status(process: psutil.Process) -> dict[str, str]:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _users(process: psutil.Process) -> set[int]:
    """The users that the process is and can become, as the container knows them."""
    inside, outside, _ = map(int, Path(f"/proc/{process.pid}/uid_map").read_text().split())
    return {int(user) - outside + inside for user in _status(process)["Uid"].split()}


def _writable(pod: Pod) -> set[tuple[str, str]]:
    """Kind and place of what is mounted to be written to; devices and the kernel's own folders hold no files."""
    mounts = [line.split() for line in Path(f"/proc/{pod.container.first.pid}/mounts").read_text().splitlines()]
    return {
        (kind, place)
        for _, place, kind, options, *_ in mounts
        if "rw" in options.split(",") and kind not in ("proc", "devtmpfs", "devpts")
    }


def _namespace(process: psutil.Process) -> str | None:
    with suppress(OSError):
        return str(Path(f"/proc/{process.pid}/ns/pid").readlink())
    return None


def _listens(process: psutil.Process) -> bool:
    """Whether it does so itself; the server's first process stops it as soon as it is asked to end."""
    return any(connection.status == psutil.CONN_LISTEN for connection in process.net_connections())
