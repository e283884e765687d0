-- The event log (F6): hash chain and signed checkpoints. Rows are only ever added; retention empties
-- payload and salt and keeps the hashes.

CREATE TABLE event (
	id INTEGER PRIMARY KEY,
	time INTEGER NOT NULL,
	kind TEXT NOT NULL,
	payload TEXT,
	salt BLOB,
	payload_hash BLOB NOT NULL CHECK (length(payload_hash) = 32),
	prev BLOB NOT NULL CHECK (length(prev) = 32),
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	CHECK ((payload IS NULL) = (salt IS NULL))
) STRICT;
CREATE INDEX event_kind ON event (kind, id);

CREATE TABLE checkpoint (
	event INTEGER PRIMARY KEY REFERENCES event (id),
	time INTEGER NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;
