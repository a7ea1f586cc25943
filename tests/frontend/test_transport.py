"""One request to the function: its deadline holds whatever the server does, and nothing escapes untranslated."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import urllib3

from frontend import deadlines
from frontend.replies import NoReply, Reply
from frontend.transport import FAILURES, MAX_REPLY_BYTES, Transport, failure
from tests.frontend.bad_servers import (
    Serve,
    drip_body,
    drip_chunks,
    drip_continues,
    drip_headers,
    hang,
    never_read,
)
from tests.frontend.function_server import raw_server, read_request

pytestmark = pytest.mark.alone

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SLACK_S = 2.0  # for a loaded machine; without the guard each of these waits takes five seconds or more


def post(url: str, *, within_s: float = 2.0, transport: Transport | None = None) -> Reply | NoReply:
    return (transport or Transport()).post(url, {"X-Test": "1"}, b"{}", within_s=within_s)


@pytest.mark.parametrize("serve", [drip_headers, drip_body, drip_chunks, drip_continues, hang, never_read])
def test_the_deadline_holds_over_headers_and_body(serve: Serve) -> None:
    with raw_server(serve) as url:
        started = time.monotonic()
        answer = post(url, within_s=0.5)
        took = time.monotonic() - started
    assert answer == NoReply("timed_out")
    assert 0.5 - 0.01 <= took <= 0.5 + SLACK_S


def test_the_deadline_holds_while_the_request_is_sent() -> None:
    with raw_server(never_read) as url:
        started = time.monotonic()
        answer = Transport().post(url, {}, b"x" * 50_000_000, within_s=0.5)
        took = time.monotonic() - started
    assert answer == NoReply("timed_out")
    assert took <= 0.5 + SLACK_S


def test_the_deadline_holds_while_a_request_is_sent_on_a_connection_that_was_used_before() -> None:
    def serve(connection: socket.socket, over: threading.Event) -> None:
        read_request(connection)
        connection.sendall(OK)
        over.wait(10)

    transport = Transport()
    with raw_server(serve) as url:
        assert isinstance(post(url, within_s=20, transport=transport), Reply)
        started = time.monotonic()
        assert transport.post(url, {}, b"x" * 50_000_000, within_s=0.4) == NoReply("timed_out")
        assert time.monotonic() - started <= 0.4 + SLACK_S


def test_the_deadline_holds_on_a_connection_that_was_used_before() -> None:
    def serve(connection: socket.socket, over: threading.Event) -> None:
        read_request(connection)
        connection.sendall(OK)
        drip_headers(connection, over)

    transport = Transport()
    with raw_server(serve) as url:
        assert isinstance(post(url, transport=transport), Reply)
        started = time.monotonic()
        assert post(url, within_s=0.4, transport=transport) == NoReply("timed_out")
        assert time.monotonic() - started <= 0.4 + SLACK_S


def test_the_deadline_holds_while_the_name_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        over.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    started = time.monotonic()
    answer = post("http://orders.example/", within_s=0.3)
    took = time.monotonic() - started
    over.set()
    assert answer == NoReply("timed_out")
    assert took <= 0.3 + SLACK_S


def test_a_name_without_an_address_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert post("http://orders.example/") == NoReply("unreachable")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    assert post("http://orders.example/") == NoReply("unreachable")


def test_the_next_address_is_tried_when_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(connection: socket.socket, over: threading.Event) -> None:
        read_request(connection)
        connection.sendall(OK)

    with socket.socket() as closed, raw_server(serve) as url:
        closed.bind(("127.0.0.1", 0))
        port = int(url.rsplit(":", 1)[1].rstrip("/"))
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", address)
            for address in (("127.0.0.1", closed.getsockname()[1]), ("127.0.0.1", port))
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        assert isinstance(post("http://orders.example/"), Reply)


def test_a_refused_connection_is_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/") == NoReply("unreachable")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "unreachable"),
        (b"not http at all\r\n\r\n", "unreachable"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", "broken_reply"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "broken_reply"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "broken_reply"),
    ],
)
def test_half_an_answer_is_none(answer: bytes, why: str) -> None:
    def serve(connection: socket.socket, over: threading.Event) -> None:
        read_request(connection)
        connection.sendall(answer)

    with raw_server(serve) as url:
        assert post(url) == NoReply(why)


def test_a_reply_longer_than_any_of_the_function_is_not_read_to_its_end() -> None:
    def serve(connection: socket.socket, over: threading.Event) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not over.is_set():
            connection.sendall(b"x" * 65536)

    with raw_server(serve) as url:
        assert post(url, within_s=10) == NoReply("too_long")
    assert MAX_REPLY_BYTES >= 1024 * 1024


def test_a_redirect_is_not_followed() -> None:
    asked: list[bytes] = []

    def serve(connection: socket.socket, over: threading.Event) -> None:
        asked.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")

    with raw_server(serve) as url:
        answer = post(url)
    assert isinstance(answer, Reply)
    assert answer.status == 307
    assert len(asked) == 1


def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(connection: socket.socket, over: threading.Event) -> None:
        read_request(connection)
        connection.sendall(OK)

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with raw_server(serve) as url:
        assert isinstance(post(url), Reply)


def test_connections_are_kept_and_cookies_are_not() -> None:
    connections: list[list[bytes]] = []

    def serve(connection: socket.socket, over: threading.Event) -> None:
        requests_read: list[bytes] = []
        connections.append(requests_read)
        while request := read_request(connection):
            requests_read.append(request)
            connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n"))

    transport = Transport()
    with raw_server(serve) as url:
        for _ in range(3):
            assert isinstance(post(url, transport=transport), Reply)
        transport.close()
    assert [len(requests_read) for requests_read in connections] == [3]
    assert b"cookie" not in connections[0][2].lower()


def test_many_threads_share_one_transport() -> None:
    def serve(connection: socket.socket, over: threading.Event) -> None:
        while request := read_request(connection):
            body = request.partition(b"\r\n\r\n")[2]
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    transport = Transport()

    def echo(number: int) -> bool:
        answer = transport.post(url, {}, str(number).encode(), within_s=5)
        return isinstance(answer, Reply) and answer.body == str(number).encode()

    with raw_server(serve) as url:
        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(echo, range(200)))
        transport.close()


def all_kinds(kind: type[requests.RequestException]) -> set[type[requests.RequestException]]:
    return {kind, *(k for child in kind.__subclasses__() for k in all_kinds(child))}


def test_every_exception_of_requests_has_a_translation() -> None:
    """A new class in `requests` must be thought about: it is not for the base class to catch it unseen."""
    assert all_kinds(requests.RequestException) == set(FAILURES)


def test_an_exception_that_slipped_through_requests_is_translated() -> None:
    assert failure(urllib3.exceptions.HTTPError("?")) == "failed"
    assert failure(OSError("?")) == "failed"
    assert failure(TimeoutError("?")) == "timed_out"


def test_nothing_is_waited_for_after_the_deadline() -> None:
    with deadlines.deadline(0), pytest.raises(TimeoutError):
        deadlines.time_left()
