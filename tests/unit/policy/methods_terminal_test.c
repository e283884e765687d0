/* policy/methods_terminal.c: terminal as the control socket asks for it. */
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
new_terminal_gets_the_default_rights_and_no_trust(void **state)
{
	(void)state;
	expect_ok(method_terminal_add,
		"{\"name\":\"998-踏み台端末02(Local)\",\"address\":\"pacs-02\"}");
	assert_int_equal(json_integer_value(json_object_get(call.result, "port")), 3389);
	assert_string_equal(answer_text("trust"), "none");
	assert_true(json_is_null(json_object_get(call.result, "pin")));
	assert_true(json_is_true(json_object_get(call.result, "in_service")));
	assert_int_equal(list_length("rights"), 2);
	expect_refused(method_terminal_add, "{\"name\":\"PACS-01\",\"address\":\"x\"}",
		METHOD_REFUSED, NULL, "already");
	expect_refused(method_terminal_add, "{\"name\":\"a,b\",\"address\":\"x\"}", METHOD_REFUSED,
		"name", "comma");
	expect_refused(method_terminal_add, "{\"name\":\"y\",\"address\":\"x:1\"}", METHOD_REFUSED,
		"address", "port");
	expect_refused(method_terminal_add,
		"{\"name\":\"y\",\"address\":\"x\",\"rights\":[\"all\"]}", METHOD_REFUSED, "rights",
		"clipboard");
}

static void
terminal_edit_changes_rights_accounts_and_service(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"allow\":[\"clipboard\"],\"deny\":[\"sound\"],"
		"\"add_accounts\":[\"taro\"],\"in_service\":false,\"port\":3390,\"capacity\":2,"
		"\"note\":\"2F\"}}");
	assert_int_equal(list_length("accounts"), 1);
	assert_int_equal(json_integer_value(json_object_get(call.result, "port")), 3390);
	assert_true(call.touched_terminal > 0);
	expect_event("terminal.edit", "pacs-01",
		"{\"accounts\":[],\"capacity\":0,\"in_service\":true,\"note\":\"\",\"port\":3389,"
		"\"rights\":[\"sound\",\"dynamic\"]}",
		"{\"accounts\":[\"taro\"],\"capacity\":2,\"in_service\":false,\"note\":\"2F\","
		"\"port\":3390,"
		"\"rights\":[\"clipboard\",\"dynamic\"]}");
	expect_ok(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"remove_accounts\":[\"taro\"]}}");
	assert_int_equal(list_length("accounts"), 0);
	expect_refused(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"port\":70000}}",
		METHOD_REFUSED, "port", "65535");
	expect_refused(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"name\":\"x\"}}",
		METHOD_REFUSED, "changes", "name");
	expect_refused(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"add_accounts\":[\"none\"]}}",
		METHOD_NOT_FOUND, NULL, "none");
}

static void
trust_stores_the_fingerprint_that_was_seen(void **state)
{
	(void)state;
	expect_ok(method_terminal_trust, "{\"name\":\"pacs-01\",\"sha256\":\"" PIN "\"}");
	assert_string_equal(answer_text("trust"), "pin");
	assert_string_equal(answer_text("pin"), PIN);
	expect_event("terminal.trust", "pacs-01", "{\"pin\":null,\"trust\":\"none\"}",
		"{\"pin\":\"" PIN "\",\"trust\":\"pin\"}");
	expect_refused(method_terminal_trust, "{\"name\":\"pacs-01\",\"sha256\":\"00\"}",
		METHOD_REFUSED, "sha256", "64 hexadecimal");
	expect_refused(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"ca_bundle\":\"hello\"}}", METHOD_REFUSED,
		"ca_bundle", "PEM");
	expect_ok(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"ca_bundle\":\"\"}}");
	assert_string_equal(answer_text("trust"), "pin");
}

static void
deleting_a_terminal_leaves_the_accounts(void **state)
{
	(void)state;
	expect_ok(method_account_add,
		"{\"id\":\"taro\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		"\"terminals\":[\"pacs-01\"]}");
	expect_ok(method_terminal_delete, "{\"name\":\"pacs-01\"}");
	assert_true(call.touched_terminal > 0);
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	assert_int_equal(list_length("terminals"), 0);
	expect_ok(method_terminal_list, "{}");
	assert_int_equal(list_length("terminals"), 0);
	expect_refused(
		method_terminal_show, "{\"name\":\"pacs-01\"}", METHOD_NOT_FOUND, NULL, "pacs-01");
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, method_setup, method_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(new_terminal_gets_the_default_rights_and_no_trust),
		IN_OUT(terminal_edit_changes_rights_accounts_and_service),
		IN_OUT(trust_stores_the_fingerprint_that_was_seen),
		IN_OUT(deleting_a_terminal_leaves_the_accounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
