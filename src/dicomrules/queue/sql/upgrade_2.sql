-- From schema 1 to 2: what schema.sql has now. A new column that is NOT NULL needs a default.
ALTER TABLE deliveries ADD COLUMN options BLOB;
ALTER TABLE deliveries ADD COLUMN deferrals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN consignment INTEGER NOT NULL DEFAULT 0;
CREATE INDEX deliveries_open ON deliveries (consignment, next_attempt, id) WHERE state IN ('queued', 'deferred');

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

INSERT INTO consignments (destination, study, way, priority, during, quiet, stand_in, quiet_at, due)
SELECT d.destination, i.study, '\\0\1\', 1, '', 0, '', 0, min(iif(d.state IN ('queued', 'deferred'), d.next_attempt, NULL))
FROM deliveries d JOIN instances i ON i.id = d.instance_id WHERE d.state <> 'sent' GROUP BY d.destination, i.study;

UPDATE deliveries SET consignment = (
  SELECT c.id FROM consignments c JOIN instances i ON i.study = c.study
  WHERE i.id = deliveries.instance_id AND c.destination = deliveries.destination)
WHERE state <> 'sent';

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

CREATE INDEX deliveries_stored ON deliveries (destination, id) WHERE state = 'stored';
CREATE INDEX deliveries_to_commit ON deliveries (destination, next_attempt, id) WHERE state = 'stored';

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
ALTER TABLE instances ADD COLUMN accession TEXT NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN first_variant INTEGER NOT NULL DEFAULT 0;
CREATE INDEX instances_by_accession ON instances (accession) WHERE accession <> '';
CREATE TABLE earlier_decisions (
  id            INTEGER PRIMARY KEY,
  instance_id   INTEGER NOT NULL,
  first_variant INTEGER NOT NULL,
  until         INTEGER NOT NULL,
  decision      BLOB NOT NULL
) STRICT;
CREATE INDEX earlier_decisions_of_instance ON earlier_decisions (instance_id, id);
CREATE TABLE requests (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT NOT NULL,
  instance_id INTEGER,
  destination TEXT NOT NULL,
  who         TEXT NOT NULL,
  why         TEXT NOT NULL,
  asked_at    INTEGER NOT NULL,
  state       TEXT NOT NULL,
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
