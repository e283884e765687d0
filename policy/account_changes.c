/* Making and changing accounts; see account_changes.h. What each field takes: account_fields.c.
 *
 * A change works on a copy of the account; what it looks like before and after are two JSON objects, and
 * only if they differ is anything written.
 */
#include "policy/account_changes.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "policy/account_fields.h"
#include "policy/method_call.h"
#include "policy/store/account_table.h"
#include "policy/store/password_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct civil_date
today(const struct store_db *db)
{
	struct civil_time now;

	civil_from_instant(store_db_now(db), &now);
	return now.date;
}

/* Administrators never connect to a terminal (A9). */
static int
check_terminals(const struct account_change *change, const struct account *was)
{
	size_t count = change->ties.assignments.count;

	if (change->account->kind != ACCOUNT_ADMIN || count == 0)
		return 0;
	if (was == NULL || was->kind == ACCOUNT_ADMIN)
		return method_refuse(change->call, METHOD_REFUSED,
			"an administrator cannot be assigned a terminal: '%s'",
			change->account->id);
	return method_refuse(change->call, METHOD_REFUSED,
		"an administrator cannot be assigned a terminal: remove its %zu terminals first",
		count);
}

/* Somebody must be left who can mend things (A9). */
static int
check_last_admin(const struct account_change *change, const struct account *was)
{
	int64_t others;
	int r;

	if (was->kind != ACCOUNT_ADMIN || was->locked)
		return 0;
	if (change->account->kind == ACCOUNT_ADMIN && !change->account->locked)
		return 0;
	r = account_other_admins(change->db, was->number, change->today, &others);
	if (r < 0)
		return r;
	if (others == 0)
		return method_refuse(change->call, METHOD_REFUSED,
			"'%s' is the last administrator: it can be neither locked nor made another "
			"kind",
			was->id);
	return 0;
}

/* The allowlist is switched off by an edit with a reason, and in no other way (A4). */
static int
check_because(const struct account_change *change, const struct account *was, const char *because)
{
	if (change->account->allowlist_enforced || (was != NULL && !was->allowlist_enforced))
		return 0;
	if (was == NULL)
		return method_refuse(change->call, METHOD_REFUSED,
			"a new account's MAC allowlist is enforced: edit it afterwards, with a "
			"reason");
	if (because != NULL && strspn(because, " \t") != strlen(because))
		return 0;
	return method_refuse(change->call, METHOD_REFUSED,
		"switching the MAC allowlist off needs a reason (--because): any device could "
		"connect");
}

void
account_outcome_done(struct account_outcome *outcome)
{
	json_decref(outcome->before);
	json_decref(outcome->after);
	secret_wipe(outcome, sizeof(*outcome));
}

static int
read_required(struct account_change *change)
{
	static const char *const required[] = {"family_name", "given_name", "email"};
	static const char *const examples[] = {"山田", "太郎", "taro@example.jp"};
	const char *id = param_text(change->changes, "id");

	if (account_id_parse(&store_db_settings(change->db)->facility, id != NULL ? id : "",
		    change->account->id, &change->error) < 0)
		return method_refuse_field(change->call, &change->error);
	for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
		if (json_object_get(change->changes, required[i]) != NULL)
			continue;
		(void)field_error_set(&change->error, required[i], NULL, "required", examples[i]);
		return method_refuse_field(change->call, &change->error);
	}
	return 0;
}

/* Everything of a new account that can be checked before it is there. */
static int
read_new(struct account_change *change)
{
	struct account *account = change->account;
	json_t *rest = json_copy((json_t *)change->changes);
	int r;

	*account = (struct account){.hours.always = true,
		.allowlist_enforced = true,
		.kind = ACCOUNT_ENGINEER,
		.version = 1};
	(void)account_validity_parse(NULL, NULL, change->today, account, &change->error);
	r = read_required(change);
	(void)json_object_del(rest, "id");
	if (r == 0) {
		change->changes = rest;
		r = account_change_fields(change);
	}
	if (r == 0)
		r = check_terminals(change, NULL);
	if (r == 0)
		r = check_because(change, NULL, NULL);
	json_decref(rest);
	return r;
}

static int
check_new_id(const struct account_change *change)
{
	struct account *there = malloc(sizeof(*there));
	int r;

	if (there == NULL)
		return -ENOMEM;
	r = account_find(change->db, change->account->id, there);
	free(there);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = method_refuse(change->call, METHOD_REFUSED, "there is an account '%s' already",
		change->account->id);
	(void)field_error_set(&change->call->error.field, "id", change->account->id,
		"an id that no account has", "taro.yamada2");
	return r;
}

static int
make_password(struct store_db *db, int64_t account, enum password_kind kind, bool delivered,
	char *ret_password)
{
	struct stored_password stored = {.must_change = true, .delivered = delivered};
	int r;

	r = initial_password_make(
		ret_password, INITIAL_PASSWORD_SIZE, stored.hash, sizeof(stored.hash));
	return r < 0 ? r : password_set(db, account, kind, &stored);
}

