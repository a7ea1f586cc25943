"""The statements of the ledger and of its readers: everything here runs on a connection that somebody else holds."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from functions.orders.batch import Batch, StockChange, StockKey
from functions.orders.contract import CANCELLED, CONFIRMED, Order, Published, PublishRejection, Show
from functions.orders.database import Connection, Rows, Statement
from functions.orders.rules import ShowOnSale, Stock, below_sold

# In key order, so that no two transactions wait for each other; a cancel's rows are found by its order's lines,
# which never change.
_LOCK_STOCK = """
SELECT show, ticket_type, capacity, sold, version FROM stock
WHERE (show, ticket_type) IN (
    SELECT * FROM unnest(string_to_array($1, ','), string_to_array($2, ','))
    UNION
    SELECT o.show, line ->> 'ticket_type' FROM orders o, jsonb_array_elements(o.lines) line
    WHERE o.order_id = ANY(string_to_array($3, ',')::uuid[])
)
ORDER BY show, ticket_type
FOR NO KEY UPDATE
"""

_ORDERS = """
SELECT json_build_object(
    'order_id', o.order_id, 'status', o.status, 'fingerprint', o.fingerprint, 'show', o.show,
    'placed_at', o.placed_at, 'title', coalesce(s.title, ''), 'venue', coalesce(s.venue, ''),
    'starts_at', local_time(s.starts_at, s.utc_offset), 'lines', o.lines, 'total', o.total, 'currency', o.currency,
    'name', o.name, 'email', o.email, 'reason', o.reason, 'available', o.available,
    'tickets', coalesce((
        SELECT json_agg(json_build_object('code', t.code, 'ticket_type', t.ticket_type) ORDER BY t.position)
        FROM tickets t WHERE t.order_id = o.order_id AND o.status = 'confirmed'
    ), '[]'::json)
)::text
FROM orders o LEFT JOIN shows s ON s.slug = o.show
WHERE o.order_id = ANY(string_to_array($1, ',')::uuid[])
"""

_SHOWS = """
SELECT s.slug, json_build_object(
    'title', s.title, 'venue', s.venue, 'starts_at', local_time(s.starts_at, s.utc_offset),
    'sales_start', s.sales_start, 'sales_end', s.sales_end,
    'types', json_object_agg(t.id, json_build_object(
        'name', t.name, 'price', t.price, 'currency', t.currency, 'limit_per_order', t.limit_per_order))
)::text
FROM shows s JOIN ticket_types t ON t.show = s.slug AND t.listed
WHERE s.slug = ANY(string_to_array($1, ','))
GROUP BY s.slug
"""

# One statement, so that the batch is read once and planned once. What it writes is in place before it is answered:
# the commit follows in the same breath.
_WRITE = """
WITH decided AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS o(
        order_id uuid, status text, reason text, fingerprint text, show text, lines jsonb, available jsonb,
        total bigint, currency text, name text, email text, placed_at timestamptz, tickets json)
), written_orders AS (
    INSERT INTO orders (order_id, status, reason, fingerprint, show, lines, available, total, currency, name, email,
                        placed_at, decided_at, revision)
    SELECT order_id, status, reason, fingerprint, show, lines, available, total, currency, name, email,
           placed_at, $3::timestamptz, $4::text
    FROM decided
), written_tickets AS (
    INSERT INTO tickets (code, order_id, ticket_type, position)
    SELECT t.ticket ->> 'code', order_id, t.ticket ->> 'ticket_type', t.position
    FROM decided, json_array_elements(tickets) WITH ORDINALITY AS t(ticket, position)
), written_events AS (
    INSERT INTO outbox (type, order_id, at)
    SELECT $5::text, order_id, $3::timestamptz FROM decided WHERE status = 'confirmed'
), changes AS MATERIALIZED (
    SELECT * FROM json_to_recordset($2::json) AS j(
        show text, ticket_type text, version bigint, capacity integer, sold integer, cause text, order_id uuid)
), written_changes AS (
    INSERT INTO stock_journal (show, ticket_type, version, capacity, sold, cause, order_id, at)
    SELECT show, ticket_type, version, capacity, sold, cause, order_id, $3::timestamptz FROM changes
)
UPDATE stock SET capacity = latest.capacity, sold = latest.sold, version = latest.version
FROM (SELECT DISTINCT ON (show, ticket_type) * FROM changes ORDER BY show, ticket_type, version DESC) AS latest
WHERE stock.show = latest.show AND stock.ticket_type = latest.ticket_type
"""

_CANCEL_ORDERS = """
WITH written_events AS (
    INSERT INTO outbox (type, order_id, at)
    SELECT $2::text, cancelled, $3::timestamptz FROM unnest(string_to_array($1, ',')::uuid[]) AS cancelled
)
UPDATE orders SET status = 'cancelled' WHERE order_id = ANY(string_to_array($1, ',')::uuid[])
"""

_LOCK_SHOW = """
SELECT ticket_type, capacity, sold, version FROM stock WHERE show = $1 ORDER BY ticket_type FOR NO KEY UPDATE
"""

_PUBLISHED_SINCE = "SELECT 1 FROM shows WHERE slug = $1 AND published_at > $2::timestamptz"

_UPSERT_SHOW = """
INSERT INTO shows (slug, title, venue, starts_at, sales_start, sales_end, utc_offset, image, hidden, published_at)
SELECT slug, title, venue, starts_at, sales_start, sales_end, $2::text, image, coalesce(hidden, false), $3::timestamptz
FROM json_to_record($1::json) AS s(
    slug text, title text, venue text, starts_at timestamptz, sales_start timestamptz, sales_end timestamptz,
    image text, hidden boolean)
