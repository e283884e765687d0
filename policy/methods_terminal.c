/* terminal.* (B1, B2, B4, B8): see methods.h. */
#include "policy/mediated_logon.h"
#include "policy/method_call.h"

#include "base/cleanup.h"
#include "policy/store/credential_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"
#include "policy/terminal_fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	const struct terminal empty = {0};
	bool forgotten;
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
	changes = terminal_changes_of_new(call->params);
	r = terminal_change_fields(db, call, changes, terminal);
	json_decref(changes);
	if (r == 0)
		r = terminal_credential_settle(db, call, &empty, terminal, &forgotten);
	if (r == 0 && terminal->address[0] == '\0')
		r = method_refuse(call, METHOD_REFUSED, "a terminal needs an address");
	return r;
}

static int
note_kerberos(struct store_db *db, struct method_call *call, const struct terminal *terminal)
{
	bool lacks;
	int r = mediated_logon_lacks_kerberos(db, terminal, &lacks);

	if (r == 0)
		(void)json_object_set_new(call->result, "lacks_kerberos", json_boolean(lacks));
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
			terminal_add_account, db, &terminal);
	if (r == 0)
		r = terminal_json(db, &terminal, true, &call->result);
	if (r == 0)
		r = record_change(
			db, call, "terminal.add", terminal.name, NULL, call->result, NULL);
	call->touched_terminal = terminal.number;
	if (r == 0)
		r = note_kerberos(db, call, &terminal);
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

static int
add_credential_stored(struct store_db *db, const struct terminal *terminal, json_t *object)
{
	struct stored_credential stored;
	int r;

	r = credential_load(db, terminal->number, &stored);
	if (r < 0 && r != -ENOENT)
		return r;
	(void)json_object_set_new(object, "credential_stored", json_boolean(r == 0));
	return 0;
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
	if (r == 0)
		r = add_credential_stored(db, &terminal, call->result);
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
		call, terminal->name, note != NULL ? note : "", method_overrides_protection(call));
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
	struct terminal was, terminal;
	bool forgotten = false;
	json_t *before = NULL;
	int r;

	r = take_terminal(db, call, &terminal, &before);
	was = terminal;
	was.ca_bundle = NULL; /* that of the other */
	if (r == 0)
		r = method_check_version(db, call, "terminal", terminal.name,
			json_integer_value(json_object_get(call->params, "version")), before);
	if (r == 0)
		r = terminal_change_fields(
			db, call, json_object_get(call->params, "changes"), &terminal);
	if (r == 0)
		r = terminal_credential_settle(db, call, &was, &terminal, &forgotten);
	if (r == 0)
		r = finish_change(db, call, "terminal.edit", &terminal, before);
	if (r == 0)
		(void)json_object_set_new(
			call->result, "credential_forgotten", json_boolean(forgotten));
	if (r == 0)
		r = note_kerberos(db, call, &terminal);
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

	r = param_each_text(call, json_object_get(before, "accounts"), "accounts",
		terminal_remove_account, db, terminal);
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
		call, terminal->name, stored.protected_note, method_overrides_protection(call));
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
		r = method_check_protection(call, terminal.name, terminal.protected_note,
			method_overrides_protection(call));
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
