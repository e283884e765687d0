/* Making and changing accounts; see account_changes.h. Terminals and services: account_ties.c.
 *
 * A change works on a copy of the account; what it looks like before and after are two JSON objects, and
 * only if they differ is anything written.
 */
#include "policy/account_changes.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "policy/method_call.h"
#include "policy/store/account_table.h"
#include "policy/store/password_table.h"
#include "policy/store/store.h"
#include "policy/store/vendor_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a change of one field looks at: the row of the table below says what it does. */
struct change {
	struct store_db *db;
	struct method_call *call;
	struct account *account;
	struct account_ties ties;
	const json_t *changes; /* all of them: names and dates are checked in pairs */
	const json_t *value;
	struct field_error error; /* field set: the value was wrong */
};

static struct civil_date
today(const struct store_db *db)
{
	struct civil_time now;

	civil_from_instant(store_db_now(db), &now);
	return now.date;
}

/* Of a pair, the other one that is being given, or what the account has. */
static const char *
given_or(const struct change *change, const char *name, const char *otherwise)
{
	const char *text = param_text(change->changes, name);

	return text != NULL ? text : otherwise;
}

static const char *
given(const struct change *change)
{
	return json_string_value(change->value);
}

static int
change_names(struct change *change)
{
	char family[ACCOUNT_NAME_SIZE], given_name[ACCOUNT_NAME_SIZE];

	memcpy(family, change->account->family_name, sizeof(family));
	memcpy(given_name, change->account->given_name, sizeof(given_name));
	return account_names_parse(given_or(change, "family_name", family),
		given_or(change, "given_name", given_name), change->account, &change->error);
}

static int
change_email(struct change *change)
{
	return account_email_parse(given(change), change->account->email, &change->error);
}

static int
change_kind(struct change *change)
{
	return account_kind_parse(given(change), &change->account->kind, &change->error);
}

static int
change_validity(struct change *change)
{
	char from[CIVIL_DATE_SIZE], until[CIVIL_DATE_SIZE];

	civil_date_format(change->account->valid_from, from);
	civil_date_format(change->account->valid_until, until);
	return account_validity_parse(given_or(change, "valid_from", from),
		given_or(change, "valid_until", until), today(change->db), change->account,
		&change->error);
}

static int
change_hours(struct change *change)
{
	return account_hours_parse(given(change), &change->account->hours, &change->error);
}

static int
change_file_sharing(struct change *change)
{
	return file_sharing_parse(given(change), &change->account->file_sharing, &change->error);
}

static int
change_allowlist(struct change *change)
{
	bool off = strcmp(given(change), "off") == 0;

	if (!off && strcmp(given(change), "enforced") != 0)
		return field_error_set(
			&change->error, "allowlist", given(change), "enforced or off", "enforced");
	change->account->allowlist_enforced = !off;
	return 0;
}

static int
change_max_sessions(struct change *change)
{
	return account_max_sessions_parse(
		json_integer_value(change->value), &change->account->max_sessions, &change->error);
}

static int
change_protected(struct change *change)
{
	return protected_note_parse(given(change), change->account->protected_note, &change->error);
}

static int
change_locked(struct change *change)
{
	change->account->locked = json_is_true(change->value);
	return 0;
}

static int
change_vendor(struct change *change)
{
	struct account *account = change->account;
	const char *name = given(change);
	struct vendor vendor = {0};
	int r;

	r = name == NULL ? 0 : vendor_find(change->db, name, &vendor);
	if (r == -ENOENT)
		return field_error_set(&change->error, "vendor", name,
			"the name of a vendor that there is", "Sakura Medical Systems");
	if (r < 0)
		return r;
	account->vendor = vendor.number;
	memcpy(account->vendor_name, vendor.name, sizeof(account->vendor_name));
	return 0;
}

static int
add_mac(struct store_db *db, struct method_call *call, const char *text, void *argument)
{
	struct field_error error = {0};

	(void)db;
	if (account_mac_add(argument, text, &error) < 0)
		return method_refuse_field(call, &error);
	return 0;
}

static int
remove_mac(struct store_db *db, struct method_call *call, const char *text, void *argument)
{
	struct field_error error = {0};

	(void)db;
	if (account_mac_remove(argument, text, &error) < 0)
		return method_refuse_field(call, &error);
	return 0;
}

static int
change_add_macs(struct change *change)
{
	return param_each_text(
		change->call, change->value, "macs", add_mac, change->db, change->account);
}

static int
change_remove_macs(struct change *change)
{
	return param_each_text(
		change->call, change->value, "macs", remove_mac, change->db, change->account);
}

static int
change_macs(struct change *change)
{
	change->account->mac_count = 0;
	return change_add_macs(change);
}

enum value_type {
	TYPE_TEXT,
	TYPE_TEXT_OR_NULL,
	TYPE_NUMBER,
	TYPE_FLAG,
	TYPE_LIST,
	TYPE_OBJECT,
};

