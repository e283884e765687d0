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

struct store_fixture fixture;
struct method_call call;

struct running_call {
	method_function *method;
};

static int
run_method(struct store_db *db, void *argument)
{
	method_call_reset(&call);
	return ((struct running_call *)argument)->method(db, &call);
}

int
ask(method_function *method, const char *params)
{
	struct running_call running = {.method = method};
	int r;

	json_decref(call.params);
	call.actor = "unix:yamada";
	call.params = json_loads(params, 0, NULL);
	assert_non_null(call.params);
	r = fixture_write(&fixture, run_method, &running);
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
	(void)state;
	clock_hold(NOON_US, 1000000);
	fixture_init(&fixture);
	fixture_start(&fixture);
	expect_ok(method_terminal_add, "{\"name\":\"pacs-01\",\"address\":\"192.168.10.21\"}");
	return 0;
}

int
method_teardown(void **state)
{
	(void)state;
	json_decref(call.params);
	call.params = NULL;
	method_call_reset(&call);
	fixture_done(&fixture);
	clock_release();
	return 0;
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

static int
count_events(struct store_db *db, void *argument)
{
	int r = sql_number(db, argument, "SELECT count(*) FROM event", "");

	return r < 0 ? r : 0;
}

int64_t
events(void)
{
	int64_t count;

	assert_int_equal(fixture_read(&fixture, count_events, &count), 0);
	return count;
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
	json_t *payload = NULL, *expected;

	assert_int_equal(fixture_read(&fixture, last_event, &payload), 0);
	assert_string_equal(json_string_value(json_object_get(payload, "actor")), "unix:yamada");
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
