/* The structure of the tables that logs are made of, as SQLite checks it. */
#ifndef POLICY_STORE_INTEGRITY_H
#define POLICY_STORE_INTEGRITY_H

struct store_db;

/* Calls `found` for each thing that is wrong with pages, rows or indexes of the logs' tables; `what` is SQLite's own
 * sentence. Returns 0, or a negative errno of `found` or of asking. */
int integrity_check(
	struct store_db *db, int (*found)(const char *what, void *argument), void *argument);

#endif
