"""What must hold of the ledger's tables: each check is a query whose rows are violations, and none of them personal.

They say nothing of what retention may have deleted: old rejections, and the journal before its kept part. Each
query reads tables whole, on any plan, and leans on no constraint: the checks are there for when one is missing.
"""

from dataclasses import dataclass
from typing import Final

# What the checks share, in front of each; what a check does not name is not read.
# sold_lines: of each order that is or was confirmed, no two of the same type; one without a type if it has no lines.
# kept: the first line that the journal still has of each stock row; until retention deletes it, that is version 1.
# steps: the journal's lines, each with the one before it.
SHARED: Final = """
WITH sold_lines AS (
    SELECT o.order_id, o.show, o.status, o.decided_at, l.ticket_type, l.quantity
    FROM orders o LEFT JOIN LATERAL jsonb_to_recordset(o.lines) AS l(ticket_type text, quantity integer) ON true
    WHERE o.status <> 'rejected' AND o.fingerprint <> ''
), kept AS (
    SELECT s.show, s.ticket_type, j.version, j.at
    FROM stock s CROSS JOIN LATERAL (
        SELECT version, at FROM stock_journal
        WHERE show = s.show AND ticket_type = s.ticket_type ORDER BY version LIMIT 1
    ) AS j
), steps AS (
    SELECT *, lag(version) OVER steps_of_row AS version_before, lag(capacity) OVER steps_of_row AS capacity_before,
           lag(sold) OVER steps_of_row AS sold_before
    FROM stock_journal WINDOW steps_of_row AS (PARTITION BY show, ticket_type ORDER BY version)
)
"""


@dataclass(frozen=True, slots=True)
class Check:
    """`violations` is a query; `examined` is what its rows are about, as the rest of `SELECT count(*) FROM`."""

    name: str
    promise: str
    examined: str
    violations: str


