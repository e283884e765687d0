-- For which address and port a password was stored (policy/stored_credential.h). One that was stored before is for none, and
-- opens no more: it is to be set again.

ALTER TABLE terminal_credential ADD COLUMN host TEXT NOT NULL DEFAULT '';
