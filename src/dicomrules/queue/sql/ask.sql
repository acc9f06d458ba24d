-- name: insert_request
INSERT INTO requests (kind, instance_id, destination, who, why, asked_at, state) VALUES (?, ?, ?, ?, ?, ?, 'asked')
RETURNING id;

-- name: open_requests
SELECT id, kind, instance_id, destination, who, why, asked_at, state, answer, ended_at FROM requests
WHERE ended_at IS NULL ORDER BY id LIMIT ?;

-- name: request
SELECT id, kind, instance_id, destination, who, why, asked_at, state, answer, ended_at FROM requests WHERE id = ?;

-- name: requests_of_instance
SELECT id, kind, instance_id, destination, who, why, asked_at, state, answer, ended_at FROM requests
WHERE instance_id = ?1
UNION
SELECT r.id, r.kind, r.instance_id, r.destination, r.who, r.why, r.asked_at, r.state, r.answer, r.ended_at
FROM deliveries d JOIN requests r ON r.destination = d.destination AND r.instance_id IS NULL AND r.asked_at >= ?2
WHERE d.instance_id = ?1
ORDER BY 1;

-- name: begin_request
UPDATE requests SET state = 'begun' WHERE id = ? AND state = 'asked';

-- name: end_request
UPDATE requests SET state = ?, answer = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL;

-- name: last_done
SELECT kind FROM requests WHERE instance_id = ? AND state = 'done' ORDER BY id DESC LIMIT 1;

-- name: forget_requests
DELETE FROM requests WHERE instance_id = ?;

-- name: forget_earlier
DELETE FROM earlier_decisions WHERE instance_id = ?;

-- name: asked_about
SELECT state, verdict, reason, spool_ref, derived_ref, first_variant, open FROM instances WHERE id = ?;

-- name: deliveries_not_sent
SELECT id, destination, state FROM deliveries
WHERE instance_id = ? AND state IN ('queued', 'deferred', 'stored', 'failed', 'held') ORDER BY id;

-- name: deliveries_over
SELECT d.id, d.variant_id, d.destination, d.state, d.options FROM deliveries d JOIN variants v ON v.id = d.variant_id
WHERE d.instance_id = ?1 AND d.state IN ('sent', 'failed', 'discarded')
  AND d.id = (SELECT max(l.id) FROM deliveries l WHERE l.instance_id = ?1 AND l.destination = d.destination)
ORDER BY d.id;

-- name: not_sent_to
SELECT d.id, d.instance_id, d.state FROM (
  SELECT id FROM deliveries WHERE destination = ?1 AND state = 'queued' AND ?2 = 'queued'
  UNION ALL SELECT id FROM deliveries WHERE destination = ?1 AND state = 'deferred' AND ?2 = 'deferred'
  UNION ALL SELECT id FROM deliveries WHERE destination = ?1 AND state = 'stored' AND ?2 = 'stored'
  UNION ALL SELECT id FROM deliveries WHERE destination = ?1 AND state = 'failed' AND ?2 = 'failed'
  UNION ALL SELECT id FROM deliveries WHERE destination = ?1 AND state = 'held' AND ?2 = 'held'
  ORDER BY id LIMIT ?3) page JOIN deliveries d ON d.id = page.id;

-- name: due_at_once
UPDATE deliveries SET next_attempt = ?3 WHERE id IN (
  SELECT id FROM deliveries WHERE destination = ?1 AND state = 'deferred' AND next_attempt > ?3 ORDER BY next_attempt LIMIT ?2)
RETURNING id;

-- name: new_delivery
INSERT INTO deliveries (instance_id, variant_id, destination, state, next_attempt, options)
VALUES (?, ?, ?, 'queued', ?, ?);

-- name: open_again
UPDATE instances SET state = 'waiting', open = open + ?, finished_at = NULL, spool_ref = ?, derived_ref = ? WHERE id = ?;

