/* policy/methods_vendor.c */
#include "method_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MEDICAL "{\"name\":\"関所メディカル\",\"kind\":\"server\",\"note\":\"夜間 03\"}"

/* As long as one can be, in characters of three bytes. */
#define TEN "関所関所関所関所関所"
#define FIFTY TEN TEN TEN TEN TEN
#define NOTE_OF_500 FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY

static void
give_account(const char *vendor)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		"UPDATE account SET vendor = (SELECT number FROM vendor WHERE name = '%s')",
		vendor);
	fixture_sql(&fixture, sql);
}

static int64_t
answer_number(const char *name)
{
	return json_integer_value(json_object_get(call.result, name));
}

static void
a_vendor_is_added_listed_and_shown(void **state)
{
	(void)state;
	expect_ok(method_vendor_add, MEDICAL);
	expect_event("vendor.add", "関所メディカル", "null", NULL);
	assert_string_equal(answer_text("kind"), "server");
	assert_string_equal(answer_text("state"), "active");
	assert_string_equal(answer_text("changed_by"), "unix:yamada");
	assert_int_equal(answer_number("version"), 1);
	expect_ok(method_vendor_add, "{\"name\":\"ABC\"}");
	assert_string_equal(answer_text("kind"), "general");
	expect_ok(method_vendor_list, "{}");
	assert_int_equal(list_length("vendors"), 2);
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(call.result, "vendors"), 0), "name")),
		"ABC");
	expect_ok(method_vendor_list, "{\"kind\":\"server\"}");
	assert_int_equal(list_length("vendors"), 1);
	expect_ok(method_vendor_list, "{\"state\":\"suspended\"}");
	assert_int_equal(list_length("vendors"), 0);
	expect_refused(method_vendor_list, "{\"kind\":\"odd\"}", METHOD_REFUSED, "kind", "server");
	expect_ok(method_vendor_show, "{\"name\":\"abc\"}");
	assert_string_equal(answer_text("name"), "ABC");
	expect_refused(method_vendor_show, "{\"name\":\"x\"}", METHOD_NOT_FOUND, NULL, "no vendor");
	expect_refused(method_vendor_add, "{\"name\":\"aBc\"}", METHOD_REFUSED, NULL, "already");
	expect_refused(method_vendor_add, "{\"name\":\"=x\"}", METHOD_REFUSED, "name", "= + - @");
}

static void
an_edit_says_what_changed_and_who_was_first(void **state)
{
	int64_t before;

	(void)state;
	expect_ok(method_vendor_add, MEDICAL);
	expect_ok(method_vendor_edit, "{\"name\":\"関所メディカル\",\"changes\":{\"state\":"
				      "\"suspended\"},\"version\":1}");
	expect_event("vendor.edit", "関所メディカル", "{\"state\":\"active\"}",
		"{\"state\":\"suspended\"}");
	assert_true(call.touched_all);
	assert_int_equal(answer_number("version"), 2);
	expect_refused(method_vendor_edit,
		"{\"name\":\"関所メディカル\",\"changes\":{\"note\":\"x\"},\"version\":1}",
		METHOD_REFUSED, NULL, "unix:yamada");
	assert_string_equal(
		json_string_value(json_object_get(call.error.now, "state")), "suspended");
	before = events();
	expect_ok(method_vendor_edit,
		"{\"name\":\"関所メディカル\",\"changes\":{\"state\":\"suspended\"}}");
	assert_int_equal(answer_number("version"), 2);
	assert_int_equal(events(), before);
	expect_ok(method_vendor_edit, "{\"name\":\"関所メディカル\",\"changes\":{\"name\":"
				      "\"新社名\",\"state\":\"active\"}}");
	assert_false(call.touched_all);
	expect_refused(
		method_vendor_show, "{\"name\":\"関所メディカル\"}", METHOD_NOT_FOUND, NULL, "");
	expect_refused(method_vendor_edit, "{\"name\":\"新社名\",\"changes\":{\"number\":7}}",
		METHOD_REFUSED, "changes", "can be changed");
	expect_ok(method_vendor_add, "{\"name\":\"ABC\"}");
	expect_refused(method_vendor_edit, "{\"name\":\"新社名\",\"changes\":{\"name\":\"abc\"}}",
		METHOD_REFUSED, NULL, "already");
}

