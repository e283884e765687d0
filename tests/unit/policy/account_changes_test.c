/* policy/account_changes.c: what a change of an account may do, and what it leaves behind when it may not. */
#include "method_fixture.h"

#include "base/clock.h"
#include "policy/account_changes.h"
#include "policy/method_call.h"
#include "policy/store/password_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int
setup(void **state)
{
	int r = method_setup(state);

	expect_ok(method_terminal_add, "{\"name\":\"mri-02\",\"address\":\"192.168.10.22\"}");
	expect_ok(method_vendor_add, "{\"name\":\"Sakura Medical\",\"kind\":\"server\"}");
	return r;
}

/* One change through the interface that import uses. */
struct changing {
	const char *id;
	const char *changes;
	struct account_change_options options;
	bool changed;
	json_t *before, *after;
};

static int
change_work(struct store_db *db, void *argument)
{
	struct changing *changing = argument;
	json_t *changes = json_loads(changing->changes, 0, NULL);
	struct account_outcome outcome;
	struct account account;
	int r;

	method_call_reset(&call);
	call.actor = "unix:yamada";
	assert_non_null(changes);
	r = method_find_account(db, &call, changing->id, &account);
	if (r == 0)
		r = account_change(db, &call, &account, changes, &changing->options, &outcome);
	if (r == 0) {
		changing->changed = outcome.changed;
		changing->before = json_incref(outcome.before);
		changing->after = json_incref(outcome.after);
		account_outcome_done(&outcome);
	}
	json_decref(changes);
	return r;
}

static void
changing_done(struct changing *changing)
{
	json_decref(changing->before);
	json_decref(changing->after);
}

static void
new_account_gets_two_passwords_once(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_true(strlen(answer_text("initial_password")) > 12);
	assert_string_not_equal(
		answer_text("initial_password"), answer_text("initial_second_password"));
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	assert_null(json_object_get(call.result, "initial_password"));
	expect_event("account.add", "taro", "null", NULL);
}

static void
dry_run_says_what_would_be_and_writes_nothing(void **state)
{
	struct changing changing = {.id = "taro",
		.changes = "{\"email\":\"new@example.jp\",\"add_terminals\":[\"pacs-01\"]}",
		.options.dry_run = true};
	int64_t before;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	before = events();
	assert_int_equal(fixture_write(&fixture, change_work, &changing), 0);
	assert_true(changing.changed);
	assert_string_equal(
		json_string_value(json_object_get(changing.after, "email")), "new@example.jp");
	assert_int_equal(events(), before);
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	/* What is shown besides is no field of the account. */
	assert_int_equal(json_object_del(call.result, "sign_in"), 0);
	assert_true(json_equal(call.result, changing.before));
	changing_done(&changing);
}

static void
what_is_refused_last_has_written_nothing_before(void **state)
{
	int64_t before;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	before = events();
	expect_refused(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"email\":\"n@example.jp\",\"add_terminals\":["
		"\"pacs-01\"],"
		"\"services\":[\"fax\"]}}",
		METHOD_REFUSED, "services", "fax");
	assert_int_equal(events(), before);
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	assert_string_equal(answer_text("email"), "taro@example.jp");
	assert_int_equal(list_length("terminals"), 0);
	assert_int_equal(json_integer_value(json_object_get(call.result, "version")), 1);
}

