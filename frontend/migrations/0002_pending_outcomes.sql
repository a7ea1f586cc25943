-- What kind of outcome a purchase has, what the operator tells its buyer, and since when it waits
-- depends: 0001_pending_purchases

-- migrate: apply
-- `waiting_since` is the acceptance, or the last time that an operator had a dead letter sent again: the time after
-- which a purchase is given up counts from there. `message` is what the buyer of a refused one reads. A cancel of a
-- pending purchase goes to the function like any other, so that nothing need be remembered of it here.
ALTER TABLE pending_purchases
    ADD COLUMN outcome_kind text CHECK (outcome_kind IN ('order', 'rejection', 'cancelled')),
    ADD COLUMN message text CHECK (message <> ''),
    ADD COLUMN waiting_since timestamptz NOT NULL DEFAULT now(),
    DROP COLUMN cancel_asked,
    ADD CHECK ((outcome IS NULL) = (outcome_kind IS NULL)),
    ADD CHECK (message IS NULL OR outcome_kind = 'cancelled');

-- migrate: rollback
ALTER TABLE pending_purchases
    DROP COLUMN outcome_kind,
    DROP COLUMN message,
    DROP COLUMN waiting_since,
    ADD COLUMN cancel_asked boolean NOT NULL DEFAULT false;
