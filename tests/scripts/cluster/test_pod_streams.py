"""Kubernetes' numbered streams as they are read and written, over a websocket in memory."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from websocket import ABNF, WebSocket, WebSocketConnectionClosedException

from scripts.cluster.pod_streams import CommandStream, PortStream, StreamError


class FakeSocket:
    """Gives messages in turn, each an opcode with its bytes, and is closed after them."""

    def __init__(self, *messages: tuple[int, bytes]) -> None:
        self._messages = list(messages)
        self.sent: list[bytes] = []
        self.is_shut = False
        self.sock = None

    def recv_data_frame(self, control_frame: bool) -> tuple[int, Any]:
        assert control_frame
        if not self._messages:
            raise WebSocketConnectionClosedException("the connection is already closed")
        code, data = self._messages.pop(0)
        return code, SimpleNamespace(data=data)

    def send_binary(self, data: bytes) -> None:
        if self.is_shut:
            raise BrokenPipeError("broken pipe")
        self.sent.append(data)

    def shutdown(self) -> None:
        self.is_shut = True


def binary(*messages: bytes) -> list[tuple[int, bytes]]:
    return [(ABNF.OPCODE_BINARY, message) for message in messages]


def port_stream(*messages: tuple[int, bytes]) -> tuple[PortStream, FakeSocket]:
    fake = FakeSocket(*messages)
    return PortStream(cast(WebSocket, fake)), fake


GREETING = binary(b"\x00\x38\x15", b"\x01\x38\x15")


def test_a_port_gives_the_bytes_of_its_data_and_not_its_greeting() -> None:
    stream, _ = port_stream(*GREETING, (ABNF.OPCODE_PING, b""), *binary(b"\x00hello", b"\x00"))
    assert [stream.receive() for _ in range(5)] == [b"", b"", b"", b"hello", b""]


def test_what_the_pods_end_says_of_an_error_ends_the_stream() -> None:
    stream, _ = port_stream(*GREETING, *binary(b"\x01connection refused"))
    assert (stream.receive(), stream.receive()) == (b"", b"")
    with pytest.raises(StreamError, match="connection refused"):
        stream.receive()


@pytest.mark.parametrize("end", [[], [(ABNF.OPCODE_CLOSE, b"\x03\xe8")]])
def test_a_lost_websocket_is_an_error_as_is_a_closed_one(end: list[tuple[int, bytes]]) -> None:
    stream, _ = port_stream(*end)
    with pytest.raises(StreamError):
        stream.receive()


def test_what_is_sent_bears_the_number_of_the_data() -> None:
    stream, fake = port_stream()
    stream.send(b"\xff\x00")
    assert fake.sent == [b"\x00\xff\x00"]
    stream.close()
    with pytest.raises(StreamError):
        stream.send(b"more")


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (b'{"status":"Success"}', ""),
        (b'{"status":"Failure","message":"exit code 3"}', "exit code 3"),
    ],
)
def test_a_command_tells_how_it_ended(status: bytes, why: str) -> None:
    fake = FakeSocket(*binary(b"\x01output", b"\x02complaint", b"\x03" + status))
    assert CommandStream(cast(WebSocket, fake)).wait() == why
    assert fake.is_shut


def test_a_command_that_went_with_its_container_says_so() -> None:
    with pytest.raises(StreamError):
        CommandStream(cast(WebSocket, FakeSocket(*binary(b"\x01output")))).wait()
