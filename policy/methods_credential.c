/* terminal.set_credential, show_credential, delete_credential (B3): see methods.h. The password goes in, sealed, and comes
 * out for a session's start alone: no method answers with it, and no event holds it. */
#include "policy/mediated_logon.h"
#include "policy/method_call.h"

#include "policy/store/credential_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Of one terminal. */
struct crediting {
	struct terminal terminal;
	struct stored_credential stored; /* as it was, then as it will be */
	bool exists;
	json_t *before; /* NULL: there was none */
};

static void
crediting_done(struct crediting *crediting)
{
	json_decref(crediting->before);
	terminal_done(&crediting->terminal);
}

static json_t *
text_or_null(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *
credential_json(const struct stored_credential *stored)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:o}", "user", stored->user, "domain",
		text_or_null(stored->domain), "host", text_or_null(stored->host), "set",
		instant_json(stored->set_us), "set_by", stored->set_by, "protected",
		text_or_null(stored->protected_note));
}

static int
crediting_load_stored(struct store_db *db, struct crediting *crediting)
{
	int r;

	r = credential_load(db, crediting->terminal.number, &crediting->stored);
	crediting->exists = r == 0;
	if (r == 0)
		crediting->before = credential_json(&crediting->stored);
	return r == -ENOENT ? 0 : r;
}

static int
crediting_load(struct store_db *db, struct method_call *call, struct crediting *crediting)
{
	int r;

	r = method_find_terminal(db, call, param_text(call->params, "name"), &crediting->terminal);
	return r < 0 ? r : crediting_load_stored(db, crediting);
}

static int
refuse_missing(struct method_call *call, const struct crediting *crediting)
{
	return method_refuse(call, METHOD_NOT_FOUND,
		"no password is stored for terminal '%s'; to store one: sekisho-admin terminal "
		"credential set '%s' --user USER",
		crediting->terminal.name, crediting->terminal.name);
}

static int
check_protection(struct method_call *call, const struct crediting *crediting)
{
	return method_check_protection(call, crediting->terminal.name,
		crediting->exists ? crediting->stored.protected_note : "",
		method_overrides_protection(call));
}

/* What the terminal's sessions do with it stands beside it, and whether it still opens. */
static int
answer(struct store_db *db, struct method_call *call, const struct crediting *crediting)
{
	enum credential_state state = CREDENTIAL_MISSING;
	bool lacks_kerberos = false;
	int r;

	r = stored_credential_state(db, &crediting->terminal, CREDENTIALS_INJECTED, &state);
	if (r < 0)
		return r;
	call->result = credential_json(&crediting->stored);
	(void)json_object_set_new(call->result, "terminal", json_string(crediting->terminal.name));
	(void)json_object_set_new(call->result, "credentials",
		json_string(credential_mode_name(crediting->terminal.credentials)));
	(void)json_object_set_new(call->result, "opens", json_boolean(state == CREDENTIAL_OPENS));
	(void)json_object_set_new(
		call->result, "elsewhere", json_boolean(state == CREDENTIAL_ELSEWHERE));
	r = mediated_logon_lacks_kerberos(db, &crediting->terminal, &lacks_kerberos);
	(void)json_object_set_new(call->result, "lacks_kerberos", json_boolean(lacks_kerberos));
	return r;
}

/* A protection stays, unless something else is said. */
static int
read_new(struct method_call *call, struct stored_credential *stored)
{
	const char *user = param_text(call->params, "user");
	const char *domain = param_text(call->params, "domain");
	const char *password = param_text(call->params, "password");
	const char *note = param_text(call->params, "protected");
	bool unprotect = json_is_true(json_object_get(call->params, "unprotect"));
	struct field_error error = {0};
	int r;

	r = host_user_parse(user != NULL ? user : "", stored->user, &error);
	if (r == 0)
		r = host_domain_parse(domain != NULL ? domain : "", stored->domain, &error);
	if (r == 0)
		r = host_password_check(password != NULL ? password : "", &error);
	if (r == 0 && (note != NULL || unprotect))
		r = protected_note_parse(note, stored->protected_note, &error);
	return r < 0 ? method_refuse_field(call, &error) : 0;
}

static int
record(struct store_db *db, struct method_call *call, const char *action,
	const struct crediting *crediting, json_t *after)
{
	return record_change(db, call, action, crediting->terminal.name, crediting->before, after,
		param_text(call->params, "because"));
}

static int
set(struct store_db *db, struct method_call *call, struct crediting *crediting)
{
	struct stored_credential *stored = &crediting->stored;
	json_t *after;
	int r;

	r = check_protection(call, crediting);
	if (r == 0)
		r = read_new(call, stored);
	if (r < 0)
		return r;
	stored_credential_set_terminal(stored, &crediting->terminal);
	stored->set_us = store_db_now(db);
	snprintf(stored->set_by, sizeof(stored->set_by), "%s", call->actor);
	r = stored_credential_seal(db, stored, param_text(call->params, "password"));
	if (r == 0)
		r = credential_save(db, stored);
	if (r < 0)
		return r;
	after = credential_json(stored);
	r = record(db, call, "terminal.set_credential", crediting, after);
	json_decref(after);
	return r < 0 ? r : answer(db, call, crediting);
}

