-- Accepting a purchase in one trip to the server, for the lock's sake
-- depends: 0002_pending_outcomes

-- migrate: apply
-- The purchase of the order id $1, kept now unless it was there before; no row if $6 of them wait already. Whoever
-- accepts holds the lock until the commit, and no client can dawdle in between. Each statement of a volatile function
-- sees what was committed before it began, so that the second one counts what the lock's former holder kept.
CREATE FUNCTION accept_pending(uuid, text, jsonb, timestamptz, text, bigint) RETURNS SETOF pending_purchases
LANGUAGE sql VOLATILE AS '
    SELECT pg_advisory_xact_lock(5202611251);
    INSERT INTO pending_purchases (order_id, fingerprint, command, pressed_at, traceparent)
    SELECT $1, $2, $3, $4, $5
    WHERE (SELECT count(*) FROM pending_purchases WHERE state = ''pending'') < $6
    ON CONFLICT (order_id) DO NOTHING;
    SELECT * FROM pending_purchases WHERE order_id = $1;
';

-- migrate: rollback
DROP FUNCTION accept_pending(uuid, text, jsonb, timestamptz, text, bigint);
