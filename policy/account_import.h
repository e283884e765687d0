/* Importing accounts (A15): one row of a CSV at a time, each in a store job of its own, so that a bad one changes
 * nothing and the good ones around it go through. Makes engineers only, never changes a kind, never deletes, and
 * leaves the MAC allowlist alone.
 *
 * The initial passwords of an account that a row makes are in the row's answer and nowhere else. They count as
 * delivered once whoever imports has said so (account_import_delivered); until then a row that names the account
 * makes them anew: an import that was cut off can be repeated, and nobody is left with an account that has a
 * password nobody has seen.
 */
#ifndef POLICY_ACCOUNT_IMPORT_H
#define POLICY_ACCOUNT_IMPORT_H

#include "policy/methods.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct account_import_options {
	const char *vendor;              /* of a new account whose row names none; NULL: none */
	const char *file;                /* for the administration log; NULL: not known */
	int64_t unless_changed_since_us; /* refuse what somebody else has changed since then; 0: whenever */
	bool override_protection;
	bool dry_run; /* says what would be; needs no write job */
};

/* `cells` is an object of texts by the keys of policy/csv/account_columns.def. Returns 0 with *ret_result, a row of
 * account.import's answer (control_methods.def), also when the row was refused; a negative errno only if the
 * store failed. Sets call->touched_account. */
int account_import_row(struct store_db *db, struct method_call *call, const json_t *cells,
	int64_t line, const struct account_import_options *options, json_t **ret_result);

/* In a write job: the initial passwords of these accounts (ids) have been handed over. One that is gone is no
 * error. */
int account_import_delivered(struct store_db *db, struct method_call *call, const json_t *ids);

#endif
