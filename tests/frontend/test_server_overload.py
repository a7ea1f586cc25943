"""Overload of the shop as gunicorn serves it: whoever can't be served is told so at once."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from frontend.orders_client import Unconfirmed
from functions.orders import contract
from tests.fakes import FakeOrders
from tests.frontend.conftest import SIGNING_SECRET
from tests.frontend.function_server import function_server
from tests.frontend.test_server import Server, environment, free_port, running
from tests.scripts.waiting import wait_until

pytestmark = pytest.mark.alone

WORKING, WAITING = 2, 3


class GatedOrders(FakeOrders):
    """A function that answers with the catalogue only while `open` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()

    def catalogue(self, traceparent: str) -> contract.Catalogue | Unconfirmed:
        self.open.wait(10)
        return super().catalogue(traceparent)


@pytest.fixture
def orders() -> Iterator[GatedOrders]:
    orders = GatedOrders()
    yield orders
    orders.open.set()


@pytest.fixture
def metrics_port() -> int:
    return free_port()


@pytest.fixture
def server(orders: GatedOrders, metrics_port: int, tmp_path: Path) -> Iterator[Server]:
    changes = {"WEB_THREADS": str(WORKING), "WEB_WAITING": str(WAITING), "METRICS_PORT": str(metrics_port)}
    with (
        function_server(orders, SIGNING_SECRET) as function,
        running(tmp_path / "log", environment(function.url, free_port(), **changes)) as server,
    ):
        yield server


def figure(port: int, name: str) -> float | None:
    """The figure without labels, or with the one label value given after a blank."""
    lines = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text.splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), None)


def ask(server: Server, path: str) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{server.port}{path}", timeout=10)


def test_the_next_is_turned_away_at_once_and_the_others_are_served(
    server: Server, orders: GatedOrders, metrics_port: int
) -> None:
    """All of them wait for the first answer of the function, as after a cold start."""
    with ThreadPoolExecutor(WORKING + WAITING) as buyers:
        asked: list[Future[requests.Response]] = [
            buyers.submit(ask, server, "/api/shows") for _ in range(WORKING + WAITING)
        ]
        wait_until(lambda: figure(metrics_port, "flametickets_requests_waiting") == WAITING, within_s=2)
        assert figure(metrics_port, "flametickets_requests_working") == WORKING
        began = time.monotonic()
        refused = [ask(server, path) for path in ("/api/shows", "/", "/orders", "/api/shows")]
        others = [ask(server, path).status_code for path in ("/healthz", "/static/shop.css")]
        took_s = time.monotonic() - began
        orders.open.set()
        served = [answer.result(20).status_code for answer in asked]
    assert [answer.status_code for answer in refused] == [503] * 4
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert others == [200, 200]
    assert took_s < 0.8, "nobody waited"
    assert served == [200] * (WORKING + WAITING)
    wait_until(lambda: figure(metrics_port, "flametickets_requests_working") == 0)
    assert figure(metrics_port, "flametickets_requests_waiting") == 0
    assert figure(metrics_port, 'flametickets_requests_turned_away_total{why="overload"}') == 4


def test_a_wait_for_a_turn_ends_after_a_second(server: Server, metrics_port: int) -> None:
    with ThreadPoolExecutor(WORKING) as buyers:
        for _ in range(WORKING):
            buyers.submit(ask, server, "/api/shows")
        wait_until(lambda: figure(metrics_port, "flametickets_requests_working") == WORKING, within_s=2)
        began = time.monotonic()
        assert ask(server, "/api/shows").status_code == 503
        assert 0.9 < time.monotonic() - began < 2


def test_who_sends_a_body_slowly_takes_no_place(server: Server, orders: GatedOrders, metrics_port: int) -> None:
    orders.open.set()
    head = (
        b"POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Idempotency-Key: 6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11\r\nContent-Length: 100\r\n\r\n{"
    )
    with ExitStack() as slow:
        for _ in range(WORKING + WAITING):
            slow.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10)).sendall(head)
        for _ in range(5):  # those before are read in the meantime
            assert ask(server, "/api/shows").status_code == 200
        assert figure(metrics_port, "flametickets_requests_working") == 0
        assert figure(metrics_port, "flametickets_requests_waiting") == 0


def test_the_metrics_are_never_on_the_public_port_and_end_with_the_process(
    server: Server, orders: GatedOrders, metrics_port: int
) -> None:
    orders.open.set()
    assert ask(server, "/metrics").status_code == 404
    assert figure(metrics_port, "flametickets_pending_depth") is not None
    server.process.terminate()
    assert server.process.wait(20) == 0
    with pytest.raises(requests.ConnectionError):
        figure(metrics_port, "flametickets_pending_depth")