static void
a_vendor_with_protected_accounts_is_suspended_with_the_override_alone(void **state)
{
	int64_t before;

	(void)state;
	expect_ok(method_vendor_add, "{\"name\":\"ABC\"}");
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	give_account("ABC");
	fixture_sql(&fixture, "UPDATE account SET protected_note = 'ask 03 ' || id");
	before = events();
	expect_refused(method_vendor_edit,
		"{\"name\":\"ABC\",\"changes\":{\"state\":\"suspended\"}}", METHOD_REFUSED, NULL,
		"protected accounts (2)");
	assert_non_null(strstr(call.error.message, "jiro: ask 03 jiro / taro: ask 03 taro"));
	assert_int_equal(events(), before);
	/* Notes of any length: what is cut is counted. */
	fixture_sql(&fixture, "UPDATE account SET protected_note = '" NOTE_OF_500 "'");
	expect_refused(method_vendor_edit,
		"{\"name\":\"ABC\",\"changes\":{\"state\":\"suspended\"}}", METHOD_REFUSED, NULL,
		"protected accounts (2)");
	expect_ok(method_vendor_edit, "{\"name\":\"ABC\",\"changes\":{\"note\":\"x\"}}");
	expect_ok(method_vendor_edit, "{\"name\":\"ABC\",\"changes\":{\"state\":\"suspended\"},"
				      "\"override_protection\":true}");
	expect_event("vendor.edit", "ABC", "{\"state\":\"active\"}", "{\"state\":\"suspended\"}");
	expect_ok(method_vendor_edit, "{\"name\":\"ABC\",\"changes\":{\"state\":\"active\"}}");
}

static void
a_vendor_with_accounts_is_not_deleted_silently(void **state)
{
	(void)state;
	expect_ok(method_vendor_add, MEDICAL);
	expect_ok(method_vendor_add, "{\"name\":\"ABC\"}");
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	give_account("関所メディカル");
	expect_ok(method_vendor_show, "{\"name\":\"関所メディカル\"}");
	assert_int_equal(answer_number("accounts"), 2);
	expect_refused(method_vendor_delete, "{\"name\":\"関所メディカル\"}", METHOD_REFUSED, NULL,
		"still has accounts (2)");
	expect_refused(method_vendor_delete,
		"{\"name\":\"関所メディカル\",\"move_to\":\"関所メディカル\"}", METHOD_REFUSED,
		"move_to", "another vendor");
	expect_refused(method_vendor_delete, "{\"name\":\"関所メディカル\",\"move_to\":\"none\"}",
		METHOD_NOT_FOUND, NULL, "no vendor 'none'");
	fixture_sql(&fixture, "UPDATE account SET protected_note = 'ask 03' WHERE id = 'taro'");
	expect_refused(method_vendor_delete, "{\"name\":\"関所メディカル\",\"move_to\":\"ABC\"}",
		METHOD_REFUSED, NULL, "ask 03");
	expect_ok(method_vendor_show, "{\"name\":\"関所メディカル\"}");
	assert_int_equal(answer_number("accounts"), 2);
	expect_ok(method_vendor_delete,
		"{\"name\":\"関所メディカル\",\"move_to\":\"ABC\",\"override_protection\":true}");
	assert_int_equal(answer_number("moved"), 2);
	expect_event("vendor.delete", "関所メディカル", NULL,
		"{\"moved_accounts\":2,\"moved_to\":\"ABC\"}");
	expect_ok(method_vendor_show, "{\"name\":\"ABC\"}");
	assert_int_equal(answer_number("accounts"), 2);
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	assert_string_equal(answer_text("vendor"), "ABC");
	assert_int_equal(answer_number("version"), 2);
	expect_ok(method_account_delete, "{\"id\":\"taro\",\"override_protection\":true}");
	expect_ok(method_account_delete, "{\"id\":\"jiro\"}");
	expect_ok(method_vendor_delete, "{\"name\":\"ABC\"}");
	assert_int_equal(answer_number("moved"), 0);
	expect_event("vendor.delete", "ABC", NULL, "null");
}

