"""Sessions with the ledger's PostgreSQL: bounded waits everywhere, and durability that nobody has switched off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg

Connection = psycopg.AsyncConnection[Any]

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
    "prepare_threshold": 0,
}


class UnsafeDatabase(Exception):
    """The server could lose an order that it has committed; the message names the setting."""


class Session:
    """One connection, made when it is needed; after anything went wrong on it, a new one is made.

    Without `autocommit` the first statement begins a transaction.
    """

    def __init__(self, database_url: str, *, autocommit: bool) -> None:
        self._database_url = database_url
        self._autocommit = autocommit
        self._connection: Connection | None = None
        self._free = asyncio.Lock()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """The connection, for this block alone. Raises psycopg.Error or UnsafeDatabase when there is none.

        A block that raises, or is cancelled, ends the connection, and with it the transaction it was in.
        """
        async with self._free:
            if self._connection is None:
                self._connection = await _connect(self._database_url, self._autocommit)
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


async def _connect(database_url: str, autocommit: bool) -> Connection:
    connection = await psycopg.AsyncConnection.connect(database_url, autocommit=True, **_CLIENT)
    try:
        await check_durability(connection)
        await connection.set_autocommit(autocommit)
    except BaseException:
        await connection.close()
        raise
    return connection


async def check_durability(connection: Connection) -> None:
    """Raises UnsafeDatabase if `fsync`, `full_page_writes` or `synchronous_commit` is switched off."""
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        row = await (await connection.execute("SELECT current_setting(%s)", [setting])).fetchone()
        if row is None or row[0] == "off":
            raise UnsafeDatabase(f"{setting} is off: a committed order could be lost")
