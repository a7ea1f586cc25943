"""The shop as gunicorn serves it, with nothing but its environment."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from frontend.security import HEADERS, MAX_BODY_BYTES
from tests.fakes import FakeOrders
from tests.frontend.conftest import KEY_SECRET, SIGNING_SECRET
from tests.frontend.function_server import function_server

ROOT = Path(__file__).parents[2]
COMMAND = next(line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("web: "))
ORDER_ID = "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"
PURCHASE = {
    "show": "spring-gala",
    "lines": [{"ticket_type": "stalls", "quantity": 1}],
    "name": "Ada Lovelace",
    "email": "ada@example.com",
}


def command() -> list[str]:
    """The line of the Procfile as a list, with this Python."""
    words = COMMAND.removeprefix("web: ").replace('"', "").split()
    return [sys.executable, *words[1:]]


def environment(orders_url: str, port: int, **changes: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "ORDERS_URL": orders_url,
        "ORDERS_STABLE_URL": orders_url,
        "SIGNING_SECRETS": SIGNING_SECRET,
        "ORDER_KEY_SECRET": KEY_SECRET,
        "FRONTEND_DATABASE_URL": "postgresql://127.0.0.1:9/pending",
        **changes,
    }


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """A running shop; `port` is on this machine, `log` is what it wrote so far."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, method: str, path: str, **request: object) -> tuple[int, bytes]:
        """Status and body of the answer, which may come, and the connection end, while the request is still sent."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, **request)  # type: ignore[arg-type]
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def wait(self) -> None:
        """Until it answers, for ten seconds at most."""
        end = time.monotonic() + 10
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(OSError):
                self.ask("GET", "/healthz")
                return
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())


@contextmanager
def running(log: Path, environ: dict[str, str]) -> Iterator[Server]:
    with log.open("wb") as output:
        process = subprocess.Popen(command(), cwd=ROOT, env=environ, stdout=output, stderr=subprocess.STDOUT)
        try:
            server = Server(int(environ["PORT"]), process, log)
            server.wait()
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            finally:
                process.kill()
                process.wait()


@contextmanager
def selling(folder: Path) -> Iterator[Server]:
    """A running shop with a function of its own."""
    with (
        function_server(FakeOrders(), SIGNING_SECRET) as function,
        running(folder / "log", environment(function.url, free_port(), HOME=str(folder / "home"))) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One running shop for all tests that leave it whole."""
    with selling(tmp_path_factory.mktemp("shop")) as server:
        yield server


def chunks(size: int) -> Iterator[bytes]:
    for start in range(0, size, 10_000):
        yield b" " * min(10_000, size - start)


def test_the_shop_sells_and_logs_as_json_without_a_word_on_the_buyer(tmp_path: Path) -> None:
    with selling(tmp_path) as server:
        headers = {"Content-Type": "application/json", "Idempotency-Key": ORDER_ID}
        status, body = server.ask("POST", "/api/orders", body=json.dumps(PURCHASE), headers=headers)
        assert status == 201
        key = json.loads(body)["key"]
        assert server.ask("GET", f"/api/orders/{ORDER_ID}?key={key}")[0] == 200
        assert server.ask("GET", "/readyz")[0] == 200
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(f"GET /orders/{ORDER_ID}?key={key}\x01 HTTP/1.1\r\n\r\n".encode())
            assert b" 400 " in connection.recv(1000)
        server.process.terminate()
        assert server.process.wait(20) == 0
    log = server.log.read_text()
    written = [json.loads(line) for line in log.splitlines()]
    assert {entry["service"] for entry in written} == {"web"}
    assert {"request", "unreadable request"} <= {entry["event"] for entry in written}
    assert not any(secret in log for secret in (key, "Ada", "ada@example.com", SIGNING_SECRET))
    assert not (tmp_path / "home").exists(), "no control socket, for a pod's root is read-only"


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY_BYTES, 400), (MAX_BODY_BYTES + 1, 413), (5_000_000, 413)])
def test_a_body_in_chunks_is_bounded_whole(server: Server, size: int, status: int) -> None:
    """Spaces are no JSON, but all of them must have been read to say so."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": ORDER_ID}
    answer = server.ask("POST", "/api/orders", body=chunks(size), headers=headers, encode_chunked=True)
    assert answer[0] == status


def test_a_broken_chunk_is_refused_and_quoted_nowhere(server: Server) -> None:
    head = f"POST /api/orders HTTP/1.1\r\nHost: x\r\nIdempotency-Key: {ORDER_ID}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + b"ada@example.com\r\n")
        answer = connection.recv(4000)
    assert answer.split(b" ")[1] == b"400"
    assert b"ada@example.com" not in answer
    assert "ada@example.com" not in server.log.read_text()


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET / HTTP/9.9", 400),
        (b"G\x00T / HTTP/1.1", 400),
        (b"POST /api/orders HTTP/1.1\r\nContent-Length: -5", 400),
        (b"GET /?key=%s HTTP/1.1" % (b"k" * 5000), 414),
        (b"GET / HTTP/1.1\r\nCookie: %s" % (b"k" * 9000), 431),
        (b"POST / HTTP/1.1\r\nExpect: a-miracle", 417),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: magic", 501),
    ],
)
def test_what_is_no_request_is_answered_in_our_words_and_quoted_nowhere(
    server: Server, request_line: bytes, status: int
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request_line + b"\r\nHost: x\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        page = answer.read().decode()
    assert answer.status == status
    assert {name: answer.getheader(name) for name in HEADERS} == HEADERS
    assert answer.getheader("Cache-Control") == "no-store"
    assert page.startswith("<!doctype html>")
    for quoted in ("kkk", "miracle", "magic"):
        assert quoted not in page + server.log.read_text()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"ORDERS_URL": ""}, "ORDERS_URL: is missing"),
        ({"SIGNING_SECRETS": "short"}, "SIGNING_SECRETS: must have at least 32 characters"),
        ({"PORT": "http"}, "PORT: must be a whole number from 1 to 65535"),
        ({"HOST": "a b"}, "HOST: must be a host name or an address"),
        ({"WEB_THREADS": "0"}, "WEB_THREADS: must be a whole number from 1 to 256"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL: must be one of debug, info, warning, error"),
    ],
)
def test_a_bad_variable_stops_the_start_with_one_line(changes: dict[str, str], line: str) -> None:
    environ = environment("http://127.0.0.1:9", free_port(), **changes)
    ended = subprocess.run(command(), cwd=ROOT, env=environ, capture_output=True, text=True, timeout=20, check=False)
    assert (ended.returncode, ended.stderr, ended.stdout) == (1, f"{line}\n", "")
