-- How the sessions of a terminal are carried, and what the hospital sees and keeps of them (D5, F7).

ALTER TABLE terminal ADD COLUMN relay TEXT NOT NULL DEFAULT 'transparent' CHECK (relay IN ('transparent', 'mediated'));
ALTER TABLE terminal ADD COLUMN recording TEXT NOT NULL DEFAULT 'off' CHECK (recording IN ('off', 'best-effort', 'required'));
ALTER TABLE terminal ADD COLUMN record_input INTEGER NOT NULL DEFAULT 0 CHECK (record_input IN (0, 1));   -- keys and mouse as well
ALTER TABLE terminal ADD COLUMN four_eyes INTEGER NOT NULL DEFAULT 0 CHECK (four_eyes IN (0, 1));         -- somebody must watch
ALTER TABLE terminal ADD COLUMN show_watchers INTEGER NOT NULL DEFAULT 0 CHECK (show_watchers IN (0, 1)); -- to the engineer
