/* The fields of a terminal; see terminal_fields.h. */
#include "policy/terminal_fields.h"

#include "base/cleanup.h"
#include "policy/account_changes.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stddef.h>
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

static int
change_port(struct change *change)
{
	return terminal_port_parse(
		json_integer_value(change->value), &change->terminal->port, &change->error);
}

static int
change_capacity(struct change *change)
{
	return terminal_capacity_parse(
		json_integer_value(change->value), &change->terminal->capacity, &change->error);
}

static int
change_credentials(struct change *change)
{
	struct terminal *terminal = change->terminal;
	enum credential_mode mode;
	int r;

	r = credential_mode_parse(json_string_value(change->value), &mode, &change->error);
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
change_relay(struct change *change)
{
	return terminal_relay_parse(
		json_string_value(change->value), &change->terminal->relay, &change->error);
}

static int
change_recording(struct change *change)
{
	return terminal_recording_parse(
		json_string_value(change->value), &change->terminal->recording, &change->error);
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
	struct account_change_options options = {
		.override_protection = method_overrides_protection(call)};
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

int
terminal_add_account(struct store_db *db, struct method_call *call, const char *id, void *argument)
{
	return change_account(db, call, "add_terminals", id, argument);
}

int
terminal_remove_account(
	struct store_db *db, struct method_call *call, const char *id, void *argument)
{
	return change_account(db, call, "remove_terminals", id, argument);
}

/* A row has one way to read its value; a flag needs none. */
static const struct field {
	const char *name;
	enum param_type type;
	size_t at; /* within struct terminal */
	int (*text)(const char *text, char *ret_text, struct field_error *error);
	int (*minutes)(const char *text, const char *field, int32_t *ret_minutes,
		struct field_error *error);
	int (*rights)(struct method_call *call, const json_t *list, uint32_t *rights);
	int (*each)(
		struct store_db *db, struct method_call *call, const char *text, void *terminal);
	int (*change)(struct change *change);
} fields[] = {
#define AT(member) .at = offsetof(struct terminal, member)
	{"address", PARAM_TEXT, AT(address), .text = terminal_address_parse},
	{"port", PARAM_NUMBER, .change = change_port},
	{"note", PARAM_TEXT, AT(note), .text = terminal_note_parse},
	{"capacity", PARAM_NUMBER, .change = change_capacity},
	{"take_over", PARAM_FLAG, AT(take_over)},
	{"idle", PARAM_TEXT, AT(idle_minutes), .minutes = terminal_minutes_parse},
	{"longest", PARAM_TEXT, AT(longest_minutes), .minutes = terminal_minutes_parse},
	{"in_service", PARAM_FLAG, AT(in_service)},
	{"attended", PARAM_FLAG, AT(attendance_required)},
	{"credentials", PARAM_TEXT, .change = change_credentials},
	{"nla", PARAM_TEXT, .change = change_nla},
	{"relay", PARAM_TEXT, .change = change_relay},
	{"recording", PARAM_TEXT, .change = change_recording},
	{"record_input", PARAM_FLAG, AT(record_input)},
	{"four_eyes", PARAM_FLAG, AT(four_eyes)},
	{"show_watchers", PARAM_FLAG, AT(show_watchers)},
	{"protected", PARAM_TEXT_OR_NULL, AT(protected_note), .text = protected_note_parse},
	{"ca_bundle", PARAM_TEXT, .change = change_ca_bundle},
	{"allow", PARAM_LIST, AT(rights), .rights = method_rights_set},
	{"deny", PARAM_LIST, AT(rights), .rights = method_rights_clear},
	{"allow_channels", PARAM_LIST, .each = allow_channel},
	{"deny_channels", PARAM_LIST, .each = deny_channel},
	{"add_accounts", PARAM_LIST, .each = terminal_add_account},
	{"remove_accounts", PARAM_LIST, .each = terminal_remove_account},
#undef AT
};

static int
change_field(struct change *change, const struct field *field)
{
	void *at = (char *)change->terminal + field->at;
	const char *text = json_string_value(change->value);

	if (field->change != NULL)
		return field->change(change);
	if (field->text != NULL)
		return field->text(text, at, &change->error);
	if (field->minutes != NULL)
		return field->minutes(text, field->name, at, &change->error);
	if (field->rights != NULL)
		return field->rights(change->call, change->value, at);
	if (field->each != NULL)
		return param_each_text(change->call, change->value, field->name, field->each,
			change->db, change->terminal);
	*(bool *)at = json_is_true(change->value);
	return 0;
}

static int
change_one(struct change *change, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].name, name) == 0 &&
			param_has_type(change->value, fields[i].type))
			return change_field(change, &fields[i]);
	return method_refuse_change(change->call, name, "{\"port\": 3389}");
}

int
terminal_change_fields(struct store_db *db, struct method_call *call, const json_t *changes,
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
json_t *
terminal_changes_of_new(const json_t *params)
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
		{"relay", "relay"},
		{"recording", "recording"},
		{"record_input", "record_input"},
		{"four_eyes", "four_eyes"},
		{"show_watchers", "show_watchers"},
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
