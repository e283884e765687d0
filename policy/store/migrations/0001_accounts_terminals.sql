-- Accounts, terminals and who may use which.
--
-- Instants are microseconds since 1970 (UTC), dates YYYY-MM-DD in the facility's zone, times of day
-- minutes. `number` is never used twice, so that history cannot point at a later namesake.

CREATE TABLE account (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL,
	id_key TEXT NOT NULL UNIQUE, -- lower case
	family_name TEXT NOT NULL,
	given_name TEXT NOT NULL,
	email TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('engineer', 'admin', 'auditor', 'attendant')),
	valid_from TEXT NOT NULL,
	valid_until TEXT NOT NULL CHECK (valid_until >= valid_from),
	hours_from INTEGER CHECK (hours_from BETWEEN 0 AND 1410 AND hours_from % 30 = 0),
	hours_until INTEGER CHECK (hours_until BETWEEN 0 AND 1410 AND hours_until % 30 = 0),
	allowlist_enforced INTEGER NOT NULL DEFAULT 1 CHECK (allowlist_enforced IN (0, 1)),
	file_sharing TEXT NOT NULL DEFAULT 'deny'
		CHECK (file_sharing IN ('deny', 'after-approval', 'always')),
	locked INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1)),
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	CHECK ((hours_from IS NULL) = (hours_until IS NULL)),
	CHECK (hours_from <> hours_until)
) STRICT;

CREATE TABLE account_mac (
	account INTEGER NOT NULL REFERENCES account (number) ON DELETE CASCADE,
	position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 19),
	mac TEXT NOT NULL,
	PRIMARY KEY (account, position),
	UNIQUE (account, mac)
) STRICT;

CREATE TABLE terminal (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL UNIQUE, -- lower case
	address TEXT NOT NULL,
	port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
	note TEXT NOT NULL DEFAULT '',
	trust TEXT NOT NULL DEFAULT 'none' CHECK (trust IN ('none', 'pin', 'ca')),
	pin BLOB CHECK (length(pin) = 32),
	ca_bundle TEXT,
	in_service INTEGER NOT NULL DEFAULT 1 CHECK (in_service IN (0, 1)),
	attendance_required INTEGER NOT NULL DEFAULT 0 CHECK (attendance_required IN (0, 1)),
	capacity INTEGER NOT NULL DEFAULT 0 CHECK (capacity BETWEEN 0 AND 1000),
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	CHECK ((trust = 'pin') = (pin IS NOT NULL)),
	CHECK ((trust = 'ca') = (ca_bundle IS NOT NULL))
) STRICT;

CREATE TABLE terminal_right (
	terminal INTEGER NOT NULL REFERENCES terminal (number) ON DELETE CASCADE,
	name TEXT NOT NULL, -- of rights.def
	PRIMARY KEY (terminal, name)
) STRICT;

CREATE TABLE assignment (
	account INTEGER NOT NULL REFERENCES account (number) ON DELETE CASCADE,
	terminal INTEGER NOT NULL REFERENCES terminal (number) ON DELETE CASCADE,
	PRIMARY KEY (account, terminal)
) STRICT;
CREATE INDEX assignment_terminal ON assignment (terminal);
