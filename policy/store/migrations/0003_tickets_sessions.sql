-- Tickets and the connection history (F1). Both name account and terminal by number without a foreign
-- key: they outlive them.

CREATE TABLE ticket (
	handle TEXT PRIMARY KEY,
	secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
	account INTEGER NOT NULL,
	terminal INTEGER NOT NULL,
	source TEXT, -- bound to this address
	mac TEXT,    -- vouched
	issued INTEGER NOT NULL,
	issued_by TEXT NOT NULL,
	boot TEXT NOT NULL,           -- boot id; a ticket does not survive a restart of the machine
	dead_at_boottime INTEGER NOT NULL, -- ms
	refusals INTEGER NOT NULL DEFAULT 0,
	used INTEGER,                 -- instant of its redemption
	session BLOB
) STRICT;
CREATE INDEX ticket_issued ON ticket (issued);

CREATE TABLE session (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	ticket TEXT NOT NULL,
	account INTEGER NOT NULL,
	account_id TEXT NOT NULL, -- typed part, full form and name as they were
	account_full TEXT NOT NULL,
	account_name TEXT NOT NULL,
	terminal INTEGER NOT NULL,
	terminal_name TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('active', 'ended', 'killed', 'lost')),
	started INTEGER NOT NULL,
	ended INTEGER,
	reason TEXT,
	end_code TEXT,
	ended_by TEXT,
	because TEXT,
	source TEXT NOT NULL,
	device TEXT,
	evidence TEXT NOT NULL,
	allowlist_off INTEGER NOT NULL CHECK (allowlist_off IN (0, 1)),
	connection INTEGER NOT NULL, -- the one that carries it, or carried it last
	connections INTEGER NOT NULL DEFAULT 1,
	bytes_from_client INTEGER NOT NULL DEFAULT 0,
	bytes_to_client INTEGER NOT NULL DEFAULT 0,
	boot TEXT NOT NULL,       -- boot id of lost_at_boottime
	lost_at_boottime INTEGER, -- ms; the grace time counts from here
	last_event INTEGER,       -- the event that says what this row says
	CHECK ((state = 'active') = (ended IS NULL))
) STRICT;
CREATE INDEX session_active ON session (state, account);
CREATE INDEX session_started ON session (started);