static void
wrong_fields_are_named_with_their_rule(void **state)
{
	static const struct {
		const char *changes, *field;
	} cases[] = {
		{"{\"vendor\":\"nobody\"}", "vendor"},
		{"{\"max_sessions\":1001}", "max_sessions"},
		{"{\"max_sessions\":-1}", "max_sessions"},
		{"{\"protected\":\"\"}", "protected"},
		{"{\"priorities\":{\"pacs-01\":1}}", "priorities"},
		{"{\"add_terminals\":[\"pacs-01\"],\"priorities\":{\"pacs-01\":10}}", "priorities"},
		{"{\"add_terminals\":[\"pacs-01\"],\"priorities\":{\"pacs-01\":\"1\"}}",
			"priorities"},
		{"{\"macs\":[\"x\"]}", "macs"},
		{"{\"add_macs\":[\"x\"]}", "add_macs"},
		{"{\"remove_macs\":[\"02:00:00:00:00:01\"]}", "remove_macs"},
		{"{\"add_macs\":[7]}", "add_macs"},
		{"{\"remove_terminals\":[\"pacs-01\"]}", "remove_terminals"},
		{"{\"add_terminals\":[\"nowhere\"]}", "add_terminals"},
		{"{\"terminals\":[\"nowhere\"]}", "terminals"},
		{"{\"remove_services\":[\"mail\"]}", "remove_services"},
		{"{\"add_services\":[\"nothing\"]}", "add_services"},
		{"{\"services\":[\"\"]}", "services"},
		{"{\"locked\":\"yes\"}", "changes"},
		{"{\"priorities\":[]}", "changes"},
	};

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct changing changing = {.id = "taro", .changes = cases[i].changes};

		assert_true(fixture_write(&fixture, change_work, &changing) < 0);
		assert_non_null(call.error.field.field);
		assert_string_equal(call.error.field.field, cases[i].field);
		assert_non_null(call.error.field.rule);
	}
}

static void
lists_are_added_to_and_taken_from(void **state)
{
	(void)state;
	expect_ok(method_account_add,
		"{\"id\":\"taro\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		"\"macs\":[\"02:00:00:00:00:01\"],\"terminals\":[\"pacs-01\"]}");
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"add_macs\":[\"02-00-00-00-00-02\"],"
		"\"remove_macs\":[\"0200.0000.0001\"],\"add_terminals\":[\"MRI-02\"],"
		"\"remove_terminals\":[\"pacs-01\"],\"priorities\":{\"mri-02\":9}}}");
	expect_event("account.edit", "taro",
		"{\"macs\":[\"02:00:00:00:00:01\"],\"terminals\":[\"pacs-01\"],\"priorities\":{}}",
		"{\"macs\":[\"02:00:00:00:00:02\"],\"terminals\":[\"mri-02\"],\"priorities\":{"
		"\"mri-02\":9}}");
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"terminals\":[\"pacs-01\",\"mri-02\"]}}");
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(call.result, "priorities"), "mri-02")),
		9);
}

static void
linked_services_are_those_of_the_settings(void **state)
{
	(void)state;
	snprintf(fixture.settings.linked_services[0], LINKED_SERVICE_SIZE, "mail");
	snprintf(fixture.settings.linked_services[1], LINKED_SERVICE_SIZE, "intranet");
	store_change_settings(fixture.store, &fixture.settings);
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"services\":[\"mail\",\"intranet\",\"mail\"]}}");
	assert_int_equal(list_length("services"), 2);
	/* One that the settings know no more stays, until it is taken away. */
	fixture.settings.linked_services[0][0] = '\0';
	store_change_settings(fixture.store, &fixture.settings);
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"services\":[\"intranet\",\"mail\"]}}");
	assert_true(json_is_false(json_object_get(call.result, "changed")));
	expect_refused(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"add_services\":[\"mail\"]}}", METHOD_REFUSED,
		"add_services", "intranet");
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"remove_services\":[\"mail\"]}}");
	assert_int_equal(list_length("services"), 1);
}

