/* policy/methods_account.c: account as the control socket asks for it. */
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
new_account_gets_the_defaults_of_the_specification(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_string_equal(answer_text("id"), "taro");
	assert_string_equal(answer_text("full_id"), "998-taro@example.jp");
	assert_string_equal(answer_text("kind"), "engineer");
	assert_string_equal(answer_text("valid_from"), "2026-11-20");
	assert_string_equal(answer_text("valid_until"), "2028-11-19");
	assert_string_equal(answer_text("state"), "active");
	assert_string_equal(answer_text("hours"), "always");
	assert_string_equal(answer_text("allowlist"), "enforced");
	assert_string_equal(answer_text("file_sharing"), "deny");
	assert_int_equal(list_length("macs"), 0);
	assert_int_equal(list_length("terminals"), 0);
	assert_false(json_is_true(json_object_get(call.result, "locked")));
	assert_true(call.touched_account > 0);
	expect_event("account.add", "taro", "null", NULL);
}

static void
account_with_everything_is_kept_as_given(void **state)
{
	(void)state;
	expect_ok(method_account_add,
		"{\"id\":\"998-Taro@example.jp\",\"family_name\":\" 山田 "
		"\",\"given_name\":\"太郎\","
		"\"email\":\"taro@example.jp\",\"valid_from\":\"2026-12-01\",\"valid_until\":"
		"\"2027-01-31\","
		"\"hours\":\"22:00-05:00\",\"macs\":[\"02-00-00-00-00-01\",\"0200.0000.0002\"],"
		"\"terminals\":[\"PACS-01\"],\"file_sharing\":\"after-approval\"}");
	expect_ok(method_account_show, "{\"id\":\"TARO\"}");
	assert_string_equal(answer_text("id"), "Taro");
	assert_string_equal(answer_text("family_name"), "山田");
	assert_string_equal(answer_text("state"), "not-yet");
	assert_string_equal(answer_text("hours"), "22:00-05:00");
	assert_string_equal(answer_text("file_sharing"), "after-approval");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(call.result, "macs"), 1)),
		"02:00:00:00:00:02");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(call.result, "terminals"), 0)),
		"pacs-01");
	assert_int_equal(call.touched_account, 0);
}

static void
bad_account_changes_nothing_and_names_the_field(void **state)
{
	static const struct {
		const char *params, *field;
	} cases[] = {
		{"{\"id\":\"ta ro\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\"}",
			"id"},
		{"{\"id\":\"x\",\"family_name\":\"\",\"given_name\":\"b\",\"email\":\"c@d\"}",
			"family_name"},
		{"{\"id\":\"x\",\"family_name\":\"a\",\"given_name\":\"b\"}", "email"},
		{"{\"id\":\"x\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c\"}",
			"email"},
		{"{\"id\":\"x\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		 "\"kind\":\"king\"}",
			"kind"},
		{"{\"id\":\"x\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		 "\"valid_until\":\"2028-11-21\"}",
			"valid_until"},
		{"{\"id\":\"x\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		 "\"valid_from\":\"2027-02-29\"}",
			"valid_from"},
		{"{\"id\":\"x\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		 "\"hours\":\"9-17\"}",
			"hours"},
		{"{\"id\":\"x\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		 "\"macs\":[\"x\"]}",
			"macs"},
		{"{\"id\":\"x\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		 "\"macs\":[1]}",
			"macs"},
		{"{\"id\":\"x\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		 "\"file_sharing\":\"yes\"}",
			"file_sharing"},
	};
	int64_t before = events();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect_refused(method_account_add, cases[i].params, METHOD_REFUSED, cases[i].field,
			"not allowed");
		assert_non_null(call.error.field.rule);
	}
	expect_refused(method_account_add,
		"{\"id\":\"x\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		"\"terminals\":[\"none\"]}",
		METHOD_NOT_FOUND, NULL, "no terminal 'none'");
	expect_refused(method_account_list, "{\"most\":-1}", METHOD_REFUSED, "most", "'-1'");
	expect_ok(method_account_list, "{}");
	assert_int_equal(list_length("accounts"), 0);
	assert_int_equal(events(), before);
}

static void
ids_are_unique_in_whatever_case(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_refused(method_account_add, NEW_ACCOUNT("TARO"), METHOD_REFUSED, NULL, "already");
	expect_refused(
		method_account_add, NEW_ACCOUNT("998-Taro"), METHOD_REFUSED, NULL, "already");
}

