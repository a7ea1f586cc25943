"""Servers that do to a connection whatever can go wrong with one; for `raw_server`."""

import socket
import struct
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from functions.orders import contract
from tests.fakes import FakeOrders
from tests.frontend.function_server import read_request, reply_event

Serve = Callable[[socket.socket, threading.Event], None]


def drip(connection: socket.socket, over: threading.Event, data: bytes) -> None:
    """A byte each 50 ms: no single wait is long."""
    for byte in data:
        connection.sendall(bytes([byte]))
        if over.wait(0.05):
            return


def drip_headers(connection: socket.socket, over: threading.Event) -> None:
    read_request(connection)
    drip(connection, over, b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200)


def drip_body(connection: socket.socket, over: threading.Event) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n")
    drip(connection, over, b"x" * 200)


def drip_chunks(connection: socket.socket, over: threading.Event) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    drip(connection, over, b"1\r\nx\r\n" * 50)


def drip_continues(connection: socket.socket, over: threading.Event) -> None:
    read_request(connection)
    drip(connection, over, b"HTTP/1.1 100 Continue\r\n\r\n" * 10)


def hang(connection: socket.socket, over: threading.Event) -> None:
    read_request(connection)
    over.wait(10)


def never_read(connection: socket.socket, over: threading.Event) -> None:
    over.wait(10)


def reset(connection: socket.socket, over: threading.Event) -> None:
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close_in_the_body(connection: socket.socket, over: threading.Event) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{")


def refuse(connection: socket.socket, over: threading.Event) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")


def answer_garbage(connection: socket.socket, over: threading.Event) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\nOK")


def answer_another_event(connection: socket.socket, over: threading.Event) -> None:
    order_id = read_event(connection).id
    send_event(connection, reply_event(contract.CANCELLED, contract.Cancelled(order_id), order_id))


def answer_another_order(connection: socket.socket, over: threading.Event) -> None:
    read_request(connection)
    other = str(uuid.uuid4())
    sold = contract.Order(other, "confirmed", "f" * 64, "spring-gala", datetime.now(UTC), total=1, currency="EUR")
    send_event(connection, reply_event(contract.CONFIRMED, sold, other))


def lose_the_reply(orders: FakeOrders) -> Serve:
    """Carries out each purchase, and closes the connection without an answer."""

    def serve(connection: socket.socket, over: threading.Event) -> None:
        event = read_event(connection)
        order = contract.decode_command(event)
        assert isinstance(order, contract.PlaceOrder)
        orders.place(event.id, order, event.time, "")

    return serve


def read_event(connection: socket.socket) -> contract.Event:
    """The event of one request."""
    head, _, body = read_request(connection).partition(b"\r\n\r\n")
    lines = [line.partition(b": ") for line in head.split(b"\r\n")[1:]]
    headers: Mapping[str, str] = {name.decode().lower(): value.decode() for name, _, value in lines}
    return contract.decode_event(headers, body)


def send_event(connection: socket.socket, event: contract.Event) -> None:
    """A reply, well-formed."""
    headers, body = contract.encode_event(event)
    fields = "".join(f"{name}: {value}\r\n" for name, value in {**headers, "Content-Length": len(body)}.items())
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + fields.encode() + b"\r\n" + body)
