-- Shows, stock and its journal, orders and tickets
-- depends:

-- migrate: apply

-- RFC 3339 with the offset that was published: people read the time of the place, not that of Greenwich.
CREATE FUNCTION local_time(moment timestamptz, utc_offset text) RETURNS text IMMUTABLE
RETURN to_char(moment AT TIME ZONE utc_offset::interval, 'YYYY-MM-DD"T"HH24:MI:SS.US') || utc_offset;

CREATE TABLE shows (
    slug text PRIMARY KEY,
    title text NOT NULL,
    venue text NOT NULL,
    starts_at timestamptz NOT NULL,
    sales_start timestamptz NOT NULL,
    sales_end timestamptz NOT NULL,
    utc_offset text NOT NULL CHECK (utc_offset ~ '^[+-][0-9]{2}:[0-9]{2}$'),
    image text,
    published_at timestamptz NOT NULL,
    CHECK (sales_start < sales_end)
);

CREATE TABLE ticket_types (
    show text NOT NULL REFERENCES shows,
    id text NOT NULL,
    name text NOT NULL,
    price bigint NOT NULL CHECK (price >= 0),
    currency text NOT NULL CHECK (length(currency) = 3),
    limit_per_order integer NOT NULL CHECK (limit_per_order > 0),
    position smallint NOT NULL,
    listed boolean NOT NULL,
    PRIMARY KEY (show, id)
);

-- The hot row of a flash sale: small, with room on its page for its next versions. The check is promise P1.
CREATE TABLE stock (
    show text NOT NULL,
    ticket_type text NOT NULL,
    capacity integer NOT NULL,
    sold integer NOT NULL DEFAULT 0 CHECK (sold >= 0),
    version bigint NOT NULL,
    PRIMARY KEY (show, ticket_type),
    FOREIGN KEY (show, ticket_type) REFERENCES ticket_types,
    CONSTRAINT never_oversold CHECK (sold <= capacity)
) WITH (fillfactor = 50);

-- Confirmed, rejected and cancelled share one primary key: promise P3. A tombstone (cancelled before it
-- arrived) has an empty fingerprint. A rejected order keeps no personal data, and what was available when it
-- was decided; lines are as they were sold, with the name and the price of that moment.
CREATE TABLE orders (
    order_id uuid PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('confirmed', 'rejected', 'cancelled')),
    reason text,
    fingerprint text NOT NULL,
    show text NOT NULL,
    lines jsonb NOT NULL,
    available jsonb NOT NULL,
    total bigint NOT NULL,
    currency text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    placed_at timestamptz NOT NULL,
    decided_at timestamptz NOT NULL,
    revision text NOT NULL,
    CHECK ((status = 'rejected') = (reason IS NOT NULL))
);

CREATE TABLE tickets (
    code text PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    ticket_type text NOT NULL,
    position smallint NOT NULL
);
CREATE INDEX tickets_of_order ON tickets (order_id);

-- One line for each change of a stock row, as it stood after it; never changed afterwards.
CREATE TABLE stock_journal (
    show text NOT NULL,
    ticket_type text NOT NULL,
    version bigint NOT NULL,
    capacity integer NOT NULL,
    sold integer NOT NULL,
    cause text NOT NULL CHECK (cause IN ('published', 'sold', 'cancelled')),
    order_id uuid,
    at timestamptz NOT NULL,
    PRIMARY KEY (show, ticket_type, version),
    CHECK (sold <= capacity)
);

-- migrate: rollback
DROP TABLE stock_journal;
DROP TABLE tickets;
DROP TABLE orders;
DROP TABLE stock;
DROP TABLE ticket_types;
DROP TABLE shows;
DROP FUNCTION local_time;
