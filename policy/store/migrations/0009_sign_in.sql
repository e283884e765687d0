-- Signing in with account and password (C1, C2): what guessing is slowed down by, earlier passwords, tickets of a
-- Server Redirection, and who let whom in (C7).

-- Hashes that may not be chosen again; the highest number is the newest.
CREATE TABLE password_earlier (
	account INTEGER NOT NULL REFERENCES account (number) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind IN ('first', 'second')),
	number INTEGER NOT NULL,
	hash TEXT NOT NULL,
	PRIMARY KEY (account, kind, number)
) STRICT;

-- Failures of a name (policy/sign_in_names.h; of an account or of nobody) from a source. `serial` counts failures, so
-- that the oldest rows are those with the lowest.
CREATE TABLE sign_in_failure (
	name TEXT NOT NULL,
	source TEXT NOT NULL, -- an IPv4 address, or the first 64 bits of an IPv6 address
	failures INTEGER NOT NULL,
	newest INTEGER NOT NULL,
	serial INTEGER NOT NULL UNIQUE,
	PRIMARY KEY (name, source)
) STRICT;
CREATE INDEX sign_in_failure_newest ON sign_in_failure (newest);

-- Failures of a name from networks that its account has never signed in from: in this hour and the one before.
CREATE TABLE sign_in_guess (
	name TEXT PRIMARY KEY,
	hour INTEGER NOT NULL, -- since 1970
	guesses INTEGER NOT NULL,
	guesses_before INTEGER NOT NULL,
	serial INTEGER NOT NULL UNIQUE
) STRICT;
CREATE INDEX sign_in_guess_hour ON sign_in_guess (hour);

-- Where an account has signed in from: the first 24 bits of an IPv4 address, the first 64 of an IPv6 address.
CREATE TABLE sign_in_network (
	account INTEGER NOT NULL REFERENCES account (number) ON DELETE CASCADE,
	network TEXT NOT NULL,
	newest INTEGER NOT NULL,
	PRIMARY KEY (account, network)
) STRICT;

-- A redirect ticket's secret is a number of 32 bits: wrong ones are counted and burn it. It carries the consent that its
-- session begins with.
ALTER TABLE ticket ADD COLUMN kind TEXT NOT NULL DEFAULT 'issued' CHECK (kind IN ('issued', 'redirect'));
ALTER TABLE ticket ADD COLUMN device TEXT; -- of the sign-in: the session's must be the same
ALTER TABLE ticket ADD COLUMN wrong INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ticket ADD COLUMN let_in_by TEXT;
ALTER TABLE ticket ADD COLUMN let_in_control INTEGER CHECK (let_in_control IN (0, 1));
ALTER TABLE ticket ADD COLUMN let_in_files INTEGER CHECK (let_in_files IN (0, 1));
ALTER TABLE ticket ADD COLUMN let_in_number INTEGER;

ALTER TABLE session ADD COLUMN let_in_by TEXT;
ALTER TABLE session ADD COLUMN let_in_control INTEGER CHECK (let_in_control IN (0, 1));
ALTER TABLE session ADD COLUMN let_in_files INTEGER CHECK (let_in_files IN (0, 1));
