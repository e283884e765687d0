/* What the methods share; see method_call.h. */
#include "policy/method_call.h"

#include "base/cleanup.h"
#include "policy/attendance.h"
#include "policy/sessions.h"
#include "policy/store/account_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"
#include "policy/store/vendor_table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
method_scope_load(struct store_db *db, struct method_call *call)
{
	struct method_scope *scope = &call->scope;

	if (!scope->limited)
		return 0;
	free(scope->terminals);
	return attendant_terminals(
		db, call->actor, &scope->account, &scope->terminals, &scope->count);
}

bool
method_scope_has(const struct method_scope *scope, int64_t terminal)
{
	if (!scope->limited)
		return true;
	for (size_t i = 0; i < scope->count; i++)
		if (scope->terminals[i] == terminal)
			return true;
	return false;
}

void
method_scope_done(struct method_scope *scope)
{
	free(scope->terminals);
	*scope = (struct method_scope){0};
}

void
method_call_reset(struct method_call *call)
{
	json_decref(call->result);
	call->result = NULL;
	json_decref(call->error.now);
	call->error = (struct method_error){0};
	call->touched_account = 0;
	call->touched_terminal = 0;
	call->touched_all = false;
	call->overrode = false;
}

static json_t *
text_or_null(const char *text)
{
	return text == NULL ? json_null() : json_string(text);
}

void
sentence_json(const struct sentence *sentence, json_t *object)
{
	json_t *values = json_array();

	for (size_t i = 0; i < sentence->count; i++)
		(void)json_array_append_new(values, json_string(sentence_value(sentence, i)));
	(void)json_object_set_new(object, "text", json_string(sentence->format));
	(void)json_object_set_new(object, "values", values);
}

json_t *
method_error_json(const struct method_error *error)
{
	json_t *object = json_object();
	json_t *data = json_object();

	(void)json_object_set_new(object, "code", json_integer(error->code));
	(void)json_object_set_new(object, "message", json_string(error->message));
	if (error->field.field != NULL) {
		(void)json_object_set_new(data, "field", json_string(error->field.field));
		(void)json_object_set_new(data, "value", text_or_null(error->field.value));
		(void)json_object_set_new(data, "rule", text_or_null(error->field.rule));
		(void)json_object_set_new(data, "example", text_or_null(error->field.example));
	} else if (error->said.format != NULL) {
		sentence_json(&error->said, data);
		if (error->field.rule != NULL)
			(void)json_object_set_new(data, "rule", json_string(error->field.rule));
	}
	if (error->now != NULL)
		(void)json_object_set(data, "now", error->now);
	if (json_object_size(data) > 0)
		(void)json_object_set(object, "data", data);
	json_decref(data);
	return object;
}

int
method_refuse(struct method_call *call, enum method_error_code code, const char *format, ...)
{
	va_list arguments;

	json_decref(call->error.now);
	call->error = (struct method_error){.code = code};
	va_start(arguments, format);
	sentence_set_list(&call->error.said, format, arguments);
	va_end(arguments);
	sentence_text(&call->error.said, call->error.message, sizeof(call->error.message));
	return code == METHOD_NOT_FOUND ? -ENOENT : -EPERM;
}

int
method_refuse_field(struct method_call *call, const struct field_error *error)
{
	call->error = (struct method_error){.code = METHOD_REFUSED, .field = *error};
	snprintf(call->error.message, sizeof(call->error.message),
		"%s: '%.150s' is not allowed: %s", error->field, error->value, error->rule);
	return -EINVAL;
}

const char *
param_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static bool
is_text(const json_t *value)
{
	return json_is_string(value) &&
	       strlen(json_string_value(value)) == json_string_length(value);
}

bool
param_has_type(const json_t *value, enum param_type type)
{
	switch (type) {
	case PARAM_TEXT:
		return is_text(value);
	case PARAM_TEXT_OR_NULL:
		return is_text(value) || json_is_null(value);
	case PARAM_NUMBER:
		return json_is_integer(value);
	case PARAM_FLAG:
		return json_is_boolean(value);
	case PARAM_LIST:
		return json_is_array(value);
	default:
		return json_is_object(value);
	}
}

int
method_refuse_change(struct method_call *call, const char *name, const char *example)
{
	struct field_error error;

	(void)field_error_set(
		&error, "changes", name, "a field that can be changed, of the right type", example);
	return method_refuse_field(call, &error);
}