int
method_terminal_set_credential(struct store_db *db, struct method_call *call)
{
	struct crediting crediting = {0};
	int r;

	r = crediting_load(db, call, &crediting);
	if (r == 0)
		r = set(db, call, &crediting);
	crediting_done(&crediting);
	return r;
}

int
method_terminal_show_credential(struct store_db *db, struct method_call *call)
{
	struct crediting crediting = {0};
	int r;

	r = crediting_load(db, call, &crediting);
	if (r == 0)
		r = crediting.exists ? answer(db, call, &crediting)
				     : refuse_missing(call, &crediting);
	crediting_done(&crediting);
	return r;
}

/* Sessions that need it would be refused from then on: whoever means that says it first. */
static int
forget(struct store_db *db, struct method_call *call, struct crediting *crediting)
{
	const struct terminal *terminal = &crediting->terminal;
	int r;

	if (!crediting->exists)
		return refuse_missing(call, crediting);
	if (terminal->credentials == CREDENTIALS_INJECTED)
		return method_refuse(call, METHOD_REFUSED,
			"the sessions of terminal '%s' sign on with this password; first: "
			"sekisho-admin terminal edit '%s' --credentials typed",
			terminal->name, terminal->name);
	r = check_protection(call, crediting);
	if (r == 0)
		r = answer(db, call, crediting);
	if (r == 0)
		r = credential_delete(db, terminal->number);
	if (r == 0)
		r = record(db, call, "terminal.delete_credential", crediting, NULL);
	return r;
}

int
method_terminal_delete_credential(struct store_db *db, struct method_call *call)
{
	struct crediting crediting = {0};
	int r;

	r = crediting_load(db, call, &crediting);
	if (r == 0)
		r = forget(db, call, &crediting);
	crediting_done(&crediting);
	return r;
}

/* Of a terminal that is being changed. */

static bool
moves(const struct terminal *was, const struct terminal *terminal)
{
	char before[TERMINAL_HOST_SIZE], now[TERMINAL_HOST_SIZE];

	terminal_host(was, before);
	terminal_host(terminal, now);
	return strcmp(before, now) != 0;
}

/* It was stored for a machine that the terminal is not any more: whoever moves it could be sent it there. */
static int
forget_moved(struct store_db *db, struct method_call *call, struct crediting *crediting)
{
	int r;

	if (!json_is_true(json_object_get(call->params, "forget_credential")))
		return method_refuse(call, METHOD_REFUSED,
			"the password stored for terminal '%s' is for its address until now (%s): "
			"with another one it is forgotten, if --yes says that this is meant",
			crediting->terminal.name, crediting->stored.host);
	r = check_protection(call, crediting);
	if (r == 0)
		r = credential_delete(db, crediting->terminal.number);
	if (r == 0)
		r = record(db, call, "terminal.delete_credential", crediting, NULL);
	crediting->exists = false;
	return r;
}

/* A mode that no session could begin with is refused here, where somebody reads what to do first. */
static int
check_injected(struct method_call *call, const struct crediting *crediting)
{
	const char *name = crediting->terminal.name;

	if (crediting->exists && stored_credential_is_for(&crediting->stored, &crediting->terminal))
		return 0;
	return method_refuse(call, METHOD_REFUSED,
		"no password is stored for terminal '%s' at its address; first: sekisho-admin "
		"terminal credential set '%s' --user USER",
		name, name);
}

static int
settle(struct store_db *db, struct method_call *call, const struct terminal *was,
	struct crediting *crediting, bool *ret_forgotten)
{
	const struct terminal *terminal = &crediting->terminal;
	bool forgets = crediting->exists && moves(was, terminal) &&
		       !stored_credential_is_for(&crediting->stored, terminal);
	int r = 0;

	if (forgets)
		r = forget_moved(db, call, crediting);
	if (r == 0 && terminal->credentials == CREDENTIALS_INJECTED &&
		was->credentials != CREDENTIALS_INJECTED)
		r = check_injected(call, crediting);
	*ret_forgotten = r == 0 && forgets;
	return r;
}

int
terminal_credential_settle(struct store_db *db, struct method_call *call,
	const struct terminal *was, const struct terminal *terminal, bool *ret_forgotten)
{
	struct crediting crediting = {.terminal = *terminal};
	int r;

	crediting.terminal.ca_bundle = NULL; /* the caller's */
	*ret_forgotten = false;
	r = crediting_load_stored(db, &crediting);
	if (r == 0)
		r = settle(db, call, was, &crediting, ret_forgotten);
	crediting_done(&crediting);
	return r;
}
