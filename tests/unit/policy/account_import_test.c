/* policy/account_import.c: what becomes of one row, and what it says of itself. */
#include "method_fixture.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/account_import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct account_import_options plain = {.file = "in.csv"};

struct row {
	json_t *cells;
	const char *actor;
	const struct account_import_options *options;
	json_t *result;
};

static json_t *row_result; /* of the last row */

static int
setup(void **state)
{
	int r = method_setup(state);

	expect_ok(method_vendor_add, "{\"name\":\"甲医療\",\"kind\":\"server\"}");
	return r;
}

static int
teardown(void **state)
{
	json_decref(row_result);
	row_result = NULL;
	return method_teardown(state);
}

static int
row_work(struct store_db *db, void *argument)
{
	struct row *row = argument;

	method_call_reset(&call);
	call.actor = row->actor;
	json_decref(row->result);
	row->result = NULL;
	return account_import_row(db, &call, row->cells, 7, row->options, &row->result);
}

/* A row of taro with these cells beside the required ones; "key", "text" …, NULL. Returns what became of it. */
static const char *
import_as(const char *actor, const struct account_import_options *options, ...)
{
	struct row row = {.actor = actor, .options = options};
	const char *key;
	va_list more;

	row.cells = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "account", "taro", "family_name",
		"山田", "given_name", "太郎", "email", "taro@example.jp", "valid_from", "2026/1/1",
		"valid_until", "2027/10/31");
	va_start(more, options);
	while ((key = va_arg(more, const char *)) != NULL)
		(void)json_object_set_new(row.cells, key, json_string(va_arg(more, const char *)));
	va_end(more);
	assert_int_equal(fixture_write(&fixture, row_work, &row), 0);
	json_decref(row.cells);
	json_decref(row_result);
	row_result = row.result;
	assert_int_equal(json_integer_value(json_object_get(row_result, "line")), 7);
	return json_string_value(json_object_get(row_result, "what"));
}

#define import_row(...) import_as("unix:yamada", &plain, __VA_ARGS__, NULL)
#define import_with(options, ...) import_as("unix:yamada", options, __VA_ARGS__, NULL)

static const char *
result_text(const char *key)
{
	return json_string_value(json_object_get(row_result, key));
}

static void
expect_error(const char *column, const char *value, const char *rule, const char *example)
{
	const json_t *error = json_object_get(row_result, "error");
	const json_t *data = json_object_get(error, "data");

	assert_string_equal(json_string_value(json_object_get(error, "column")), column);
	assert_string_equal(json_string_value(json_object_get(data, "value")), value);
	assert_non_null(strstr(json_string_value(json_object_get(data, "rule")), rule));
	assert_string_equal(json_string_value(json_object_get(data, "example")), example);
}

static int
deliver_work(struct store_db *db, void *argument)
{
	method_call_reset(&call);
	return account_import_delivered(db, &call, argument);
}

static void
passwords_come_until_they_are_delivered(void **state)
{
	json_t *ids = json_pack("[s, s]", "taro", "nobody.any.more");
	auto_free char *first = NULL;

	(void)state;
	assert_string_equal(import_row("macs", "02-00-00-00-00-01"), "added");
	first = strdup(result_text("initial_password"));
	assert_non_null(result_text("initial_second_password"));
	assert_string_not_equal(first, result_text("initial_second_password"));

	/* Cut off here: nobody has seen them. */
	assert_string_equal(import_row("macs", "02-00-00-00-00-01"), "unchanged");
	assert_true(json_is_true(json_object_get(row_result, "reissued")));
	assert_string_not_equal(result_text("initial_password"), first);

	assert_int_equal(fixture_write(&fixture, deliver_work, ids), 0);
	assert_string_equal(import_row("macs", "02-00-00-00-00-01"), "unchanged");
	assert_null(result_text("initial_password"));
	assert_null(json_object_get(row_result, "reissued"));
	json_decref(ids);
}

static void
an_edit_lists_its_cells_and_names_file_and_line(void **state)
{
	const json_t *change;
	json_t *event;
	int64_t before;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_string_equal(import_row("start", "8:30", "end", "17:30"), "changed");
	event = newest_event();
	assert_string_equal(json_string_value(json_object_get(event, "because")), "CSV in.csv:7");
	json_decref(event);

	before = events();
	assert_string_equal(import_row("start", "8:30", "end", "17:30"), "unchanged");
	assert_int_equal(events(), before);

	assert_string_equal(import_row("start", "8:30", "end", "18:00"), "changed");
	assert_int_equal(json_array_size(json_object_get(row_result, "changes")), 1);
	change = json_array_get(json_object_get(row_result, "changes"), 0);
	assert_string_equal(json_string_value(json_object_get(change, "column")), "end");
	assert_string_equal(json_string_value(json_object_get(change, "before")), "17:30");
	assert_string_equal(json_string_value(json_object_get(change, "after")), "18:00");
}