/* Makes it, changes it and deletes it; then it is made again. */
static void
expect_new_version(method_function *add, const char *fields, method_function *edit,
	const char *changes, method_function *end, const char *which)
{
	int64_t seen;

	expect_ok(add, fields);
	assert_int_equal(answer_number("version"), 1);
	expect_ok(edit, changes);
	seen = answer_number("version");
	assert_int_equal(seen, 2);
	expect_ok(end, which);
	/* The log keeps its records for two years, and a version that somebody has written down may be older. */
	fixture_sql(&fixture, "DELETE FROM event_field");
	expect_ok(add, fields);
	assert_true(answer_number("version") > seen);
}

static void
what_is_made_again_has_no_version_that_was_there_before(void **state)
{
	(void)state;
	expect_new_version(method_vendor_add, "{\"name\":\"ABC\"}", method_vendor_edit,
		"{\"name\":\"abc\",\"changes\":{\"note\":\"x\"},\"version\":1}",
		method_vendor_delete, "{\"name\":\"ABC\"}");
	expect_refused(method_vendor_edit,
		"{\"name\":\"ABC\",\"changes\":{\"note\":\"x\"},\"version\":1}", METHOD_REFUSED,
		NULL, "changed meanwhile");
	expect_new_version(method_account_add, NEW_ACCOUNT("taro"), method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"given_name\":\"x\"}}", method_account_delete,
		"{\"id\":\"taro\"}");
	expect_new_version(method_terminal_add, "{\"name\":\"t-1\",\"address\":\"192.0.2.9\"}",
		method_terminal_edit, "{\"name\":\"t-1\",\"changes\":{\"note\":\"x\"}}",
		method_terminal_delete, "{\"name\":\"t-1\"}");
}

static void
a_name_that_another_vendor_gave_up_begins_behind_its_versions(void **state)
{
	int64_t seen;

	(void)state;
	expect_ok(method_vendor_add, "{\"name\":\"ABC\"}");
	expect_ok(method_vendor_edit, "{\"name\":\"ABC\",\"changes\":{\"note\":\"x\"}}");
	expect_ok(method_vendor_edit, "{\"name\":\"ABC\",\"changes\":{\"note\":\"y\"}}");
	seen = answer_number("version");
	expect_ok(method_vendor_edit, "{\"name\":\"ABC\",\"changes\":{\"name\":\"DEF\"}}");
	expect_ok(method_vendor_add, "{\"name\":\"ABC\"}");
	assert_true(answer_number("version") > seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_vendor_is_added_listed_and_shown, method_setup, method_teardown),
		cmocka_unit_test_setup_teardown(
			an_edit_says_what_changed_and_who_was_first, method_setup, method_teardown),
		cmocka_unit_test_setup_teardown(
			a_vendor_with_protected_accounts_is_suspended_with_the_override_alone,
			method_setup, method_teardown),
		cmocka_unit_test_setup_teardown(
			what_is_made_again_has_no_version_that_was_there_before, method_setup,
			method_teardown),
		cmocka_unit_test_setup_teardown(
			a_name_that_another_vendor_gave_up_begins_behind_its_versions, method_setup,
			method_teardown),
		cmocka_unit_test_setup_teardown(a_vendor_with_accounts_is_not_deleted_silently,
			method_setup, method_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
