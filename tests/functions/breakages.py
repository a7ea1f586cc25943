"""Ways to break the ledger's data, and which checks of the audit find each of them.

`:name` stands for the id of an order of `Sold`. The expected checks are all that see it, no fewer and no more.
"""

WITHIN = "stock is within its capacity"
ALWAYS_WITHIN = "stock was within its capacity at each version"
VERSIONS = "versions have neither gap nor repeat"
ENDS = "the journal ends at the stock as it is"
HELD = "stock is what the confirmed orders hold"
TOLD = "each order that was sold is in the journal"
EVENTS = "events to send tell all that was sold and cancelled"
ONE = "an order id is one order"
ONCE = "an order sells once and is cancelled once"
TICKETS = "an order has the tickets that it bought"
CODES = "a ticket's code is one ticket"
TOTAL = "an order's total is that of its lines"
EVENT_ONCE = "an event to send is of what happened, and told once"
MOVES = "stock moves by what an order bought or freed"
SOLD_OUT = "what was refused as sold out was sold out"

LINE = "FROM stock_journal WHERE ticket_type = 'seat' AND version ="
LINE_8 = (  # after the last line: so many sold, by the cause and the order of that version
    "INSERT INTO stock_journal SELECT show, ticket_type, 8, 6, {}, cause, order_id, at"
    " FROM stock_journal WHERE ticket_type = 'seat' AND version = {};"
    "UPDATE stock SET version = 8, sold = {} WHERE ticket_type = 'seat'"
)

