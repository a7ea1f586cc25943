"""Reads the two stores, each in one snapshot, without a lock: sales may go on."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import psycopg

from functions.orders.audit import audit
from scripts.proof.checker.snapshots import LedgerSnapshot, PendingSnapshot, Step, StockRow, StoredOrder, StoredPurchase

_SESSION: Final[dict[str, Any]] = {
    "application_name": "flametickets-checker",
    "options": "-c lock_timeout=5s -c statement_timeout=300s -c idle_in_transaction_session_timeout=60s",
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
_ROWS_AT_ONCE: Final = 5000

# A tombstone is of no show: its order never came.
_ORDERS: Final = """
SELECT json_build_object(
    'order_id', order_id, 'status', status, 'show', show, 'fingerprint', fingerprint, 'reason', reason,
    'lines', lines, 'available', available, 'total', total,
    'decided_at', extract(epoch FROM decided_at)::float8, 'revision', revision,
    'tickets', coalesce(t.printed, '[]'::json)
)::text
FROM orders LEFT JOIN (
    SELECT order_id, json_agg(json_build_object('code', code, 'ticket_type', ticket_type) ORDER BY position) AS printed
    FROM tickets GROUP BY order_id
) AS t USING (order_id)
WHERE show IN (%s, '')
"""
_JOURNAL: Final = """
SELECT ticket_type, version, capacity, sold, cause, order_id::text, extract(epoch FROM at)::float8
FROM stock_journal WHERE show = %s ORDER BY ticket_type, version
"""
_STOCK: Final = "SELECT ticket_type, capacity, sold, version FROM stock WHERE show = %s"
_PENDING: Final = """
SELECT json_build_object(
    'order_id', order_id, 'state', state, 'accepted_at', extract(epoch FROM accepted_at)::float8,
    'decided_at', extract(epoch FROM decided_at)::float8, 'kind', outcome_kind, 'reason', outcome ->> 'reason',
    'codes', coalesce(jsonb_path_query_array(outcome, '$.tickets[*].code'), '[]'::jsonb), 'tries', tries,
    'last_failure', last_failure, 'traceparent', traceparent
)::text
FROM pending_purchases WHERE order_id = ANY(%s::uuid[])
"""


class CannotCheck(Exception):
    """A store can't be read; the message says which and why, and holds no password."""


def load_ledger(url: str, show: str) -> LedgerSnapshot:
    """What the ledger holds of a show, and what its audit finds in the whole of it. Raises CannotCheck."""
    order = msgspec.json.Decoder(StoredOrder)
    with _session(url, "the ledger") as session:
        with _snapshot(session):
            decoded = (order.decode(row) for (row,) in _read(session, _ORDERS, show))
            orders = {order.order_id: order for order in decoded}
            journal: dict[str, list[Step]] = {}
            for kind, *step in _read(session, _JOURNAL, show):
                journal.setdefault(kind, []).append(Step(*step))
            stock = {kind: StockRow(*row) for kind, *row in _read(session, _STOCK, show)}
        return LedgerSnapshot(show, orders, journal, stock, tuple(audit(session)))


def load_pending(url: str, order_ids: Collection[str]) -> PendingSnapshot:
    """What the pending store holds of these orders. Raises CannotCheck."""
    purchase = msgspec.json.Decoder(StoredPurchase)
    with _session(url, "the pending store") as session, _snapshot(session):
        rows = (purchase.decode(row) for (row,) in _read(session, _PENDING, list(order_ids)))
        return PendingSnapshot({row.order_id: row for row in rows})


@contextmanager
def _session(url: str, what: str) -> Iterator[psycopg.Connection[Any]]:
    try:
        with psycopg.connect(url, **_SESSION) as session:
            yield session
    except (psycopg.Error, msgspec.DecodeError) as error:
        why = str(error).splitlines()[0] if str(error) else ""
        raise CannotCheck(f"{what} can't be read: {type(error).__name__}: {why}") from error


@contextmanager
def _snapshot(session: psycopg.Connection[Any]) -> Iterator[None]:
    session.isolation_level, session.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
    with session.transaction():
        session.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        yield


def _read(session: psycopg.Connection[Any], query: str, parameter: object) -> Iterator[tuple[Any, ...]]:
    """The rows, a few thousand at a time."""
    with session.cursor(name="rows") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        yield from cursor.execute(query.encode(), [parameter])
