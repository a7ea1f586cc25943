"""dev.py as a person uses it: one line for what is wrong, and nothing left when it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from scripts.local.databases import SIDES
from scripts.local.ports import free_ports
from scripts.local.postgres import EmbeddedPostgres
from scripts.local.state import Folder
from tests.scripts.selling import sells
from tests.scripts.waiting import is_alive, wait_until

pytestmark = pytest.mark.alone

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = 60.0


class Dev:
    """dev.py with files of its own; every process of it is gone after the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder.parent / "dev.err"
        self.running: list[subprocess.Popen[str]] = []

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run it to its end."""
        command = self._command(*arguments)
        return subprocess.run(
            command, cwd=ROOT, env=_environment(), text=True, capture_output=True, timeout=60, check=False
        )

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """Start it in the background; returns once it said where the shop is."""
        with self.log.open("w") as errors:
            process = subprocess.Popen(
                self._command("--port=0", *arguments),
                cwd=ROOT,
                env={**_environment(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("FlameTickets is open at http://localhost:"), self.log.read_text()
        return process

    def state(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "state.json").read_text()))

    def pids(self) -> set[int]:
        """All processes of the running stack, and their children."""
        leaders = [psutil.Process(process["pid"]) for process in self.state()["processes"].values()]
        assert len(leaders) == 6
        return {process.pid for leader in leaders for process in (leader, *leader.children(recursive=True))}

    def close(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()
        if self.folder.is_dir():
            for name in SIDES:
                EmbeddedPostgres(self.folder / f"postgres-{name}").remove()

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "scripts/dev.py", "--folder", str(self.folder), *arguments]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CHAOS_")}


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Dev]:
    dev = Dev(tmp_path / "stack")
    yield dev
    dev.close()


def _shop_sells(dev: Dev) -> bool:
    try:
        return sells(dev.state()["url"])
    except OSError:
        return False


def test_it_runs_says_what_runs_shifts_traffic_and_leaves_nothing_when_asked_to_end(dev: Dev) -> None:
    process = dev.start()
    assert _shop_sells(dev)

    status = dev.run("status")
    assert status.returncode == 0
    metrics = f"http://127.0.0.1:{dev.state()['metrics_port']}/metrics"
    for word in (
        *dev.state()["processes"],
        metrics,
        "stable 100 %, chaos 0 %",
        "faults of chaos: error:0.3",
        "stable.log",
    ):
        assert word in status.stdout

    assert dev.run("traffic").stdout == "stable 100 %, chaos 0 %\n"
    assert dev.run("traffic", "chaos=20").stdout == "stable 80 %, chaos 20 %\n"
    assert dev.run("traffic").stdout == "stable 80 %, chaos 20 %\n"
    assert "stable 80 %, chaos 20 %" in dev.run("status").stdout

    pending = dev.run("exec", "web", "python", "-m", "frontend.pending", "list", "--output", "json")
    assert (pending.returncode, json.loads(pending.stdout)) == (0, [])
    assert dev.run("exec", "orders", "python", "-m", "functions.orders.audit").returncode == 0
    assert dev.run("exec", "orders", "python", "-c", "raise SystemExit(7)").returncode == 7
    unknown = dev.run("exec", "web", "no-such-command")
    assert (unknown.returncode, unknown.stderr) == (2, "no-such-command can't be run: No such file or directory\n")

    second = dev.run("--port=0")
    assert second.returncode == 1
    assert second.stderr.startswith("FlameTickets is running already, at http://localhost:")
    assert len(second.stderr.splitlines()) == 1

    pids = dev.pids()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert not [pid for pid in pids if is_alive(pid)]
    assert dev.run("status").returncode == 1


def test_only_the_chaos_function_is_given_the_faults(dev: Dev) -> None:
    dev.start(CHAOS_FAULTS="latency:0.5:10ms", CHAOS_SEED="7")
    seen = {
        name: psutil.Process(process["pid"]).environ()
        for name, process in dev.state()["processes"].items()
        if not name.startswith("postgres")
    }
    with_faults = {name: environ["CHAOS_FAULTS"] for name, environ in seen.items() if "CHAOS_FAULTS" in environ}
    assert with_faults == {"chaos": "latency:0.5:10ms"}
    assert seen["chaos"]["CHAOS_SEED"] == "7"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_an_interrupt_and_a_closed_terminal_stop_it_too(dev: Dev, number: signal.Signals) -> None:
    process = dev.start()
    pids = dev.pids()
    process.send_signal(number)
    assert process.wait(20) == 0
    assert not [pid for pid in pids if is_alive(pid)]


def test_a_request_to_end_during_the_start_leaves_nothing(dev: Dev) -> None:
    with dev.log.open("w") as errors:
        process = subprocess.Popen(
            dev._command("--port=0"), cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, stderr=errors, text=True
        )
    dev.running.append(process)
    wait_until(lambda: (dev.folder / "state.json").exists() and dev.state()["processes"], STARTS_WITHIN_S)
    pids = {entry["pid"] for entry in dev.state()["processes"].values()}
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert not [pid for pid in pids if pid and is_alive(pid)]
    assert not _left_of(dev.folder)


def test_after_a_kill_the_next_start_clears_away_what_was_left_and_keeps_the_orders(dev: Dev) -> None:
    process = dev.start()
    left = dev.pids()
    process.kill()
    process.wait()
    assert [pid for pid in left if is_alive(pid)]
    assert "an earlier run was killed" in dev.run("status").stdout
    dev.start()
    assert not [pid for pid in left if is_alive(pid)]
    assert _shop_sells(dev)


def test_a_killed_process_is_told_and_is_back_within_five_seconds(dev: Dev) -> None:
    dev.start()
    killed = dev.state()["processes"]["stable"]["pid"]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: dev.state()["processes"]["stable"]["pid"] not in (0, killed), within_s=5)
    wait_until(lambda: _shop_sells(dev), within_s=5)
    assert "died (signal 9); it is started again" in dev.log.read_text()
    assert dev.run("status").stdout.count("\n") > 10


def test_the_shows_of_a_file_are_sold(dev: Dev, tmp_path: Path) -> None:
    sample = (ROOT / "scripts" / "shows.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(sample.replace("lantern-orchestra", "my-own-show"))
    dev.start("--shows", str(tmp_path / "mine.yaml"))
    slugs = {show["slug"] for show in requests.get(f"{dev.state()['url']}/api/shows", timeout=5).json()["shows"]}
    assert "my-own-show" in slugs
    assert "lantern-orchestra" not in slugs


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_one_line(dev: Dev, taken_port: int) -> None:
    result = dev.run(f"--port={taken_port}")
    assert result.returncode == 1
    assert result.stderr == f"port {taken_port} is taken by another program; choose another with --port\n"
    assert result.stdout == ""
    assert not Folder(dev.folder).is_held()


def test_a_folder_that_cannot_be_written_to_is_one_line(dev: Dev) -> None:
    dev.folder.write_text("a file where the folder should be: it is in the way of root too")
    result = dev.run("--port=0")
    assert result.returncode == 1
    assert result.stderr.startswith(f"{dev.folder} cannot be written to: ")
    assert len(result.stderr.splitlines()) == 1


def test_a_bad_shows_file_is_named_before_anything_starts(dev: Dev, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("- slug: Not A Slug\n")
    result = dev.run("--port=0", "--shows", str(tmp_path / "bad.yaml"))
    assert result.returncode == 1
    assert "bad.yaml, line 1: " in result.stderr
    assert not dev.folder.exists()


@pytest.mark.parametrize(
    ("command", "code"), [(["status"], 1), (["traffic"], 2), (["traffic", "chaos=5"], 2), (["exec", "web", "true"], 2)]
)
def test_with_nothing_running_the_other_commands_say_so(dev: Dev, command: list[str], code: int) -> None:
    result = dev.run(*command)
    assert result.returncode == code
    assert result.stdout + result.stderr == "nothing is running; python3 scripts/dev.py starts FlameTickets\n"


def test_help_says_what_it_can_do(dev: Dev) -> None:
    result = dev.run("--help")
    assert result.returncode == 0
    for word in ("--port", "--fresh", "--shows", "status", "traffic chaos=20", "CHAOS_FAULTS"):
        assert word in result.stdout


def _left_of(folder: Path) -> list[Callable[[], str]]:
    """The processes that still name the folder in their command line."""
    named = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and str(folder) in " ".join(process.cmdline()):
                named.append(process.name)
        except psutil.Error:
            continue
    return named
