"""Whether processes have ended, our own children or not."""

import time
from collections.abc import Iterable
from contextlib import suppress

import psutil


def is_alive(process: psutil.Process) -> bool:
    """A zombie does nothing any more; in some containers nobody ever reaps it."""
    with suppress(psutil.Error, OSError):
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    return False


def wait_for_end(processes: Iterable[psutil.Process], within_s: float) -> list[psutil.Process]:
    """Wait until all have ended, at most `within_s`; returns those that are still alive."""
    deadline = time.monotonic() + within_s
    while (alive := [process for process in processes if is_alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return alive
