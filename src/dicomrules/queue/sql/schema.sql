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
  accession       TEXT NOT NULL DEFAULT '',           -- Accession Number (0008,0050) as received
  first_variant   INTEGER NOT NULL DEFAULT 0,         -- number of the first variant of `decision`; lower ones are of earlier decisions
  finished_at     INTEGER,                            -- when the last delivery was sent, or there was nothing to send
  retry_at        INTEGER,                            -- when it is to be decided again, NULL: not by the clock
  held_under      BLOB                                -- fingerprint of the rules that hold it, or a variant of it, for a later decision
) STRICT;

CREATE INDEX instances_by_uid ON instances (sop_instance, calling_aet, called_aet, receiver, digest);
CREATE INDEX instances_by_study ON instances (study);
CREATE INDEX instances_by_accession ON instances (accession) WHERE accession <> '';
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
  deferrals    INTEGER NOT NULL DEFAULT 0,            -- of these, ended in "not now" about this very instance
  refusals     INTEGER NOT NULL DEFAULT 0,            -- of these, said "never"
  next_attempt INTEGER NOT NULL,
  options      BLOB                                   -- model.decision.Options of the route, NULL: none
) STRICT;

CREATE INDEX deliveries_of_instance ON deliveries (instance_id);
CREATE INDEX deliveries_queued ON deliveries (destination, id) WHERE state = 'queued';
CREATE INDEX deliveries_due ON deliveries (destination, next_attempt, id) WHERE state = 'deferred';
CREATE INDEX deliveries_deferred ON deliveries (destination, id) WHERE state = 'deferred';
CREATE INDEX deliveries_sending ON deliveries (destination, id) WHERE state = 'sending';
CREATE INDEX deliveries_stored ON deliveries (destination, id) WHERE state = 'stored';
CREATE INDEX deliveries_to_commit ON deliveries (destination, next_attempt, id) WHERE state = 'stored';
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

-- Storage commitment that we ask of destinations (PS3.4 Annex J): each transaction is about some `stored` deliveries.
CREATE TABLE commitment_transactions (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  uid         TEXT NOT NULL UNIQUE,
  destination TEXT NOT NULL,
  asked_at    INTEGER NOT NULL,
  answered_at INTEGER                                 -- when its report came
) STRICT;

CREATE TABLE commitment_deliveries (
  transaction_id INTEGER NOT NULL,
  delivery_id    INTEGER NOT NULL
) STRICT;

CREATE INDEX commitment_deliveries_asked ON commitment_deliveries (transaction_id, delivery_id);
CREATE INDEX commitment_deliveries_of ON commitment_deliveries (delivery_id, transaction_id);

-- Storage commitment that peers ask of us: a request is a row before it is answered, and stays one until it is reported.
CREATE TABLE commitment_requests (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  uid          TEXT NOT NULL,                         -- Transaction UID (0008,1195), chosen by the peer
  calling_aet  TEXT NOT NULL,
  called_aet   TEXT NOT NULL,
  address      TEXT NOT NULL,
  receiver     TEXT NOT NULL,
  policy       TEXT NOT NULL,                         -- model.commitment.Policy
  requested_at INTEGER NOT NULL,
  items        BLOB NOT NULL,                         -- SOP class and instance UIDs as asked
  state        TEXT NOT NULL,                         -- RequestState
  due_at       INTEGER NOT NULL,                      -- when the report is to be made, or tried again
  attempts     INTEGER NOT NULL DEFAULT 0,
  message      TEXT NOT NULL DEFAULT '',              -- why it is not reported yet
  committed    INTEGER,                               -- how many instances the report says yes to
  failed       INTEGER,
  finished_at  INTEGER,
  UNIQUE (calling_aet, uid)
) STRICT;

CREATE INDEX commitment_requests_due ON commitment_requests (due_at) WHERE state = 'open';
CREATE INDEX commitment_requests_nowhere ON commitment_requests (id) WHERE state = 'nowhere';
CREATE INDEX commitment_requests_over ON commitment_requests (finished_at) WHERE state = 'reported';

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

-- Decisions that a later one has replaced because a person said so. Their variants stay, and are counted from `first_variant`.
CREATE TABLE earlier_decisions (
  id            INTEGER PRIMARY KEY,
  instance_id   INTEGER NOT NULL,
  first_variant INTEGER NOT NULL,
  until         INTEGER NOT NULL,                     -- when it was replaced
  decision      BLOB NOT NULL
) STRICT;

CREATE INDEX earlier_decisions_of_instance ON earlier_decisions (instance_id, id);

-- What people asked for: written by the command line, acted on by the delivery process, kept as history.
CREATE TABLE requests (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT NOT NULL,                          -- request.Kind
  instance_id INTEGER,                                -- NULL: about a destination
  destination TEXT NOT NULL,                          -- empty: every destination of the instance
  who         TEXT NOT NULL,
  why         TEXT NOT NULL,
  asked_at    INTEGER NOT NULL,
  state       TEXT NOT NULL,                          -- request.Progress
  answer      TEXT NOT NULL DEFAULT '',
  ended_at    INTEGER
) STRICT;

CREATE INDEX requests_open ON requests (id) WHERE ended_at IS NULL;
CREATE INDEX requests_of_instance ON requests (instance_id, id) WHERE instance_id IS NOT NULL;
CREATE INDEX requests_of_destination ON requests (destination, id) WHERE instance_id IS NULL;

-- Which patients studies are of, as they came and as they left: digests that are good within one study (dicom/patient.py).
CREATE TABLE study_patients (
  id         INTEGER PRIMARY KEY,
  study      TEXT NOT NULL,
  patient_id BLOB NOT NULL,                           -- empty: nothing was said
  issuer     BLOB NOT NULL,
  name       BLOB NOT NULL,
  birth_date BLOB NOT NULL,
  seen_at    INTEGER NOT NULL                         -- to the hour: when an object of it came last
) STRICT;

CREATE INDEX study_patients_of ON study_patients (study);
CREATE INDEX study_patients_seen ON study_patients (seen_at);

-- Files that were taken from a watched folder and still lie there: digests of name, inode, size and time.
CREATE TABLE taken_files (
  receiver    TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  PRIMARY KEY (receiver, fingerprint)
) STRICT, WITHOUT ROWID;
