/* The structure of the tables that logs are made of, as SQLite checks it. */
#ifndef POLICY_STORE_INTEGRITY_H
#define POLICY_STORE_INTEGRITY_H

struct store_db;

enum integrity_table {
	INTEGRITY_EVENT,
	INTEGRITY_EVENT_FIELD,
	INTEGRITY_SESSION,
	INTEGRITY_CHECKPOINT,
};

/* Calls `found` for each thing that is wrong with pages, rows or indexes of the table; `what` is SQLite's own
 * sentence. Returns 0, or a negative errno of `found` or of asking. */
int integrity_check(struct store_db *db, enum integrity_table table,
	int (*found)(const char *what, void *argument), void *argument);

#endif