BREAKAGES = {
    "oversold": (
        "ALTER TABLE stock DROP CONSTRAINT never_oversold; UPDATE stock SET sold = capacity + 1",
        {WITHIN, ENDS, HELD},
    ),
    "sold less than nothing": (
        "ALTER TABLE stock DROP CONSTRAINT stock_sold_check; UPDATE stock SET sold = -1",
        {WITHIN, ENDS, HELD},
    ),
    "oversold for a moment": (
        "ALTER TABLE stock_journal DROP CONSTRAINT stock_journal_check;"
        "UPDATE stock_journal SET sold = 7 WHERE ticket_type = 'seat' AND version = 3",
        {ALWAYS_WITHIN, MOVES},
    ),
    "less than nothing for a moment": (
        "UPDATE stock_journal SET sold = -1 WHERE ticket_type = 'seat' AND version = 3",
        {ALWAYS_WITHIN, MOVES},
    ),
    "a gap": (f"DELETE {LINE} 3", {VERSIONS, TOLD, MOVES}),
    "a gap that moves nothing": (f"DELETE {LINE} 6", {VERSIONS, MOVES}),
    "no beginning": (f"DELETE {LINE} 1", {VERSIONS}),
    "no end": (f"DELETE {LINE} 7", {ENDS, TOLD}),
    "a repeat": (
        "ALTER TABLE stock_journal DROP CONSTRAINT stock_journal_pkey;"
        "INSERT INTO stock_journal SELECT * FROM stock_journal WHERE ticket_type = 'seat' AND version = 6",
        {VERSIONS},
    ),
    "a version that nobody wrote": ("UPDATE stock SET version = version + 1", {ENDS}),
    "a capacity that nobody published": ("UPDATE stock SET capacity = capacity + 1", {ENDS}),
    "no journal": ("DELETE FROM stock_journal", {ENDS, TOLD, SOLD_OUT}),
    "no stock": ("DELETE FROM stock", {ENDS, HELD}),
    "stock that nobody holds": ("UPDATE stock SET sold = sold + 1 WHERE ticket_type = 'standing'", {ENDS, HELD}),
    "an order that no stock was taken for": (
        "INSERT INTO orders SELECT gen_random_uuid(), status, reason, fingerprint, show, lines, available, total,"
        " currency, name, email, placed_at, decided_at, revision FROM orders WHERE order_id = :one",
        {TOLD, TICKETS},
    ),
    "an order of nothing": (
        "UPDATE orders SET lines = '[]', total = 0 WHERE order_id = :one",
        {TOLD, TICKETS, MOVES},
    ),
    "cancelled without freeing": (
        "UPDATE orders SET status = 'cancelled' WHERE order_id = :one",
        {TOLD, HELD},
    ),
    "freed without cancelling": (
        "UPDATE orders SET status = 'confirmed' WHERE order_id = :cancelled",
        {TOLD, HELD, MOVES, EVENT_ONCE},
    ),
    "a lost order": ("DELETE FROM orders WHERE order_id = :one", {HELD, TICKETS, MOVES, EVENT_ONCE}),
    "a sold order that is rejected": (
        "UPDATE orders SET status = 'rejected', reason = 'expired' WHERE order_id = :one",
        {HELD, TICKETS, MOVES, EVENT_ONCE},
    ),
    "one order id, two orders": (
        "ALTER TABLE orders DROP CONSTRAINT orders_pkey;INSERT INTO orders SELECT * FROM orders WHERE order_id = :last",
        {ONE, HELD, TICKETS},
    ),
    "sold twice": (
        LINE_8.format(6, 2, 6),
        {ONCE, HELD, MOVES},
    ),
    "cancelled twice": (
        LINE_8.format(4, 5, 4),
        {ONCE, HELD},
    ),
    "cancelled before it was sold": (
        "UPDATE stock_journal SET cause = CASE cause WHEN 'sold' THEN 'cancelled' ELSE 'sold' END"
        " WHERE order_id = :cancelled",
        {ONCE, MOVES},
    ),
    "a ticket too few": (
        "DELETE FROM tickets WHERE order_id = :both AND position = 1",
        {TICKETS, HELD},
    ),
    "a ticket too many": ("INSERT INTO tickets VALUES ('FREE', :one, 'seat', 9)", {TICKETS, HELD}),
    "a ticket of a refused order": ("INSERT INTO tickets VALUES ('FREE', :refused, 'seat', 1)", {TICKETS}),
    "a ticket of a tombstone": ("INSERT INTO tickets VALUES ('FREE', :tombstone, 'seat', 1)", {TICKETS}),
    "a ticket of no order": ("INSERT INTO tickets VALUES ('FREE', gen_random_uuid(), 'seat', 1)", {TICKETS}),
    "a ticket of another type": (
        "UPDATE tickets SET ticket_type = 'standing' WHERE order_id = :one",
        {TICKETS, HELD},
    ),
    "tickets with one code": (
        "ALTER TABLE tickets DROP CONSTRAINT tickets_pkey; UPDATE tickets SET code = 'SAME' WHERE order_id = :both",
        {CODES},
    ),
    "another total": ("UPDATE orders SET total = total + 1 WHERE order_id = :one", {TOTAL}),
    "another price": (
        """UPDATE orders SET lines = jsonb_set(lines, '{0,price}', '1') WHERE order_id = :one""",
        {TOTAL},
    ),
    "another quantity": (
        """UPDATE orders SET lines = jsonb_set(lines, '{0,quantity}', '2') WHERE order_id = :one""",
        {TOTAL, TICKETS, MOVES},
    ),
    "an event never sent": ("DELETE FROM outbox WHERE order_id = :last", {EVENTS}),
    "a cancel never told": (
        "DELETE FROM outbox WHERE order_id = :cancelled AND type = 'org.flametickets.order.cancelled'",
        {EVENTS},
    ),
    "an event told twice": (
        "INSERT INTO outbox (type, order_id, at) SELECT type, order_id, at FROM outbox WHERE order_id = :one",
        {EVENT_ONCE},
    ),
    "an event of no order": (
        "INSERT INTO outbox (type, order_id, at) VALUES ('org.flametickets.order.confirmed', gen_random_uuid(), now())",
        {EVENT_ONCE},
    ),
    "an event of a cancel that was not": (
        "INSERT INTO outbox (type, order_id, at) VALUES ('org.flametickets.order.cancelled', :one, now())",
        {EVENT_ONCE},
    ),
    "an event of a tombstone": (
        "INSERT INTO outbox (type, order_id, at) VALUES ('org.flametickets.order.cancelled', :tombstone, now())",
        {EVENT_ONCE},
    ),
    "an event of another type": ("UPDATE outbox SET type = 'other' WHERE order_id = :one", {EVENT_ONCE, EVENTS}),
    "a capacity that changed by a sale": (
        "UPDATE stock_journal SET capacity = 6 WHERE ticket_type = 'seat' AND version = 5",
        {MOVES, SOLD_OUT},
    ),
    "sold by publishing": (
        "UPDATE stock_journal SET sold = 4 WHERE ticket_type = 'seat' AND version = 6",
        {MOVES},
    ),
    "sold from the beginning": (
        "UPDATE stock_journal SET sold = 1 WHERE ticket_type = 'standing' AND version = 1",
        {MOVES},
    ),
    "a step of another order": (
        "UPDATE stock_journal SET order_id = :refused WHERE order_id = :one",
        {MOVES, TOLD, EVENTS},
    ),
    "a step of no order": ("UPDATE stock_journal SET order_id = NULL WHERE order_id = :one", {MOVES, TOLD, EVENTS}),
    "sold out, but not by that version": (
        """UPDATE orders SET available = jsonb_set(available, '{1,version}', '1') WHERE order_id = :refused""",
        {SOLD_OUT},
    ),
    "sold out at a version that never was": (
        """UPDATE orders SET available = jsonb_set(available, '{1,version}', '99') WHERE order_id = :refused""",
        {SOLD_OUT},
    ),
    "sold out with another number": (
        """UPDATE orders SET available = jsonb_set(available, '{0,available}', '1') WHERE order_id = :refused""",
        {SOLD_OUT},
    ),
    "sold out though there was enough": (
        """UPDATE orders SET lines = jsonb_set(lines, '{1,quantity}', '2') WHERE order_id = :refused""",
        {SOLD_OUT},
    ),
    "sold out without a word of what was left": (
        "UPDATE orders SET available = '[]' WHERE order_id = :refused",
        {SOLD_OUT},
    ),
    "sold out by a version that was outdated": (
        "UPDATE orders SET decided_at = decided_at + interval '1 hour' WHERE order_id = :refused",
        {SOLD_OUT},
    ),
}
