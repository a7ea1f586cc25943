"""What can happen to a PostgreSQL server."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from scripts.local.postgres import EmbeddedPostgres


def kill(server: EmbeddedPostgres) -> None:
    """`kill -9` of all of it at once: what is not on its disk is gone."""
    for process in _processes(server):
        os.kill(process.pid, signal.SIGKILL)
    server.stop()


@contextmanager
def frozen(server: EmbeddedPostgres) -> Iterator[None]:
    """The machine's kernel still answers, and the server does not."""
    processes = _processes(server)
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def _processes(server: EmbeddedPostgres) -> list[psutil.Process]:
    """The server and its sessions."""
    processes = server._processes()
    assert processes
    return processes
