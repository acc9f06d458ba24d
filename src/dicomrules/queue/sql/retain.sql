-- name: delivered
SELECT id, spool_ref, derived_ref FROM instances WHERE state = 'delivered' ORDER BY id LIMIT ?;

-- name: move_instance
UPDATE instances
SET spool_ref = ?1, derived_ref = ?2, state = ?3, kept_for = coalesce(
  (SELECT group_concat(DISTINCT destination ORDER BY destination) FROM deliveries WHERE instance_id = ?4), '')
WHERE id = ?4;

-- name: kept_for
WITH RECURSIVE names (name) AS (
  SELECT min(kept_for) FROM instances WHERE state = 'done'
  UNION ALL
  SELECT (SELECT min(kept_for) FROM instances WHERE state = 'done' AND kept_for > name) FROM names WHERE name IS NOT NULL)
SELECT name FROM names WHERE name IS NOT NULL;

-- name: done_before
SELECT id, spool_ref, derived_ref FROM instances
WHERE state = 'done' AND kept_for = ? AND finished_at < ? ORDER BY finished_at LIMIT ?;

-- name: bytes_removed
UPDATE instances SET spool_ref = '', derived_ref = '', state = 'gone' WHERE id = ? AND state = 'done' RETURNING id;

-- name: gone_before
SELECT id FROM instances WHERE state = 'gone' AND finished_at < ? ORDER BY finished_at LIMIT ?;

-- name: forget_attempts
DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE instance_id = ?);

-- name: requests_before
SELECT id FROM requests WHERE instance_id IS NULL AND ended_at < ? ORDER BY ended_at LIMIT ?;

-- name: forget_request
DELETE FROM requests WHERE id = ?;

-- name: forget_commitments
DELETE FROM commitment_deliveries WHERE delivery_id IN (SELECT id FROM deliveries WHERE instance_id = ?);

-- name: forget_forms
DELETE FROM forms WHERE delivery_id IN (SELECT id FROM deliveries WHERE instance_id = ?);

-- name: forget_deliveries
DELETE FROM deliveries WHERE instance_id = ? RETURNING destination, state;

-- name: forget_variants
DELETE FROM variants WHERE instance_id = ?;

-- name: forget_instance
DELETE FROM instances WHERE id = ? RETURNING study;

-- name: studies_before
SELECT id FROM study_patients WHERE seen_at < ? ORDER BY seen_at LIMIT ?;

-- name: forget_study_patient
DELETE FROM study_patients WHERE id = ?;
