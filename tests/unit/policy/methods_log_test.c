/* policy/methods_log.c: log as the control socket asks for it. */
#include "method_fixture.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
add_sessions(int count)
{
	char sql[1200];

	for (int i = 1; i <= count; i++) {
		snprintf(sql, sizeof(sql),
			"INSERT INTO session (id, ticket, account, account_id, account_full, "
			"account_name, terminal, "
			"terminal_name, state, started, ended, source, evidence, allowlist_off, "
			"connection, boot) "
			"VALUES (x'000000000000000000000000000000%02x', '+', 1, '%s', 'f', 'n', 1, "
			"'pacs-0%d', '%s', "
			"%lld, %lld, '10.0.0.5', 'none', 0, %d, 'b')",
			i, i % 2 ? "taro" : "Jiro", 1 + i % 3, i % 2 ? "ended" : "killed",
			(long long)(NOON_US + i * 1000000), (long long)(NOON_US + i * 2000000), i);
		fixture_sql(&fixture, sql);
	}
}

static void
connections_come_in_pages_and_filtered(void **state)
{
	int pages = 0, rows = 0;
	char params[100] = "{\"most\":4}";

	(void)state;
	add_sessions(10);
	for (;;) {
		expect_ok(method_log_connections, params);
		pages++;
		rows += (int)list_length("rows");
		if (json_is_null(json_object_get(call.result, "next")))
			break;
		snprintf(params, sizeof(params), "{\"most\":4,\"cursor\":\"%s\"}",
			json_string_value(json_object_get(call.result, "next")));
	}
	assert_int_equal(pages, 3);
	assert_int_equal(rows, 10);
	expect_ok(method_log_connections, "{\"account\":\"998-jiro@example.jp\"}");
	assert_int_equal(list_length("rows"), 5);
	expect_ok(method_log_connections, "{\"terminal\":\"PACS-01\"}");
	assert_int_equal(list_length("rows"), 3);
	expect_ok(method_log_connections, "{\"state\":\"killed\",\"account\":\"taro\"}");
	assert_int_equal(list_length("rows"), 0);
	/* from counts, until does not */
	expect_ok(method_log_connections,
		"{\"from\":\"2026-11-20T12:00:03+09:00\",\"until\":\"2026-11-20T03:00:05Z\"}");
	assert_int_equal(list_length("rows"), 2);
	expect_refused(method_log_connections, "{\"from\":\"yesterday\"}", METHOD_REFUSED, "from",
		"yesterday");
	expect_refused(method_log_connections, "{\"most\":0}", METHOD_REFUSED, "most", "10000");
	expect_refused(method_log_connections, "{\"most\":10001}", METHOD_REFUSED, "most", "10000");
	expect_refused(
		method_log_connections, "{\"state\":\"gone\"}", METHOD_REFUSED, "state", "gone");
}

static void
terminals_are_found_without_the_facility_s_prefix(void **state)
{
	(void)state;
	add_sessions(3);
	fixture_sql(&fixture,
		"UPDATE session SET terminal_name = '998-pacs-02' WHERE terminal_name = 'pacs-02'");
	expect_ok(method_log_connections, "{\"terminal\":\"PACS-02\"}");
	assert_int_equal(list_length("rows"), 1);
	expect_ok(method_log_connections, "{\"terminal\":\"pacs-02\",\"account\":\"taro\"}");
	assert_int_equal(list_length("rows"), 1);
	expect_ok(method_log_connections, "{\"terminal\":\"998-pacs-02\"}");
	assert_int_equal(list_length("rows"), 1);
	expect_ok(method_log_connections, "{\"terminal\":\"998-pacs-03\"}");
	assert_int_equal(list_length("rows"), 0);
	/* Of two with and without the prefix, the one that was named. */
	fixture_sql(&fixture,
		"UPDATE session SET terminal_name = '998-pacs-03' WHERE terminal_name = 'pacs-01'");
	expect_ok(method_log_connections, "{\"terminal\":\"pacs-03\"}");
	assert_int_equal(list_length("rows"), 1);
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(call.result, "rows"), 0), "terminal")),
		"pacs-03");
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, method_setup, method_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(connections_come_in_pages_and_filtered),
		IN_OUT(terminals_are_found_without_the_facility_s_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
