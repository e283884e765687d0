/* The fields of an account, and what a change of each one does to an account and its ties in memory. Private
 * to account_changes.c, whose header lists the fields.
 */
#ifndef POLICY_ACCOUNT_FIELDS_H
#define POLICY_ACCOUNT_FIELDS_H

#include "policy/account_ties.h"
#include "policy/civil.h"
#include "policy/field_error.h"

#include <jansson.h>

struct account;
struct method_call;
struct store_db;

/* One change of one account, which may be new. */
struct account_change {
	struct store_db *db;
	struct method_call *call;
	struct account *account;
	struct civil_date today;
	struct account_ties ties;
	const json_t *changes;    /* all of them: names and dates are checked in pairs */
	const json_t *value;      /* of the field that is being changed */
	struct field_error error; /* field set: the value was wrong */
};

/* Checks all of `changes`, then makes them. 0, or a negative errno: with call->error set it was refused. */
int account_change_fields(struct account_change *change);

#endif