/* In the order in which they are done. One of change and change_ties is set. */
static const struct {
	const char *name;
	enum value_type type;
	int (*change)(struct change *change);
	account_ties_change *change_ties;
} fields[] = {
	{"family_name", TYPE_TEXT, change_names, NULL},
	{"given_name", TYPE_TEXT, change_names, NULL},
	{"email", TYPE_TEXT, change_email, NULL},
	{"kind", TYPE_TEXT, change_kind, NULL},
	{"valid_from", TYPE_TEXT, change_validity, NULL},
	{"valid_until", TYPE_TEXT, change_validity, NULL},
	{"hours", TYPE_TEXT, change_hours, NULL},
	{"file_sharing", TYPE_TEXT, change_file_sharing, NULL},
	{"allowlist", TYPE_TEXT, change_allowlist, NULL},
	{"vendor", TYPE_TEXT_OR_NULL, change_vendor, NULL},
	{"max_sessions", TYPE_NUMBER, change_max_sessions, NULL},
	{"protected", TYPE_TEXT_OR_NULL, change_protected, NULL},
	{"locked", TYPE_FLAG, change_locked, NULL},
	{"macs", TYPE_LIST, change_macs, NULL},
	{"remove_macs", TYPE_LIST, change_remove_macs, NULL},
	{"add_macs", TYPE_LIST, change_add_macs, NULL},
	{"terminals", TYPE_LIST, NULL, change_terminals},
	{"remove_terminals", TYPE_LIST, NULL, change_remove_terminals},
	{"add_terminals", TYPE_LIST, NULL, change_add_terminals},
	{"services", TYPE_LIST, NULL, change_services},
	{"remove_services", TYPE_LIST, NULL, change_remove_services},
	{"add_services", TYPE_LIST, NULL, change_add_services},
	{"priorities", TYPE_OBJECT, NULL, change_priorities},
};

static bool
has_type(const json_t *value, enum value_type type)
{
	switch (type) {
	case TYPE_TEXT:
		return json_is_string(value);
	case TYPE_TEXT_OR_NULL:
		return json_is_string(value) || json_is_null(value);
	case TYPE_NUMBER:
		return json_is_integer(value);
	case TYPE_FLAG:
		return json_is_boolean(value);
	case TYPE_LIST:
		return json_is_array(value);
	default:
		return json_is_object(value);
	}
}

/* A text that holds a NUL would be read as another, shorter one. */
static bool
is_whole(const json_t *value)
{
	return !json_is_string(value) ||
	       strlen(json_string_value(value)) == json_string_length(value);
}

static bool
is_known(const char *name, const json_t *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return has_type(value, fields[i].type) && is_whole(value);
	return false;
}

static int
check_fields(struct method_call *call, const json_t *changes)
{
	struct field_error error;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)changes, name, value) {
		if (is_known(name, value))
			continue;
		(void)field_error_set(&error, "changes", name,
			strcmp(name, "id") == 0 ? "the id of an account never changes"
						: "a field that can be changed, of the right type",
			"{\"email\": \"taro@example.jp\"}");
		return method_refuse_field(call, &error);
	}
	return 0;
}

static int
change_fields(struct change *change)
{
	int r;

	r = check_fields(change->call, change->changes);
	for (size_t i = 0; i < ARRAY_SIZE(fields) && r == 0; i++) {
		change->value = json_object_get(change->changes, fields[i].name);
		if (change->value == NULL)
			continue;
		if (fields[i].change != NULL)
			r = fields[i].change(change);
		else
			r = fields[i].change_ties(
				change->db, change->call, &change->ties, change->value);
	}
	if (change->error.field != NULL)
		return method_refuse_field(change->call, &change->error);
	return r;
}

/* Administrators never connect to a terminal (A9). */
static int
check_terminals(const struct change *change, const struct account *was)
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
check_last_admin(const struct change *change, const struct account *was)
{
	int64_t others;
	int r;

	if (was->kind != ACCOUNT_ADMIN || was->locked)
		return 0;
	if (change->account->kind == ACCOUNT_ADMIN && !change->account->locked)
		return 0;
	r = account_other_admins(change->db, was->number, today(change->db), &others);
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
check_because(const struct change *change, const struct account *was, const char *because)
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
read_required(struct change *change)
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
read_new(struct change *change)
{
	struct account *account = change->account;
	json_t *rest = json_copy((json_t *)change->changes);
	int r;

	*account = (struct account){.hours.always = true,
		.allowlist_enforced = true,
		.kind = ACCOUNT_ENGINEER,
		.version = 1};
	(void)account_validity_parse(NULL, NULL, today(change->db), account, &change->error);
	r = read_required(change);
	(void)json_object_del(rest, "id");
	if (r == 0) {
		change->changes = rest;
		r = change_fields(change);
	}
	if (r == 0)
		r = check_terminals(change, NULL);
	if (r == 0)
		r = check_because(change, NULL, NULL);
	json_decref(rest);
	return r;
}

static int
check_new_id(const struct change *change)
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
write_new(struct change *change, const struct account_change_options *options,
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
	struct change change = {
		.db = db, .call = call, .account = &account, .changes = fields_given};
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
check_change(const struct change *change, const struct account *was,
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
write_change(struct change *change, const struct account_ties *ties_were,
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
change_and_write(struct change *change, const struct account *was,
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
		r = change_fields(change);
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
	struct change change = {.db = db, .call = call, .account = &copy, .changes = changes};
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
