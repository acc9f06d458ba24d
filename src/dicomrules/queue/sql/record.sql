-- name: uid_came
SELECT 1 FROM instances
WHERE sop_instance = :sop_instance AND calling_aet = :calling_aet AND called_aet = :called_aet AND receiver = :receiver
LIMIT 1;

-- name: same_bytes
SELECT id FROM instances
WHERE sop_instance = :sop_instance AND calling_aet = :calling_aet AND called_aet = :called_aet AND receiver = :receiver
  AND digest = :digest AND state <> 'gone'
ORDER BY id DESC LIMIT 1;

-- name: came_later
SELECT 1 FROM instances
WHERE sop_instance = :sop_instance AND calling_aet = :calling_aet AND called_aet = :called_aet AND receiver = :receiver
  AND digest = :digest AND received_at > :received_at AND state = 'gone' AND verdict NOT IN ('reject', 'drop')
LIMIT 1;

-- name: other_bytes
SELECT id, spool_ref, derived_ref, transfer_syntax FROM instances
WHERE sop_instance = :sop_instance AND calling_aet = :calling_aet AND called_aet = :called_aet AND receiver = :receiver
  AND digest <> :digest AND verdict NOT IN ('reject', 'drop')
LIMIT 8;

-- name: count_copy
UPDATE instances SET copies = copies + 1 WHERE id = ?;

-- name: insert_instance
INSERT INTO instances (
  sop_class, sop_instance, series, study, calling_aet, called_aet, address, receiver, received_at, transfer_syntax, length,
  digest, spool_ref, derived_ref, derived_length, derived_digest, source_path, verdict, reason, decision, exchange, state, open,
  accession, finished_at, retry_at, held_under)
VALUES (
  :sop_class, :sop_instance, :series, :study, :calling_aet, :called_aet, :address, :receiver, :received_at, :transfer_syntax,
  :length, :digest, :spool_ref, :derived_ref, :derived_length, :derived_digest, :source_path, :verdict, :reason,
  :decision, :exchange, :state, :open, :accession, :finished_at, :retry_at, :held_under)
RETURNING id;

-- name: insert_variant
INSERT INTO variants (instance_id, number, transfer_syntax, leaves_as, patch) VALUES (?, ?, ?, ?, ?) RETURNING id;

-- name: insert_delivery
INSERT INTO deliveries (instance_id, variant_id, destination, state, next_attempt, options, consignment)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: crashes
SELECT sop_instance, length, count FROM crashes;

-- name: note_crash
INSERT INTO crashes (sop_instance, length, count) VALUES (?, ?, 1)
ON CONFLICT (sop_instance, length) DO UPDATE SET count = count + 1
RETURNING count;

-- name: count
INSERT INTO counters (scope, name, item, value) VALUES (?, ?, ?, ?)
ON CONFLICT (scope, name, item) DO UPDATE SET value = value + excluded.value;

-- name: count_on
INSERT INTO days (day, name, what, value) VALUES (?, ?, ?, ?)
ON CONFLICT (day, name, what) DO UPDATE SET value = value + excluded.value;

-- name: study_patients
SELECT id, patient_id, issuer, name, birth_date, seen_at FROM study_patients WHERE study = ? ORDER BY id;

-- name: add_study_patient
INSERT INTO study_patients (study, patient_id, issuer, name, birth_date, seen_at) VALUES (?, ?, ?, ?, ?, ?);

-- name: change_study_patient
UPDATE study_patients SET patient_id = ?, issuer = ?, name = ?, birth_date = ?, seen_at = ? WHERE id = ?;

-- name: taken_files
SELECT fingerprint FROM taken_files WHERE receiver = ?;

-- name: take_file
INSERT OR IGNORE INTO taken_files (receiver, fingerprint) VALUES (?, ?);

-- name: forget_file
DELETE FROM taken_files WHERE receiver = ? AND fingerprint = ?;
