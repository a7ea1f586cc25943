"""The statements of the ledger and of its readers: everything here runs on a connection that somebody else holds."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from functions.orders.batch import Batch, StockChange, StockKey
from functions.orders.contract import CANCELLED, CONFIRMED, Order, Published, PublishRejection, Show
from functions.orders.database import Connection
from functions.orders.rules import ShowOnSale, Stock, below_sold

# In key order, so that no two transactions wait for each other; a cancel's rows are found by its order's lines,
# which never change.
_LOCK_STOCK = """
SELECT show, ticket_type, capacity, sold, version FROM stock
WHERE (show, ticket_type) IN (
    SELECT * FROM unnest(%(shows)s::text[], %(types)s::text[])
    UNION
    SELECT o.show, line ->> 'ticket_type' FROM orders o, jsonb_array_elements(o.lines) line
    WHERE o.order_id = ANY(string_to_array(%(cancels)s, ',')::uuid[])
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
WHERE o.order_id = ANY(string_to_array(%(ids)s, ',')::uuid[])
"""

_SHOWS = """
SELECT s.slug, json_build_object(
    'title', s.title, 'venue', s.venue, 'starts_at', local_time(s.starts_at, s.utc_offset),
    'sales_start', s.sales_start, 'sales_end', s.sales_end,
    'types', json_object_agg(t.id, json_build_object(
        'name', t.name, 'price', t.price, 'currency', t.currency, 'limit_per_order', t.limit_per_order))
)::text
FROM shows s JOIN ticket_types t ON t.show = s.slug AND t.listed
WHERE s.slug = ANY(%(slugs)s::text[])
GROUP BY s.slug
"""

# One statement, so that the batch is read once and planned once. What it writes is in place before it is answered:
# the commit follows in the same breath.
_WRITE = """
WITH decided AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(orders)s::json) AS o(
        order_id uuid, status text, reason text, fingerprint text, show text, lines jsonb, available jsonb,
        total bigint, currency text, name text, email text, placed_at timestamptz, tickets json)
), written_orders AS (
    INSERT INTO orders (order_id, status, reason, fingerprint, show, lines, available, total, currency, name, email,
                        placed_at, decided_at, revision)
    SELECT order_id, status, reason, fingerprint, show, lines, available, total, currency, name, email,
           placed_at, %(now)s, %(revision)s
    FROM decided
), written_tickets AS (
    INSERT INTO tickets (code, order_id, ticket_type, position)
    SELECT t.ticket ->> 'code', order_id, t.ticket ->> 'ticket_type', t.position
    FROM decided, json_array_elements(tickets) WITH ORDINALITY AS t(ticket, position)
), written_events AS (
    INSERT INTO outbox (type, order_id, at)
    SELECT %(event_type)s, order_id, %(now)s FROM decided WHERE status = 'confirmed'
), changes AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(journal)s::json) AS j(
        show text, ticket_type text, version bigint, capacity integer, sold integer, cause text, order_id uuid)
), written_changes AS (
    INSERT INTO stock_journal (show, ticket_type, version, capacity, sold, cause, order_id, at)
    SELECT show, ticket_type, version, capacity, sold, cause, order_id, %(now)s FROM changes
)
UPDATE stock SET capacity = latest.capacity, sold = latest.sold, version = latest.version
FROM (SELECT DISTINCT ON (show, ticket_type) * FROM changes ORDER BY show, ticket_type, version DESC) AS latest
WHERE stock.show = latest.show AND stock.ticket_type = latest.ticket_type
"""

_CANCEL_ORDERS = """
WITH written_events AS (
    INSERT INTO outbox (type, order_id, at)
    SELECT %(event_type)s, cancelled, %(now)s FROM unnest(%(ids)s::uuid[]) AS cancelled
)
UPDATE orders SET status = 'cancelled' WHERE order_id = ANY(%(ids)s::uuid[])
"""

_LOCK_SHOW = """
SELECT ticket_type, capacity, sold, version FROM stock WHERE show = %(slug)s ORDER BY ticket_type FOR NO KEY UPDATE
"""

_UPSERT_SHOW = """
INSERT INTO shows (slug, title, venue, starts_at, sales_start, sales_end, utc_offset, image, published_at)
SELECT slug, title, venue, starts_at, sales_start, sales_end, %(utc_offset)s, image, %(at)s
FROM json_to_record(%(show)s::json) AS s(
    slug text, title text, venue text, starts_at timestamptz, sales_start timestamptz, sales_end timestamptz,
    image text)
ON CONFLICT (slug) DO UPDATE SET
    title = excluded.title, venue = excluded.venue, starts_at = excluded.starts_at,
    sales_start = excluded.sales_start, sales_end = excluded.sales_end, utc_offset = excluded.utc_offset,
    image = excluded.image, published_at = excluded.published_at
