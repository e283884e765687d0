-- Maintenance and restart windows (B6), who may take a terminal over (B5), and for how long a session may be idle and last (D4).

CREATE TABLE terminal_window (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	terminal INTEGER REFERENCES terminal (number) ON DELETE CASCADE, -- null: every terminal
	kind TEXT NOT NULL CHECK (kind IN ('maintenance', 'restart')),
	days INTEGER NOT NULL CHECK (days BETWEEN 0 AND 127), -- weekly: bits, Monday is 1; on which it begins. 0: dated
	from_minute INTEGER NOT NULL CHECK (from_minute BETWEEN 0 AND 1439),    -- weekly: of the day, on the clock on the wall
	until_minute INTEGER NOT NULL CHECK (until_minute BETWEEN 0 AND 1440), -- at or below from_minute: of the next day
	begins INTEGER NOT NULL, -- dated: us since 1970
	ends INTEGER NOT NULL,
	text TEXT NOT NULL,      -- for engineers, in whatever language; may be empty
	created INTEGER NOT NULL,
	created_by TEXT NOT NULL
) STRICT;
CREATE INDEX terminal_window_terminal ON terminal_window (terminal);

ALTER TABLE terminal ADD COLUMN take_over INTEGER NOT NULL DEFAULT 0 CHECK (take_over IN (0, 1)); -- by a higher priority
ALTER TABLE terminal ADD COLUMN idle_minutes INTEGER CHECK (idle_minutes BETWEEN 0 AND 10080);       -- null: as set; 0: off
ALTER TABLE terminal ADD COLUMN longest_minutes INTEGER CHECK (longest_minutes BETWEEN 0 AND 10080); -- the same
