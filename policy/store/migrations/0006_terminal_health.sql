-- What the last look at each terminal found (B7). It is written when something changed, and once an hour.

CREATE TABLE terminal_health (
	terminal INTEGER PRIMARY KEY REFERENCES terminal (number) ON DELETE CASCADE,
	watched INTEGER NOT NULL, -- the first look
	checked INTEGER NOT NULL,
	reachable INTEGER NOT NULL CHECK (reachable IN (0, 1)),
	since INTEGER NOT NULL, -- that it is so
	why TEXT NOT NULL DEFAULT '', -- it is not reachable, or takes no TLS
	certificate_sha256 BLOB CHECK (length(certificate_sha256) = 32),
	certificate_until INTEGER,
	last_restart INTEGER, -- when it came back after it had been away
	warnings TEXT NOT NULL DEFAULT '' -- words of terminal_warnings.def, joined by commas
) STRICT;
