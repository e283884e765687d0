-- Versions go on for ever: an account, terminal or vendor that is made anew under a name begins beyond every version that
-- one of its kind had when its name became free. Of the past the administration log knows how many there may have been.

INSERT INTO log_mark (name, number) SELECT 'version.account', coalesce(max(records.number), 0) FROM
	(SELECT count(*) AS number FROM event_field WHERE field = 'admin.target' GROUP BY value) AS records;
INSERT INTO log_mark (name, number) SELECT 'version.terminal', number FROM log_mark WHERE name = 'version.account';
INSERT INTO log_mark (name, number) SELECT 'version.vendor', number FROM log_mark WHERE name = 'version.account';
