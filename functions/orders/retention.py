"""Forget what need not be kept: `python3 -m functions.orders.retention` deletes old rejections and old journal lines.

Many short transactions, so that sales go on and an interrupted run leaves nothing half done; it is safe to run at
any time, also twice at once. Exit codes: 0 all that is old is gone, 2 it could not be done.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString

import psycopg

from functions.orders.settings import SettingsError, database_url

KEPT_FOR: Final = timedelta(days=30)
CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)  # at most, between two processes: the signatures' own tolerance
MAX_ROWS: Final = 1000  # that one transaction deletes

_SESSION: Final[dict[str, Any]] = {
    "autocommit": True,  # each statement is a transaction
    "application_name": "flametickets-retention",
    "options": "-c lock_timeout=2s -c statement_timeout=10s -c idle_in_transaction_session_timeout=3s",
    "connect_timeout": 5,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 5,
    "tcp_user_timeout": 15_000,
}

# The condition on status and fingerprint is the index's own: rejections, and cancels that came before their order.
_DELETE_REJECTIONS: Final = """
DELETE FROM orders WHERE order_id IN (
    SELECT order_id FROM orders
    WHERE (status = 'rejected' OR fingerprint = '') AND decided_at < %(before)s
    ORDER BY decided_at, order_id LIMIT %(rows)s FOR UPDATE
)
"""

# From the oldest line up, and never the last of the old lines: it says how the stock stood when the kept part begins.
_DELETE_JOURNAL: Final = """
DELETE FROM stock_journal WHERE show = %(show)s AND ticket_type = %(ticket_type)s AND version < (
    SELECT coalesce(min(version) FILTER (WHERE at >= %(before)s) - 1, max(version)) FROM (
        SELECT version, at FROM stock_journal WHERE show = %(show)s AND ticket_type = %(ticket_type)s
        ORDER BY version LIMIT %(rows)s + 1
    ) AS oldest
)
"""

Connection = psycopg.Connection[Any]
Step = tuple[str, int]
"""What a transaction deleted, and how many rows."""


def retain(connection: Connection, now: datetime) -> Iterator[Step]:
    """Delete what is older than `KEPT_FOR` at `now`, at most `MAX_ROWS` in a transaction, and tell of each.

    Rejections go first, and the journal is kept a little longer, so that each rejection that is left finds the line
    of the journal that it was judged by. `connection` must be in autocommit mode. Raises psycopg.Error.
    """
    rejected = {"before": now - KEPT_FOR, "rows": MAX_ROWS}
    yield from _delete(connection, "rejections", _DELETE_REJECTIONS, rejected)
    for show, ticket_type in connection.execute("SELECT show, ticket_type FROM stock ORDER BY 1, 2").fetchall():
        old = {"show": show, "ticket_type": ticket_type, "before": now - KEPT_FOR - CLOCKS_DIFFER_BY, "rows": MAX_ROWS}
        yield from _delete(connection, "journal lines", _DELETE_JOURNAL, old)


def _delete(connection: Connection, what: str, statement: LiteralString, parameters: dict[str, Any]) -> Iterator[Step]:
    while deleted := connection.execute(statement, parameters).rowcount:
        yield what, deleted


def main(now: datetime | None = None, sleep: Callable[[float], None] = time.sleep) -> int:
    """Delete, print what was deleted, and return the exit code; half of the time it rests, to leave room for sales."""
    try:
        url = database_url(os.environ)
    except SettingsError as error:
        return _fail(str(error))
    deleted = {"rejections": 0, "journal lines": 0}
    failure = ""
    try:
        with psycopg.connect(url, **_SESSION) as connection:
            began = time.monotonic()
            for what, rows in retain(connection, now or datetime.now(UTC)):
                deleted[what] += rows
                sleep(time.monotonic() - began)
                began = time.monotonic()
    except psycopg.Error as error:
        failure = f"stopped: {type(error).__name__}: {str(error).splitlines()[0]}"
    for what, rows in deleted.items():
        sys.stdout.write(f"{what:<13}  {rows:>9}  deleted\n")
    return _fail(failure) if failure else 0


def _fail(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
