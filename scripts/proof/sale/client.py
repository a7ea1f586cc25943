"""HTTP/1.1 for a load: kept connections, a bounded number of them, and a parser in C.

Our own, because each millisecond of the processor that the load takes is one that the shop on the same machine does
not get, and because a closed tab must close its connection at once: no library in the lock does both.
"""

import asyncio
from typing import Final, cast
from urllib.parse import urlsplit

import httptools

from scripts.proof.sale.messages import Reply

CONNECTIONS: Final = 256
"""Most requests at once: more than a shop of one process works on, lets wait and turns away at a time."""


class Broken(Exception):
    """The connection could not be made, or broke before the answer was whole."""


class Address:
    """Where a shop is. `host` is the name to ask it by, if it is not the address's own, as through a gateway."""

    def __init__(self, url: str, host: str = "") -> None:
        parts = urlsplit(url)
        self.name = parts.hostname or ""
        self.is_secure = parts.scheme == "https"
        self.port = parts.port or (443 if self.is_secure else 80)
        self.host = host or parts.netloc


class Client:
    """Sends requests from within one event loop, at most `connections` at a time."""

    def __init__(self, connections: int = CONNECTIONS) -> None:
        self.places = asyncio.Semaphore(connections)
        self._idle: dict[Address, list[_Connection]] = {}

    async def ask(self, address: Address, message: bytes) -> Reply:
        """The response to a request. Raises Broken; when it is cancelled, the connection is closed.

        Hold one of `places` meanwhile.
        """
        connection = self._take(address) or await self._connect(address)
        try:
            reply = await connection.ask(message)
        except BaseException:
            connection.close()
            raise
        if connection.is_open:
            self._idle.setdefault(address, []).append(connection)
        return reply

    def close(self) -> None:
        """Close what is idle."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    def _take(self, address: Address) -> "_Connection | None":
        """The connection that was used last, for the server may be tired of the others."""
        idle = self._idle.get(address, [])
        while idle:
            if (connection := idle.pop()).is_open:
                return connection
        return None

    async def _connect(self, address: Address) -> "_Connection":
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                _Connection, address.name, address.port, ssl=address.is_secure or None
            )
        except OSError as error:
            raise Broken from error
        return connection


class _Connection(asyncio.Protocol):
    """One request after the other."""

    def __init__(self) -> None:
        self.is_open = False
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Reply] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[bytes, bytes] = {}
        self._body = b""

    async def ask(self, message: bytes) -> Reply:
        if self._transport is None or not self.is_open:
            raise Broken
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        return await self._waiting

    def close(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_open = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Broken())

    def on_message_begin(self) -> None:
        self._headers, self._body = {}, b""

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        reply = Reply(status, self._headers, self._body)
        self.is_open = self.is_open and self._parser.should_keep_alive()
        if self._waiting is not None and not self._waiting.done() and status >= 200:
            self._waiting.set_result(reply)
