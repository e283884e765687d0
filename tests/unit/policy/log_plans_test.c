/* No filter of a log walks through a table: what SQLite plans for each of them. */
#include "method_fixture.h"

#include "policy/logs.h"
#include "policy/store/database.h"
#include "policy/store/log_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
expect_search(sqlite3 *handle, const char *question)
{
	char sql[2000];
	sqlite3_stmt *row;

	snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", question);
	assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &row, NULL), SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW) {
		const char *detail = (const char *)sqlite3_column_text(row, 3);

		if (strncmp(detail, "SEARCH", 6) != 0)
			fail_msg("%s: %s", detail, question);
	}
	(void)sqlite3_finalize(row);
}

static int
ask_all(struct store_db *db, void *argument)
{
	size_t *plans = argument;

	for (int log = 0; log < LOG_COUNT; log++) {
		const struct log_column *column = NULL;
		do {
			struct log_filter filter = {.log = (enum log_name)log,
				.from_us = 0,
				.until_us = NOON_US,
				.count = column != NULL,
				.wanted = {{.column = column, .text = "x"}}};
			struct log_cursor none = {0}, next;
			json_t *rows;

			assert_int_equal(log_page(db, &filter, &none, 10, &rows, &next), 0);
			json_decref(rows);
			column = log_next_column((enum log_name)log, column);
		} while (column != NULL);
	}
	for (sqlite3_stmt *asked = sqlite3_next_stmt(db->handle, NULL); asked != NULL;
		asked = sqlite3_next_stmt(db->handle, asked)) {
		if (strstr(sqlite3_sql(asked), "ORDER BY") == NULL)
			continue;
		expect_search(db->handle, sqlite3_sql(asked));
		(*plans)++;
	}
	return 0;
}

static void
no_filter_walks_through_a_table(void **state)
{
	size_t plans = 0;

	(void)state;
	assert_int_equal(fixture_read(&fixture, ask_all, &plans), 0);
	assert_true(plans >= 10); /* sessions by each indexed column, events by kind and by field */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_filter_walks_through_a_table, method_setup, method_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
