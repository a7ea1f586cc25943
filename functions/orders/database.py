"""Sessions with the ledger's PostgreSQL: bounded waits everywhere, and durability that nobody has switched off."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from psycopg import pq

Statement = tuple[str, Sequence[str]]
"""SQL with $1, $2, …, and its parameters as texts."""

Rows = list[tuple[str | None, ...]]
"""What a statement returned, as texts."""

# A vanished client must not freeze a hot row: the server gives up on it within about three seconds.
_SERVER: Final = {
    "lock_timeout": "2s",
    "statement_timeout": "2s",
    "idle_in_transaction_session_timeout": "3s",
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "3s",
    # Every statement here finds its rows by key. A plan made while the tables were empty would go on reading them
    # whole as they grow, for a statement that is prepared once keeps its plan.
    "enable_seqscan": "off",
}
_CLIENT: Final[dict[str, Any]] = {
    "application_name": "flametickets-orders",
    "options": " ".join(f"-c {name}={value}" for name, value in _SERVER.items()),
    "connect_timeout": 2,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": 3000,
    "autocommit": True,  # transactions are begun and committed in so many words
}


class UnsafeDatabase(Exception):
    """The server could lose an order that it has committed; the message names the setting."""


class Connection(psycopg.AsyncConnection[Any]):
    """A connection that also runs several statements in one exchange with the server.

    On libpq's pipeline mode itself: psycopg's, with its cursors, adapters and a lock for each statement, took a
    millisecond of the processor for each batch.
    """

    def __init__(self, pgconn: pq.abc.PGconn) -> None:
        super().__init__(pgconn)
        self._names: dict[str, bytes] = {}

    async def run(self, *statements: Statement) -> list[Rows]:
        """The rows of each statement; they are prepared once. Raises psycopg.Error, of the first that failed.

        In a transaction they see what was committed before each of them began, as if sent one after the other.
        """
        self.pgconn.enter_pipeline_mode()
        wanted = []
        for sql, parameters in statements:
            if sql not in self._names:
                self._names[sql] = b"run%d" % len(self._names)
                self.pgconn.send_prepare(self._names[sql], sql.encode())
                wanted.append(False)
            self.pgconn.send_query_prepared(self._names[sql], [parameter.encode() for parameter in parameters])
            wanted.append(True)
        self.pgconn.pipeline_sync()
        results = await self._results()
        self.pgconn.exit_pipeline_mode()
        for result in results:
            if result.status == pq.ExecStatus.FATAL_ERROR:
                raise _error(result)
        return [_rows(result) for result, is_wanted in zip(results, wanted, strict=True) if is_wanted]

    async def _results(self) -> "list[pq.abc.PGresult]":
        """One for each statement and each preparation, up to the end of the exchange."""
        results: list[pq.abc.PGresult] = []
        while self.pgconn.flush():
            await self._wait(writable=True)
            self.pgconn.consume_input()
        ended = False
        while True:
            while self.pgconn.is_busy():
                await self._wait(writable=False)
                self.pgconn.consume_input()
            result = self.pgconn.get_result()
            if result is not None and result.status == pq.ExecStatus.PIPELINE_SYNC:
                return results
            if result is not None:
                results.append(result)
            elif ended:  # one None stands between two statements, a second one says that nothing will come
                raise psycopg.OperationalError("the connection was lost")
            ended = result is None

    async def _wait(self, *, writable: bool) -> None:
        """Return once the socket can be read or, if asked for, written."""
        loop, socket = asyncio.get_running_loop(), self.pgconn.socket
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(socket, _wake, ready)
        if writable:
            loop.add_writer(socket, _wake, ready)
        try:
            await ready
        finally:
            loop.remove_reader(socket)
            if writable:
                loop.remove_writer(socket)


def _wake(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


def _error(result: "pq.abc.PGresult") -> psycopg.Error:
    if result.error_field(pq.DiagnosticField.SQLSTATE) is None:  # it is not the server that says so
        return psycopg.OperationalError("the connection was lost")
    return psycopg.errors.error_from_result(result)


def _rows(result: "pq.abc.PGresult") -> Rows:
    columns = range(result.nfields)
    return [tuple(_text(result.get_value(row, column)) for column in columns) for row in range(result.ntuples)]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


class Session:
    """One connection, made by `connect` when it is needed; after anything went wrong on it, a new one is made."""

    def __init__(self, database_url: str, connect: "Connect | None" = None) -> None:
        self._database_url = database_url
        self._connect = connect or connect_safely
        self._connection: Connection | None = None
        self._free = asyncio.Lock()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """The connection, for this block alone. Raises psycopg.Error or UnsafeDatabase when there is none.

        A block that raises, or is cancelled, ends the connection, and with it the transaction it was in.
        """
        async with self._free:
            if self._connection is None:
                self._connection = await self._connect(self._database_url)
            try:
                yield self._connection
            except BaseException:
                await self._end()
                raise

    async def close(self) -> None:
        """Let go of the server once the session is free."""
        async with self._free:
            await self._end()

    async def _end(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


Connect = Callable[[str], Awaitable[Connection]]
"""Connects to the server at a URL. Raises psycopg.Error or UnsafeDatabase."""


async def connect_safely(database_url: str) -> Connection:
    """A connection to a server that keeps what it commits. Raises psycopg.Error or UnsafeDatabase."""
    connection = await Connection.connect(database_url, **_CLIENT)
    try:
        await check_durability(connection)
    except BaseException:
        await connection.close()
        raise
    return connection


async def check_durability(connection: psycopg.AsyncConnection[Any]) -> None:
    """Raises UnsafeDatabase if `fsync`, `full_page_writes` or `synchronous_commit` is switched off."""
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        row = await (await connection.execute("SELECT current_setting(%s)", [setting])).fetchone()
        if row is None or row[0] == "off":
            raise UnsafeDatabase(f"{setting} is off: a committed order could be lost")
