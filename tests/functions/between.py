"""Somebody between the function and PostgreSQL, who reads their messages and can cut the line at any of them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, quote, urlsplit

SOCKET_NAME = ".s.PGSQL.5432"

Cut = Literal["before", "after"]
"""Where the line is cut at a COMMIT: before the server is told, or after it has answered and before that arrives."""


class Between:
    """Passes on what each side says; new connections are passed on whatever happened to former ones."""

    def __init__(self, server_socket: Path) -> None:
        self.cuts = 0
        self.commits = 0  # that the server has answered
        self._server_socket = server_socket
        self._cut: Cut | None = None
        self._lines: set[_Line] = set()
        self._standing: set[asyncio.Task[None]] = set()

    def cut_at_next_commit(self, cut: Cut) -> None:
        self._cut = cut

    def break_off(self) -> None:
        """Cut all lines that there are; a server that is busy will not notice for a while."""
        for line in tuple(self._lines):
            line.cut()

    async def close(self) -> None:
        """Cut all lines, and return when nobody stands between any more."""
        self.break_off()
        if self._standing:
            await asyncio.wait(self._standing)

    def fall_silent(self) -> None:
        """Nothing is passed on any more on the lines that there are, and none is closed."""
        for line in self._lines:
            line.silent = True

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Stand between a client and the server until either is gone."""
        standing = asyncio.create_task(self._stand_between(reader, writer))
        self._standing.add(standing)
        standing.add_done_callback(self._standing.discard)

    async def _stand_between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(str(self._server_socket))
        line = _Line(self, writer, server_writer)
        self._lines.add(line)
        pumps = [asyncio.create_task(line.pump_commands(reader)), asyncio.create_task(line.pump_replies(server_reader))]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        line.cut()
        await asyncio.wait(pumps)
        self._lines.discard(line)

    def take_cut(self, here: Cut) -> bool:
        """Whether the line is to be cut here; once."""
        if self._cut != here:
            return False
        self._cut = None
        self.cuts += 1
        return True


class _Line:
    """One connection of a client, and the one to the server that goes with it."""

    def __init__(self, between: Between, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.silent = False
        self._between = between
        self._client = client
        self._server = server
        self._commits: set[bytes] = set()  # the names of the client's prepared statements that commit

    def cut(self) -> None:
        for side in (self._client, self._server):
            side.transport.abort()

    async def pump_commands(self, client: asyncio.StreamReader) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            self._server.write(await _read_message(client, with_kind=False))
            while True:
                message = await _read_message(client)
                if self._is_commit(message) and self._between.take_cut("before"):
                    return
                await self._pass_on(message, self._server)

    async def pump_replies(self, server: asyncio.StreamReader) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                message = await _read_message(server)
                if message.startswith(b"C") and message.endswith(b"COMMIT\0"):
                    self._between.commits += 1
                    if self._between.take_cut("after"):
                        return
                await self._pass_on(message, self._client)

    async def _pass_on(self, message: bytes, side: asyncio.StreamWriter) -> None:
        if not self.silent:
            side.write(message)
            await side.drain()

    def _is_commit(self, message: bytes) -> bool:
        kind, words = message[:1], message[5:].split(b"\0")
        if kind == b"P" and words[1].strip().upper() == b"COMMIT":
            self._commits.add(words[0])
        return (kind == b"B" and words[1] in self._commits) or (kind == b"Q" and words[0].strip().upper() == b"COMMIT")


async def _read_message(reader: asyncio.StreamReader, *, with_kind: bool = True) -> bytes:
    """A message of PostgreSQL's protocol as it stands; a connection's first one has no kind."""
    head = await reader.readexactly(5 if with_kind else 4)
    return head + await reader.readexactly(int.from_bytes(head[-4:]) - 4)


@asynccontextmanager
async def between(database_url: str) -> AsyncIterator[tuple[Between, str]]:
    """Somebody between this database and whoever uses the URL that is given."""
    url = urlsplit(database_url)
    somebody = Between(Path(parse_qs(url.query)["host"][0]) / SOCKET_NAME)
    with tempfile.TemporaryDirectory(prefix="ft-") as folder:  # a socket's path must be short
        server = await asyncio.start_unix_server(somebody.serve, str(Path(folder) / SOCKET_NAME))
        try:
            yield somebody, f"postgresql://postgres@{url.path}?host={quote(folder, safe='')}"
        finally:
            server.close()
            await somebody.close()
