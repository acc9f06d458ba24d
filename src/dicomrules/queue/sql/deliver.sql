-- name: is_due
SELECT 1 FROM consignments
WHERE destination = ? AND during = ? AND priority IN (0, 1, 2) AND due <= ? AND diverted_at IS NULL LIMIT 1;

-- name: due_consignments
SELECT due, id, quiet_at FROM consignments
WHERE destination = ? AND during = ? AND priority = ? AND due <= ? AND diverted_at IS NULL
ORDER BY due LIMIT ?;

-- name: still_due
SELECT priority FROM consignments
WHERE id = ? AND destination = ? AND due <= ? AND quiet_at <= ? AND diverted_at IS NULL;

-- name: consignment_due
UPDATE consignments SET due = ? WHERE id = ?;

-- name: waiting_of
SELECT id, state, crashes FROM deliveries
WHERE consignment = ? AND state IN ('queued', 'deferred') AND next_attempt <= ?
ORDER BY next_attempt, id LIMIT ?;

-- name: next_of
SELECT next_attempt FROM deliveries
WHERE consignment = ? AND state IN ('queued', 'deferred')
ORDER BY next_attempt, id LIMIT 1;

-- name: consign
INSERT INTO consignments (destination, study, way, priority, during, quiet, stand_in, quiet_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (destination, study, way) DO UPDATE SET quiet_at = max(quiet_at, excluded.quiet_at)
RETURNING id;

-- name: not_quiet
UPDATE consignments SET quiet_at = ?1 + quiet WHERE study = ?2 AND quiet > 0 AND quiet_at < ?1 + quiet;

-- name: forget_consignments
DELETE FROM consignments WHERE study = ?1 AND NOT EXISTS (SELECT 1 FROM instances WHERE study = ?1);

-- name: delivery
SELECT d.id, d.instance_id, d.destination, d.state, d.attempts, d.deferrals, d.refusals, d.next_attempt, d.options,
       d.consignment, c.stand_in, coalesce(f.transfer_syntax, v.transfer_syntax),
       coalesce(f.leaves_as, v.leaves_as), coalesce(f.patch, v.patch),
       i.sop_class, i.sop_instance, i.study, i.calling_aet, i.called_aet,
       i.spool_ref, i.length, i.digest, i.derived_ref, i.derived_length, i.derived_digest,
       -- It has come back from where it went: under a UID that we gave it, or from the very title that got it. Not if a
       -- person has looked at it since.
       (EXISTS (SELECT 1 FROM variants r JOIN deliveries p ON p.instance_id = r.instance_id AND p.variant_id = r.id
                WHERE r.leaves_as = i.sop_instance AND r.instance_id <> i.id
                  AND p.destination = d.destination AND p.state = 'sent')
        OR EXISTS (SELECT 1 FROM forms r JOIN deliveries p ON p.id = r.delivery_id
                   WHERE r.leaves_as = i.sop_instance AND p.instance_id <> i.id
                     AND p.destination = d.destination AND p.state = 'sent')
        OR i.calling_aet = ?2 AND EXISTS (
          SELECT 1 FROM instances e JOIN deliveries p ON p.instance_id = e.id JOIN variants r ON r.id = p.variant_id
          WHERE e.sop_instance = i.sop_instance AND e.id < i.id AND r.leaves_as IS NULL
            AND p.destination = d.destination AND p.state = 'sent'))
       AND NOT EXISTS (SELECT 1 FROM deliveries h JOIN attempts a ON a.delivery_id = h.id AND a.kind = 'held'
                       WHERE h.instance_id = i.id AND h.destination = d.destination)
FROM deliveries d JOIN variants v ON v.id = d.variant_id JOIN instances i ON i.id = d.instance_id
LEFT JOIN forms f ON f.delivery_id = d.id AND f.made_of = v.patch
LEFT JOIN consignments c ON c.id = d.consignment
WHERE d.id = ?1;

-- name: decision_behind
SELECT v.number - i.first_variant, i.decision
FROM deliveries d JOIN variants v ON v.id = d.variant_id JOIN instances i ON i.id = d.instance_id WHERE d.id = ?;

-- name: earlier_decision_behind
SELECT v.number - e.first_variant, e.decision
FROM deliveries d JOIN variants v ON v.id = d.variant_id
JOIN earlier_decisions e ON e.instance_id = d.instance_id AND e.first_variant <= v.number
WHERE d.id = ? ORDER BY e.id DESC LIMIT 1;

-- name: form_of_another
SELECT f.transfer_syntax, f.leaves_as, f.patch
FROM deliveries d JOIN variants v ON v.id = d.variant_id
JOIN deliveries o ON o.instance_id = d.instance_id JOIN forms f ON f.delivery_id = o.id
WHERE d.id = ?1 AND f.how = ?2 AND f.made_of = v.patch LIMIT 1;

-- name: keep_form
INSERT OR REPLACE INTO forms (delivery_id, how, made_of, transfer_syntax, leaves_as, patch)
SELECT d.id, ?2, v.patch, ?3, ?4, ?5 FROM deliveries d JOIN variants v ON v.id = d.variant_id WHERE d.id = ?1;

-- name: start_attempt
UPDATE deliveries SET state = 'sending', attempts = attempts + 1 WHERE id = ?;

-- name: end_attempt
UPDATE deliveries
SET state = ?, next_attempt = coalesce(?, next_attempt), deferrals = deferrals + ?, refusals = refusals + ?, crashes = 0
WHERE id = ? AND state = 'sending' AND attempts = ?
RETURNING instance_id;

-- name: insert_attempt
INSERT INTO attempts (delivery_id, number, late, kind, status, message, exchange, started_at, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: one_sent
UPDATE instances
SET open = open - 1,
    finished_at = CASE WHEN open = 1 THEN ? END,
    state = CASE WHEN open = 1 AND state = 'waiting' THEN 'delivered' ELSE state END
WHERE id = ?
RETURNING open, state;

-- name: instance_state
SELECT state FROM instances WHERE id = ?;

-- name: hold_instance
UPDATE instances SET state = 'held', reason = ?, retry_at = NULL, held_under = NULL WHERE id = ?;

-- name: stoppable
SELECT id, destination, state FROM deliveries WHERE instance_id = ? AND state IN ('queued', 'deferred');

-- name: set_state
UPDATE deliveries SET state = ? WHERE id = ?;

-- name: hold_sending
UPDATE deliveries SET state = 'held' WHERE id = ? AND state = 'sending' RETURNING instance_id, destination;

-- name: sending
SELECT id, attempts, crashes, next_attempt FROM deliveries WHERE destination = ? AND state = 'sending' LIMIT ?;

-- name: last_arrival
SELECT received_at FROM instances WHERE id = (SELECT max(id) FROM instances);

-- name: due_later
SELECT c.id FROM (
  SELECT id, due, quiet, quiet_at FROM consignments WHERE destination = ?1 AND due IS NOT NULL AND diverted_at IS NULL
  UNION ALL
  SELECT id, due, quiet, quiet_at FROM consignments WHERE destination = ?1 AND due IS NOT NULL AND diverted_at IS NOT NULL) c
WHERE c.due > ?2 OR c.quiet_at > ?2 + c.quiet OR EXISTS (
  SELECT 1 FROM deliveries d WHERE d.consignment = c.id AND d.state IN ('queued', 'deferred') AND d.next_attempt > ?2);

-- name: consignment_due_now
UPDATE consignments SET due = min(due, ?1), quiet_at = min(quiet_at, ?1 + quiet) WHERE id = ?2 RETURNING quiet;

-- name: due_now
UPDATE deliveries SET next_attempt = ?1 WHERE id IN (
  SELECT id FROM deliveries WHERE consignment = ?2 AND state IN ('queued', 'deferred') AND next_attempt > ?1
  ORDER BY next_attempt, id LIMIT ?3)
RETURNING id;

-- name: retries_due_now
UPDATE instances SET retry_at = ?1 WHERE retry_at > ?1;

-- name: commitments_due_now
UPDATE deliveries SET next_attempt = ?1 WHERE destination = ?2 AND state = 'stored' AND next_attempt > ?1;

-- name: requests_due_now
UPDATE commitment_requests SET due_at = ?1 WHERE state = 'open' AND due_at > ?1;

-- name: cut_off
UPDATE deliveries SET state = ?, crashes = ?, next_attempt = ? WHERE id = ?;

-- name: requeue
UPDATE deliveries
SET state = 'queued', next_attempt = min(next_attempt, ?1),
    refusals = CASE WHEN state = 'sending' THEN refusals ELSE 0 END,
    crashes = CASE WHEN state = 'sending' THEN crashes ELSE 0 END
WHERE id = ?2 AND state = ?3 RETURNING destination;

-- name: next_due
SELECT due FROM consignments
WHERE destination = ? AND during = ? AND priority = ? AND due IS NOT NULL AND diverted_at IS NULL
ORDER BY due LIMIT 1;

-- name: schedules
WITH RECURSIVE names (name) AS (
  SELECT min(during) FROM consignments WHERE during > '' AND during <> '' AND due IS NOT NULL
  UNION ALL
  SELECT (SELECT min(during) FROM consignments WHERE during > name AND during <> '' AND due IS NOT NULL)
  FROM names WHERE name IS NOT NULL)
SELECT name FROM names WHERE name IS NOT NULL;

-- name: destinations
SELECT DISTINCT name FROM counters WHERE scope = 'delivery' ORDER BY name;

-- name: sent_before
SELECT max(a.ended_at)
FROM deliveries d JOIN variants v ON v.id = d.variant_id JOIN instances i ON i.id = d.instance_id
JOIN instances e ON e.sop_instance = i.sop_instance AND e.digest = i.digest
JOIN variants w ON w.instance_id = e.id AND w.patch = v.patch AND w.transfer_syntax = v.transfer_syntax
JOIN deliveries p ON p.instance_id = e.id AND p.variant_id = w.id AND p.destination = d.destination
JOIN attempts a ON a.delivery_id = p.id AND a.kind IN ('sent', 'stored')
WHERE d.id = ?;

-- name: same_sent
SELECT max(a.ended_at)
FROM deliveries d JOIN variants v ON v.id = d.variant_id JOIN instances i ON i.id = d.instance_id
JOIN instances e ON e.sop_instance = i.sop_instance AND e.digest = i.digest AND e.id <> i.id
JOIN variants w ON w.instance_id = e.id AND w.patch = v.patch AND w.transfer_syntax = v.transfer_syntax
JOIN deliveries p ON p.instance_id = e.id AND p.variant_id = w.id AND p.destination = d.destination AND p.state = 'sent'
JOIN attempts a ON a.delivery_id = p.id AND a.kind IN ('sent', 'stored')
WHERE d.id = ?;

-- name: uid_sent
SELECT max(a.ended_at) FROM (
  SELECT p.id FROM instances e JOIN deliveries p ON p.instance_id = e.id JOIN variants w ON w.id = p.variant_id
  WHERE e.sop_instance = ?1 AND e.id <> ?2 AND w.leaves_as IS NULL AND p.destination = ?3 AND p.state = 'sent'
  UNION ALL
  SELECT p.id FROM variants w JOIN deliveries p ON p.instance_id = w.instance_id AND p.variant_id = w.id
  WHERE w.leaves_as = ?1 AND w.instance_id <> ?2 AND p.destination = ?3 AND p.state = 'sent') found
JOIN attempts a ON a.delivery_id = found.id AND a.kind IN ('sent', 'stored');

-- name: hold_one
UPDATE instances SET state = 'held', reason = ?, retry_at = NULL WHERE id = ?;

-- name: replaceable
SELECT id FROM consignments
WHERE destination = ? AND stand_in = ? AND during = ? AND due IS NOT NULL AND stand_in <> '' AND quiet_at <= ?
ORDER BY due LIMIT 1;

-- name: diverted
SELECT id, stand_in, diverted_at FROM consignments
WHERE destination = ? AND due IS NOT NULL AND diverted_at IS NOT NULL
ORDER BY due LIMIT ?;

-- name: diverted_at
UPDATE consignments SET diverted_at = ? WHERE id = ?;

-- name: to_divert
SELECT d.id, d.state, d.instance_id, i.study, i.decision FROM deliveries d JOIN instances i ON i.id = d.instance_id
WHERE d.consignment = ? AND d.state IN ('queued', 'deferred')
ORDER BY d.next_attempt, d.id LIMIT ?;

-- name: divert
UPDATE deliveries
SET destination = ?1, variant_id = ?2, options = ?3, consignment = ?4, state = 'queued', next_attempt = ?5, deferrals = 0,
    refusals = 0
WHERE id = ?6 AND consignment = ?7 AND state IN ('queued', 'deferred')
RETURNING attempts;

-- name: note_standing
INSERT INTO standings (destination, standing, since, until, words) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (destination) DO UPDATE
SET since = CASE WHEN standing = excluded.standing THEN since ELSE excluded.since END,
    standing = excluded.standing, until = excluded.until, words = excluded.words;
