-- Attended access (C7): the numbers by which attendants let engineers in, and the sources that got one wrong. A number that
-- is used, cancelled or guessed at too often is deleted; what became of it is in the administration log.

CREATE TABLE attendance (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), -- of terminal and digits, keyed from the facility's key
	terminal INTEGER NOT NULL REFERENCES terminal (number) ON DELETE CASCADE,
	account INTEGER REFERENCES account (number) ON DELETE CASCADE, -- null: whoever may use the terminal
	control INTEGER NOT NULL CHECK (control IN (0, 1)),
	files INTEGER NOT NULL CHECK (files IN (0, 1)),
	issued INTEGER NOT NULL,
	issued_by TEXT NOT NULL,
	boot TEXT NOT NULL,                -- boot id; a number does not survive a restart of the machine
	dead_at_boottime INTEGER NOT NULL, -- ms
	tries INTEGER NOT NULL DEFAULT 0   -- wrong ones
) STRICT;
CREATE INDEX attendance_terminal ON attendance (terminal);
CREATE INDEX attendance_account ON attendance (account);

CREATE TABLE attendance_source (
	source TEXT PRIMARY KEY, -- an IPv4 address, or the first 64 bits of an IPv6 address
	tries INTEGER NOT NULL,
	boot TEXT NOT NULL,
	forgotten_at_boottime INTEGER NOT NULL -- ms
) STRICT;
