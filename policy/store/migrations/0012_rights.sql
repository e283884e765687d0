-- Rights one by one, for terminals and for accounts (B8). What a terminal had granted as a whole it goes on granting in its
-- parts, except for dynamic channels: what needs a right of its own now (microphone, camera, USB) nobody has granted by
-- leaving them open for the display, and serial and parallel ports are gone.

INSERT INTO terminal_right (terminal, name)
	SELECT terminal, 'clipboard-in' FROM terminal_right WHERE name = 'clipboard'
	UNION ALL SELECT terminal, 'clipboard-out' FROM terminal_right WHERE name = 'clipboard'
	UNION ALL SELECT terminal, 'clipboard-files-in' FROM terminal_right WHERE name = 'clipboard'
	UNION ALL SELECT terminal, 'clipboard-files-out' FROM terminal_right WHERE name = 'clipboard'
	UNION ALL SELECT terminal, 'drives-in' FROM terminal_right WHERE name = 'drives'
	UNION ALL SELECT terminal, 'drives-out' FROM terminal_right WHERE name = 'drives'
	UNION ALL SELECT terminal, 'printer' FROM terminal_right WHERE name = 'drives'
	UNION ALL SELECT terminal, 'smartcard' FROM terminal_right WHERE name = 'drives'
	UNION ALL SELECT terminal, 'channels' FROM terminal_right WHERE name = 'dynamic';
DELETE FROM terminal_right WHERE name IN ('clipboard', 'drives', 'dynamic');

CREATE TABLE terminal_channel (
	terminal INTEGER NOT NULL REFERENCES terminal (number) ON DELETE CASCADE,
	name TEXT NOT NULL, -- of a dynamic channel that passes besides those of rights.def
	PRIMARY KEY (terminal, name)
) STRICT;

CREATE TABLE account_denied_right (
	account INTEGER NOT NULL REFERENCES account (number) ON DELETE CASCADE,
	name TEXT NOT NULL, -- of rights.def: closed to this account whatever a terminal grants
	PRIMARY KEY (account, name)
) STRICT;
