-- name: to_decide
SELECT id FROM instances WHERE retry_at <= ? ORDER BY retry_at LIMIT ?;

-- name: held_instance
SELECT sop_class, sop_instance, series, study, calling_aet, called_aet, address, receiver, received_at, transfer_syntax,
       length, digest, spool_ref, derived_ref, derived_length, derived_digest, source_path, decision
FROM instances WHERE id = ?;

-- name: postpone
UPDATE instances SET retry_at = ? WHERE id = ? AND retry_at IS NOT NULL;

-- name: held_under_others
SELECT id FROM instances WHERE held_under IS NOT NULL AND held_under <> ? AND id > ? ORDER BY id LIMIT ?;

-- name: decide_now
UPDATE instances SET retry_at = ? WHERE id = ?;

-- name: decided
UPDATE instances
SET verdict = :verdict, reason = :reason, decision = :decision, state = :state, open = :open, finished_at = :finished_at,
    retry_at = :retry_at, held_under = :held_under
WHERE id = :id;

-- name: still_held
SELECT open FROM instances WHERE id = ? AND state = 'held' AND held_under IS NOT NULL;

-- name: variant_numbered
SELECT v.id FROM variants v JOIN instances i ON i.id = v.instance_id WHERE i.id = ? AND v.number = i.first_variant + ?;

-- name: change_variant
UPDATE variants SET transfer_syntax = ?, leaves_as = ?, patch = ? WHERE id = ?;

-- name: held_deliveries
SELECT id, destination FROM deliveries WHERE instance_id = ? AND variant_id = ? AND state = 'held';

-- name: change_options
UPDATE deliveries SET options = ? WHERE id = ?;

-- name: withdraw
DELETE FROM deliveries WHERE id = ?;
