-- The logs are questions to the event table: a page of one must not cost a walk through millions.

DROP INDEX event_kind;
CREATE INDEX event_kind ON event (kind, time, id);
