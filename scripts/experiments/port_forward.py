"""A port on this machine that leads to a port of a pod, of whichever pod is there when a connection begins."""

import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from scripts.cluster.errors import ClusterError
from scripts.cluster.pod_streams import StreamError

_AT_ONCE: Final = 65536


class Stream(Protocol):
    """The pod's end of a connection, as `scripts.cluster.pod_streams.PortStream` has it."""

    def fileno(self) -> int: ...

    def has_more(self) -> bool: ...

    def receive(self) -> bytes: ...

    def send(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class PortForward:
    """Listens on `port` of 127.0.0.1 from the start until it is closed.

    `dial` makes the pod's end of each connection. Where it can't (ClusterError), or the stream breaks, the connection
    is closed, as by a server that died; the next one is dialled anew.
    """

    def __init__(self, dial: Callable[[], Stream]) -> None:
        self._dial = dial
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._listen, name=f"port forward {self.port}", daemon=True).start()

    def close(self) -> None:
        """Listen no more, and end all connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                stream = self._dial()
                try:
                    _pass_on(connection, stream)
                finally:
                    stream.close()
        except (ClusterError, StreamError, OSError):
            pass  # whoever connected sees that it is closed
        finally:
            with self._lock:
                self._open.discard(connection)


def _pass_on(connection: socket.socket, stream: Stream) -> None:
    """Both ways, until this end is closed. Raises StreamError once the other one is, and OSError."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        selector.register(stream, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if stream in ready:
                connection.sendall(stream.receive())
                while stream.has_more():
                    connection.sendall(stream.receive())
            if connection in ready:
                data = connection.recv(_AT_ONCE)
                if not data:
                    return
                stream.send(data)
