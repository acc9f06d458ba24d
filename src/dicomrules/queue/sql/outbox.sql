-- What is to be told to others, in the order it happened. A database of its own: images never wait for it.
CREATE TABLE IF NOT EXISTS texts (
  id   INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,                                 -- for whom: audit, alarm
  at   INTEGER NOT NULL,                              -- microseconds since 1970-01-01 UTC
  text BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS texts_of_kind ON texts (kind, id);
