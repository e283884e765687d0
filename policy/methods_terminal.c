/* terminal.* (B1, B2, B4, B8): see methods.h. */
#include "policy/method_call.h"

#include "base/cleanup.h"
#include "policy/account_changes.h"
#include "policy/store/credential_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of one field; the row of the table below says what it does. */
struct change {
	struct store_db *db;
	struct method_call *call;
	struct terminal *terminal;
	const json_t *value;
	struct field_error error; /* field set: the value was wrong */
};

static bool
override_protection(const struct method_call *call)
{
	return json_is_true(json_object_get(call->params, "override_protection"));
}

static int
change_address(struct change *change)
{
	return terminal_address_parse(
		json_string_value(change->value), change->terminal->address, &change->error);
}

static int
change_port(struct change *change)
{
	return terminal_port_parse(
		json_integer_value(change->value), &change->terminal->port, &change->error);
}

static int
change_note(struct change *change)
{
	return terminal_note_parse(
		json_string_value(change->value), change->terminal->note, &change->error);
}

static int
change_capacity(struct change *change)
{
	return terminal_capacity_parse(
		json_integer_value(change->value), &change->terminal->capacity, &change->error);
}

static int
change_take_over(struct change *change)
{
	change->terminal->take_over = json_is_true(change->value);
	return 0;
}

static int
change_idle(struct change *change)
{
	return terminal_minutes_parse(json_string_value(change->value), "idle",
		&change->terminal->idle_minutes, &change->error);
}

static int
change_longest(struct change *change)
{
	return terminal_minutes_parse(json_string_value(change->value), "longest",
		&change->terminal->longest_minutes, &change->error);
}

static int
change_protected(struct change *change)
{
	return protected_note_parse(
		json_string_value(change->value), change->terminal->protected_note, &change->error);
}

/* A mode that no session could begin with is refused here, where somebody reads what to do first. */
static int
check_stored(struct change *change)
{
	const char *name = change->terminal->name;
	struct stored_credential stored;
	int r;

	r = credential_load(change->db, change->terminal->number, &stored);
	if (r != -ENOENT)
		return r;
	return method_refuse(change->call, METHOD_REFUSED,
		"no password is stored for terminal '%s'; first: sekisho-admin terminal "
		"credential set '%s' --user USER",
		name, name);
}

static int
change_credentials(struct change *change)
{
	struct terminal *terminal = change->terminal;
	enum credential_mode mode;
	int r;

	r = credential_mode_parse(json_string_value(change->value), &mode, &change->error);
	if (r == 0 && mode == CREDENTIALS_INJECTED)
		r = check_stored(change);
	if (r < 0 || mode == terminal->credentials)
		return r;
	terminal->credentials = mode;
	terminal->credentials_since_us = store_db_now(change->db);
	return 0;
}

static int
change_nla(struct change *change)
{
	return terminal_nla_parse(
		json_string_value(change->value), &change->terminal->nla, &change->error);
}

static int
change_attended(struct change *change)
{
	change->terminal->attendance_required = json_is_true(change->value);
	return 0;
}

static int
change_in_service(struct change *change)
{
	change->terminal->in_service = json_is_true(change->value);
	return 0;
}

/* An empty text takes the bundle away: the terminal is trusted no more. */
static int
change_ca_bundle(struct change *change)
{
	struct terminal *terminal = change->terminal;
	const char *text = json_string_value(change->value);
	char *copy = NULL;

	if (text[0] != '\0') {
		if (terminal_ca_bundle_check(text, &change->error) < 0)
			return -EINVAL;
		copy = strdup(text);
		if (copy == NULL)
			return -ENOMEM;
	}
	if (copy != NULL || terminal->trust == TERMINAL_TRUST_CA)
		terminal->trust = copy != NULL ? TERMINAL_TRUST_CA : TERMINAL_TRUST_NONE;
	free(terminal->ca_bundle);
	terminal->ca_bundle = copy;
	return 0;
}

static int
allow_channel(struct store_db *db, struct method_call *call, const char *name, void *argument)
{
	(void)db;
	return method_channel_add(call, name, ((struct terminal *)argument)->channels);
}

static int
deny_channel(struct store_db *db, struct method_call *call, const char *name, void *argument)
{
	(void)db;
	return method_channel_remove(call, name, ((struct terminal *)argument)->channels);
}

