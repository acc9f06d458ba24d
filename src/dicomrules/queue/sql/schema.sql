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
  kept_for        TEXT NOT NULL DEFAULT '',           -- once it is done: names of its destinations, whose retention counts
  held_under      BLOB                                -- fingerprint of the rules that hold it, or a variant of it, for a later decision
) STRICT;

CREATE INDEX instances_by_uid ON instances (sop_instance, calling_aet, called_aet, receiver, digest);
CREATE INDEX instances_by_study ON instances (study);
CREATE INDEX instances_by_accession ON instances (accession) WHERE accession <> '';
CREATE INDEX instances_held ON instances (id) WHERE state = 'held';
CREATE INDEX instances_to_decide ON instances (retry_at) WHERE retry_at IS NOT NULL;
CREATE INDEX instances_held_under ON instances (id) WHERE held_under IS NOT NULL;
CREATE INDEX instances_delivered ON instances (id) WHERE state = 'delivered';
CREATE INDEX instances_done ON instances (kept_for, finished_at) WHERE state = 'done';
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

-- What leaves instead of the variant, where the pixels of a delivery were coded anew: made once, before its first attempt.
-- It counts only as long as the variant has the patch that it was made of. `how`: what was wished for.
CREATE TABLE forms (
  delivery_id     INTEGER PRIMARY KEY,
  how             TEXT NOT NULL,
  made_of         BLOB NOT NULL,
  transfer_syntax TEXT NOT NULL,
  leaves_as       TEXT,
  patch           BLOB NOT NULL
) STRICT;

CREATE INDEX forms_renamed ON forms (leaves_as) WHERE leaves_as IS NOT NULL;

CREATE TABLE deliveries (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  instance_id  INTEGER NOT NULL,
  variant_id   INTEGER NOT NULL,
  destination  TEXT NOT NULL,
  state        TEXT NOT NULL,                         -- model.delivery.State
  attempts     INTEGER NOT NULL DEFAULT 0,            -- claims so far; the number of the attempt while `sending`
  deferrals    INTEGER NOT NULL DEFAULT 0,            -- of these, ended in "not now" about this very instance
  refusals     INTEGER NOT NULL DEFAULT 0,            -- of these, said "never"
  crashes      INTEGER NOT NULL DEFAULT 0,            -- attempts in a row that never ended, because the process did
  next_attempt INTEGER NOT NULL,
  options      BLOB,                                  -- model.decision.Options of the route, NULL: none
  consignment  INTEGER NOT NULL DEFAULT 0             -- through which it is claimed
) STRICT;

CREATE INDEX deliveries_of_instance ON deliveries (instance_id);
CREATE INDEX deliveries_queued ON deliveries (destination, id) WHERE state = 'queued';
CREATE INDEX deliveries_due ON deliveries (destination, next_attempt, id) WHERE state = 'deferred';
CREATE INDEX deliveries_open ON deliveries (consignment, next_attempt, id) WHERE state IN ('queued', 'deferred');
CREATE INDEX deliveries_deferred ON deliveries (destination, id) WHERE state = 'deferred';
CREATE INDEX deliveries_sending ON deliveries (destination, id) WHERE state = 'sending';
CREATE INDEX deliveries_stored ON deliveries (destination, id) WHERE state = 'stored';
CREATE INDEX deliveries_to_commit ON deliveries (destination, next_attempt, id) WHERE state = 'stored';
CREATE INDEX deliveries_failed ON deliveries (destination, id) WHERE state = 'failed';
CREATE INDEX deliveries_held ON deliveries (destination, id) WHERE state = 'held';

