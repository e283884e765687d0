/* Pages of the logs (F5): names in every script, rows of every size, and questions that make no sense. */
#include "method_fixture.h"

#include "base/clock.h"
#include "policy/record.h"
#include "policy/sessions.h"
#include "policy/store/session_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WIDE "998-ＰＡＣＳÄ"

static int
add_session_on(struct store_db *db, void *argument)
{
	struct session_record record = {.account = 1, .terminal = 1, .connection = 1};

	memset(record.id, 1, sizeof(record.id));
	strcpy(record.ticket, "+0000000000000000");
	strcpy(record.account_id, "taro");
	strcpy(record.terminal_name, argument);
	strcpy(record.source, "10.0.0.5");
	strcpy(record.device.kind, "none");
	return session_insert(db, &record);
}

static void
terminal_in_wide_letters_is_found(void **state)
{
	(void)state;
	assert_int_equal(fixture_write(&fixture, add_session_on, WIDE), 0);
	expect_ok(method_log_connections, "{\"terminal\":\"" WIDE "\"}");
	assert_int_equal(list_length("rows"), 1);
	expect_ok(method_log_connections, "{\"terminal\":\"998-ＰＡＣＳ\"}");
	assert_int_equal(list_length("rows"), 0);
}

static void
wide_letters_do_not_begin_with_an_old_version(void **state)
{
	int64_t before;

	(void)state;
	expect_ok(method_terminal_add, "{\"name\":\"" WIDE "\",\"address\":\"192.168.10.22\"}");
	expect_ok(method_terminal_edit, "{\"name\":\"" WIDE "\",\"changes\":{\"note\":\"one\"}}");
	expect_ok(method_terminal_show, "{\"name\":\"" WIDE "\"}");
	before = json_integer_value(json_object_get(call.result, "version"));
	expect_ok(method_terminal_delete, "{\"name\":\"" WIDE "\"}");
	expect_ok(method_terminal_add, "{\"name\":\"" WIDE "\",\"address\":\"192.168.10.22\"}");
	assert_true(json_integer_value(json_object_get(call.result, "version")) > before);
}

#define BIG 200000
#define BIG_COUNT 40

static int
add_big(struct store_db *db, void *argument)
{
	char *text = malloc(BIG + 1);
	json_t *after;
	int r;

	(void)argument;
	assert_non_null(text);
	memset(text, 'x', BIG);
	text[BIG] = '\0';
	after = json_pack("{s:s}", "note", text);
	r = admin_event(db, "unix:yamada", "test", "big", NULL, after, NULL);
	json_decref(after);
	free(text);
	return r;
}

/* A page is held in memory, and sent in one line. */
static void
page_of_big_rows_is_short(void **state)
{
	char params[100] = "{\"most\":10000,\"target\":\"big\"}";
	size_t rows = 0, pages = 0;

	(void)state;
	for (int i = 0; i < BIG_COUNT; i++)
		assert_int_equal(fixture_write(&fixture, add_big, NULL), 0);
	for (;;) {
		expect_ok(method_log_admin, params);
		pages++;
		rows += list_length("rows");
		assert_in_range(list_length("rows"), 1, 2 * 1024 * 1024 / BIG + 1);
		if (json_is_null(json_object_get(call.result, "next")))
			break;
		snprintf(params, sizeof(params),
			"{\"most\":10000,\"target\":\"big\",\"cursor\":\"%s\"}",
			json_string_value(json_object_get(call.result, "next")));
	}
	assert_int_equal(rows, BIG_COUNT);
	assert_true(pages >= 4);
}

static void
period_that_ends_before_it_begins_is_refused(void **state)
{
	(void)state;
	expect_refused(method_log_connections,
		"{\"from\":\"2026-11-20T12:00:00Z\",\"until\":\"2026-11-20T12:00:00Z\"}",
		METHOD_REFUSED, "until", "2026-11-20T12:00:00Z");
	expect_refused(method_log_connections,
		"{\"end\":\"2026-11-21T00:00:00Z/2026-11-20T00:00:00Z\"}", METHOD_REFUSED, "end",
		"2026-11-21");
	expect_refused(method_log_connections, "{\"duration_seconds\":\"9-7\"}", METHOD_REFUSED,
		"duration_seconds", "9-7");
}

/* An empty variable of a script must not read as: nobody was there. */
static void
empty_filter_is_refused(void **state)
{
	(void)state;
	expect_refused(
		method_log_connections, "{\"terminal\":\"\"}", METHOD_REFUSED, "terminal", "");
	expect_refused(method_log_admin, "{\"because\":\"\"}", METHOD_REFUSED, "because", "");
	expect_refused(method_log_admin, "{\"search\":\"\"}", METHOD_REFUSED, "search", "");
}

static void
days_that_do_not_exist_are_refused(void **state)
{
	static const char *const wrong[] = {"2025-02-30T00:00:00Z", "2025-02-29T00:00:00Z",
		"2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z", "2025-01-01T24:00:00Z",
		"2025-01-01T00:00:00", "2025-01-01T00:00:00+25:00", "2025-01-01T00:00:00ZZ", "%",
		"'; DROP TABLE event; --", "\\u202e2025-01-01T00:00:00Z"};
	char params[200];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(params, sizeof(params), "{\"from\":\"%s\"}", wrong[i]);
		expect_refused(method_log_logins, params, METHOD_REFUSED, "from", "RFC 3339");
	}
}

/* Nothing of SQL's patterns means anything in a filter. */
static void
signs_of_patterns_stand_for_themselves(void **state)
{
	static const char *const odd[] = {"%", "_", "'", "pacs-0_", "pacs%", "\\\\", "\\\"",
		"' OR 1=1 --", "\\u202e", "\\u001b[2J"};
	char params[200];

	(void)state;
	assert_int_equal(fixture_write(&fixture, add_session_on, "pacs-01"), 0);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		snprintf(params, sizeof(params), "{\"terminal\":\"%s\"}", odd[i]);
		expect_ok(method_log_connections, params);
		assert_int_equal(list_length("rows"), 0);
		snprintf(params, sizeof(params), "{\"search\":\"%s\"}", odd[i]);
		expect_ok(method_log_connections, params);
		assert_int_equal(list_length("rows"), 0);
	}
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, method_setup, method_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(terminal_in_wide_letters_is_found),
		IN_OUT(wide_letters_do_not_begin_with_an_old_version),
		IN_OUT(page_of_big_rows_is_short),
		IN_OUT(period_that_ends_before_it_begins_is_refused),
		IN_OUT(empty_filter_is_refused),
		IN_OUT(days_that_do_not_exist_are_refused),
		IN_OUT(signs_of_patterns_stand_for_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
