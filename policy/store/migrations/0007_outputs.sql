-- Files that the gateway makes in the background for somebody to fetch (A14); they lie beside the database.

CREATE TABLE output (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	kind TEXT NOT NULL,
	parameters TEXT NOT NULL, -- JSON
	requested_by TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
	why TEXT NOT NULL DEFAULT '',
	bytes INTEGER NOT NULL DEFAULT 0,
	created INTEGER NOT NULL,
	finished INTEGER,
	expires INTEGER
) STRICT;
