"""The servers that are measured: the order function, the shops and the bare framework, each as a process of its own."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import requests

from functions.orders import contract
from scripts.local.function_client import FunctionClient
from scripts.local.ports import free_ports
from scripts.local.procfile import ROOT, environment, read_command
from scripts.measure.load import LoadError

SECRET: Final = secrets.token_hex(32)
SHOW: Final = "flash-sale"
PRICE: Final = 1000
_BARE: Final = Path(__file__).with_name("bare.py")
_STAND_IN: Final = Path(__file__).with_name("stand_in")
_CAPACITY: Final = 1_000_000
_WITHIN_S: Final = 30.0


@dataclass(frozen=True)
class Server:
    """A running server; `started_at` is the monotonic time at which its process was started."""

    url: str
    started_at: float


@contextmanager
def running_function(folder: Path, database_url: str) -> Iterator[Server]:
    """The function as the Procfile starts it."""
    settings = {"ORDERS_DATABASE_URL": database_url, "SIGNING_SECRETS": SECRET, "K_REVISION": "orders-bench"}
    with _running(read_command("orders"), folder, settings) as server:
        yield server


@contextmanager
def running_bare(folder: Path) -> Iterator[Server]:
    """The framework's hello-world on the same server."""
    command = [f"--source={_BARE}" if word.startswith("--source=") else word for word in read_command("orders")]
    command = ["--target=hello" if word.startswith("--target=") else word for word in command]
    with _running(command, folder, {}) as server:
        yield server


@contextmanager
def running_plain_shop(folder: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    """The plain shop, with as many threads as the shop works with."""
    command = (
        "python3 -m gunicorn --worker-class=gthread --threads=16 --no-control-socket scripts.measure.plain_shop:app"
    )
    with _running(command.split(), folder, settings) as server:
        yield server


@contextmanager
def running_bare_call(folder: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    """The shop as the Procfile starts it, but for a bare call in the place of the resilient one."""
    command = [*read_command("web")[:-1], f"--pythonpath={_STAND_IN}", "bare_call:create_app()"]
    with _running(command, folder, settings) as server:
        yield server


def wait_until_up(server: Server) -> None:
    """Return once the server answers. Raises LoadError."""
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline:
        with suppress(requests.RequestException):
            if requests.get(f"{server.url}/readyz", timeout=1).status_code == 200:
                return
        time.sleep(0.01)
    raise LoadError("a server did not get ready")


def flash_sale(types: Sequence[str]) -> contract.Show:
    """A show with these ticket types, a million tickets each."""
    now, day = datetime.now(UTC), timedelta(days=1)
    kinds = tuple(contract.TicketType(kind, kind, PRICE, "EUR", _CAPACITY, 4) for kind in types)
    return contract.Show(SHOW, "Flash sale", "Here", now + 9 * day, now - day, now + 8 * day, kinds)


def put_on_sale(server: Server, types: Sequence[str]) -> None:
    """Publish the flash sale."""
    client = FunctionClient(server.url, SECRET)
    refused = client.publish(flash_sale(types), within_s=_WITHIN_S)
    client.close()
    if refused is not None:
        raise LoadError(f"the show was refused: {refused.reason}")


@contextmanager
def _running(command: Sequence[str], folder: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    (port,) = free_ports(1)
    runtime = folder / "run"
    runtime.mkdir(exist_ok=True, mode=0o700)
    child = {**environment(folder, runtime, settings), "HOST": "127.0.0.1", "PORT": str(port)}
    words = [sys.executable if word == "python3" else word for word in command]
    started_at = time.monotonic()
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(words, cwd=ROOT, env=child, start_new_session=True, stdout=log, stderr=log)
    try:
        yield Server(f"http://127.0.0.1:{port}", started_at)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
