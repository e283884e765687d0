/* What an account is tied to in other tables: its terminals and linked services, in memory, and how
 * changes turn them into others. Private to policy.
 */
#ifndef POLICY_ACCOUNT_TIES_H
#define POLICY_ACCOUNT_TIES_H

#include "policy/store/assignment_table.h"

#include <jansson.h>
#include <stdint.h>

struct method_call;

struct account_ties {
	struct assignments assignments;
	json_t *services; /* sorted */
};

/* number 0: an account that is not there yet. 0 or a negative errno. */
int account_ties_load(struct store_db *db, int64_t number, struct account_ties *ret_ties);
int account_ties_copy(const struct account_ties *ties, struct account_ties *ret_copy);
void account_ties_done(struct account_ties *ties);

/* Writes what differs. */
int account_ties_write(struct store_db *db, int64_t number, const struct account_ties *was,
	const struct account_ties *now);

/* Each reads one field of account_changes.h: 0, or a negative errno with call->error. */
typedef int account_ties_change(struct store_db *db, struct method_call *call,
	struct account_ties *ties, const json_t *value);
account_ties_change change_terminals, change_add_terminals, change_remove_terminals;
account_ties_change change_services, change_add_services, change_remove_services;
account_ties_change change_priorities;

#endif
