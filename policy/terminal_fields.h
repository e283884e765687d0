/* The fields of a terminal, and what a change of each one does to a terminal in memory; its accounts change at once, by their
 * own rules and in their events. Private to methods_terminal.c.
 */
#ifndef POLICY_TERMINAL_FIELDS_H
#define POLICY_TERMINAL_FIELDS_H

#include "policy/method_call.h"

/* 0, or a negative errno: with call->error set it was refused. */
int terminal_change_fields(struct store_db *db, struct method_call *call, const json_t *changes,
	struct terminal *terminal);

/* The parameters of terminal.add, as changes to an empty terminal. */
json_t *terminal_changes_of_new(const json_t *params);

/* For param_each_text; argument: the struct terminal. */
int terminal_add_account(
	struct store_db *db, struct method_call *call, const char *id, void *argument);
int terminal_remove_account(
	struct store_db *db, struct method_call *call, const char *id, void *argument);

#endif
