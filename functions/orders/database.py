"""Connections to the ledger's PostgreSQL: bounded waits everywhere, and durability that nobody has switched off."""

from typing import Any, Final

import psycopg
from psycopg_pool import AsyncConnectionPool

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Connection]

MAX_CONNECTIONS: Final = 4

# A vanished client must not freeze a hot row: the server gives up on it within about three seconds.
_SESSION: Final = {
    "lock_timeout": "2s",
    "statement_timeout": "2s",
    "idle_in_transaction_session_timeout": "3s",
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "3s",
}
_CLIENT: Final[dict[str, Any]] = {
    "connect_timeout": 2,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": 3000,
}


class UnsafeDatabase(Exception):
    """The server could lose an order that it has committed; the message names the setting."""


def create_pool(database_url: str) -> Pool:
    """A closed pool; open it inside the event loop that uses it. It survives the database's absence."""
    options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    return AsyncConnectionPool(
        database_url,
        kwargs={**_CLIENT, "options": options, "application_name": "flametickets-orders", "autocommit": True},
        configure=check_durability,
        min_size=1,
        max_size=MAX_CONNECTIONS,
        open=False,
        reconnect_timeout=2,
    )


async def check_durability(connection: Connection) -> None:
    """Raises UnsafeDatabase if `fsync`, `full_page_writes` or `synchronous_commit` is switched off."""
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        row = await (await connection.execute("SELECT current_setting(%s)", [setting])).fetchone()
        if row is None or row[0] == "off":
            raise UnsafeDatabase(f"{setting} is off: a committed order could be lost")
