-- Purchases that were accepted without an answer of the function
-- depends:

-- migrate: apply
-- `command` is the data of the place event, `pressed_at` its time: the very event is sent again, under the same
-- order id. A purchase is decided once the function answers (`outcome` is the data of its reply), and dead once it
-- is given up, after a tombstone in the ledger. Workers lease a purchase by moving `next_try_at` ahead, so that one
-- that dies leaves it to the others.
CREATE TABLE pending_purchases (
    order_id uuid PRIMARY KEY,
    fingerprint text NOT NULL CHECK (length(fingerprint) = 64),
    command jsonb NOT NULL,
    pressed_at timestamptz NOT NULL,
    traceparent text NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    place_in_line bigint GENERATED ALWAYS AS IDENTITY,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'decided', 'dead')),
    cancel_asked boolean NOT NULL DEFAULT false,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    last_failure text,
    outcome jsonb,
    decided_at timestamptz,
    CHECK ((state = 'decided') = (outcome IS NOT NULL)),
    CHECK ((state = 'pending') = (decided_at IS NULL))
);

-- Those that are due are taken in the order of acceptance, with SKIP LOCKED, and their number is the depth.
CREATE INDEX pending_purchases_in_line ON pending_purchases (place_in_line) INCLUDE (next_try_at)
    WHERE state = 'pending';
-- Decided ones are removed after a while, for they hold names and addresses.
CREATE INDEX pending_purchases_over ON pending_purchases (decided_at) WHERE state <> 'pending';

-- migrate: rollback
DROP TABLE pending_purchases;
