-- From schema 2 to 3: what schema.sql has now.
ALTER TABLE instances ADD COLUMN kept_for TEXT NOT NULL DEFAULT '';
UPDATE instances SET kept_for = coalesce(
  (SELECT group_concat(DISTINCT destination ORDER BY destination) FROM deliveries WHERE instance_id = instances.id), '')
WHERE state = 'done';
DROP INDEX instances_done;
CREATE INDEX instances_done ON instances (kept_for, finished_at) WHERE state = 'done';
CREATE INDEX requests_over ON requests (ended_at) WHERE instance_id IS NULL AND ended_at IS NOT NULL;

-- What came in and went out on each day of the local calendar: kept when the history of that day is forgotten.
CREATE TABLE days (
  day   TEXT NOT NULL,                                -- 2026-11-29
  name  TEXT NOT NULL,                                -- of a receiver or a destination
  what  TEXT NOT NULL,                                -- received, stored, committed
  value INTEGER NOT NULL,
  PRIMARY KEY (day, name, what)
) STRICT, WITHOUT ROWID;