static void
error_has_the_shape_that_programs_read(void **state)
{
	json_t *error, *data;

	(void)state;
	(void)ask(method_account_add,
		"{\"id\":\"ta ro\",\"family_name\":\"a\",\"given_name\":\"b\"}");
	error = method_error_json(&call.error);
	data = json_object_get(error, "data");
	assert_int_equal(json_integer_value(json_object_get(error, "code")), -32001);
	assert_string_equal(json_string_value(json_object_get(data, "field")), "id");
	assert_string_equal(json_string_value(json_object_get(data, "value")), "ta ro");
	assert_true(json_is_string(json_object_get(data, "rule")));
	assert_true(json_is_string(json_object_get(data, "example")));
	json_decref(error);
}

static void
edit_changes_what_is_named_and_records_what_differs(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"email\":\"t2@example.jp\","
				       "\"hours\":\"08:30-17:30\"}}");
	assert_string_equal(answer_text("email"), "t2@example.jp");
	assert_string_equal(answer_text("family_name"), "山田");
	expect_event("account.edit", "taro", "{\"email\":\"taro@example.jp\",\"hours\":\"always\"}",
		"{\"email\":\"t2@example.jp\",\"hours\":\"08:30-17:30\"}");
	expect_ok(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"given_name\":\"次郎\"}}");
	assert_string_equal(answer_text("family_name"), "山田");
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"valid_until\":\"2026-11-20\"}}");
	assert_string_equal(answer_text("valid_from"), "2026-11-20");
}

static void
edit_without_a_difference_is_no_event(void **state)
{
	int64_t before;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	before = events();
	clock_hold(NOON_US + 1000000, 1000000);
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"email\":\"taro@example.jp\"}}");
	expect_ok(method_account_unlock, "{\"id\":\"taro\"}");
	assert_int_equal(events(), before);
}

static void
id_never_changes_and_unknown_fields_are_named(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_refused(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"id\":\"jiro\"}}",
		METHOD_REFUSED, "changes", "never changes");
	expect_refused(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"colour\":\"red\"}}",
		METHOD_REFUSED, "changes", "colour");
	expect_refused(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"email\":7}}",
		METHOD_REFUSED, "changes", "email");
	expect_refused(method_account_edit, "{\"id\":\"jiro\",\"changes\":{}}", METHOD_NOT_FOUND,
		NULL, "jiro");
}

static void
allowlist_goes_off_only_by_an_edit_with_a_reason(void **state)
{
	(void)state;
	expect_refused(method_account_add,
		"{\"id\":\"taro\",\"family_name\":\"a\",\"given_name\":\"b\","
		"\"email\":\"c@d\",\"allowlist\":\"off\"}",
		METHOD_REFUSED, NULL, "with a reason");
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_string_equal(answer_text("allowlist"), "enforced");
	expect_refused(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"allowlist\":\"off\"}}",
		METHOD_REFUSED, NULL, "--because");
	expect_refused(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"allowlist\":\"off\"},\"because\":\" \"}",
		METHOD_REFUSED, NULL, "--because");
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"allowlist\":\"off\"},\"because\":\"new laptop\"}");
	assert_string_equal(answer_text("allowlist"), "off");
	expect_event(
		"account.edit", "taro", "{\"allowlist\":\"enforced\"}", "{\"allowlist\":\"off\"}");
	expect_ok(
		method_account_edit, "{\"id\":\"taro\",\"changes\":{\"allowlist\":\"enforced\"}}");
}

static void
administrators_are_neither_assigned_nor_deleted(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ADMIN("boss"));
	expect_refused(method_account_edit,
		"{\"id\":\"boss\",\"changes\":{\"terminals\":[\"pacs-01\"]}}", METHOD_REFUSED, NULL,
		"administrator");
	expect_refused(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"add_accounts\":[\"boss\"]}}", METHOD_REFUSED,
		NULL, "administrator");
	expect_refused(method_terminal_add,
		"{\"name\":\"x\",\"address\":\"x\",\"accounts\":[\"boss\"]}", METHOD_REFUSED, NULL,
		"administrator");
	expect_refused(method_account_delete, "{\"id\":\"boss\"}", METHOD_REFUSED, NULL,
		"cannot be deleted");
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(
		method_account_edit, "{\"id\":\"taro\",\"changes\":{\"terminals\":[\"pacs-01\"]}}");
	expect_refused(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"kind\":\"admin\"}}",
		METHOD_REFUSED, NULL, "remove its 1 terminals");
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"kind\":\"admin\",\"terminals\":[]}}");
}

