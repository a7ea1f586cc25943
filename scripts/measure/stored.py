"""Orders that are there already, made inside the database: what a shop has after months of sales."""

from typing import Final

import psycopg

_ORDERS: Final = """
INSERT INTO orders (order_id, status, fingerprint, show, lines, available, total, currency, name, email, placed_at,
                    decided_at, revision)
SELECT gen_random_uuid(), 'confirmed', md5(n::text) || md5(n::text), %(show)s,
       '[{"ticket_type": "stored", "name": "stored", "quantity": 1, "price": 1000}]', '[]', 1000, 'EUR',
       'A Buyer', n || '@example.org', now() - interval '40 days', now() - interval '40 days', 'orders-bench'
FROM generate_series(1, %(count)s) AS n
"""
_TICKETS: Final = """
INSERT INTO tickets (code, order_id, ticket_type, position)
SELECT upper(md5(order_id::text)), order_id, 'stored', 1 FROM orders
"""
_JOURNAL: Final = """
INSERT INTO stock_journal (show, ticket_type, version, capacity, sold, cause, order_id, at)
SELECT %(show)s, 'stored', 1 + row_number() OVER (), 10000000, row_number() OVER (), 'sold', order_id, decided_at
FROM orders
"""
_OUTBOX: Final = "INSERT INTO outbox (type, order_id, at) SELECT 'stored', order_id, decided_at FROM orders"


def store_orders(database_url: str, show: str, count: int) -> None:
    """Put `count` orders of another ticket type into an empty ledger, and let PostgreSQL tidy up after it."""
    with psycopg.connect(database_url, autocommit=True) as session:
        for statement in (_ORDERS, _TICKETS, _JOURNAL, _OUTBOX):
            session.execute(statement, {"show": show, "count": count})
        session.execute("VACUUM (ANALYZE)")
        session.execute("CHECKPOINT")
