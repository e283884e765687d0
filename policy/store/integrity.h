/* The structure of the database's tables, as SQLite checks it: of those that logs are made of, which may be gigabytes, when
 * somebody asks for it (log verify); of all others at each start. */
#ifndef POLICY_STORE_INTEGRITY_H
#define POLICY_STORE_INTEGRITY_H

#include <stdint.h>

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

/* Pages and rows of the table and pages of its indexes, not what these hold, nor its CHECKs. Returns 0, -EUCLEAN, or a negative errno of
 * asking. */
int integrity_check_quickly(struct store_db *db, enum integrity_table table);

/* The same of every table but the logs'. Returns 0, -EUCLEAN, or a negative errno of asking. */
int integrity_check_others(struct store_db *db);

/* How many events the file has room for at most, whatever numbers its rows bear: three hashes are in each. */
int integrity_events_most(struct store_db *db, int64_t *ret_most);

#endif
