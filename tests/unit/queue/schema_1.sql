-- The ledger. Times are microseconds since 1970-01-01 UTC; empty text means "none"; blobs are described in encoding.py.
-- Partial indexes hold only what is still to be done, so that no claim grows dearer with what has been done.

CREATE TABLE instances (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of arrival
  sop_class       TEXT NOT NULL,
  sop_instance    TEXT NOT NULL,
  series          TEXT NOT NULL,
  study           TEXT NOT NULL,
  calling_aet     TEXT NOT NULL,
  called_aet      TEXT NOT NULL,
  address         TEXT NOT NULL,
  receiver        TEXT NOT NULL,
  received_at     INTEGER NOT NULL,
  transfer_syntax TEXT NOT NULL,
  length          INTEGER NOT NULL,
  digest          BLOB NOT NULL,                      -- SHA-256
  spool_ref       TEXT NOT NULL,
  derived_ref     TEXT NOT NULL DEFAULT '',
  derived_length  INTEGER NOT NULL DEFAULT 0,
  derived_digest  BLOB NOT NULL DEFAULT x'',
  source_path     TEXT NOT NULL,
  verdict         TEXT NOT NULL,
  reason          TEXT NOT NULL,
  decision        BLOB NOT NULL,
  exchange        BLOB,
  state           TEXT NOT NULL,                      -- InstanceState
  open            INTEGER NOT NULL,                   -- deliveries that are not sent
  copies          INTEGER NOT NULL DEFAULT 1,
  finished_at     INTEGER,                            -- when the last delivery was sent, or there was nothing to send
  retry_at        INTEGER,                            -- when it is to be decided again, NULL: not by the clock
  held_under      BLOB                                -- fingerprint of the rules that hold it, or a variant of it, for a later decision
) STRICT;

CREATE INDEX instances_by_uid ON instances (sop_instance, calling_aet, called_aet, receiver, digest);
CREATE INDEX instances_by_study ON instances (study);
CREATE INDEX instances_held ON instances (id) WHERE state = 'held';
CREATE INDEX instances_to_decide ON instances (retry_at) WHERE retry_at IS NOT NULL;
CREATE INDEX instances_held_under ON instances (id) WHERE held_under IS NOT NULL;
CREATE INDEX instances_delivered ON instances (id) WHERE state = 'delivered';
CREATE INDEX instances_done ON instances (finished_at) WHERE state = 'done';
CREATE INDEX instances_gone ON instances (finished_at) WHERE state = 'gone';

-- One form in which an instance leaves. `leaves_as` is the SOP Instance UID when a rule gave it another one, else NULL.
CREATE TABLE variants (
  id              INTEGER PRIMARY KEY,
  instance_id     INTEGER NOT NULL,
  number          INTEGER NOT NULL,
  transfer_syntax TEXT NOT NULL,
  leaves_as       TEXT,
  patch           BLOB NOT NULL,
  UNIQUE (instance_id, number)
) STRICT;

CREATE INDEX variants_renamed ON variants (leaves_as) WHERE leaves_as IS NOT NULL;

CREATE TABLE deliveries (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  instance_id  INTEGER NOT NULL,
  variant_id   INTEGER NOT NULL,
  destination  TEXT NOT NULL,
  state        TEXT NOT NULL,                         -- model.delivery.State
  attempts     INTEGER NOT NULL DEFAULT 0,            -- claims so far; the number of the attempt while `sending`
  next_attempt INTEGER NOT NULL
) STRICT;

CREATE INDEX deliveries_of_instance ON deliveries (instance_id);
CREATE INDEX deliveries_queued ON deliveries (destination, id) WHERE state = 'queued';
CREATE INDEX deliveries_due ON deliveries (destination, next_attempt, id) WHERE state = 'deferred';
CREATE INDEX deliveries_deferred ON deliveries (destination, id) WHERE state = 'deferred';
CREATE INDEX deliveries_sending ON deliveries (destination, id) WHERE state = 'sending';
CREATE INDEX deliveries_failed ON deliveries (destination, id) WHERE state = 'failed';
CREATE INDEX deliveries_held ON deliveries (destination, id) WHERE state = 'held';

-- Every attempt that ended, whatever came of it.
CREATE TABLE attempts (
  id          INTEGER PRIMARY KEY,
  delivery_id INTEGER NOT NULL,
  number      INTEGER NOT NULL,
  late        INTEGER NOT NULL,                       -- 1: the outcome came after the delivery had been taken from this attempt
  kind        TEXT NOT NULL,                          -- model.delivery.Kind
  status      INTEGER,
  message     TEXT NOT NULL,
  exchange    BLOB,
  started_at  INTEGER,
  ended_at    INTEGER
) STRICT;

CREATE INDEX attempts_of_delivery ON attempts (delivery_id, id);

-- What is shown is read from here, never counted. `scope` says of what, `name` of whom.
CREATE TABLE counters (
  scope TEXT NOT NULL,
  name  TEXT NOT NULL,
  item  TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (scope, name, item)
) STRICT, WITHOUT ROWID;

-- Objects that were being decided when the process died (SOP Instance UID and length of the data set).
CREATE TABLE crashes (
  sop_instance TEXT NOT NULL,
  length       INTEGER NOT NULL,
  count        INTEGER NOT NULL,
  PRIMARY KEY (sop_instance, length)
) STRICT, WITHOUT ROWID;