ON CONFLICT (slug) DO UPDATE SET
    title = excluded.title, venue = excluded.venue, starts_at = excluded.starts_at,
    sales_start = excluded.sales_start, sales_end = excluded.sales_end, utc_offset = excluded.utc_offset,
    image = excluded.image, hidden = excluded.hidden, published_at = excluded.published_at
"""

# A ticket type that is no longer published keeps its row: orders and the journal still name it.
_UPSERT_TYPES = """
WITH unlisted AS (UPDATE ticket_types SET listed = false WHERE show = $2::text AND id <> ALL(string_to_array($3, ',')))
INSERT INTO ticket_types (show, id, name, price, currency, limit_per_order, position, listed)
SELECT $2::text, t ->> 'id', t ->> 'name', (t ->> 'price')::bigint, t ->> 'currency',
       (t ->> 'limit_per_order')::integer, position, true
FROM json_array_elements($1::json -> 'ticket_types') WITH ORDINALITY AS e(t, position)
ON CONFLICT (show, id) DO UPDATE SET
    name = excluded.name, price = excluded.price, currency = excluded.currency,
    limit_per_order = excluded.limit_per_order, position = excluded.position, listed = true
"""

_INSERT_STOCK = """
INSERT INTO stock (show, ticket_type, capacity, sold, version)
SELECT show, ticket_type, capacity, sold, version FROM json_to_recordset($1::json) AS j(
    show text, ticket_type text, version bigint, capacity integer, sold integer)
ON CONFLICT (show, ticket_type) DO NOTHING
"""


async def begin(
    connection: Connection, keys: Collection[StockKey], ids: Collection[str], cancels: Collection[str]
) -> tuple[dict[str, dict[str, Stock]], dict[str, Order], dict[str, ShowOnSale]]:
    """Begin a transaction: the stock rows, locked; then, in later statements, the orders with these ids and the shows.

    Later, because one statement that waits for a lock doesn't see what the lock's former holder committed.
    """
    wanted = sorted(keys)
    shows, types = ",".join(show for show, _ in wanted), ",".join(kind for _, kind in wanted)
    _, stock, orders, on_sale = await connection.run(
        ("BEGIN", ()),
        (_LOCK_STOCK, (shows, types, ",".join(cancels))),
        (_ORDERS, (",".join(ids),)),
        (_SHOWS, (shows,)),
    )
    held: dict[str, dict[str, Stock]] = {}
    for show, kind, capacity, sold, version in _whole(stock):
        held.setdefault(show, {})[kind] = Stock(int(capacity), int(sold), int(version))
    return held, _decoded(orders), {slug: msgspec.json.decode(show, type=ShowOnSale) for slug, show in _whole(on_sale)}


async def commit(connection: Connection, batch: Batch, revision: str) -> None:
    """Write everything that the batch decided, in bulk, and commit."""
    statements: list[Statement] = []
    if batch.decided or batch.journal:
        statements.append(_write(batch.decided, batch.journal, batch.now, revision))
    if batch.cancelled:
        statements.append((_CANCEL_ORDERS, (",".join(batch.cancelled), CANCELLED, batch.now.isoformat())))
    await connection.run(*statements, ("COMMIT", ()))


async def read_orders(connection: Connection, ids: Collection[str]) -> dict[str, Order]:
    """The orders with these ids, as they are now."""
    (orders,) = await connection.run((_ORDERS, (",".join(ids),)))
    return _decoded(orders)


async def publish(connection: Connection, show: Show, at: datetime, now: datetime) -> Published | PublishRejection:
    """Create or update a show as of `at`; refused if it would put a capacity below what is sold, or is outdated."""
    _, locked, published = await connection.run(
        ("BEGIN", ()), (_LOCK_SHOW, (show.slug,)), (_PUBLISHED_SINCE, (show.slug, at.isoformat()))
    )
    stock = {kind: Stock(int(capacity), int(sold), int(version)) for kind, capacity, sold, version in _whole(locked)}
    refusal = PublishRejection(show.slug, "expired") if published else None
    if less := below_sold(show, stock):
        refusal = refusal or PublishRejection(show.slug, "capacity_below_sold", *less)
    if refusal is not None:
        await connection.run(("ROLLBACK", ()))
        return refusal
    journal = _capacity_changes(show, stock)
    content, utc_offset = _json(show), show.starts_at.isoformat()[-6:]
    await connection.run(
        (_UPSERT_SHOW, (content, utc_offset, at.isoformat())),
        (_UPSERT_TYPES, (content, show.slug, ",".join(kind.id for kind in show.ticket_types))),
        (_INSERT_STOCK, (_json(journal),)),
        _write([], journal, now, revision=""),
        ("COMMIT", ()),
    )
    return Published(show.slug)


def _capacity_changes(show: Show, stock: Mapping[str, Stock]) -> list[StockChange]:
    nothing = Stock(capacity=-1, sold=0, version=0)
    return [
        StockChange(show.slug, kind.id, held.version + 1, kind.capacity, held.sold, "published")
        for kind in show.ticket_types
        if (held := stock.get(kind.id, nothing)).capacity != kind.capacity
    ]


def _write(decided: list[Order], journal: list[StockChange], now: datetime, revision: str) -> Statement:
    return _WRITE, (_json(decided), _json(journal), now.isoformat(), revision, CONFIRMED)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _whole(rows: Rows) -> list[tuple[str, ...]]:
    """Rows of columns that are never null."""
    return [tuple(value or "" for value in row) for row in rows]


def _decoded(rows: Rows) -> dict[str, Order]:
    orders = (msgspec.json.decode(row, type=Order) for (row,) in _whole(rows))
    return {order.order_id: order for order in orders}
