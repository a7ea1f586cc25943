"""HTTP connections whose every wait ends at one wall-clock deadline: name, connect, send, headers and body.

The timeouts of `requests` begin anew with each byte that arrives, so a server that drips could hold a buyer for ever.
"""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import wait_for_read, wait_for_write

_ends_at: ContextVar[float] = ContextVar("ends_at")  # seconds of the monotonic clock
_RESOLVERS: Final = 4


@contextmanager
def deadline(within_s: float) -> Iterator[None]:
    """Whatever waits on a connection of this module inside the block stops waiting `within_s` seconds from now."""
    token = _ends_at.set(time.monotonic() + within_s)
    try:
        yield
    finally:
        _ends_at.reset(token)


def time_left() -> float:
    """Seconds until the deadline of this block. Raises TimeoutError when there are none."""
    left = _ends_at.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


class DeadlineAdapter(HTTPAdapter):
    """Makes a `requests` session keep the deadline of the block that it is used in; for plain http alone."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool}


class _Socket(socket.socket):
    """Waits until the deadline, with as few calls of the system as that takes.

    A timeout of the standard library takes two more for each read and write, at each of which the thread lets go of the
    interpreter; in a busy shop a dozen others wait for that.
    """

    def settimeout(self, value: float | None) -> None:
        """Nothing: urllib3 would set one of its own for each request."""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        while True:
            _wait(wait_for_read, self)
            with suppress(BlockingIOError):
                return super().recv_into(buffer, nbytes, flags | socket.MSG_DONTWAIT)

    def sendall(self, data: Any, flags: int = 0) -> None:
        left = memoryview(data)
        while left:
            time_left()
            try:
                left = left[self.send(left, flags | socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                _wait(wait_for_write, self)


class _Connection(HTTPConnection):
    """Sends head and body at once, which wakes the other side up once."""

    _held: bytearray | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._held = bytearray()
        super().request(*args, **kwargs)
        whole, self._held = self._held, None
        self.send(whole)

    def send(self, data: Any) -> None:
        if self._held is None:
            super().send(data)
        else:
            self._held += data

    def _new_conn(self) -> socket.socket:
        try:
            return _connect(self._dns_host, self.port, self.socket_options or ())
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "not connected within the deadline") from error
        except OSError as error:
            raise NewConnectionError(self, "not connected") from error


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


def _wait(until: Callable[[socket.socket, float], bool], connection: socket.socket) -> None:
    """Waits until the connection can be read, or written. Raises TimeoutError at the deadline."""
    if not until(connection, time_left()):
        time_left()


def _connect(host: str, port: int | None, options: Any) -> socket.socket:
    """Connected to the first address of `host` that answers. Raises OSError."""
    # The system's resolver takes no timeout, so it waits in a thread of its own; a late answer is dropped.
    addresses = _resolvers().submit(socket.getaddrinfo, host.strip("[]"), port, type=socket.SOCK_STREAM)
    failure: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in addresses.result(time_left()):
        connection = _Socket(family, kind, protocol)
        try:
            for option in options:
                connection.setsockopt(*option)
            socket.socket.settimeout(connection, time_left())
            connection.connect(address)
            socket.socket.settimeout(connection, None)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


@cache
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolver")
