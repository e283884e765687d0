/* Terminals and their rights in the database. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_TERMINAL_TABLE_H
#define POLICY_STORE_TERMINAL_TABLE_H

#include "policy/terminals.h"

#include <stdint.h>

struct store_db;

/* Sets number, version, created_us and updated_us. -EEXIST: the name is taken, in whatever case. */
int terminal_insert(struct store_db *db, struct terminal *terminal);

/* Everything but name, created_us and last_session_us; counts the version, sets updated_us. */
int terminal_update(struct store_db *db, struct terminal *terminal);
int terminal_delete(struct store_db *db, int64_t number);

/* A name is read with and without the facility's prefix. -ENOENT if there is none. The caller calls terminal_done on what it got. */
int terminal_find(struct store_db *db, const char *name, struct terminal *ret_terminal);
int terminal_load(struct store_db *db, int64_t number, struct terminal *ret_terminal);

/* Sorted by name. A negative errno of visit ends it. */
int terminal_each(struct store_db *db,
	int (*visit)(struct store_db *db, const struct terminal *terminal, void *argument),
	void *argument);

/* A session begins now. */
int terminal_set_last_session(struct store_db *db, int64_t number);

#endif