static void
last_administrator_stays(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ADMIN("boss"));
	expect_refused(method_account_lock, "{\"id\":\"boss\"}", METHOD_REFUSED, NULL,
		"last administrator");
	expect_refused(method_account_edit, "{\"id\":\"boss\",\"changes\":{\"kind\":\"auditor\"}}",
		METHOD_REFUSED, NULL, "last administrator");
	expect_ok(method_account_add, NEW_ADMIN("other"));
	expect_ok(method_account_lock, "{\"id\":\"other\"}");
	/* One that is locked can mend nothing. */
	expect_refused(method_account_lock, "{\"id\":\"boss\"}", METHOD_REFUSED, NULL,
		"last administrator");
	expect_ok(method_account_unlock, "{\"id\":\"other\"}");
	/* Nor one whose time is over. */
	expect_ok(method_account_edit,
		"{\"id\":\"other\",\"changes\":{\"valid_from\":\"2020-01-01\","
		"\"valid_until\":\"2020-12-31\"}}");
	expect_refused(method_account_lock, "{\"id\":\"boss\"}", METHOD_REFUSED, NULL,
		"last administrator");
	expect_ok(method_account_edit,
		"{\"id\":\"other\",\"changes\":{\"valid_until\":\"2026-12-31\"}}");
	expect_ok(method_account_lock, "{\"id\":\"boss\"}");
	expect_ok(method_account_edit, "{\"id\":\"boss\",\"changes\":{\"kind\":\"auditor\"}}");
	expect_ok(method_account_delete, "{\"id\":\"boss\"}");
}

static void
lock_and_unlock_are_seen_and_recorded(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_lock, "{\"id\":\"taro\",\"because\":\"left the company\"}");
	assert_string_equal(answer_text("state"), "locked");
	assert_true(call.touched_account > 0);
	expect_event("account.lock", "taro", "{\"locked\":false,\"state\":\"active\"}",
		"{\"locked\":true,\"state\":\"locked\"}");
	expect_ok(method_account_unlock, "{\"id\":\"taro\"}");
	assert_string_equal(answer_text("state"), "active");
}

static void
delete_is_final_and_answers_with_what_was(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(
		method_account_edit, "{\"id\":\"taro\",\"changes\":{\"terminals\":[\"pacs-01\"]}}");
	expect_ok(method_account_delete, "{\"id\":\"taro\"}");
	assert_string_equal(answer_text("email"), "taro@example.jp");
	assert_true(call.touched_account > 0);
	expect_event("account.delete", "taro", NULL, "null");
	expect_refused(method_account_show, "{\"id\":\"taro\"}", METHOD_NOT_FOUND, NULL, "taro");
	expect_ok(method_terminal_show, "{\"name\":\"pacs-01\"}");
	assert_int_equal(list_length("accounts"), 0);
}

static void
list_searches_and_filters(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_add, NEW_ADMIN("Hanako"));
	expect_ok(method_account_add, "{\"id\":\"old\",\"family_name\":\"鈴木\",\"given_name\":"
				      "\"一\",\"email\":\"o@vendor.jp\","
				      "\"valid_from\":\"2020-01-01\",\"valid_until\":\"2020-12-"
				      "31\",\"terminals\":[\"pacs-01\"]}");
	expect_ok(method_account_list, "{}");
	assert_int_equal(list_length("accounts"), 3);
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(call.result, "accounts"), 0), "id")),
		"Hanako");
	expect_ok(method_account_list, "{\"search\":\"花\"}");
	assert_int_equal(list_length("accounts"), 1);
	expect_ok(method_account_list, "{\"search\":\"EXAMPLE\"}");
	assert_int_equal(list_length("accounts"), 2);
	expect_ok(method_account_list, "{\"search\":\"山田 太\"}");
	assert_int_equal(list_length("accounts"), 1);
	expect_ok(method_account_list, "{\"search\":\"%\"}");
	assert_int_equal(list_length("accounts"), 0);
	expect_ok(method_account_list, "{\"state\":\"expired\"}");
	assert_int_equal(list_length("accounts"), 1);
	expect_ok(method_account_list, "{\"terminal\":\"pacs-01\"}");
	assert_int_equal(list_length("accounts"), 1);
	expect_refused(
		method_account_list, "{\"state\":\"dead\"}", METHOD_REFUSED, "state", "dead");
	expect_refused(
		method_account_list, "{\"terminal\":\"none\"}", METHOD_NOT_FOUND, NULL, "none");
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, method_setup, method_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(new_account_gets_the_defaults_of_the_specification),
		IN_OUT(account_with_everything_is_kept_as_given),
		IN_OUT(bad_account_changes_nothing_and_names_the_field),
		IN_OUT(ids_are_unique_in_whatever_case),
		IN_OUT(error_has_the_shape_that_programs_read),
		IN_OUT(edit_changes_what_is_named_and_records_what_differs),
		IN_OUT(edit_without_a_difference_is_no_event),
		IN_OUT(id_never_changes_and_unknown_fields_are_named),
		IN_OUT(allowlist_goes_off_only_by_an_edit_with_a_reason),
		IN_OUT(administrators_are_neither_assigned_nor_deleted),
		IN_OUT(last_administrator_stays),
		IN_OUT(lock_and_unlock_are_seen_and_recorded),
		IN_OUT(delete_is_final_and_answers_with_what_was),
		IN_OUT(list_searches_and_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