static void
protection_prints_its_note_and_the_override_is_recorded(void **state)
{
	json_t *payload;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"protected\":\"ask Sato first\"}}");
	expect_refused(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"protected\":null}}",
		METHOD_REFUSED, NULL, "ask Sato first");
	expect_refused(method_account_lock, "{\"id\":\"taro\"}", METHOD_REFUSED, NULL, "ask Sato");
	expect_refused(
		method_account_delete, "{\"id\":\"taro\"}", METHOD_REFUSED, NULL, "ask Sato");
	expect_refused(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"add_accounts\":[\"taro\"]}}", METHOD_REFUSED,
		NULL, "ask Sato");
	expect_ok(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"email\":\"n@example.jp\"},"
				       "\"override_protection\":true}");
	payload = newest_event();
	assert_true(json_is_true(json_object_get(payload, "override_protection")));
	json_decref(payload);
	expect_ok(
		method_account_edit, "{\"id\":\"taro\",\"changes\":{\"email\":\"n@example.jp\"}}");
	expect_ok(method_account_delete, "{\"id\":\"taro\",\"override_protection\":true}");
	payload = newest_event();
	assert_true(json_is_true(json_object_get(payload, "override_protection")));
	json_decref(payload);
}

static void
second_of_two_editors_is_told_what_differs(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_add, NEW_ACCOUNT("taro2"));
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"email\":\"a@example.jp\"},\"version\":1}");
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"hours\":\"08:30-17:30\"},\"version\":2}");
	expect_ok(method_account_edit,
		"{\"id\":\"taro2\",\"changes\":{\"given_name\":\"二\"},\"version\":1}");
	expect_refused(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"email\":\"b@example.jp\"},\"version\":1}",
		METHOD_REFUSED, NULL, "a@example.jp");
	assert_non_null(strstr(call.error.message, "hours"));
	assert_non_null(strstr(call.error.message, "unix:yamada"));
	assert_non_null(strstr(call.error.message, "2026-11-20 12:00"));
	assert_null(strstr(call.error.message, "given_name"));
	assert_int_equal(json_integer_value(json_object_get(call.error.now, "version")), 3);
	expect_refused(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"email\":\"b@example.jp\"},\"version\":2}",
		METHOD_REFUSED, NULL, "hours");
	assert_null(strstr(call.error.message, "email"));
}

static void
extend_gives_each_account_its_own_result(void **state)
{
	json_t *results;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	expect_ok(method_account_edit,
		"{\"id\":\"jiro\",\"changes\":{\"protected\":\"ask Sato first\"}}");
	expect_ok(method_account_extend,
		"{\"until\":\"2027-03-31\",\"accounts\":[\"taro\",\"nobody\",\"jiro\",\"taro\"]}");
	results = json_object_get(call.result, "results");
	assert_int_equal(json_array_size(results), 4);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(results, 0), "result")),
		"changed");
	assert_string_equal(json_string_value(json_object_get(json_array_get(results, 0), "from")),
		"2028-11-19");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(results, 1), "result")),
		"refused");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(results, 2), "result")),
		"refused");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(results, 3), "result")),
		"unchanged");
	assert_true(call.touched_all);
	expect_event("account.extend", "taro", "{\"valid_until\":\"2028-11-19\"}",
		"{\"valid_until\":\"2027-03-31\"}");
	expect_refused(method_account_extend, "{\"until\":\"2028-11-21\",\"accounts\":[\"taro\"]}",
		METHOD_REFUSED, "until", "two years");
	expect_ok(method_account_extend,
		"{\"until\":\"2027-04-30\",\"accounts\":[\"taro\"],\"dry_run\":true}");
	assert_false(call.touched_all);
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	assert_string_equal(answer_text("valid_until"), "2027-03-31");
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, method_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(new_account_gets_two_passwords_once),
		IN_OUT(dry_run_says_what_would_be_and_writes_nothing),
		IN_OUT(what_is_refused_last_has_written_nothing_before),
		IN_OUT(wrong_fields_are_named_with_their_rule),
		IN_OUT(lists_are_added_to_and_taken_from),
		IN_OUT(linked_services_are_those_of_the_settings),
		IN_OUT(protection_prints_its_note_and_the_override_is_recorded),
		IN_OUT(second_of_two_editors_is_told_what_differs),
		IN_OUT(extend_gives_each_account_its_own_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
