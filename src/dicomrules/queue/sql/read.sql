-- name: counters
SELECT scope, name, item, value FROM counters WHERE scope IN ('delivery', 'receiver', 'instance', 'commitment');

-- name: oldest_waiting
SELECT min(i.received_at) FROM instances i WHERE i.id IN (
  SELECT * FROM (SELECT instance_id FROM deliveries WHERE destination = ?1 AND state = 'queued' ORDER BY id LIMIT 1)
  UNION ALL
  SELECT * FROM (SELECT instance_id FROM deliveries WHERE destination = ?1 AND state = 'deferred' ORDER BY id LIMIT 1)
  UNION ALL
  SELECT * FROM (SELECT instance_id FROM deliveries WHERE destination = ?1 AND state = 'sending' ORDER BY id LIMIT 1)
  UNION ALL
  SELECT * FROM (SELECT instance_id FROM deliveries WHERE destination = ?1 AND state = 'stored' ORDER BY id LIMIT 1));

-- name: instances_by_uid
SELECT id FROM instances WHERE sop_instance = ?1
UNION
SELECT instance_id FROM variants WHERE leaves_as = ?1
UNION
SELECT d.instance_id FROM forms f JOIN deliveries d ON d.id = f.delivery_id WHERE f.leaves_as = ?1
ORDER BY 1 LIMIT ?2;

-- name: instances_by_study
SELECT id FROM instances WHERE study = ? ORDER BY id LIMIT ?;

-- name: instance
SELECT sop_class, sop_instance, series, study, calling_aet, called_aet, address, receiver, received_at, transfer_syntax, length,
       digest, spool_ref, source_path, state, reason, copies, decision, exchange, accession, first_variant
FROM instances WHERE id = ?;

-- name: patches
SELECT v.patch FROM variants v JOIN instances i ON i.id = v.instance_id
WHERE i.id = ? AND v.number >= i.first_variant ORDER BY v.number;

-- name: deliveries
SELECT d.id, d.destination, v.number, coalesce(f.leaves_as, v.leaves_as, ?2), d.state, d.next_attempt
FROM deliveries d JOIN variants v ON v.id = d.variant_id
LEFT JOIN forms f ON f.delivery_id = d.id AND f.made_of = v.patch
WHERE d.instance_id = ?1 ORDER BY d.id;

-- name: attempts
SELECT number, late, kind, status, message, exchange, started_at, ended_at FROM attempts WHERE delivery_id = ? ORDER BY id;

-- name: waiting
SELECT d.id, d.destination, coalesce(v.leaves_as, i.sop_instance), i.study, i.received_at, d.state, d.attempts, d.next_attempt,
       (SELECT message FROM attempts a WHERE a.delivery_id = d.id ORDER BY a.id DESC LIMIT 1)
FROM (
  SELECT id FROM deliveries WHERE destination = ?1 AND state = 'queued' AND ?4 IN ('', 'queued') AND id > ?2
  UNION ALL SELECT id FROM deliveries WHERE destination = ?1 AND state = 'sending' AND ?4 IN ('', 'sending') AND id > ?2
  UNION ALL SELECT id FROM deliveries WHERE destination = ?1 AND state = 'deferred' AND ?4 IN ('', 'deferred') AND id > ?2
  UNION ALL SELECT id FROM deliveries WHERE destination = ?1 AND state = 'stored' AND ?4 IN ('', 'stored') AND id > ?2
  UNION ALL SELECT id FROM deliveries WHERE destination = ?1 AND state = 'failed' AND ?4 IN ('', 'failed') AND id > ?2
  UNION ALL SELECT id FROM deliveries WHERE destination = ?1 AND state = 'held' AND ?4 IN ('', 'held') AND id > ?2
  ORDER BY id LIMIT ?3) page
JOIN deliveries d ON d.id = page.id JOIN variants v ON v.id = d.variant_id JOIN instances i ON i.id = d.instance_id
ORDER BY d.id;

-- name: held
SELECT id, sop_class, sop_instance, series, study, calling_aet, called_aet, address, receiver, received_at, verdict, reason
FROM instances WHERE state = 'held' AND id > ? ORDER BY id LIMIT ?;

-- name: standings
SELECT destination, standing, since, until, words FROM standings;

-- name: days
SELECT day, name, what, value FROM days WHERE day >= ? ORDER BY day, name, what;
