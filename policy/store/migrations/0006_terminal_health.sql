-- What the last look at each terminal found (B7).

CREATE TABLE terminal_health (
	terminal INTEGER PRIMARY KEY REFERENCES terminal (number) ON DELETE CASCADE,
	checked INTEGER NOT NULL,
	reachable INTEGER NOT NULL CHECK (reachable IN (0, 1)),
	since INTEGER NOT NULL, -- that it is so
	why TEXT NOT NULL DEFAULT '', -- it is not reachable
	certificate_sha256 BLOB CHECK (length(certificate_sha256) = 32),
	certificate_until INTEGER,
	last_restart INTEGER -- when it came back after it had been away
) STRICT;
