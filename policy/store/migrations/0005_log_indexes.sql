-- The logs are questions to the event and session tables: a page of one must not cost a walk through millions.

-- What retention has emptied is in no log any more.
DROP INDEX event_kind;
CREATE INDEX event_kind ON event (kind, time) WHERE payload IS NOT NULL;

-- Fields of login, file and administration events that people filter by (the INDEX columns of policy/logs.def).
-- An index over payload ->> 'field' would do the same, but SQLite lets JSON functions into a schema only if it
-- trusts every schema, also that of a backup from elsewhere.
CREATE TABLE event_field (
	field TEXT NOT NULL, -- "login.account"
	value TEXT NOT NULL, -- ASCII in lower case
	time INTEGER NOT NULL,
	event INTEGER NOT NULL,
	PRIMARY KEY (field, value, time, event)
) STRICT, WITHOUT ROWID;
INSERT INTO event_field (field, value, time, event)
	SELECT 'admin.actor', lower(payload ->> 'actor'), time, id FROM event
	WHERE kind = 'admin' AND payload ->> 'actor' IS NOT NULL;
INSERT INTO event_field (field, value, time, event)
	SELECT 'admin.action', lower(payload ->> 'action'), time, id FROM event
	WHERE kind = 'admin' AND payload ->> 'action' IS NOT NULL;
INSERT INTO event_field (field, value, time, event)
	SELECT 'admin.target', lower(payload ->> 'target'), time, id FROM event
	WHERE kind = 'admin' AND payload ->> 'target' IS NOT NULL;

CREATE INDEX session_account ON session (lower(account_id), started);
CREATE INDEX session_terminal ON session (lower(terminal_name), started);
CREATE INDEX session_state ON session (state, started);
CREATE INDEX session_reason ON session (lower(reason), started) WHERE reason IS NOT NULL;
CREATE INDEX session_ended_by ON session (lower(ended_by), started) WHERE ended_by IS NOT NULL;
CREATE INDEX session_source ON session (lower(source), started);
CREATE INDEX session_device ON session (lower(device), started) WHERE device IS NOT NULL;
CREATE INDEX session_ended ON session (ended) WHERE ended IS NOT NULL;

-- How far something that goes through the log has come: told, the last event that programs elsewhere were told
-- of; retention, the instant up to which the nightly one has been done.
CREATE TABLE log_mark (
	name TEXT PRIMARY KEY,
	number INTEGER NOT NULL
) STRICT;
INSERT INTO log_mark (name, number) SELECT 'told', coalesce(max(id), 0) FROM event;
INSERT INTO log_mark (name, number) VALUES ('retention', 0);
