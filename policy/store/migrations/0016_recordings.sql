-- Recordings of sessions (F7). The files lie in a folder of their own (recording.directory), and not in backups; a row stays when
-- its file is erased, and says when and why. Account and terminal are as they were: the row outlives both.

CREATE TABLE recording (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	session BLOB NOT NULL CHECK (length(session) = 16),
	part INTEGER NOT NULL CHECK (part >= 1), -- a session that was lost and went on has several
	account INTEGER NOT NULL,
	account_id TEXT NOT NULL,
	account_full TEXT NOT NULL,
	account_name TEXT NOT NULL,
	terminal INTEGER NOT NULL,
	terminal_name TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('running', 'closed', 'not-closed', 'failed', 'erased')),
	why TEXT NOT NULL DEFAULT '', -- it is not whole
	started INTEGER NOT NULL,
	ended INTEGER,
	bytes INTEGER NOT NULL DEFAULT 0,
	duration_ms INTEGER NOT NULL DEFAULT 0,
	gaps INTEGER NOT NULL DEFAULT 0,
	hash BLOB CHECK (hash IS NULL OR length(hash) = 32), -- of the whole file's chain; NULL: it was never closed
	auditors TEXT NOT NULL, -- names of the keys that open it, joined by commas
	held INTEGER,           -- legal hold: since when, by whom and why it may not be erased
	held_by TEXT,
	held_because TEXT,
	erased INTEGER,
	erased_by TEXT,
	erased_because TEXT,
	last_event INTEGER, -- the event that says what this row says of the file
	UNIQUE (session, part),
	CHECK ((state = 'running') = (ended IS NULL)),
	CHECK ((state = 'erased') = (erased IS NOT NULL)),
	CHECK ((held IS NULL) = (held_by IS NULL)),
	CHECK (state <> 'erased' OR held IS NULL)
) STRICT;
CREATE INDEX recording_started ON recording (started);
CREATE INDEX recording_state ON recording (state, ended);
