/* Calling methods in a facility for tests; see method_fixture.h. */
#include "method_fixture.h"

#include "base/clock.h"
#include "policy/store/sql.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct method_call call;

int
ask_work(struct store_db *db, void *argument)
{
	struct asking *asking = argument;

	method_call_reset(&asking->call);
	return asking->method(db, &asking->call);
}

void
asking_init(struct asking *asking, method_function *method, const char *params)
{
	*asking = (struct asking){.method = method, .call = {.actor = "unix:yamada"}};
	asking->call.params = json_loads(params, 0, NULL);
	assert_non_null(asking->call.params);
}

void
asking_done(struct asking *asking)
{
	json_decref(asking->call.params);
	method_call_reset(&asking->call);
}

void
change(method_function *method, const char *params)
{
	struct asking asking;

	asking_init(&asking, method, params);
	if (fixture_write(&fixture, ask_work, &asking) < 0)
		fail_msg("%s: %s", params, asking.call.error.message);
	asking_done(&asking);
}

static int
ask_into_call(struct store_db *db, void *method)
{
	method_call_reset(&call);
	return (*(method_function **)method)(db, &call);
}

int
ask(method_function *method, const char *params)
{
	int r;

	json_decref(call.params);
	call.actor = "unix:yamada";
	call.params = json_loads(params, 0, NULL);
	assert_non_null(call.params);
	r = fixture_write(&fixture, ask_into_call, &method);
	assert_true((r < 0) == (call.error.code != 0));
	return r;
}

void
expect_ok(method_function *method, const char *params)
{
	if (ask(method, params) < 0)
		fail_msg("%s: %s", params, call.error.message);
	assert_non_null(call.result);
}

void
expect_refused(method_function *method, const char *params, enum method_error_code code,
	const char *field, const char *words)
{
	assert_true(ask(method, params) < 0);
	assert_int_equal(call.error.code, code);
	if (field != NULL)
		assert_string_equal(call.error.field.field, field);
	if (strstr(call.error.message, words) == NULL)
		fail_msg("'%s' does not say '%s'", call.error.message, words);
}

const char *
answer_text(const char *name)
{
	return json_string_value(json_object_get(call.result, name));
}

size_t
list_length(const char *name)
{
	assert_true(json_is_array(json_object_get(call.result, name)));
	return json_array_size(json_object_get(call.result, name));
}

int
method_setup(void **state)
{
	fixture_setup(state);
	change(method_terminal_add, "{\"name\":\"pacs-01\",\"address\":\"192.168.10.21\"}");
	return 0;
}

int
method_teardown(void **state)
{
	json_decref(call.params);
	call.params = NULL;
	method_call_reset(&call);
	return fixture_teardown(state);
}

static int
last_event(struct store_db *db, void *argument)
{
	json_t **payload = argument;
	sqlite3_stmt *row;
	int r = sql_ask(db, &row, "SELECT payload FROM event ORDER BY id DESC LIMIT 1", "");

	assert_int_equal(r, 0);
	assert_int_equal(sql_next(row), 1);
	*payload = json_loads((const char *)sqlite3_column_text(row, 0), 0, NULL);
	sql_end(row);
	return 0;
}

int64_t
events(void)
{
	return fixture_number(&fixture, "SELECT count(*) FROM event");
}

json_t *
newest_event(void)
{
	json_t *payload = NULL;

	assert_int_equal(fixture_read(&fixture, last_event, &payload), 0);
	return payload;
}

void
expect_event(const char *action, const char *target, const char *before, const char *after)
{
	expect_event_by("unix:yamada", action, target, before, after);
}

void
expect_event_by(const char *actor, const char *action, const char *target, const char *before,
	const char *after)
{
	json_t *payload = NULL, *expected;

	assert_int_equal(fixture_read(&fixture, last_event, &payload), 0);
	assert_string_equal(json_string_value(json_object_get(payload, "actor")), actor);
	assert_string_equal(json_string_value(json_object_get(payload, "action")), action);
	assert_string_equal(json_string_value(json_object_get(payload, "target")), target);
	if (before != NULL) {
		expected = json_loads(before, JSON_DECODE_ANY, NULL);
		assert_true(json_equal(json_object_get(payload, "before"), expected));
		json_decref(expected);
	}
	if (after != NULL) {
		expected = json_loads(after, JSON_DECODE_ANY, NULL);
		assert_true(json_equal(json_object_get(payload, "after"), expected));
		json_decref(expected);
	}
	json_decref(payload);
}
