-- What is to be told to others, in the order it happened. A database of its own: images never wait for it.
CREATE TABLE IF NOT EXISTS texts (
  id   INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,                                 -- for whom: audit, alarm
  at   INTEGER NOT NULL,                              -- microseconds since 1970-01-01 UTC
  text BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS texts_of_kind ON texts (kind, id);

-- name: span
SELECT max(id) - min(id) FROM texts WHERE kind = ?;

-- name: put
INSERT INTO texts (kind, at, text) VALUES (?, ?, ?);

-- name: first
SELECT id, at, text FROM texts WHERE kind = ? ORDER BY id LIMIT ?;

-- name: done
DELETE FROM texts WHERE kind = ? AND id <= ?;

-- name: unsent
SELECT count(*), min(at) FROM (SELECT at FROM texts WHERE kind = ? ORDER BY id LIMIT 100000);
