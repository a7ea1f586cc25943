"""A try of the scripts' client ends in its time whatever the server does, and says in words what came instead."""

import socket
import threading
import time

import pytest

from scripts.local.function_client import FunctionClient, NoAnswer, NotReached
from scripts.local.ports import free_ports
from tests.frontend import bad_servers
from tests.frontend.bad_servers import Serve
from tests.frontend.function_server import raw_server, read_request

pytestmark = pytest.mark.alone


def redirect(connection: socket.socket, _over: threading.Event) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")


def failure(url: str, timeout_s: float = 2.0) -> NoAnswer:
    client = FunctionClient(url, "s" * 40, timeout_s)
    try:
        with pytest.raises(NoAnswer) as caught:
            client.catalogue()
    finally:
        client.close()
    return caught.value


@pytest.mark.parametrize(
    "serve", [bad_servers.drip_headers, bad_servers.drip_body, bad_servers.drip_chunks, bad_servers.hang]
)
def test_a_server_that_drips_or_hangs_is_given_up_in_time(serve: Serve) -> None:
    with raw_server(serve) as url:
        began = time.monotonic()
        assert str(failure(url, timeout_s=0.3)) == "no answer within 0.3 s"
        assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("serve", "why", "status"),
    [
        (redirect, "it answered 301: Moved", 301),
        (bad_servers.refuse, "it answered 503: Busy", 503),
        (bad_servers.reset, "the connection was lost before the answer", None),
        (bad_servers.answer_garbage, "its answer is specversion must be 1.0", 200),
    ],
)
def test_what_came_instead_of_an_answer_is_said(serve: Serve, why: str, status: int | None) -> None:
    with raw_server(serve) as url:
        error = failure(url)
    assert (str(error), error.status) == (why, status)
    assert not isinstance(error, NotReached)


def test_a_server_that_asks_to_wait_is_heard() -> None:
    with raw_server(bad_servers.refuse) as url:
        assert failure(url).retry_after_s == 1


def test_where_nothing_listens_nothing_has_arrived() -> None:
    (port,) = free_ports(1)
    error = failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, NotReached)
    assert str(error) == f"nothing takes connections at 127.0.0.1:{port}"
