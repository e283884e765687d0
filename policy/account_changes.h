/* Making and changing accounts (A1-A9, A16, A18-A20): the one way that account.add, account.edit,
 * account.lock, account.extend and account.import share. Inside a store job.
 *
 * Everything is checked first, in memory; then it is written, with its administration event, or, when
 * anything is wrong, nothing of it: a caller that goes on to the next account after a refusal needs no
 * savepoint. Only when the store itself fails must the job fail too.
 *
 * `fields` and `changes` are JSON objects:
 *
 *	id                        text; account_add alone
 *	family_name, given_name, email, kind, valid_from, valid_until, hours, file_sharing
 *	                          texts, as in an account object; dates also as people write them
 *	allowlist                 "enforced"; "off" only as a change, and with options->because
 *	vendor                    name of a vendor, or null
 *	max_sessions              number, 0: no limit
 *	protected                 the note, or null
 *	locked                    flag
 *	macs, terminals, services lists of texts, in the place of those there are
 *	add_macs, remove_macs, add_terminals, remove_terminals, add_services, remove_services
 *	                          lists; after those, in this order: remove (what is not there is refused), add
 *	priorities                {terminal: 0-9} of assigned terminals; others stay as they are
 *
 * A field that is missing stays as it is (account_add: its default). An error of one field names it in
 * call->error.field, as it is written above ("add_macs" is "macs" there); other refusals name none.
 */
#ifndef POLICY_ACCOUNT_CHANGES_H
#define POLICY_ACCOUNT_CHANGES_H

#include "policy/accounts.h"
#include "policy/methods.h"
#include "policy/passwords.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero: what a plain change needs. */
struct account_change_options {
	const char *action;  /* of the event; NULL: "account.add", "account.edit" */
	const char *because; /* or NULL */
	int64_t version; /* the one that the person has seen: another one is refused; 0: whatever */
	bool override_protection;
	bool undelivered; /* the passwords of a new account: call password_delivered later */
	bool dry_run;     /* checks, and says what would be; writes nothing, makes no passwords */
};

struct account_outcome {
	json_t *before; /* account object (control_methods.def); NULL: there was none */
	json_t *after;
	bool changed; /* by more than who touched it when; without it nothing was written */

	/* Of account_add, and the only copies: "" otherwise. */
	char first_password[INITIAL_PASSWORD_SIZE];
	char second_password[INITIAL_PASSWORD_SIZE];
};

/* Both return 0, or a negative errno: with call->error set it was refused and nothing is written. On 0
 * the caller calls account_outcome_done, which wipes the passwords; otherwise there is nothing to free.
 * options may be NULL. They set call->touched_account. */
int account_add(struct store_db *db, struct method_call *call, const json_t *fields,
	const struct account_change_options *options, struct account_outcome *ret_outcome);

/* account: from method_find_account; it becomes what it is now, unless refused or a dry run. */
int account_change(struct store_db *db, struct method_call *call, struct account *account,
	const json_t *changes, const struct account_change_options *options,
	struct account_outcome *ret_outcome);

void account_outcome_done(struct account_outcome *outcome);

#endif