/* Who may use which terminal is kept with the accounts, by their rules and in their events, whichever side
 * it is changed from. */
static int
change_account(struct store_db *db, struct method_call *call, const char *field, const char *id,
	const struct terminal *terminal)
{
	struct account_change_options options = {.override_protection = override_protection(call)};
	json_t *changes = json_pack("{s:[s]}", field, terminal->name);
	struct account_outcome outcome;
	struct account account;
	int r;

	r = method_find_account(db, call, id, &account);
	if (r == 0)
		r = account_change(db, call, &account, changes, &options, &outcome);
	json_decref(changes);
	if (r < 0)
		return r;
	account_outcome_done(&outcome);
	call->touched_account = 0;
	return 0;
}

static int
add_account(struct store_db *db, struct method_call *call, const char *id, void *argument)
{
	return change_account(db, call, "add_terminals", id, argument);
}

static int
remove_account(struct store_db *db, struct method_call *call, const char *id, void *argument)
{
	return change_account(db, call, "remove_terminals", id, argument);
}

static int
change_allow(struct change *change)
{
	return method_rights_set(change->call, change->value, &change->terminal->rights);
}

static int
change_deny(struct change *change)
{
	return method_rights_clear(change->call, change->value, &change->terminal->rights);
}

static int
change_allow_channels(struct change *change)
{
	return param_each_text(change->call, change->value, "allow_channels", allow_channel,
		change->db, change->terminal);
}

static int
change_deny_channels(struct change *change)
{
	return param_each_text(change->call, change->value, "deny_channels", deny_channel,
		change->db, change->terminal);
}

static int
change_add_accounts(struct change *change)
{
	return param_each_text(change->call, change->value, "add_accounts", add_account, change->db,
		change->terminal);
}

static int
change_remove_accounts(struct change *change)
{
	return param_each_text(change->call, change->value, "remove_accounts", remove_account,
		change->db, change->terminal);
}

static const struct {
	const char *name;
	enum param_type type;
	int (*change)(struct change *change);
} fields[] = {
	{"address", PARAM_TEXT, change_address},
	{"port", PARAM_NUMBER, change_port},
	{"note", PARAM_TEXT, change_note},
	{"capacity", PARAM_NUMBER, change_capacity},
	{"take_over", PARAM_FLAG, change_take_over},
	{"idle", PARAM_TEXT, change_idle},
	{"longest", PARAM_TEXT, change_longest},
	{"in_service", PARAM_FLAG, change_in_service},
	{"attended", PARAM_FLAG, change_attended},
	{"credentials", PARAM_TEXT, change_credentials},
	{"nla", PARAM_TEXT, change_nla},
	{"protected", PARAM_TEXT_OR_NULL, change_protected},
	{"ca_bundle", PARAM_TEXT, change_ca_bundle},
	{"allow", PARAM_LIST, change_allow},
	{"deny", PARAM_LIST, change_deny},
	{"allow_channels", PARAM_LIST, change_allow_channels},
	{"deny_channels", PARAM_LIST, change_deny_channels},
	{"add_accounts", PARAM_LIST, change_add_accounts},
	{"remove_accounts", PARAM_LIST, change_remove_accounts},
};

static int
change_one(struct change *change, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].name, name) == 0 &&
			param_has_type(change->value, fields[i].type))
			return fields[i].change(change);
	return method_refuse_change(change->call, name, "{\"port\": 3389}");
}

static int
change_fields(struct store_db *db, struct method_call *call, const json_t *changes,
	struct terminal *terminal)
{
	struct change change = {.db = db, .call = call, .terminal = terminal};
	const char *name;
	json_t *value;
	int r = 0;

	json_object_foreach ((json_t *)changes, name, value) {
		change.value = value;
		r = change_one(&change, name);
		if (r < 0)
			break;
	}
	if (change.error.field != NULL)
		return method_refuse_field(call, &change.error);
	return r;
}

