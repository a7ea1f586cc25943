"""The function as the Procfile starts it: a real process on a real socket."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

import requests

from tests.functions.conftest import MAIN
from tests.functions.local_invoker import SECRET

ROOT = MAIN.parents[2]


def procfile_command(name: str) -> Sequence[str]:
    """The words of a Procfile line, run by this interpreter."""
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    return [sys.executable, *shlex.split(lines[name])[1:]]


def environment(port: int, database_url: str) -> dict[str, str]:
    """The documented settings, and nothing else."""
    return {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "ORDERS_DATABASE_URL": database_url,
        "SIGNING_SECRETS": SECRET,
    }


@contextmanager
def running_function(
    port: int, database_url: str, *, output: IO[bytes] | int = subprocess.DEVNULL, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, in a group of its own that is gone afterwards; `output` takes its log."""
    process = subprocess.Popen(
        procfile_command("orders"),
        cwd=ROOT,
        env={**environment(port, database_url), **settings},
        start_new_session=True,
        stdout=output,
        stderr=None if output == subprocess.DEVNULL else subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def answers(port: int) -> bool:
    """Whether something answers the function's health path on `port`."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).status_code == 200
    except requests.RequestException:
        return False
