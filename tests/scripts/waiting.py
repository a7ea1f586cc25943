"""Waiting for a condition, with a bound."""

import os
import signal
import time
from collections.abc import Callable
from typing import Protocol

import psutil

from scripts.local import endings


class HasPids(Protocol):
    """A supervisor or a stack."""

    def pid(self, name: str) -> int | None: ...


def wait_until(condition: Callable[[], object], within_s: float = 10.0) -> None:
    """Return once `condition()` is true; fails the test after `within_s`."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.02)


def kill_and_wait(processes: HasPids, name: str, within_s: float = 5.0) -> int:
    """`kill -9` a process, and wait until it was started again; returns the new process id."""
    former = processes.pid(name)
    assert former is not None
    os.kill(former, signal.SIGKILL)
    wait_until(lambda: processes.pid(name) not in (None, former), within_s)
    new = processes.pid(name)
    assert new is not None
    return new


def is_alive(pid: int) -> bool:
    """Whether the process still does something; a zombie that nobody has reaped does not."""
    try:
        return endings.is_alive(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False
