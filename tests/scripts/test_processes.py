"""The supervisor, with processes that are really killed."""

import os
import socket
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scripts.local.logfiles import LogFile
from scripts.local.ports import free_ports
from scripts.local.processes import KEEPS_DYING, MARK, Change, Listeners, Process, Supervisor, end_marked
from tests.scripts.waiting import is_alive, kill_and_wait, wait_until

pytestmark = pytest.mark.alone

# A master whose worker has the port, as gunicorn's: the worker outlives a killed master and goes on serving.
MASTER = """
import os, socket, subprocess, sys, time
if sys.argv[1:2] == ["worker"]:
    with socket.socket(fileno=int(sys.argv[2])) as server:
        while True:
            connection, _ = server.accept()
            connection.sendall(str(os.getpid()).encode())
            connection.close()
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
os.set_inheritable(server.fileno(), True)
worker = subprocess.Popen([sys.executable, __file__, "worker", str(server.fileno())], close_fds=False)
print("serving", flush=True)
worker.wait()
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""


class _Stage:
    """A supervisor, and what it told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changes: list[Change] = []
        self.lines: list[tuple[str, str]] = []
        listeners = Listeners(line=lambda *line: self.lines.append(line), change=self.changes.append)
        self.supervisor = Supervisor(folder / "logs", listeners)

    def run(self, name: str, script: str, *arguments: object, **options: object) -> None:
        path = self.folder / f"{name}.py"
        path.write_text(textwrap.dedent(script))
        command = [sys.executable, str(path), *map(str, arguments)]
        process = Process(name, command, {MARK: str(self.folder)}, self.folder, **options)  # type: ignore[arg-type]
        self.supervisor.start(process)

    def said(self, name: str, line: str) -> bool:
        return (name, line) in self.lines

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[_Stage]:
    stage = _Stage(tmp_path)
    yield stage
    stage.supervisor.hurry()
    stage.supervisor.stop()