/* The parameters of terminal.add, as changes to an empty terminal. */
static json_t *
changes_of_new(const json_t *params)
{
	static const struct {
		const char *param, *field;
	} names[] = {
		{"address", "address"},
		{"port", "port"},
		{"note", "note"},
		{"capacity", "capacity"},
		{"take_over", "take_over"},
		{"idle", "idle"},
		{"longest", "longest"},
		{"attended", "attended"},
		{"rights", "allow"},
		{"credentials", "credentials"},
		{"nla", "nla"},
		{"channels", "allow_channels"},
		{"protected", "protected"},
	};
	json_t *changes = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_t *value = json_object_get(params, names[i].param);

		if (value != NULL)
			(void)json_object_set(changes, names[i].field, value);
	}
	return changes;
}

/* B1: the facility's prefix stands before a name that has none. */
static int
read_name(struct store_db *db, struct method_call *call, struct terminal *terminal)
{
	const char *name = param_text(call->params, "name");
	struct field_error error = {0};
	int r;

	r = terminal_name_parse(name != NULL ? name : "", terminal->name, &error);
	if (r == 0 && json_is_true(json_object_get(call->params, "default_prefix")))
		r = terminal_name_add_prefix(
			store_db_settings(db)->facility.prefix, terminal->name, &error);
	return r < 0 ? method_refuse_field(call, &error) : 0;
}

static int
read_new_terminal(struct store_db *db, struct method_call *call, struct terminal *terminal)
{
	json_t *changes;
	int r;

	*terminal = (struct terminal){
		.port = TERMINAL_DEFAULT_PORT,
		.in_service = true,
		.idle_minutes = TERMINAL_AS_SET,
		.longest_minutes = TERMINAL_AS_SET,
		.rights = session_rights_default(),
	};
	r = read_name(db, call, terminal);
	if (r < 0)
		return r;
	changes = changes_of_new(call->params);
	r = change_fields(db, call, changes, terminal);
	json_decref(changes);
	if (r == 0 && terminal->address[0] == '\0')
		r = method_refuse(call, METHOD_REFUSED, "a terminal needs an address");
	return r;
}

int
method_terminal_add(struct store_db *db, struct method_call *call)
{
	struct terminal terminal;
	int r;

	r = read_new_terminal(db, call, &terminal);
	snprintf(terminal.changed_by, sizeof(terminal.changed_by), "%s", call->actor);
	if (r == 0)
		r = terminal_insert(db, &terminal);
	if (r == -EEXIST)
		r = method_refuse(
			call, METHOD_REFUSED, "there is a terminal '%s' already", terminal.name);
	if (r == 0)
		r = param_each_text(call, json_object_get(call->params, "accounts"), "accounts",
			add_account, db, &terminal);
	if (r == 0)
		r = terminal_json(db, &terminal, true, &call->result);
	if (r == 0)
		r = record_change(
			db, call, "terminal.add", terminal.name, NULL, call->result, NULL);
	call->touched_terminal = terminal.number;
	terminal_done(&terminal);
	return r;
}

static int
take_terminal(
	struct store_db *db, struct method_call *call, struct terminal *terminal, json_t **ret_now)
{
	const char *name = param_text(call->params, "name");
	int r;

	*terminal = (struct terminal){0};
	r = method_find_own_terminal(db, call, name != NULL ? name : "", terminal);
	if (r < 0)
		return r;
	call->touched_terminal = terminal->number;
	return terminal_json(db, terminal, true, ret_now);
}

int
method_terminal_show(struct store_db *db, struct method_call *call)
{
	const char *name = param_text(call->params, "name");
	struct terminal terminal = {0};
	json_t *pinned;
	int r;

	r = method_find_own_terminal(db, call, name != NULL ? name : "", &terminal);
	if (r == 0)
		r = terminal_json_with_windows(db, &terminal, &call->result);
	if (r == 0)
		r = terminal_pin_json(db, &terminal, &pinned);
	if (r == 0)
		(void)json_object_set_new(call->result, "pinned", pinned);
	terminal_done(&terminal);
	return r;
}

/* Whether it is itself another one than before: who may use it does not count. */
static int
differs(struct store_db *db, const struct terminal *terminal, const json_t *before,
	bool *ret_differs)
{
	json_t *now;
	int r;

	r = terminal_json(db, terminal, true, &now);
	if (r < 0)
		return r;
	(void)json_object_set(now, "accounts", json_object_get(before, "accounts"));
	*ret_differs = !json_equal(before, now);
	json_decref(now);
	return 0;
}

