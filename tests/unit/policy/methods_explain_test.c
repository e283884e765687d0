/* policy/methods_explain.c: explain as the control socket asks for it. */
#include "method_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MACS "\"macs\":[\"02:00:00:00:00:01\",\"02:00:00:00:00:02\"]"

static void
add_sato(const char *more)
{
	char params[400];

	snprintf(params, sizeof(params),
		"{\"id\":\"sato\",\"family_name\":\"佐藤\",\"given_name\":\"太郎\","
		"\"email\":\"sato@example.jp\"%s%s}",
		more[0] != '\0' ? "," : "", more);
	expect_ok(method_account_add, params);
}

static json_t *
rule_of_answer(const char *name)
{
	size_t i;
	json_t *rule;

	json_array_foreach (json_object_get(call.result, "rules"), i, rule) {
		if (strcmp(json_string_value(json_object_get(rule, "rule")), name) == 0)
			return rule;
	}
	fail_msg("no rule %s", name);
	return NULL;
}

static bool
is_allowed(void)
{
	return json_is_true(json_object_get(call.result, "allowed"));
}

static void
trust_pacs(void)
{
	change(method_terminal_trust, "{\"name\":\"pacs-01\",\"sha256\":\"" PIN "\"}");
}

static void
an_allowed_connection_is_explained_rule_by_rule(void **state)
{
	json_t *rule;

	(void)state;
	add_sato(MACS ",\"terminals\":[\"pacs-01\"],\"hours\":\"08:30-17:30\"");
	expect_ok(method_explain, "{\"account\":\"sato\",\"terminal\":\"pacs-01\"}");
	assert_false(is_allowed());
	assert_string_equal(answer_text("rule"), "certificate-trusted");
	trust_pacs();
	expect_ok(method_explain, "{\"account\":\"998-SATO@example.jp\",\"terminal\":\"PACS-01\"}");
	assert_true(is_allowed());
	assert_string_equal(answer_text("account"), "sato");
	assert_string_equal(answer_text("terminal"), "pacs-01");
	assert_string_equal(answer_text("at"), "2026-11-20T03:00:00.000000Z");
	assert_string_equal(answer_text("changes"), "2026-11-20T08:30:00.000000Z");
	assert_string_equal(answer_text("mac"), "02:00:00:00:00:01");
	assert_true(json_is_true(json_object_get(call.result, "mac_assumed")));
	assert_true(json_is_null(json_object_get(call.result, "rule")));
	rule = rule_of_answer("hours");
	assert_string_equal(json_string_value(json_object_get(rule, "found")),
		"connection hours 08:30-17:30; it is 12:00");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(rule, "data"), "now")), "12:00");
	rule = rule_of_answer("device-listed");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(rule, "data"), "devices")), 2);
	assert_true(json_is_null(json_object_get(rule_of_answer("device-known"), "issue")));
}

static void
another_time_and_device_are_asked_for(void **state)
{
	(void)state;
	add_sato(MACS ",\"terminals\":[\"pacs-01\"],\"hours\":\"08:30-17:30\"");
	trust_pacs();
	expect_ok(method_explain,
		"{\"account\":\"sato\",\"terminal\":\"pacs-01\",\"at\":\"2026-11-24 19:12\","
		"\"mac\":\"02-00-00-00-00-02\"}");
	assert_false(is_allowed());
	assert_string_equal(answer_text("rule"), "hours");
	assert_string_equal(answer_text("at"), "2026-11-24T10:12:00.000000Z");
	assert_string_equal(answer_text("changes"), "2026-11-24T23:30:00.000000Z");
	assert_true(
		json_is_true(json_object_get(json_object_get(call.result, "running"), "allowed")));
	expect_ok(method_explain,
		"{\"account\":\"sato\",\"terminal\":\"pacs-01\",\"mac\":\"0200.0000.0003\"}");
	assert_string_equal(answer_text("rule"), "device-listed");
	assert_true(json_is_null(json_object_get(call.result, "changes")));
}

static void
strangers_are_explained_as_such(void **state)
{
	(void)state;
	expect_ok(method_explain, "{\"account\":\"nobody\",\"terminal\":\"nowhere\"}");
	assert_false(is_allowed());
	assert_string_equal(answer_text("rule"), "account-known");
	assert_string_equal(
		json_string_value(json_object_get(rule_of_answer("terminal-known"), "found")),
		"there is no terminal nowhere");
	assert_null(json_object_get(rule_of_answer("hours"), "found"));
}

/* B1: names are read with and without the facility's prefix, and shown as they are. */
static void
a_terminal_asked_for_without_its_prefix_is_named_whole(void **state)
{
	(void)state;
	expect_ok(method_terminal_add,
		"{\"name\":\"pacs-02\",\"default_prefix\":true,\"address\":\"10.9.0.2\","
		"\"fingerprint\":\"" PIN "\",\"save_unchecked\":true}");
	expect_ok(method_explain, "{\"account\":\"nobody\",\"terminal\":\"PACS-02\"}");
	assert_string_equal(answer_text("terminal"), "998-pacs-02");
}

static void
bad_parameters_are_refused_by_name(void **state)
{
	(void)state;
	expect_refused(method_explain, "{\"account\":\"a b\",\"terminal\":\"pacs-01\"}",
		METHOD_REFUSED, "account", "half-width");
	expect_refused(method_explain,
		"{\"account\":\"sato\",\"terminal\":\"pacs-01\",\"at\":\"tonight\"}",
		METHOD_REFUSED, "at", "facility");
	expect_refused(method_explain,
		"{\"account\":\"sato\",\"terminal\":\"pacs-01\",\"mac\":\"02:00\"}", METHOD_REFUSED,
		"mac", "AA-BB");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_allowed_connection_is_explained_rule_by_rule,
			method_setup, method_teardown),
		cmocka_unit_test_setup_teardown(
			another_time_and_device_are_asked_for, method_setup, method_teardown),
		cmocka_unit_test_setup_teardown(
			strangers_are_explained_as_such, method_setup, method_teardown),
		cmocka_unit_test_setup_teardown(
			a_terminal_asked_for_without_its_prefix_is_named_whole, method_setup,
			method_teardown),
		cmocka_unit_test_setup_teardown(
			bad_parameters_are_refused_by_name, method_setup, method_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