int
param_each_text(struct method_call *call, const json_t *list, const char *field,
	int (*each)(
		struct store_db *db, struct method_call *call, const char *text, void *argument),
	struct store_db *db, void *argument)
{
	struct field_error error;
	int r = 0;

	if (list != NULL && !json_is_array(list)) {
		(void)field_error_set(&error, field, NULL, "a list of texts", "[]");
		return method_refuse_field(call, &error);
	}
	for (size_t i = 0; i < json_array_size(list) && r >= 0; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text == NULL) {
			(void)field_error_set(&error, field, NULL, "a list of texts", "[]");
			return method_refuse_field(call, &error);
		}
		r = each(db, call, text, argument);
	}
	return r;
}

int
method_find_account(struct store_db *db, struct method_call *call, const char *text,
	struct account *ret_account)
{
	struct field_error error = {0};
	char id[ACCOUNT_ID_SIZE];
	int r;

	if (account_id_parse(&store_db_settings(db)->facility, text, id, &error) < 0)
		return method_refuse_field(call, &error);
	r = account_find(db, id, ret_account);
	if (r == -ENOENT)
		return method_refuse(call, METHOD_NOT_FOUND, "there is no account '%s'", id);
	return r;
}

int
method_find_terminal(struct store_db *db, struct method_call *call, const char *name,
	struct terminal *ret_terminal)
{
	int r;

	r = terminal_find(db, name, ret_terminal);
	if (r == -ENOENT)
		return method_refuse(call, METHOD_NOT_FOUND, "there is no terminal '%.256s'", name);
	return r;
}

int
method_find_own_terminal(struct store_db *db, struct method_call *call, const char *name,
	struct terminal *ret_terminal)
{
	int r;

	r = method_find_terminal(db, call, name, ret_terminal);
	if (r < 0 || method_scope_has(&call->scope, ret_terminal->number))
		return r;
	terminal_done(ret_terminal);
	return method_refuse(call, METHOD_NOT_FOUND,
		"there is no terminal '%.256s' that has been given to you: an administrator does "
		"that with account edit %s --add-terminal",
		name, attendant_name(call->actor));
}

int
method_find_vendor(
	struct store_db *db, struct method_call *call, const char *name, struct vendor *ret_vendor)
{
	int r;

	r = vendor_find(db, name, ret_vendor);
	if (r == -ENOENT)
		return method_refuse(call, METHOD_NOT_FOUND, "there is no vendor '%.256s'", name);
	return r;
}

/* Only what differs, and never what the rows say of themselves. */
static void
drop_equal_fields(json_t *before, json_t *after)
{
	static const char *const own[] = {"updated", "version", "changed_by", "last_session"};
	const char *key;
	json_t *value;
	void *next;

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		(void)json_object_del(before, own[i]);
		(void)json_object_del(after, own[i]);
	}
	json_object_foreach_safe(before, next, key, value)
	{
		if (!json_equal(value, json_object_get(after, key)))
			continue;
		(void)json_object_del(after, key);
		(void)json_object_del(before, key);
	}
}

bool
method_overrides_protection(const struct method_call *call)
{
	return json_is_true(json_object_get(call->params, "override_protection"));
}

int
method_check_protection(
	struct method_call *call, const char *name, const char *note, bool override_protection)
{
	if (note[0] == '\0')
		return 0;
	if (!override_protection)
		return method_refuse(call, METHOD_REFUSED,
			"'%s' is protected, and changed with --override-protection alone. Its note "
			"says: %s",
			name, note);
	call->overrode = true;
	return 0;
}

int
record_change(struct store_db *db, struct method_call *call, const char *action, const char *target,
	json_t *before, json_t *after, const char *because)
{
	json_t *old = json_copy(before);
	json_t *new = json_copy(after);
	json_t *more;
	int r = 0;

	/* What looks have found is nobody's change. */
	if (json_object_get(old, "health") != NULL || json_object_get(new, "health") != NULL) {
		(void)json_object_del(old, "state");
		(void)json_object_del(new, "state");
	}
	(void)json_object_del(old, "health");
	(void)json_object_del(new, "health");
	if (old != NULL && new != NULL)
		drop_equal_fields(old, new);
	if (json_object_size(old) + json_object_size(new) > 0) {
		more = json_object();
		(void)json_object_set(more, "version", json_object_get(after, "version"));
		if (call->overrode)
			(void)json_object_set_new(more, "override_protection", json_true());
		r = admin_event_with(db, call->actor, action, target, old, new, because, more);
	}
	json_decref(old);
	json_decref(new);
	return r;
}