CHECKS: Final = (
    Check(
        "stock is within its capacity",
        "P1",
        "stock",
        "SELECT show, ticket_type, version, capacity, sold FROM stock WHERE sold NOT BETWEEN 0 AND capacity",
    ),
    Check(
        "stock was within its capacity at each version",
        "P1",
        "stock_journal",
        "SELECT show, ticket_type, version, capacity, sold FROM stock_journal WHERE sold NOT BETWEEN 0 AND capacity",
    ),
    Check(
        "versions have neither gap nor repeat",
        "P1",
        "stock_journal",
        """
        SELECT show, ticket_type, version, version_before FROM steps
        WHERE version <> version_before + 1
           OR version_before IS NULL AND version <> 1 AND (version < 1 OR at > %(now)s - %(kept_for)s)
        """,
    ),
    Check(
        "the journal ends at the stock as it is",
        "P1",
        "stock",
        """
        WITH latest AS (
            SELECT show, ticket_type, max(version) AS version FROM stock_journal GROUP BY show, ticket_type
        ), told AS (
            SELECT show, ticket_type, version, j.capacity, j.sold
            FROM latest JOIN stock_journal j USING (show, ticket_type, version)
        )
        SELECT show, ticket_type, s.version, s.capacity, s.sold, told.version AS version_told,
               told.capacity AS capacity_told, told.sold AS sold_told
        FROM stock s FULL JOIN told USING (show, ticket_type)
        WHERE (s.version, s.capacity, s.sold) IS DISTINCT FROM (told.version, told.capacity, told.sold)
        """,
    ),
    Check(
        "stock is what the confirmed orders hold",
        "P1, P4",
        "stock",
        """
        WITH held AS (
            SELECT o.show, t.ticket_type, count(*) AS tickets
            FROM tickets t JOIN orders o USING (order_id) WHERE o.status = 'confirmed'
            GROUP BY o.show, t.ticket_type
        )
        SELECT show, ticket_type, s.sold, held.tickets FROM stock s FULL JOIN held USING (show, ticket_type)
        WHERE s.sold IS DISTINCT FROM coalesce(held.tickets, 0)
        """,
    ),
    Check(
        "each order that was sold is in the journal",
        "P2",
        "orders WHERE status <> 'rejected' AND fingerprint <> ''",
        """
        WITH told AS (
            SELECT order_id, show, ticket_type, bool_or(cause = 'sold') AS sold, bool_or(cause = 'cancelled') AS freed
            FROM stock_journal WHERE order_id IS NOT NULL GROUP BY order_id, show, ticket_type
        )
        SELECT order_id, show, ticket_type, status, told.sold, told.freed
        FROM sold_lines LEFT JOIN kept USING (show, ticket_type) LEFT JOIN told USING (order_id, show, ticket_type)
        WHERE told.sold IS NOT TRUE AND (kept.version > 1 AND decided_at <= kept.at + %(clocks_differ_by)s) IS NOT TRUE
           OR told.sold AND told.freed IS DISTINCT FROM (status = 'cancelled')
        """,
    ),
    Check(
        "events to send tell all that was sold and cancelled",
        "P2",
        "outbox",
        # Sent ones are deleted from the front: what follows one that is left, on the same stock row, is there too.
        # What was sold before there was an outbox comes before them all.
        """
        WITH first_left AS (
            SELECT j.show, j.ticket_type, min(j.version) AS version
            FROM outbox e JOIN stock_journal j ON j.order_id = e.order_id AND j.cause = 'sold'
            WHERE e.type = %(confirmed)s GROUP BY j.show, j.ticket_type
        )
        SELECT DISTINCT j.order_id, j.cause
        FROM stock_journal j JOIN first_left f ON f.show = j.show AND f.ticket_type = j.ticket_type
        WHERE j.version > f.version AND j.cause <> 'published' AND NOT EXISTS (
            SELECT FROM outbox e WHERE e.order_id = j.order_id AND e.type = CASE j.cause
                WHEN 'sold' THEN %(confirmed)s ELSE %(cancelled)s END
        )
        """,
    ),
    Check(
        "an order id is one order",
        "P3",
        "orders",
        "SELECT order_id, count(*) AS orders FROM orders GROUP BY order_id HAVING count(*) > 1",
    ),
    Check(
        "an order sells once and is cancelled once",
        "P3",
        "stock_journal WHERE order_id IS NOT NULL",
        """
        SELECT order_id, show, ticket_type, count(*) FILTER (WHERE cause = 'sold') AS sold,
               count(*) FILTER (WHERE cause = 'cancelled') AS cancelled
        FROM stock_journal WHERE order_id IS NOT NULL GROUP BY order_id, show, ticket_type
        HAVING count(*) FILTER (WHERE cause = 'sold') > 1 OR count(*) FILTER (WHERE cause = 'cancelled') > 1
            OR max(version) FILTER (WHERE cause = 'sold') > min(version) FILTER (WHERE cause = 'cancelled')
        """,
    ),
    Check(
        "an order has the tickets that it bought",
        "P3",
        "tickets",
        """
        WITH bought AS (
            SELECT order_id, ticket_type, sum(quantity) AS quantity FROM sold_lines GROUP BY order_id, ticket_type
        ), printed AS (
            SELECT order_id, ticket_type, count(*) AS tickets FROM tickets GROUP BY order_id, ticket_type
        )
        SELECT order_id, ticket_type, quantity, tickets
        FROM bought FULL JOIN printed USING (order_id, ticket_type) WHERE quantity IS DISTINCT FROM tickets
        """,
    ),
    Check(
        "a ticket's code is one ticket",
        "P3",
        "tickets",
        "SELECT array_agg(order_id) AS orders FROM tickets GROUP BY code HAVING count(*) > 1",
    ),
    Check(
        "an order's total is that of its lines",
        "P3",
        "orders WHERE status <> 'rejected'",
        """
        SELECT order_id, orders.total, bought.total AS total_of_lines
        FROM orders CROSS JOIN LATERAL (
            SELECT coalesce(sum(price * quantity), 0) AS total
            FROM jsonb_to_recordset(lines) AS l(price bigint, quantity integer)
        ) AS bought
        WHERE status <> 'rejected' AND orders.total <> bought.total
        """,
    ),
    Check(
        "an event to send is of what happened, and told once",
        "P3",
        "outbox",
        """
        SELECT e.type, e.order_id, e.events, o.status
        FROM (SELECT type, order_id, count(*) AS events FROM outbox GROUP BY type, order_id) AS e
        LEFT JOIN orders o ON o.order_id = e.order_id AND o.fingerprint <> ''
        WHERE e.events > 1 OR CASE e.type
            WHEN %(confirmed)s THEN o.status IN ('confirmed', 'cancelled')
            WHEN %(cancelled)s THEN o.status = 'cancelled'
        END IS NOT TRUE
        """,
    ),
    Check(
        "stock moves by what an order bought or freed",
        "P4",
        "stock_journal",
        """
        SELECT show, ticket_type, version, cause, order_id, status, quantity, sold_before, sold,
               capacity_before, capacity
        FROM steps LEFT JOIN sold_lines USING (order_id, show, ticket_type)
        WHERE CASE cause
            WHEN 'published' THEN order_id IS NULL AND (version_before IS NOT NULL OR version > 1 OR sold = 0)
            WHEN 'sold' THEN quantity > 0 AND version > 1
            WHEN 'cancelled' THEN quantity > 0 AND version > 1 AND status = 'cancelled'
        END IS NOT TRUE OR version_before IS NOT NULL AND CASE cause
            WHEN 'published' THEN sold <> sold_before
            WHEN 'sold' THEN sold <> sold_before + quantity OR capacity <> capacity_before
            WHEN 'cancelled' THEN sold <> sold_before - quantity OR capacity <> capacity_before
        END
        """,
    ),
    Check(
        "what was refused as sold out was sold out",
        "P4",
        "orders WHERE reason = 'sold_out'",
        # By the journal's line of the version that it names, which no other had followed by then.
        """
        WITH refused AS (
            SELECT o.order_id, o.show, o.decided_at, line.*,
                   line.quantity > line.available OR o.lines = '[]' AS too_many
            FROM orders o CROSS JOIN LATERAL (
                SELECT ticket_type, available, version, quantity
                FROM jsonb_to_recordset(o.available) AS a(ticket_type text, available integer, version bigint)
                FULL JOIN jsonb_to_recordset(o.lines) AS l(ticket_type text, quantity integer) USING (ticket_type)
            ) AS line
            WHERE o.reason = 'sold_out'
        )
        SELECT r.order_id, r.show, bool_or(r.too_many) AS asked_too_many,
               min(r.version) AS version, min(r.available) AS available, min(j.capacity - j.sold) AS available_told
        FROM refused r
        LEFT JOIN stock_journal j USING (show, ticket_type, version)
        LEFT JOIN stock_journal next ON next.show = r.show AND next.ticket_type = r.ticket_type
                                    AND next.version = r.version + 1
        LEFT JOIN kept ON kept.show = r.show AND kept.ticket_type = r.ticket_type
        GROUP BY r.order_id, r.show
        HAVING bool_or(r.too_many) IS NOT TRUE OR bool_or(
            next.at < r.decided_at - %(clocks_differ_by)s OR CASE
                WHEN j.version IS NOT NULL THEN r.available IS DISTINCT FROM j.capacity - j.sold
                ELSE (r.version < kept.version AND r.decided_at <= kept.at + %(clocks_differ_by)s) IS NOT TRUE
            END)
        """,
    ),
)
