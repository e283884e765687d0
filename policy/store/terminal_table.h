/* Terminals, their rights and who may use them, in the database. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_TERMINAL_TABLE_H
#define POLICY_STORE_TERMINAL_TABLE_H

#include "policy/terminals.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct store_db;

/* Sets number, created_us and updated_us. -EEXIST: the name is taken, in whatever case. */
int terminal_insert(struct store_db *db, struct terminal *terminal);

/* Everything but name and created_us; sets updated_us. */
int terminal_update(struct store_db *db, struct terminal *terminal);
int terminal_delete(struct store_db *db, int64_t number);

/* -ENOENT if there is none. The caller calls terminal_done on what it got. */
int terminal_find(struct store_db *db, const char *name, struct terminal *ret_terminal);
int terminal_load(struct store_db *db, int64_t number, struct terminal *ret_terminal);

/* Sorted by name. A negative errno of visit ends it. */
int terminal_each(struct store_db *db,
	int (*visit)(struct store_db *db, const struct terminal *terminal, void *argument),
	void *argument);

/* Adding what is there, and removing what is not, is no error. */
int assignment_add(struct store_db *db, int64_t account, int64_t terminal);
int assignment_remove(struct store_db *db, int64_t account, int64_t terminal);
int assignment_remove_all(struct store_db *db, int64_t account);
int assignment_exists(struct store_db *db, int64_t account, int64_t terminal, bool *ret_exists);

/* Sorted names, ids, as a new JSON list. */
int assignment_terminals(struct store_db *db, int64_t account, json_t **ret_names);
int assignment_accounts(struct store_db *db, int64_t terminal, json_t **ret_ids);
int assignment_count(struct store_db *db, int64_t terminal, int64_t *ret_count);

#endif