-- name: open_is
UPDATE instances SET open = ? WHERE id = ?;

-- name: over_by_hand
UPDATE instances
SET state = ?, finished_at = ?, reason = ?, retry_at = NULL, held_under = NULL
WHERE id = ?;

-- name: held_by_person
SELECT open FROM instances WHERE id = ? AND state = 'held';

-- name: instances_by_accession
SELECT id FROM instances WHERE accession = ? AND accession <> '' ORDER BY id LIMIT ?;

-- name: found
SELECT id, sop_class, sop_instance, series, study, accession, state, reason, received_at FROM instances WHERE id = ?;

-- name: waiting_in_study
SELECT d.id, d.destination, coalesce(v.leaves_as, i.sop_instance), i.study, i.received_at, d.state, d.attempts, d.next_attempt,
       (SELECT message FROM attempts a WHERE a.delivery_id = d.id ORDER BY a.id DESC LIMIT 1)
FROM instances i JOIN deliveries d ON d.instance_id = i.id JOIN variants v ON v.id = d.variant_id
WHERE i.study = ?1 AND d.id > ?2 AND d.state NOT IN ('sent', 'discarded') ORDER BY d.id LIMIT ?3;

-- name: replaced
INSERT INTO earlier_decisions (instance_id, first_variant, until, decision)
SELECT id, first_variant, ?2, decision FROM instances WHERE id = ?1;

-- name: open_deliveries
SELECT count(*) FROM deliveries WHERE instance_id = ? AND state NOT IN ('sent', 'discarded');

-- name: held_no_more
UPDATE instances SET state = 'waiting', reason = '', retry_at = NULL, held_under = NULL WHERE id = ?;

-- name: held_somewhere
SELECT d.destination, coalesce((SELECT message FROM attempts a WHERE a.delivery_id = d.id ORDER BY a.id DESC LIMIT 1), '')
FROM deliveries d WHERE d.instance_id = ? AND d.state = 'held' LIMIT 1;

-- name: forget_deliveries_untried
DELETE FROM deliveries WHERE id = ? AND attempts = 0 RETURNING id;

-- name: forget_current_variants
DELETE FROM variants
WHERE instance_id = ?1 AND number >= (SELECT first_variant FROM instances WHERE id = ?1)
  AND id NOT IN (SELECT variant_id FROM deliveries WHERE instance_id = ?1);

-- name: next_variant
SELECT coalesce(max(number) + 1, 0) FROM variants WHERE instance_id = ?;

-- name: variants_begin_at
UPDATE instances SET first_variant = ? WHERE id = ?;

-- name: earlier_decisions
SELECT first_variant, until, decision FROM earlier_decisions WHERE instance_id = ? ORDER BY id;

-- name: numbered_patches
SELECT number, patch FROM variants WHERE instance_id = ?;

-- name: refs_of_uid
SELECT spool_ref FROM instances WHERE sop_instance = ?;

-- name: done_long_ago
UPDATE instances SET state = 'done', finished_at = ? WHERE id = ? AND state = 'delivered' RETURNING id;

-- name: refs_are
UPDATE instances SET spool_ref = ?, derived_ref = ? WHERE id = ?;

-- name: study_counts
SELECT count(*), coalesce(sum(state = 'held'), 0), min(received_at), max(received_at), max(accession)
FROM instances WHERE study = ?;

-- name: study_deliveries
SELECT d.destination, d.state, count(DISTINCT d.instance_id) FROM instances i JOIN deliveries d ON d.instance_id = i.id
WHERE i.study = ? AND NOT (d.state = 'stored' AND EXISTS (
  SELECT 1 FROM deliveries o
  WHERE o.instance_id = d.instance_id AND o.destination = d.destination AND o.state = 'sent'))
GROUP BY d.destination, d.state ORDER BY d.destination;

-- name: newest_before
SELECT id, study, received_at FROM instances WHERE id < ? ORDER BY id DESC LIMIT ?;