static void
a_refused_row_changes_nothing_and_shows_the_cell_as_it_stands(void **state)
{
	int64_t before;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	before = events();
	assert_string_equal(import_row("valid_until", "2031/1/1"), "refused");
	expect_error("valid_until", "2031/1/1", "two years", "2027-03-31");
	assert_string_equal(import_row("valid_from", "2027/12/1"), "refused");
	expect_error("valid_until", "2027/10/31", "not before", "2027-03-31");
	assert_string_equal(import_row("family_name", " "), "refused");
	expect_error("family_name", "", "required", "山田");
	/* Of a list the item. */
	assert_string_equal(import_row("macs", "02:00:00:00:00:01,x"), "refused");
	expect_error("macs", "x", "AA-BB-CC-DD-EE-FF", "AA:BB:CC:DD:EE:FF");
	assert_string_equal(import_row("terminals", "pacs-01, nowhere"), "refused");
	expect_error("terminals", "nowhere", "a terminal that there is", "pacs-01");
	assert_string_equal(import_row("account", "two words"), "refused");
	expect_error("account", "two words", "half-width", "taro.yamada");
	assert_int_equal(events(), before);
}

static void
an_import_makes_engineers_and_never_changes_a_kind(void **state)
{
	(void)state;
	assert_string_equal(import_row("kind", "管理者"), "refused");
	expect_error("kind", "管理者", "エンジニア, or empty", "エンジニア");
	assert_string_equal(import_row("kind", "エンジニア"), "added");
	assert_string_equal(import_row("kind", "監査担当者"), "refused");
	expect_error("kind", "監査担当者", "the kind that the account has", "エンジニア");
	expect_ok(method_account_add, NEW_ADMIN("hanako"));
	assert_string_equal(import_row("account", "hanako", "kind", ""), "changed");
	expect_ok(method_account_show, "{\"id\":\"hanako\"}");
	assert_string_equal(answer_text("kind"), "admin");
}

static void
somebody_elses_later_change_is_not_overwritten(void **state)
{
	const struct account_import_options since = {
		.file = "in.csv", .unless_changed_since_us = NOON_US};

	(void)state;
	assert_string_equal(import_row("macs", ""), "added");
	clock_hold(NOON_US + 1000000, 2000000);
	assert_string_equal(import_as("unix:sato", &plain, "given_name", "花子", NULL), "changed");
	assert_string_equal(import_with(&since, "given_name", "次郎"), "refused");
	assert_non_null(strstr(
		json_string_value(json_object_get(json_object_get(row_result, "error"), "message")),
		"unix:sato"));
	/* One's own is no conflict. */
	assert_string_equal(import_as("unix:sato", &since, "given_name", "次郎", NULL), "changed");
}

static void
protection_holds_without_the_override(void **state)
{
	const struct account_import_options override = {
		.file = "in.csv", .override_protection = true};
	json_t *event;

	(void)state;
	assert_string_equal(import_row("protected", "ask Sato"), "added");
	assert_string_equal(import_row("given_name", "花子"), "refused");
	assert_string_equal(import_with(&override, "given_name", "花子"), "changed");
	event = newest_event();
	assert_true(json_is_true(json_object_get(event, "override_protection")));
	json_decref(event);
}

static void
a_dry_run_says_what_would_be(void **state)
{
	const struct account_import_options dry = {.file = "in.csv", .dry_run = true};
	int64_t before = events();

	(void)state;
	assert_string_equal(import_with(&dry, "macs", ""), "added");
	assert_null(result_text("initial_password"));
	assert_int_equal(events(), before);
	assert_true(ask(method_account_show, "{\"id\":\"taro\"}") < 0);
	assert_string_equal(import_row("macs", ""), "added");
	before = events();
	assert_string_equal(import_with(&dry, "given_name", "花子"), "changed");
	assert_string_equal(import_with(&dry, "valid_until", "2031/1/1"), "refused");
	assert_int_equal(events(), before);
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	assert_string_equal(answer_text("given_name"), "太郎");
}

static void
the_vendor_of_the_command_is_for_new_rows_that_name_none(void **state)
{
	const struct account_import_options vendor = {.file = "in.csv", .vendor = "甲医療"};
	const struct account_import_options unknown = {.file = "in.csv", .vendor = "乙医療"};

	(void)state;
	assert_string_equal(import_with(&unknown, "vendor", ""), "refused");
	expect_error("vendor", "乙医療", "a vendor that there is", "Sakura Medical Systems");
	assert_string_equal(import_with(&vendor, "vendor", ""), "added");
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	assert_string_equal(answer_text("vendor"), "甲医療");
	assert_string_equal(import_with(&vendor, "vendor", ""), "changed");
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	assert_null(answer_text("vendor"));
}

static void
an_import_leaves_the_allowlist_alone(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"allowlist\":\"off\"},"
				       "\"because\":\"trial\"}");
	assert_string_equal(import_row("allowlist", "enforced", "macs", ""), "changed");
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	assert_string_equal(answer_text("allowlist"), "off");
	assert_string_equal(import_row("account", "jiro", "allowlist", "off"), "added");
	expect_ok(method_account_show, "{\"id\":\"jiro\"}");
	assert_string_equal(answer_text("allowlist"), "enforced");
}

#define row_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		row_test(passwords_come_until_they_are_delivered),
		row_test(an_edit_lists_its_cells_and_names_file_and_line),
		row_test(a_refused_row_changes_nothing_and_shows_the_cell_as_it_stands),
		row_test(an_import_makes_engineers_and_never_changes_a_kind),
		row_test(somebody_elses_later_change_is_not_overwritten),
		row_test(protection_holds_without_the_override),
		row_test(a_dry_run_says_what_would_be),
		row_test(the_vendor_of_the_command_is_for_new_rows_that_name_none),
		row_test(an_import_leaves_the_allowlist_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
