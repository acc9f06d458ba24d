-- From schema 1 to 2: what schema.sql has now. A new column that is NOT NULL needs a default.
ALTER TABLE deliveries ADD COLUMN options BLOB;
ALTER TABLE deliveries ADD COLUMN deferrals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;

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
