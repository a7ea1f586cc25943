"""A real HTTP server that speaks the function's contract for a FakeOrders, and one that answers with given bytes."""

import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from frontend.orders_client import Cancelled, Confirmed, Found, Rejected, Unconfirmed, Unknown
from functions.orders import contract
from tests.fakes import FakeOrders


class FunctionServer(ThreadingHTTPServer):
    """Answers as the function would; keeps every event it read, and every body's headers.

    Each of `failures` is a status that takes the place of one answer; `cold_s` is how long after its first request it
    begins to answer, and `slow_s` how long each answer takes.
    """

    daemon_threads = True
    request_queue_size = 128  # more than connect at once in any test

    def __init__(self, orders: FakeOrders, secrets: Sequence[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.orders = orders
        self.secrets = secrets
        self.events: list[contract.Event] = []
        self.headers_seen: list[dict[str, str]] = []
        self.failures: list[int] = []
        self.cold_s = self.slow_s = 0.0
        self.over = threading.Event()
        self._starting = threading.Lock()

    def warm_up(self) -> None:
        """Returns once the function has started, which its first request makes it do."""
        with self._starting:
            self.over.wait(self.cold_s)
            self.cold_s = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


@contextmanager
def function_server(orders: FakeOrders, *secrets: str) -> Iterator[FunctionServer]:
    """A running FunctionServer that accepts what one of `secrets` signed."""
    server = FunctionServer(orders, secrets)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet, or else the client's acknowledgement is waited for
    server: FunctionServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        event = contract.decode_event(headers, body)
        self.server.headers_seen.append(headers)
        self.server.events.append(event)
        self.server.warm_up()
        self.server.over.wait(self.server.slow_s)
        if self.server.failures:
            return self._send(self.server.failures.pop(0), {}, b"")
        try:
            signature = self.headers[contract.SIGNATURE_HEADER]
            contract.verify(self.server.secrets, event, body, signature, now=time.time())
        except contract.BadSignature:
            return self._send(401, {"Content-Type": "application/problem+json"}, b"{}")
        answer = _answer(self.server.orders, event)
        if answer is None:
            return self._send(503, {"Content-Type": "application/problem+json"}, b"{}")
        return self._send(200, *answer)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def reply_event(kind: str, data: msgspec.Struct, subject: str | None) -> contract.Event:
    """A reply of the function."""
    return contract.Event(
        id=str(uuid.uuid4()),
        type=kind,
        source=contract.FUNCTION_SOURCE,
        time=datetime.now(UTC),
        data=msgspec.json.encode(data),
        subject=subject,
        revision="orders-stable-test",
    )


def _answer(orders: FakeOrders, event: contract.Event) -> tuple[dict[str, str], bytes] | None:
    """The reply to a command; None while the fake is away."""
    outcome = _carry_out(orders, event)
    if isinstance(outcome, Unconfirmed):
        return None
    kind, data = _reply(outcome)
    return contract.encode_event(reply_event(kind, data, getattr(data, "order_id", None)))


def _carry_out(orders: FakeOrders, event: contract.Event) -> object:
    command, trace = contract.decode_command(event), event.traceparent or ""
    match event.type, command:
        case contract.PLACE, contract.PlaceOrder():
            return orders.place(event.id, command, event.time, trace)
        case contract.LOOKUP, contract.OrderRef():
            return orders.lookup(command.order_id, trace)
        case contract.CANCEL, contract.CancelOrder():
            return orders.cancel(command.order_id, command.fingerprint, trace)
    return orders.catalogue(trace)


def _reply(outcome: object) -> tuple[str, msgspec.Struct]:
    match outcome:
        case Confirmed(order):
            return contract.CONFIRMED, order
        case Found(order):
            return contract.FOUND, order
        case Rejected(rejection):
            return contract.REJECTED, rejection
        case Unknown(order_id):
            return contract.UNKNOWN, contract.Unknown(order_id)
        case Cancelled(order_id):
            return contract.CANCELLED, contract.Cancelled(order_id)
    assert isinstance(outcome, contract.Catalogue)
    return contract.CATALOGUE, outcome


@contextmanager
def raw_server(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """The URL of a server that hands each connection to `serve`, with an event that is set when the test is over."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    threads: list[threading.Thread] = []

    def serve_one(connection: socket.socket) -> None:
        with connection:
            try:
                serve(connection, over)
            except OSError:
                return  # the client went away, which is what many tests are about

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=serve_one, args=(connection,))
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        over.set()
        acceptor.join()
        for thread in threads:
            thread.join()
        listener.close()


def read_request(connection: socket.socket) -> bytes:
    """One request with a Content-Length, whole; nothing once the client has closed."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
