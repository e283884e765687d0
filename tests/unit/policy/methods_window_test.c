/* policy/methods_window.c: windows as the control socket asks for them. */
#include "method_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void
windows_are_kept_listed_and_shown(void **state)
{
	(void)state;
	expect_ok(method_window_add, "{\"terminal\":\"pacs-01\",\"kind\":\"restart\",\"days\":["
				     "\"daily\"],\"from\":\"04:00\","
				     "\"until\":\"04:30\",\"text\":\"毎日の再起動\"}");
	assert_true(call.touched_terminal > 0);
	assert_int_equal(list_length("days"), 7);
	assert_string_equal(answer_text("text"), "毎日の再起動");
	expect_event("window.add", "pacs-01", "null",
		"{\"days\":[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"],\"from\":\"04:"
		"00\","
		"\"kind\":\"restart\",\"number\":1,\"terminal\":\"pacs-01\",\"text\":"
		"\"毎日の再起動\","
		"\"until\":\"04:30\"}");
	expect_ok(method_window_add,
		"{\"all\":true,\"from\":\"2030-01-01 00:00\",\"until\":\"2030-01-02 00:00\"}");
	assert_true(call.touched_all);
	assert_string_equal(answer_text("kind"), "maintenance");
	assert_true(json_is_null(json_object_get(call.result, "days")));
	expect_ok(method_window_list, "{}");
	assert_int_equal(list_length("windows"), 2);
	expect_ok(method_terminal_show, "{\"name\":\"pacs-01\"}");
	assert_int_equal(list_length("windows"), 2);
	expect_ok(method_window_delete, "{\"number\":1}");
	expect_ok(method_window_list, "{\"terminal\":\"pacs-01\"}");
	assert_int_equal(list_length("windows"), 1);
	expect_refused(
		method_window_delete, "{\"number\":1}", METHOD_NOT_FOUND, NULL, "no window 1");
}

static void
a_window_is_for_one_terminal_or_for_all(void **state)
{
	(void)state;
	expect_refused(method_window_add,
		"{\"days\":[\"mon\"],\"from\":\"04:00\",\"until\":\"04:30\"}", METHOD_REFUSED, NULL,
		"--all");
	expect_refused(method_window_add,
		"{\"terminal\":\"pacs-01\",\"all\":true,\"days\":[\"mon\"],\"from\":\"04:00\","
		"\"until\":\"04:30\"}",
		METHOD_REFUSED, NULL, "--all");
	expect_refused(method_window_add,
		"{\"terminal\":\"none\",\"days\":[\"mon\"],\"from\":\"04:00\",\"until\":\"04:30\"}",
		METHOD_NOT_FOUND, NULL, "none");
	expect_refused(method_window_add,
		"{\"all\":true,\"days\":[\"moon\"],\"from\":\"04:00\",\"until\":\"04:30\"}",
		METHOD_REFUSED, "days", "daily");
	expect_refused(method_window_add, "{\"all\":true,\"from\":\"04:00\",\"until\":\"04:30\"}",
		METHOD_REFUSED, "from", "YYYY-MM-DD");
	expect_refused(method_window_add,
		"{\"all\":true,\"from\":\"2030-01-01 00:00\",\"until\":\"2030-02-01 00:01\"}",
		METHOD_REFUSED, "until", "31 days");
	expect_ok(method_window_add,
		"{\"all\":true,\"from\":\"2030-01-01 00:00\",\"until\":\"2030-02-01 00:00\"}");
}

static void
the_same_window_is_not_added_twice(void **state)
{
	static const char daily[] = "{\"terminal\":\"pacs-01\",\"days\":[\"daily\"],\"from\":"
				    "\"04:00\",\"until\":\"04:30\"}";

	(void)state;
	expect_ok(method_window_add, daily);
	expect_refused(method_window_add, daily, METHOD_REFUSED, NULL,
		"there is this window already: number 1");
	/* For all terminals it is another one. */
	expect_ok(method_window_add,
		"{\"all\":true,\"days\":[\"daily\"],\"from\":\"04:00\",\"until\":\"04:30\"}");
	expect_ok(method_window_delete, "{\"number\":1}");
	expect_ok(method_window_add, daily);
}

static void
a_deleted_terminal_takes_its_windows_along(void **state)
{
	(void)state;
	expect_ok(method_window_add, "{\"terminal\":\"pacs-01\",\"days\":[\"daily\"],\"from\":\"04:"
				     "00\",\"until\":\"04:30\"}");
	expect_ok(method_terminal_delete, "{\"name\":\"pacs-01\"}");
	expect_ok(method_window_list, "{}");
	assert_int_equal(list_length("windows"), 0);
}

static void
a_protected_terminal_is_not_closed(void **state)
{
	(void)state;
	expect_ok(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"protected\":\"ask Mr Abe\"}}");
	expect_refused(method_window_add,
		"{\"terminal\":\"pacs-01\",\"days\":[\"mon\"],\"from\":\"04:00\",\"until\":\"04:"
		"30\"}",
		METHOD_REFUSED, NULL, "ask Mr Abe");
}

static void
ends_and_take_over_are_kept_with_the_terminal(void **state)
{
	(void)state;
	expect_ok(method_terminal_show, "{\"name\":\"pacs-01\"}");
	assert_true(json_is_null(json_object_get(call.result, "idle")));
	expect_ok(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"idle\":\"30min\","
					"\"longest\":\"8h\",\"take_over\":true}}");
	assert_string_equal(answer_text("idle"), "30min");
	assert_string_equal(answer_text("longest"), "480min");
	assert_true(json_is_true(json_object_get(call.result, "take_over")));
	expect_ok(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"idle\":\"off\",\"longest\":\"default\"}}");
	assert_string_equal(answer_text("idle"), "off");
	assert_true(json_is_null(json_object_get(call.result, "longest")));
	expect_refused(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"idle\":\"8d\"}}",
		METHOD_REFUSED, "idle", "7d");
	expect_refused(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"longest\":\"-1\"}}", METHOD_REFUSED,
		"longest", "8h");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, method_setup, method_teardown)
		TEST(windows_are_kept_listed_and_shown),
		TEST(a_window_is_for_one_terminal_or_for_all),
		TEST(the_same_window_is_not_added_twice),
		TEST(a_deleted_terminal_takes_its_windows_along),
		TEST(a_protected_terminal_is_not_closed),
		TEST(ends_and_take_over_are_kept_with_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
