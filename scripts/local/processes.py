"""Keeps child processes running, as Kubernetes would: one that dies comes back.

Our own code, because no maintained library ends the rest of a dead process's group before it starts it again:
the worker of a killed gunicorn goes on serving, and holds the port.
"""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Literal

import psutil

from scripts.local.endings import is_alive, wait_for_end
from scripts.local.logfiles import LogFile

MARK: Final = "FLAMETICKETS_STACK"  # an environment variable that names the folder of the stack that a process is of
KEPT_LINES: Final = 20
KEEPS_DYING: Final = 3  # deaths in a row
_STEADY_AFTER_S: Final = 5.0
_FIRST_DELAY_S: Final = 0.1
_LONGEST_DELAY_S: Final = 3.0
_LONGEST_LINE: Final = 64 * 1024


def _nothing() -> None: ...


@dataclass(frozen=True)
class Process:
    """What to run. `clear` is called before each restart; a stop is `stop_signal`, then force after `stop_within_s`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    account: tuple[int, int] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_s: float = 5.0
    clear: Callable[[], None] = _nothing


@dataclass(frozen=True)
class Change:
    """What happened to a process; `deaths` counts those in a row, `last_lines` are the end of its log."""

    name: str
    what: Literal["started", "died"]
    pid: int
    restarts: int
    deaths: int = 0
    code: int = 0
    last_lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listeners:
    """Called from threads of the supervisor: a line that a process wrote, and a change of a process."""

    line: Callable[[str, str], None] = field(default=lambda _name, _line: None)
    change: Callable[[Change], None] = field(default=lambda _change: None)


class Supervisor:
    """Runs processes until `stop`; each writes to a log file of its own in `logs`."""

    def __init__(self, logs: Path, listeners: Listeners | None = None) -> None:
        self._logs = logs
        self._listeners = listeners or Listeners()
        self._kept: dict[str, _Kept] = {}

    def start(self, process: Process) -> None:
        """Start a process and keep it running."""
        kept = _Kept(process, LogFile(self._logs / f"{process.name}.log"), self._listeners)
        self._kept[process.name] = kept
        kept.start()

    def replace(self, process: Process) -> None:
        """End the process of this name in order, and keep this one running in its place."""
        self._kept[process.name].stop()
        self.start(process)

    def pid(self, name: str) -> int | None:
        """The id of the running process, None between a death and the restart."""
        return self._kept[name].pid

    def deaths(self, name: str) -> int:
        """How many times in a row it died at its start."""
        return self._kept[name].deaths

    def restarts(self, name: str) -> int:
        """How many times it was started again."""
        return self._kept[name].restarts

    def last_lines(self, name: str) -> tuple[str, ...]:
        """The end of its log."""
        return tuple(self._kept[name].lines)

    def stop(self) -> None:
        """Stop all, the last started first; nothing of them is left when this returns."""
        for kept in reversed(tuple(self._kept.values())):
            kept.stop()

    def hurry(self) -> None:
        """Make a `stop` that runs, or comes, use force at once."""
        for kept in tuple(self._kept.values()):
            kept.hurry()


class _Kept:
    """One process that is kept running, by a thread that waits for its end."""

    def __init__(self, process: Process, log: LogFile, listeners: Listeners) -> None:
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.deaths = self.restarts = 0
        self._process = process
        self._log = log
        self._listeners = listeners
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._hurried = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"keep {process.name}", daemon=True)

    @property
    def pid(self) -> int | None:
        child = self._child
        return child.pid if child is not None and child.returncode is None else None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._lock:
            self._stopping.set()
            child = self._child
        if child is not None:
            with suppress(OSError):
                child.send_signal(self._process.stop_signal)
            self._thread.join(0 if self._hurried.is_set() else self._process.stop_within_s)
            if self._thread.is_alive():
                _kill_group(child.pid)
        self._thread.join()

    def hurry(self) -> None:
        self._hurried.set()
        if self._stopping.is_set() and (pid := self.pid) is not None:
            _kill_group(pid)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            started = time.monotonic()
            pid, code = self._run()
            if self._stopping.is_set():
                break
            self.deaths = 1 if time.monotonic() - started > _STEADY_AFTER_S else self.deaths + 1
            self._report_death(pid, code)
            self._stopping.wait(min(_FIRST_DELAY_S * 2 ** (self.deaths - 1), _LONGEST_DELAY_S))
            self.restarts += 1
        self._log.close()

    def _run(self) -> tuple[int, int]:
        """Run the process to its end, and clear away what is left of it; returns its id and its exit code."""
        try:
            child = self._spawn()
        except OSError as error:
            self._take(f"{self._process.command[0]}: {error.strerror}")
            return 0, 127
        if child is None:
            return 0, 0
        self._listeners.change(Change(self._process.name, "started", child.pid, self.restarts))
        reader = threading.Thread(target=self._read, args=(child.stdout,), daemon=True)
        reader.start()
        code = child.wait()
        _clear_group(child.pid)
        self._process.clear()
        reader.join(1.0)
        return child.pid, code

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        process = self._process
        user, group = process.account or (None, None)
        with self._lock:
            if self._stopping.is_set():
                return None
            self._child = subprocess.Popen(
                process.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=process.folder,
                env=process.environment,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                start_new_session=True,
            )
            return self._child

    def _read(self, output: IO[bytes]) -> None:
        with output:
            for raw in iter(lambda: output.readline(_LONGEST_LINE), b""):
                self._take(raw.decode(errors="replace").rstrip("\n"))

    def _take(self, line: str) -> None:
        self._log.write(line)
        self.lines.append(line)
        self._listeners.line(self._process.name, line)

    def _report_death(self, pid: int, code: int) -> None:
        self._listeners.change(
            Change(self._process.name, "died", pid, self.restarts, self.deaths, code, tuple(self.lines))
        )


def end_marked(folder: Path) -> int:
    """Kill what an earlier stack of `folder` left because it was itself killed; return how many processes that were."""
    left = [process for process in psutil.process_iter() if _is_marked(process, str(folder))]
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    wait_for_end(left, 5)
    return len(left)


def _is_marked(process: psutil.Process, folder: str) -> bool:
    with suppress(psutil.Error, OSError):
        return process.environ().get(MARK) == folder
    return False


def _kill_group(group: int) -> None:
    with suppress(OSError):
        os.killpg(group, signal.SIGKILL)


def _clear_group(group: int) -> None:
    """Kill what is left of a group whose leader is gone, and wait until it is gone too, at most 2 s."""
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            return
        if not any(_is_in(process, group) and is_alive(process) for process in psutil.process_iter()):
            return
        time.sleep(0.01)


def _is_in(process: psutil.Process, group: int) -> bool:
    with suppress(OSError):
        return os.getpgid(process.pid) == group
    return False
