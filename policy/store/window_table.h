/* Maintenance and restart windows in the database (B6). Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_WINDOW_TABLE_H
#define POLICY_STORE_WINDOW_TABLE_H

#include "policy/windows.h"

struct store_db;

/* Sets number, and created_us. */
int window_insert(struct store_db *db, struct window *window);
int window_delete(struct store_db *db, int64_t number);

/* -ENOENT if there is none. */
int window_find(struct store_db *db, int64_t number, struct window *ret_window);

/* Those of a terminal and of all terminals (0: of all alone), in the order in which they were made; ended ones are left out.
 * The caller frees *ret_windows. */
int windows_load(
	struct store_db *db, int64_t terminal, struct window **ret_windows, size_t *ret_count);

/* Every one there is. */
int windows_load_all(struct store_db *db, struct window **ret_windows, size_t *ret_count);

/* How many a terminal has of its own; 0: those of all terminals. */
int window_count(struct store_db *db, int64_t terminal, int64_t *ret_count);

/* Forgets dated ones that ended a month ago. */
int window_prune(struct store_db *db);

#endif
