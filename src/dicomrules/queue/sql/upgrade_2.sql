-- From schema 1 to 2: what schema.sql has now. A new column that is NOT NULL needs a default.
ALTER TABLE deliveries ADD COLUMN options BLOB;