static int
write_new(struct account_change *change, const struct account_change_options *options,
	struct account_outcome *outcome)
{
	static const struct account_ties none;
	struct account *account = change->account;
	struct method_call *call = change->call;
	int r;

	snprintf(account->changed_by, sizeof(account->changed_by), "%s", call->actor);
	r = account_insert(change->db, account);
	if (r == 0)
		r = account_ties_write(change->db, account->number, &none, &change->ties);
	if (r == 0)
		r = make_password(change->db, account->number, PASSWORD_FIRST,
			!options->undelivered, outcome->first_password);
	if (r == 0)
		r = make_password(change->db, account->number, PASSWORD_SECOND,
			!options->undelivered, outcome->second_password);
	if (r < 0)
		return r;
	outcome->after = account_json_with(change->db, account, &change->ties);
	call->touched_account = account->number;
	return record_change(change->db, call,
		options->action != NULL ? options->action : "account.add", account->id, NULL,
		outcome->after, options->because);
}

int
account_add(struct store_db *db, struct method_call *call, const json_t *fields_given,
	const struct account_change_options *options, struct account_outcome *ret_outcome)
{
	static const struct account_change_options plain;
	struct account account;
	struct account_change change = {.db = db,
		.call = call,
		.account = &account,
		.today = today(db),
		.changes = fields_given};
	struct account_outcome outcome = {.changed = true};
	int r;

	call->overrode = false;
	options = options != NULL ? options : &plain;
	r = account_ties_load(db, 0, &change.ties);
	if (r == 0)
		r = read_new(&change);
	if (r == 0)
		r = check_new_id(&change);
	if (r == 0 && options->dry_run)
		outcome.after = account_json_with(db, &account, &change.ties);
	else if (r == 0)
		r = write_new(&change, options, &outcome);
	account_ties_done(&change.ties);
	if (r < 0)
		account_outcome_done(&outcome);
	else
		*ret_outcome = outcome;
	secret_wipe(&outcome, sizeof(outcome));
	return r;
}

/* The rules for the account as a whole, once its fields are right. */
static int
check_change(const struct account_change *change, const struct account *was,
	const struct account_change_options *options)
{
	int r;

	r = check_because(change, was, options->because);
	if (r == 0)
		r = check_last_admin(change, was);
	if (r == 0)
		r = check_terminals(change, was);
	if (r == 0)
		r = method_check_protection(
			change->call, was->id, was->protected_note, options->override_protection);
	return r;
}

static int
write_change(struct account_change *change, const struct account_ties *ties_were,
	const struct account_change_options *options, struct account_outcome *outcome)
{
	struct account *account = change->account;
	struct method_call *call = change->call;
	int r;

	snprintf(account->changed_by, sizeof(account->changed_by), "%s", call->actor);
	r = account_update(change->db, account);
	if (r == 0)
		r = account_ties_write(change->db, account->number, ties_were, &change->ties);
	if (r < 0)
		return r;
	json_decref(outcome->after);
	outcome->after = account_json_with(change->db, account, &change->ties);
	return record_change(change->db, call,
		options->action != NULL ? options->action : "account.edit", account->id,
		outcome->before, outcome->after, options->because);
}

/* Works on change->account, a copy of `was`. */
static int
change_and_write(struct account_change *change, const struct account *was,
	const struct account_change_options *options, struct account_outcome *outcome)
{
	struct account_ties ties_were;
	int r;

	r = account_ties_copy(&change->ties, &ties_were);
	if (r < 0)
		return r;
	outcome->before = account_json_with(change->db, was, &ties_were);
	r = method_check_version(
		change->db, change->call, "account", was->id, options->version, outcome->before);
	if (r == 0)
		r = account_change_fields(change);
	if (r == 0) {
		outcome->after = account_json_with(change->db, change->account, &change->ties);
		outcome->changed = !json_equal(outcome->before, outcome->after);
	}
	if (r == 0 && outcome->changed)
		r = check_change(change, was, options);
	if (r == 0 && outcome->changed && !options->dry_run)
		r = write_change(change, &ties_were, options, outcome);
	account_ties_done(&ties_were);
	return r;
}

int
account_change(struct store_db *db, struct method_call *call, struct account *account,
	const json_t *changes, const struct account_change_options *options,
	struct account_outcome *ret_outcome)
{
	static const struct account_change_options plain;
	struct account copy = *account;
	struct account_change change = {
		.db = db, .call = call, .account = &copy, .today = today(db), .changes = changes};
	struct account_outcome outcome = {0};
	int r;

	call->overrode = false;
	call->touched_account = account->number;
	options = options != NULL ? options : &plain;
	r = account_ties_load(db, account->number, &change.ties);
	if (r == 0)
		r = change_and_write(&change, account, options, &outcome);
	account_ties_done(&change.ties);
	if (r < 0) {
		account_outcome_done(&outcome);
		return r;
	}
	if (!options->dry_run)
		*account = copy;
	*ret_outcome = outcome;
	return 0;
}
