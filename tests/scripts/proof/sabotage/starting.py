"""The real processes, whole or without a guard, on a database of the test."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests

from frontend.metrics import Metrics
from frontend.orders_client import Confirmed, Found, Rejected, Unconfirmed, Unknown
from frontend.orders_http import HttpOrdersClient
from frontend.routes import Routes
from frontend.transport import Transport
from functions.orders import contract
from scripts.local.function_client import FunctionClient
from scripts.local.ports import free_ports
from scripts.local.procfile import ROOT, read_command
from scripts.proof.sabotage import Command, commands
from tests.functions.local_invoker import SECRET, make_order, make_show
from tests.scripts.waiting import wait_until

TRACE = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"


@dataclass(frozen=True)
class Function:
    """A running order function."""

    url: str
    process: subprocess.Popen[bytes]
    client: HttpOrdersClient

    def publish(self, capacity: int) -> None:
        """A show with so many seats, on sale."""
        seat = contract.TicketType("seat", "Seat", 2500, "EUR", capacity=capacity, limit_per_order=4)
        client = FunctionClient(self.url, SECRET)
        try:
            assert client.publish(make_show(ticket_types=(seat,)), within_s=10) is None
        finally:
            client.close()

    def place(self, order_id: str | None = None) -> Confirmed | Rejected | Unconfirmed:
        """One seat."""
        return self.client.place(order_id or str(uuid.uuid4()), make_order(lines={"seat": 1}), datetime.now(UTC), TRACE)

    def lookup(self, order_id: str) -> Found | Unknown | Unconfirmed:
        return self.client.lookup(order_id, TRACE)


@contextmanager
def function(guard: str | None, database_url: str, folder: Path) -> Iterator[Function]:
    """The function, without `guard` if one is named."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    settings = {"ORDERS_DATABASE_URL": database_url, "SIGNING_SECRETS": SECRET}
    with running("orders", guard, port, settings, folder / f"orders-{port}.log") as process:
        client = HttpOrdersClient(Routes.of(url, url), SECRET, Transport(), Metrics())
        yield Function(url, process, client)


@contextmanager
def running(
    command: Command, guard: str | None, port: int, settings: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, ready; gone afterwards."""
    words = commands(guard)[command] if guard else read_command(command)
    environ = {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": str(port), "LOG_LEVEL": "warning", **settings}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *words[1:]], cwd=ROOT, env=environ, start_new_session=True, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: is_up(port) or process.poll() is not None, within_s=60)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End it and its workers without warning."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def is_up(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def words_of(outcomes: Sequence[Confirmed | Rejected | Unconfirmed]) -> list[str]:
    """Each in a word, sorted."""
    return sorted(each.rejection.reason if isinstance(each, Rejected) else type(each).__name__ for each in outcomes)
