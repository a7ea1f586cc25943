"""Streams to a pod, each over a websocket of its own: a connection to one of its ports, and a command's output.

Kubernetes puts the number of a stream before each message: of a port 0 has its bytes and 1 its error, and the first
message of both is the port's number; of a command 1 and 2 have what it writes, and 3 how it ended.
"""

import json
import ssl
from contextlib import suppress
from typing import Any, Final

from websocket import ABNF, WebSocket, WebSocketException

_DATA: Final = 0
_STATUS: Final = 3


class StreamError(Exception):
    """The stream broke, or the pod's end of it could not be reached."""


class PortStream:
    """The bytes to and from a pod's port; one thread at a time."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket: Any = socket  # the library has types, but not everywhere
        self._greeted: set[int] = set()

    def fileno(self) -> int:
        """What can be waited for until there is something to receive."""
        return int(self._socket.fileno())

    def has_more(self) -> bool:
        """Whether something can be received at once that waiting would not tell of: TLS has read it already."""
        inner = self._socket.sock
        return isinstance(inner, ssl.SSLSocket) and inner.pending() > 0

    def receive(self) -> bytes:
        """What one message brings, which may be nothing. Raises StreamError, at the end as well."""
        number, data = _message(self._socket)
        if number is None:
            return b""
        if number not in self._greeted:
            self._greeted.add(number)
            return b""
        if number != _DATA:
            raise StreamError(data.decode(errors="replace"))
        return data

    def send(self, data: bytes) -> None:
        """Send all of it. Raises StreamError."""
        try:
            self._socket.send_binary(bytes([_DATA]) + data)
        except (WebSocketException, OSError) as error:
            raise StreamError(str(error)) from error

    def close(self) -> None:
        """Close the connection, without a farewell that nobody may hear."""
        with suppress(WebSocketException, OSError):
            self._socket.shutdown()


class CommandStream:
    """A command that runs in a pod."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket: Any = socket

    def wait(self) -> str:
        """Wait for its end; why it failed, empty when it did not. Raises StreamError when its end isn't told."""
        try:
            while True:
                number, data = _message(self._socket)
                if number == _STATUS:
                    status: dict[str, Any] = json.loads(data)
                    return "" if status.get("status") == "Success" else str(status.get("message", "it failed"))
        finally:
            with suppress(WebSocketException, OSError):
                self._socket.shutdown()


def _message(socket: WebSocket) -> tuple[int | None, bytes]:
    """The number of a stream and what came on it; None for what concerns the websocket alone."""
    try:
        code, frame = socket.recv_data_frame(control_frame=True)
    except (WebSocketException, OSError) as error:
        raise StreamError(str(error)) from error
    if code == ABNF.OPCODE_CLOSE:
        raise StreamError("it was closed")
    if code not in (ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT) or not frame.data:
        return None, b""
    return frame.data[0], bytes(frame.data[1:])
