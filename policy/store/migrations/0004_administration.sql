-- What hospital IT keeps of its engineers: vendors, protection, priorities, passwords. A protected_note
-- that is null means: not protected. `version` counts the changes of a row, so that of two people who
-- edit it at once the second is told; changed_by is who made the last one.

CREATE TABLE vendor (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL UNIQUE, -- lower case
	kind TEXT NOT NULL CHECK (kind IN ('server', 'general')),
	state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended')),
	note TEXT NOT NULL DEFAULT '',
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	version INTEGER NOT NULL DEFAULT 1,
	changed_by TEXT NOT NULL DEFAULT ''
) STRICT;

ALTER TABLE account ADD COLUMN vendor INTEGER REFERENCES vendor (number);
ALTER TABLE account ADD COLUMN max_sessions INTEGER NOT NULL DEFAULT 0
	CHECK (max_sessions BETWEEN 0 AND 1000); -- 0: no limit
ALTER TABLE account ADD COLUMN protected_note TEXT;
ALTER TABLE account ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE account ADD COLUMN changed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN last_session INTEGER; -- start of the newest one
CREATE INDEX account_vendor ON account (vendor, id_key);

ALTER TABLE terminal ADD COLUMN protected_note TEXT;
ALTER TABLE terminal ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE terminal ADD COLUMN changed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE terminal ADD COLUMN last_session INTEGER;

-- What the connection history knows already: an account in use must not look like one that never was.
UPDATE account SET last_session = past.newest
	FROM (SELECT account, max(started) AS newest FROM session GROUP BY account) AS past
	WHERE number = past.account;
UPDATE terminal SET last_session = past.newest
	FROM (SELECT terminal, max(started) AS newest FROM session GROUP BY terminal) AS past
	WHERE number = past.terminal;

ALTER TABLE assignment ADD COLUMN priority INTEGER NOT NULL DEFAULT 0
	CHECK (priority BETWEEN 0 AND 9);

CREATE TABLE account_service (
	account INTEGER NOT NULL REFERENCES account (number) ON DELETE CASCADE,
	name TEXT NOT NULL, -- of linked_services in the settings
	PRIMARY KEY (account, name)
) STRICT;

-- Hashes of crypt(5) only. An initial password that nobody was given (delivered 0: an import that was
-- cut off) is made anew when the import is repeated.
CREATE TABLE password (
	account INTEGER NOT NULL REFERENCES account (number) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind IN ('first', 'second')),
	hash TEXT NOT NULL,
	must_change INTEGER NOT NULL CHECK (must_change IN (0, 1)),
	delivered INTEGER NOT NULL CHECK (delivered IN (0, 1)),
	set_at INTEGER NOT NULL,
	PRIMARY KEY (account, kind)
) STRICT;

-- How full a terminal is, is asked at every decision.
CREATE INDEX session_on_terminal ON session (terminal) WHERE state = 'active';

-- The telephone that an account's second factor is bound to (C2), so that it can be unbound (A11).
CREATE TABLE second_factor (
	account INTEGER PRIMARY KEY REFERENCES account (number) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind IN ('totp')),
	sealed BLOB NOT NULL, -- the seed, under the facility's key
	last_step INTEGER NOT NULL DEFAULT 0, -- newest time step whose code was used: no code works twice
	bound INTEGER NOT NULL
) STRICT;