def _served_by(port: int) -> int:
    """The id of the process that answers on `port`; 0 if none does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            return int(connection.recv(20) or 0)
    except OSError:
        return 0


def test_what_a_process_writes_is_told_and_kept_in_its_log(stage: _Stage) -> None:
    stage.run(
        "talker", "import sys, time; print('out'); print('err', file=sys.stderr); sys.stdout.flush(); time.sleep(60)"
    )
    wait_until(lambda: stage.said("talker", "out") and stage.said("talker", "err"))
    assert sorted(stage.log("talker").split()) == ["err", "out"]


def test_a_killed_master_comes_back_on_the_same_port_though_its_worker_lived_on(stage: _Stage) -> None:
    port = free_ports(1)[0]
    stage.run("master", MASTER, port)
    wait_until(lambda: _served_by(port))
    orphan = _served_by(port)
    kill_and_wait(stage.supervisor, "master")
    wait_until(lambda: _served_by(port) not in (0, orphan), within_s=5)
    assert not is_alive(orphan)
    assert stage.supervisor.restarts("master") == 1
    assert "Address already in use" not in stage.log("master")


def test_a_process_killed_again_and_again_comes_back_each_time(stage: _Stage) -> None:
    port = free_ports(1)[0]
    stage.run("master", MASTER, port)
    for _ in range(4):
        wait_until(lambda: _served_by(port), within_s=5)
        kill_and_wait(stage.supervisor, "master")
    wait_until(lambda: _served_by(port), within_s=5)


def test_what_keeps_dying_is_tried_ever_more_slowly_and_its_last_lines_are_told(stage: _Stage) -> None:
    stage.run("broken", "print('no such setting'); raise SystemExit(3)")
    wait_until(lambda: stage.supervisor.deaths("broken") > KEEPS_DYING)
    deaths = [change for change in stage.changes if change.what == "died"]
    assert [death.deaths for death in deaths[:4]] == [1, 2, 3, 4]
    assert deaths[2].code == 3
    assert deaths[2].last_lines == ("no such setting",) * 3


def test_a_command_that_does_not_exist_is_told_like_a_death(stage: _Stage) -> None:
    stage.supervisor.start(Process("absent", ["/no/such/program"], {}, stage.folder))
    wait_until(lambda: stage.supervisor.deaths("absent") > 0)
    assert stage.supervisor.last_lines("absent")[0] == "/no/such/program: No such file or directory"


def test_the_former_process_is_cleared_away_before_the_next_starts(stage: _Stage) -> None:
    order: list[str] = []
    stage.run("cleared", "import time; time.sleep(60)", clear=lambda: order.append("cleared"))
    wait_until(lambda: stage.supervisor.pid("cleared"))
    kill_and_wait(stage.supervisor, "cleared")
    assert order == ["cleared"]


def test_a_stop_ends_the_last_started_first_and_leaves_no_process(stage: _Stage) -> None:
    port = free_ports(1)[0]
    stage.run("master", MASTER, port)
    wait_until(lambda: _served_by(port))
    stage.run("second", "import time; time.sleep(60)")
    wait_until(lambda: stage.supervisor.pid("second"))
    left = [stage.supervisor.pid("second"), stage.supervisor.pid("master"), _served_by(port)]
    stage.supervisor.stop()
    assert not [pid for pid in left if pid and is_alive(pid)]
    assert [change.what for change in stage.changes] == ["started", "started"]


def test_a_process_deaf_to_the_signal_is_killed(stage: _Stage) -> None:
    stage.run("stubborn", STUBBORN, stop_within_s=0.2)
    wait_until(lambda: stage.said("stubborn", "deaf"))
    pid = stage.supervisor.pid("stubborn")
    began = time.monotonic()
    stage.supervisor.stop()
    assert time.monotonic() - began < 3
    assert pid is not None
    assert not is_alive(pid)


def test_a_hurried_stop_does_not_wait(stage: _Stage) -> None:
    stage.run("stubborn", STUBBORN, stop_within_s=60)
    wait_until(lambda: stage.said("stubborn", "deaf"))
    stopping = threading.Thread(target=stage.supervisor.stop)
    stopping.start()
    stage.supervisor.hurry()
    stopping.join(5)
    assert not stopping.is_alive()


def test_a_stop_during_the_wait_for_a_restart_starts_nothing_more(stage: _Stage) -> None:
    stage.run("broken", "raise SystemExit(1)")
    wait_until(lambda: stage.supervisor.deaths("broken") >= KEEPS_DYING)
    stage.supervisor.stop()
    assert stage.supervisor.pid("broken") is None


def test_what_a_killed_stack_left_is_ended_and_nothing_else(tmp_path: Path) -> None:
    ours, other = _Stage(tmp_path / "ours"), _Stage(tmp_path / "other")
    stages = (ours, other)
    try:
        for stage in stages:
            stage.folder.mkdir()
            stage.run("left", "import time; time.sleep(60)")
        wait_until(lambda: all(stage.supervisor.pid("left") for stage in stages))
        wait_until(lambda: all(_marked(stage) for stage in stages))
        bystander = other.supervisor.pid("left")
        assert end_marked(ours.folder) == 1
        assert bystander is not None
        assert is_alive(bystander)
    finally:
        for stage in stages:
            stage.supervisor.stop()


def _marked(stage: _Stage) -> bool:
    """Whether the process has become the program: until then its environment is that of its parent."""
    pid = stage.supervisor.pid("left")
    return pid is not None and psutil.Process(pid).environ().get(MARK) == str(stage.folder)


def test_a_log_file_is_bounded(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "some.log", max_bytes=1000)
    for number in range(100):
        log.write(f"line {number} {'x' * 40}")
    log.close()
    log.write("too late")
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {"some.log", "some.log.1"}
    assert max(sizes.values()) <= 1000
    assert (tmp_path / "some.log").read_text().splitlines()[-1].startswith("line 99 ")


def test_the_processes_ignore_the_terminals_interrupt(stage: _Stage) -> None:
    stage.run("sleeper", "import time; print('here', flush=True); time.sleep(60)")
    wait_until(lambda: stage.said("sleeper", "here"))
    pid = stage.supervisor.pid("sleeper")
    assert pid is not None
    assert os.getsid(pid) == os.getpgid(pid) == pid != os.getsid(0)
