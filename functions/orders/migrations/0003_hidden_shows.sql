-- Shows that are sold and not listed
-- depends: 0002_outbox

-- migrate: apply

-- Who dumps the database holds its tables for as long as that takes, and each sale would wait behind this change:
-- better it fails, and is run again.
SET LOCAL lock_timeout = '2s';

-- The default is what keeps revisions from before this migration at work on the new schema, as long as a deploy or a
-- rollback lasts: they publish without naming the column. They list a hidden show, though, for they know no better.
ALTER TABLE shows ADD COLUMN hidden boolean NOT NULL DEFAULT false;

-- migrate: rollback
SET LOCAL lock_timeout = '2s';
ALTER TABLE shows DROP COLUMN hidden;
