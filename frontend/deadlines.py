"""HTTP connections whose every wait ends at one wall-clock deadline: name, connect, send, headers and body.

The timeouts of `requests` begin anew with each byte that arrives, so a server that drips could hold a buyer for ever.
"""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

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
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(time_left())
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(time_left())
        return super().sendall(*args, **kwargs)


class _Connection(HTTPConnection):
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
            connection.settimeout(time_left())
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


@cache
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolver")
