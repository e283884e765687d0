-- With whose name and password a session signs on to its jump host (B3), and whether by NLA.

ALTER TABLE terminal ADD COLUMN credentials TEXT NOT NULL DEFAULT 'typed'
	CHECK (credentials IN ('typed', 'pass-through', 'injected'));
ALTER TABLE terminal ADD COLUMN credentials_since INTEGER; -- that it is so; null: from the beginning
ALTER TABLE terminal ADD COLUMN nla TEXT NOT NULL DEFAULT 'auto' CHECK (nla IN ('auto', 'required', 'off'));

-- The stored ones. What `sealed` holds can be opened for this terminal, user and domain alone (policy/stored_credential.c).
CREATE TABLE terminal_credential (
	terminal INTEGER PRIMARY KEY REFERENCES terminal (number) ON DELETE CASCADE,
	user_name TEXT NOT NULL,
	domain TEXT NOT NULL DEFAULT '',
	sealed BLOB NOT NULL CHECK (length(sealed) = 795),
	set_at INTEGER NOT NULL,
	set_by TEXT NOT NULL,
	protected_note TEXT
) STRICT;

-- What the pinned certificate said of itself (B4), so that it can be shown beside the one that comes in its place.
CREATE TABLE terminal_pin (
	terminal INTEGER PRIMARY KEY REFERENCES terminal (number) ON DELETE CASCADE,
	sha256 BLOB NOT NULL CHECK (length(sha256) = 32), -- another than terminal.pin: of an earlier one
	subject TEXT NOT NULL,
	names TEXT NOT NULL,
	not_before INTEGER,
	not_after INTEGER,
	since INTEGER NOT NULL,
	pinned_by TEXT NOT NULL
) STRICT;
