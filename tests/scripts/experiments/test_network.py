"""A link passes on what it is given, and does to it what it is told to: a real relay, and a real server behind it."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from scripts.experiments.network import Network
from tests.scripts.waiting import wait_until

LINK: Final = "shop-function"


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while said := self.request.recv(1024):
            self.request.sendall(said)


@pytest.fixture
def echo() -> Iterator[str]:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    network = Network(tmp_path)
    network.start()
    yield network
    network.stop()


@pytest.fixture
def connect(network: Network, echo: str) -> Iterator[socket.socket]:
    """A connection by way of the link, which was tried."""
    with _connection(network, echo) as connection:
        yield connection


def _connection(network: Network, echo: str) -> socket.socket:
    port = int(network.route_url(LINK, echo).rpartition(":")[2])
    connection: list[socket.socket] = []

    def passes() -> bool:
        tried = socket.create_connection(("127.0.0.1", port), timeout=10)
        if _is_open(tried):
            connection.append(tried)
        else:
            tried.close()  # the relay has not read of the link yet
        return bool(connection)

    wait_until(passes)
    return connection[0]


def _is_open(connection: socket.socket) -> bool:
    try:
        connection.sendall(b"hello")
        return connection.recv(1024) == b"hello"
    except OSError:
        return False


def test_a_cut_resets_those_who_are_connected_and_turns_others_away(
    network: Network, connect: socket.socket, echo: str
) -> None:
    port = connect.getpeername()[1]
    network.set(LINK, "cut")
    wait_until(lambda: not _is_open(connect))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as other:
        assert not _is_open(other)
    network.set(LINK)
    with _connection(network, echo) as again:
        assert _is_open(again)


def test_silence_tells_nobody_and_what_was_sent_arrives_in_the_end(network: Network, connect: socket.socket) -> None:
    network.set(LINK, "silent")
    connect.settimeout(0.05)

    def is_silent() -> bool:
        connect.sendall(b"x")
        try:
            return not connect.recv(1024)
        except TimeoutError:
            return True

    wait_until(is_silent)
    network.set(LINK)
    connect.settimeout(10)
    assert connect.recv(1024).startswith(b"x")


def test_a_delay_holds_back_each_chunk_both_ways(network: Network, connect: socket.socket) -> None:
    network.set(LINK, delay_ms=150)

    def took() -> float:
        began = time.monotonic()
        assert _is_open(connect)
        return time.monotonic() - began

    wait_until(lambda: took() >= 0.3)


def test_a_server_that_is_gone_is_gone_for_those_behind_the_link(network: Network) -> None:
    port = int(network.route_url(LINK, "http://127.0.0.1:1").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        assert not _is_open(connection)