static int
write_change(struct store_db *db, struct method_call *call, struct terminal *terminal,
	const json_t *before)
{
	const char *note = param_text(before, "protected"); /* as it was */
	int r;

	r = method_check_protection(
		call, terminal->name, note != NULL ? note : "", override_protection(call));
	if (r < 0)
		return r;
	snprintf(terminal->changed_by, sizeof(terminal->changed_by), "%s", call->actor);
	return terminal_update(db, terminal);
}

/* Writes what differs, answers with what it is now, and records it. */
static int
finish_change(struct store_db *db, struct method_call *call, const char *action,
	struct terminal *terminal, json_t *before)
{
	bool own = false;
	int r;

	call->overrode = false; /* that of an account is in the account's event */
	r = differs(db, terminal, before, &own);
	if (r == 0 && own)
		r = write_change(db, call, terminal, before);
	if (r == 0)
		r = terminal_json(db, terminal, true, &call->result);
	if (r == 0)
		r = record_change(db, call, action, terminal->name, before, call->result,
			param_text(call->params, "because"));
	if (r == 0)
		(void)json_object_set_new(
			call->result, "changed", json_boolean(!json_equal(before, call->result)));
	return r;
}

int
method_terminal_edit(struct store_db *db, struct method_call *call)
{
	struct terminal terminal;
	json_t *before = NULL;
	int r;

	r = take_terminal(db, call, &terminal, &before);
	if (r == 0)
		r = method_check_version(db, call, "terminal", terminal.name,
			json_integer_value(json_object_get(call->params, "version")), before);
	if (r == 0)
		r = change_fields(db, call, json_object_get(call->params, "changes"), &terminal);
	if (r == 0)
		r = finish_change(db, call, "terminal.edit", &terminal, before);
	json_decref(before);
	terminal_done(&terminal);
	return r;
}

/* Its accounts lose it by their own rules: each event says so. */
static int
take_from_accounts(struct store_db *db, struct method_call *call, struct terminal *terminal,
	const json_t *before)
{
	int r;

	r = param_each_text(call, json_object_get(before, "accounts"), "accounts", remove_account,
		db, terminal);
	call->overrode = false;
	return r;
}

/* What is stored goes with the terminal. */
static int
check_credential_protection(
	struct store_db *db, struct method_call *call, const struct terminal *terminal)
{
	struct stored_credential stored;
	int r;

	r = credential_load(db, terminal->number, &stored);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return method_check_protection(
		call, terminal->name, stored.protected_note, override_protection(call));
}

int
method_terminal_delete(struct store_db *db, struct method_call *call)
{
	struct terminal terminal;
	json_t *before = NULL;
	int r;

	r = take_terminal(db, call, &terminal, &before);
	if (r == 0)
		r = take_from_accounts(db, call, &terminal, before);
	if (r == 0)
		r = method_check_protection(
			call, terminal.name, terminal.protected_note, override_protection(call));
	if (r == 0)
		r = check_credential_protection(db, call, &terminal);
	if (r == 0)
		r = terminal_delete(db, terminal.number);
	if (r == 0)
		r = record_change(db, call, "terminal.delete", terminal.name, before, NULL,
			param_text(call->params, "because"));
	if (r == 0)
		call->result = json_incref(before);
	json_decref(before);
	terminal_done(&terminal);
	return r;
}

int
method_terminal_trust(struct store_db *db, struct method_call *call)
{
	const char *sha256 = param_text(call->params, "sha256");
	struct field_error error = {0};
	struct terminal terminal;
	json_t *before = NULL;
	int r;

	r = take_terminal(db, call, &terminal, &before);
	if (r == 0 && terminal_pin_parse(sha256 != NULL ? sha256 : "", terminal.pin, &error) < 0)
		r = method_refuse_field(call, &error);
	if (r == 0) {
		terminal.trust = TERMINAL_TRUST_PIN;
		free(terminal.ca_bundle);
		terminal.ca_bundle = NULL;
		r = finish_change(db, call, "terminal.trust", &terminal, before);
	}
	if (r == 0)
		r = terminal_pin_keep(db, call, &terminal);
	json_decref(before);
	terminal_done(&terminal);
	return r;
}