-- What one destination gets of one study in one way: the unit that lanes claim (consign.py).
CREATE TABLE consignments (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  destination TEXT NOT NULL,
  study       TEXT NOT NULL,                          -- Study Instance UID as received
  way         TEXT NOT NULL,                          -- what the route says, all of it
  priority    INTEGER NOT NULL,                       -- 0 high, 1 medium, 2 low
  during      TEXT NOT NULL,                          -- name of a schedule; empty: at any time
  quiet       INTEGER NOT NULL,                       -- so long must no object of the study have come; 0: goes at once
  stand_in    TEXT NOT NULL,                          -- where it goes when the destination cannot be reached; empty: nowhere
  quiet_at    INTEGER NOT NULL,                       -- when the study will have been quiet for so long
  due         INTEGER,                                -- when something of it may next be claimed; NULL: nothing waits
  diverted_at INTEGER,                                -- when it last went to `stand_in` instead; NULL: it does not
  UNIQUE (destination, study, way)
) STRICT;

CREATE INDEX consignments_due ON consignments (destination, during, priority, due) WHERE due IS NOT NULL AND diverted_at IS NULL;
CREATE INDEX consignments_of_study ON consignments (study);
CREATE INDEX consignments_during ON consignments (during) WHERE during <> '' AND due IS NOT NULL;
CREATE INDEX consignments_replaceable ON consignments (destination, stand_in, during, due) WHERE due IS NOT NULL AND stand_in <> '';
CREATE INDEX consignments_diverted ON consignments (destination, due) WHERE due IS NOT NULL AND diverted_at IS NOT NULL;

-- How a destination is as a whole, as its lanes found it last (pipeline/gate.py).
CREATE TABLE standings (
  destination TEXT PRIMARY KEY,
  standing    TEXT NOT NULL,                          -- model.delivery.Standing
  since       INTEGER NOT NULL,
  until       INTEGER,                                -- when it is asked again
  words       TEXT NOT NULL                           -- why
) STRICT, WITHOUT ROWID;

-- Whatever waits is found through its consignment, which is due no later than it. Kept true here, so that it is true
-- whoever queues a delivery again.
CREATE TRIGGER deliveries_wait AFTER UPDATE OF state, next_attempt, consignment ON deliveries
WHEN NEW.state IN ('queued', 'deferred')
BEGIN
  UPDATE consignments SET due = NEW.next_attempt
  WHERE id = NEW.consignment AND (due IS NULL OR due > NEW.next_attempt);
END;

CREATE TRIGGER deliveries_enter AFTER INSERT ON deliveries WHEN NEW.consignment <> 0 AND NEW.state IN ('queued', 'deferred')
BEGIN
  UPDATE consignments SET due = NEW.next_attempt
  WHERE id = NEW.consignment AND (due IS NULL OR due > NEW.next_attempt);
END;

-- One that names no consignment, because a person asked for it, goes at any time and in its turn.
CREATE TRIGGER deliveries_enter_plain AFTER INSERT ON deliveries WHEN NEW.consignment = 0
BEGIN
  INSERT OR IGNORE INTO consignments (destination, study, way, priority, during, quiet, stand_in, quiet_at)
    SELECT NEW.destination, study, '\\0\1\', 1, '', 0, '', 0 FROM instances WHERE id = NEW.instance_id;
  UPDATE deliveries SET consignment = (
    SELECT c.id FROM consignments c JOIN instances i ON i.study = c.study
    WHERE i.id = NEW.instance_id AND c.destination = NEW.destination AND c.way = '\\0\1\')
  WHERE id = NEW.id;
END;

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
  policy       TEXT NOT NULL,                         -- model.commitment.CommitmentPolicy
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

-- What came in and went out on each day of the local calendar: kept when the history of that day is forgotten.
CREATE TABLE days (
  day   TEXT NOT NULL,                                -- 2026-11-29
  name  TEXT NOT NULL,                                -- of a receiver or a destination
  what  TEXT NOT NULL,                                -- received, stored, committed
  value INTEGER NOT NULL,
  PRIMARY KEY (day, name, what)
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
CREATE INDEX requests_over ON requests (ended_at) WHERE instance_id IS NULL AND ended_at IS NOT NULL;

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
