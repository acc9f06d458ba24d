-- Peers ask us.

-- name: commitment_known
SELECT id, items, state FROM commitment_requests WHERE calling_aet = ? AND uid = ?;

-- name: commitment_requests_open
SELECT coalesce(sum(value), 0) FROM counters WHERE scope = 'commitment' AND name = ? AND item <> 'reported';

-- name: insert_commitment_request
INSERT INTO commitment_requests
  (uid, calling_aet, called_aet, address, receiver, policy, requested_at, items, state, due_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)
RETURNING id;

-- name: commitment_request
SELECT id, uid, calling_aet, called_aet, address, receiver, policy, requested_at, items, attempts
FROM commitment_requests WHERE id = ?;

-- name: reopen_commitment
UPDATE commitment_requests
SET state = 'open', due_at = ?, attempts = 0, message = '', committed = NULL, failed = NULL, finished_at = NULL
WHERE id = ?;

-- name: claim_commitment
UPDATE commitment_requests SET due_at = ?3, attempts = attempts + 1
WHERE id = ?1 AND state <> 'reported' AND (due_at <= ?2 OR attempts = 0 AND ?4)
RETURNING id;

-- name: commitments_due
SELECT id FROM commitment_requests WHERE state = 'open' AND due_at <= ? ORDER BY due_at LIMIT ?;

-- name: end_commitment_request
UPDATE commitment_requests
SET state = ?2, message = ?3, due_at = coalesce(?4, due_at), committed = ?5, failed = ?6, finished_at = ?7
WHERE id = ?1 AND state <> 'reported'
RETURNING calling_aet;

-- name: commitment_state
SELECT state FROM commitment_requests WHERE id = ?;

-- name: commitments_nowhere
SELECT id, calling_aet FROM commitment_requests WHERE state = 'nowhere' AND id > ? ORDER BY id LIMIT ?;

-- name: hasten_commitments
UPDATE commitment_requests SET due_at = ?1 WHERE state = 'open' AND due_at > ?1;

-- name: hasten_commitment
UPDATE commitment_requests SET due_at = min(due_at, ?) WHERE id = ? AND state = 'open' AND attempts = 0;

-- name: postpone_commitments
UPDATE commitment_requests SET due_at = ?1 WHERE calling_aet = ?2 AND state = 'open' AND due_at < ?1;

-- name: instances_asked_about
SELECT i.sop_class, i.state, i.open,
       (SELECT count(*) FROM deliveries d WHERE d.instance_id = i.id), i.id
FROM instances i WHERE i.sop_instance = ? AND i.calling_aet = ?;

-- We ask destinations.

-- name: first_to_commit
SELECT d.id, i.study FROM deliveries d JOIN instances i ON i.id = d.instance_id
WHERE d.destination = ? AND d.state = 'stored' AND d.next_attempt <= ? ORDER BY d.next_attempt, d.id LIMIT ?;

-- name: next_to_commit
SELECT next_attempt FROM deliveries WHERE destination = ? AND state = 'stored' ORDER BY next_attempt, id LIMIT 1;

-- name: reference
SELECT i.sop_class, coalesce(f.leaves_as, v.leaves_as, i.sop_instance)
FROM deliveries d JOIN variants v ON v.id = d.variant_id JOIN instances i ON i.id = d.instance_id
LEFT JOIN forms f ON f.delivery_id = d.id AND f.made_of = v.patch
WHERE d.id = ?;

-- name: insert_transaction
INSERT INTO commitment_transactions (uid, destination, asked_at) VALUES (?, ?, ?) RETURNING id;

-- name: ask_about
INSERT INTO commitment_deliveries (transaction_id, delivery_id) VALUES (?, ?);

-- name: ask_again_at
UPDATE deliveries SET next_attempt = ? WHERE id = ? AND state = 'stored';

-- name: transaction
SELECT id, destination, answered_at FROM commitment_transactions WHERE uid = ?;

-- name: transaction_deliveries
SELECT d.id, d.attempts, d.deferrals, d.refusals, i.sop_class, coalesce(f.leaves_as, v.leaves_as, i.sop_instance),
       c.transaction_id = (SELECT max(transaction_id) FROM commitment_deliveries WHERE delivery_id = d.id)
FROM commitment_deliveries c JOIN deliveries d ON d.id = c.delivery_id
JOIN variants v ON v.id = d.variant_id JOIN instances i ON i.id = d.instance_id
LEFT JOIN forms f ON f.delivery_id = d.id AND f.made_of = v.patch
WHERE c.transaction_id = ? AND d.state = 'stored' ORDER BY c.delivery_id;

-- name: answer_transaction
UPDATE commitment_transactions SET answered_at = ? WHERE id = ?;

-- name: end_commitment
UPDATE deliveries
SET state = ?, next_attempt = coalesce(?, next_attempt), deferrals = deferrals + ?, refusals = refusals + ?
WHERE id = ? AND state = 'stored' AND attempts = ?
RETURNING instance_id, destination;

-- name: stored
SELECT id, attempts FROM deliveries WHERE destination = ? AND state = 'stored' ORDER BY id LIMIT ?;

-- name: commitments_of
SELECT t.uid, t.asked_at, t.answered_at
FROM commitment_deliveries c JOIN commitment_transactions t ON t.id = c.transaction_id
WHERE c.delivery_id = ? ORDER BY c.transaction_id;

-- Forgetting.

-- name: forget_transactions
DELETE FROM commitment_transactions WHERE id IN (
  SELECT id FROM (SELECT id, asked_at FROM commitment_transactions WHERE id > 0 ORDER BY id LIMIT ?2) page
  WHERE asked_at < ?1 AND NOT EXISTS (SELECT 1 FROM commitment_deliveries c WHERE c.transaction_id = page.id))
RETURNING id;

-- name: commitments_over
SELECT id, calling_aet, state FROM (
  SELECT * FROM (SELECT id, calling_aet, state FROM commitment_requests
                 WHERE state = 'reported' AND finished_at < ?1 ORDER BY finished_at LIMIT ?2)
  UNION ALL
  SELECT * FROM (SELECT id, calling_aet, state FROM commitment_requests
                 WHERE state = 'nowhere' AND id > 0 AND requested_at < ?1 ORDER BY id LIMIT ?2));

-- name: forget_commitment
DELETE FROM commitment_requests WHERE id = ?;