"""

# A ticket type that is no longer published keeps its row: orders and the journal still name it.
_UPSERT_TYPES = """
WITH unlisted AS (UPDATE ticket_types SET listed = false WHERE show = %(slug)s AND id <> ALL(%(types)s::text[]))
INSERT INTO ticket_types (show, id, name, price, currency, limit_per_order, position, listed)
SELECT %(slug)s, t ->> 'id', t ->> 'name', (t ->> 'price')::bigint, t ->> 'currency',
       (t ->> 'limit_per_order')::integer, position, true
FROM json_array_elements(%(show)s::json -> 'ticket_types') WITH ORDINALITY AS e(t, position)
ON CONFLICT (show, id) DO UPDATE SET
    name = excluded.name, price = excluded.price, currency = excluded.currency,
    limit_per_order = excluded.limit_per_order, position = excluded.position, listed = true
"""

_INSERT_STOCK = """
INSERT INTO stock (show, ticket_type, capacity, sold, version)
SELECT show, ticket_type, capacity, sold, version FROM json_to_recordset(%(journal)s::json) AS j(
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
    shows, types = [show for show, _ in wanted], [kind for _, kind in wanted]
    async with connection.pipeline():
        stock = await connection.execute(_LOCK_STOCK, {"shows": shows, "types": types, "cancels": ",".join(cancels)})
        orders = await connection.execute(_ORDERS, {"ids": ",".join(ids)})
        on_sale = await connection.execute(_SHOWS, {"slugs": list(set(shows))})
    held: dict[str, dict[str, Stock]] = {}
    for show, kind, *row in await stock.fetchall():
        held.setdefault(show, {})[kind] = Stock(*row)
    return (
        held,
        _decoded(await orders.fetchall()),
        {row[0]: msgspec.json.decode(row[1], type=ShowOnSale) for row in await on_sale.fetchall()},
    )


async def commit(connection: Connection, batch: Batch, revision: str) -> None:
    """Write everything that the batch decided, in bulk, and commit."""
    async with connection.pipeline():
        if batch.decided or batch.journal:
            await _write(connection, batch.decided, batch.journal, batch.now, revision)
        if batch.cancelled:
            cancelled = {"ids": batch.cancelled, "event_type": CANCELLED, "now": batch.now}
            await connection.execute(_CANCEL_ORDERS, cancelled)
        await connection.commit()


async def read_orders(connection: Connection, ids: Collection[str]) -> dict[str, Order]:
    """The orders with these ids, as they are now."""
    return _decoded(await (await connection.execute(_ORDERS, {"ids": ",".join(ids)})).fetchall())


async def publish(connection: Connection, show: Show, at: datetime, now: datetime) -> Published | PublishRejection:
    """Create or update a show as of `at`; refused if it would put a capacity below what is sold, or is outdated."""
    types, utc_offset = [kind.id for kind in show.ticket_types], show.starts_at.isoformat()[-6:]
    parameters = {"slug": show.slug, "show": _json(show), "at": at, "types": types, "utc_offset": utc_offset}
    async with connection.transaction():
        locked = await connection.execute(_LOCK_SHOW, parameters)
        stock = {row[0]: Stock(*row[1:]) for row in await locked.fetchall()}
        published = await connection.execute("SELECT published_at FROM shows WHERE slug = %(slug)s", parameters)
        if (known := await published.fetchone()) and known[0] > at:
            return PublishRejection(show.slug, "expired")
        if less := below_sold(show, stock):
            return PublishRejection(show.slug, "capacity_below_sold", *less)
        journal = _capacity_changes(show, stock)
        await connection.execute(_UPSERT_SHOW, parameters)
        await connection.execute(_UPSERT_TYPES, parameters)
        await connection.execute(_INSERT_STOCK, {"journal": _json(journal)})
        await _write(connection, [], journal, now, revision="")
    return Published(show.slug)


def _capacity_changes(show: Show, stock: Mapping[str, Stock]) -> list[StockChange]:
    nothing = Stock(capacity=-1, sold=0, version=0)
    return [
        StockChange(show.slug, kind.id, held.version + 1, kind.capacity, held.sold, "published")
        for kind in show.ticket_types
        if (held := stock.get(kind.id, nothing)).capacity != kind.capacity
    ]


async def _write(
    connection: Connection, decided: list[Order], journal: list[StockChange], now: datetime, revision: str
) -> None:
    batch = {"orders": _json(decided), "journal": _json(journal), "now": now, "revision": revision}
    await connection.execute(_WRITE, {**batch, "event_type": CONFIRMED})


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _decoded(rows: list[Any]) -> dict[str, Order]:
    orders = (msgspec.json.decode(row[0], type=Order) for row in rows)
    return {order.order_id: order for order in orders}
