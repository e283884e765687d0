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
		"{\"name\":\"pacs-01\",\"changes\":{\"allow\":[\"clipboard-in\"],\"deny\":["
		"\"sound\"],"
		"\"allow_channels\":[\"SCANNER\"],"
		"\"add_accounts\":[\"taro\"],\"in_service\":false,\"port\":3390,\"capacity\":2,"
		"\"note\":\"2F\"}}");
	assert_int_equal(list_length("accounts"), 1);
	assert_int_equal(json_integer_value(json_object_get(call.result, "port")), 3390);
	assert_true(call.touched_terminal > 0);
	expect_event("terminal.edit", "pacs-01",
		"{\"accounts\":[],\"capacity\":0,\"in_service\":true,\"note\":\"\",\"port\":3389,"
		"\"rights\":[\"sound\",\"channels\"],\"channels\":[]}",
		"{\"accounts\":[\"taro\"],\"capacity\":2,\"in_service\":false,\"note\":\"2F\","
		"\"port\":3390,"
		"\"rights\":[\"clipboard-in\",\"channels\"],\"channels\":[\"SCANNER\"]}");
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

static void
a_name_without_prefix_gets_the_facilitys(void **state)
{
	(void)state;
	expect_ok(method_terminal_add,
		"{\"name\":\"踏み台端末02(Local)\",\"default_prefix\":true,\"address\":\"x\"}");
	assert_string_equal(answer_text("name"), "998-踏み台端末02(Local)");
	expect_ok(method_terminal_show, "{\"name\":\"踏み台端末02(local)\"}");
	assert_string_equal(answer_text("name"), "998-踏み台端末02(Local)");
	expect_ok(method_terminal_add,
		"{\"name\":\"123-ct\",\"default_prefix\":true,\"address\":\"x\"}");
	assert_string_equal(answer_text("name"), "123-ct");
	expect_refused(method_terminal_add,
		"{\"name\":\"1234567890123456789012345678901234567890123456789012345678901\","
		"\"default_prefix\":true,\"address\":\"x\"}",
		METHOD_REFUSED, "name", "64");
	/* The name as it was typed comes first. */
	expect_ok(method_terminal_add,
		"{\"name\":\"pacs-01\",\"default_prefix\":true,\"address\":\"x\"}");
	assert_string_equal(answer_text("name"), "998-pacs-01");
	expect_ok(method_terminal_show, "{\"name\":\"pacs-01\"}");
	assert_string_equal(answer_text("name"), "pacs-01");
}

static void
expect_names(const char *params, const char *const *names)
{
	size_t i = 0;
	json_t *terminal;

	expect_ok(method_terminal_list, params);
	json_array_foreach (json_object_get(call.result, "terminals"), i, terminal) {
		assert_non_null(names[i]);
		assert_string_equal(json_string_value(json_object_get(terminal, "name")), names[i]);
	}
	assert_null(names[i]);
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__})

static void
make_a_list(void)
{
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_terminal_add,
		"{\"name\":\"b\",\"address\":\"ct_1.example\",\"accounts\":[\"taro\"]}");
	expect_ok(method_terminal_add,
		"{\"name\":\"a\",\"address\":\"10.0.0.9\",\"note\":\"100% of CT\"}");
	expect_ok(method_terminal_edit, "{\"name\":\"a\",\"changes\":{\"in_service\":false}}");
	fixture_sql(&fixture, "INSERT INTO terminal_health (terminal, watched, checked, reachable, "
			      "since, warnings) "
			      "SELECT number, 1, 1, name = 'b', 1, CASE WHEN name = 'b' THEN '' "
			      "ELSE 'unreachable' END FROM terminal");
}

static void
lists_are_searched_filtered_sorted_and_cut_into_pages(void **state)
{
	(void)state;
	make_a_list();
	expect_names("{}", NAMES("a", "b", "pacs-01", NULL));
	expect_names("{\"descending\":true}", NAMES("pacs-01", "b", "a", NULL));
	expect_names("{\"search\":\"CT\"}", NAMES("a", "b", NULL));
	expect_names("{\"search\":\"_1\"}", NAMES("b", NULL));
	expect_names("{\"search\":\"0%\"}", NAMES("a", NULL));
	expect_names("{\"search\":\"ＣＴ＿1\"}", NAMES("b", NULL));
	expect_names("{\"search\":\"nothing\"}", NAMES(NULL));
	expect_names("{\"account\":\"taro\"}", NAMES("b", NULL));
	expect_names("{\"state\":\"unreachable\"}", NAMES("pacs-01", NULL));
	expect_names("{\"state\":\"reachable\"}", NAMES("b", NULL));
	expect_names("{\"state\":\"out-of-service\"}", NAMES("a", NULL));
	expect_names("{\"state\":\"unknown\"}", NAMES(NULL));
	expect_names("{\"warnings\":true}", NAMES("pacs-01", NULL));
	expect_names(
		"{\"sort\":\"accounts\",\"descending\":true}", NAMES("b", "a", "pacs-01", NULL));
	expect_names("{\"sort\":\"address\"}", NAMES("a", "pacs-01", "b", NULL));
	expect_names("{\"most\":2,\"page\":2}", NAMES("pacs-01", NULL));
	assert_int_equal(json_integer_value(json_object_get(call.result, "total")), 3);
	assert_int_equal(json_integer_value(json_object_get(call.result, "pages")), 2);
	expect_names("{\"most\":2,\"page\":3}", NAMES(NULL));
	expect_refused(method_terminal_list, "{\"sort\":\"name_key\"}", METHOD_REFUSED, "sort",
		"name, accounts");
	expect_refused(
		method_terminal_list, "{\"state\":\"ill\"}", METHOD_REFUSED, "state", "reachable");
	expect_refused(method_terminal_list, "{\"most\":0}", METHOD_REFUSED, "most", "10000");
	expect_refused(
		method_terminal_list, "{\"account\":\"none\"}", METHOD_NOT_FOUND, NULL, "none");
}

/* A terminal asks for nothing of it unless somebody says so. */
static void
oversight_is_kept_told_and_found(void **state)
{
	(void)state;
	expect_ok(method_terminal_show, "{\"name\":\"pacs-01\"}");
	assert_string_equal(answer_text("relay"), "transparent");
	assert_string_equal(answer_text("recording"), "off");
	assert_true(json_is_false(json_object_get(call.result, "record_input")));
	assert_true(json_is_false(json_object_get(call.result, "four_eyes")));
	assert_true(json_is_false(json_object_get(call.result, "show_watchers")));
	expect_ok(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"relay\":\"mediated\",\"recording\":"
		"\"required\","
		"\"record_input\":true,\"four_eyes\":true,\"show_watchers\":true}}");
	expect_event("terminal.edit", "pacs-01",
		"{\"four_eyes\":false,\"record_input\":false,\"recording\":\"off\",\"relay\":"
		"\"transparent\",\"show_watchers\":false}",
		"{\"four_eyes\":true,\"record_input\":true,\"recording\":\"required\",\"relay\":"
		"\"mediated\",\"show_watchers\":true}");
	expect_ok(method_terminal_add, "{\"name\":\"ct\",\"address\":\"x\",\"recording\":"
				       "\"best-effort\",\"record_input\":true}");
	assert_string_equal(answer_text("recording"), "best-effort");
	assert_true(json_is_true(json_object_get(call.result, "record_input")));
	expect_names("{\"relay\":\"mediated\"}", NAMES("pacs-01", NULL));
	expect_names("{\"recording\":\"best-effort\"}", NAMES("ct", NULL));
	expect_names("{\"recording\":\"off\"}", NAMES(NULL));
	expect_names("{\"four_eyes\":true}", NAMES("pacs-01", NULL));
	expect_refused(
		method_terminal_list, "{\"relay\":\"both\"}", METHOD_REFUSED, "relay", "mediated");
	expect_refused(method_terminal_list, "{\"recording\":\"on\"}", METHOD_REFUSED, "recording",
		"best-effort");
	expect_refused(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"recording\":\"on\"}}", METHOD_REFUSED,
		"recording", "best-effort");
	expect_refused(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"relay\":\"Mediated\"}}", METHOD_REFUSED,
		"relay", "transparent");
}

static void
every_column_sorts(void **state)
{
	static const char *const columns[] = {"name", "accounts", "address", "port", "state",
		"warnings", "trust", "certificate_until", "last_session", "last_restart",
		"capacity", "note", "created", "updated"};
	char params[80];

	(void)state;
	make_a_list();
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		snprintf(params, sizeof(params), "{\"sort\":\"%s\",\"descending\":%s}", columns[i],
			i % 2 == 0 ? "true" : "false");
		expect_ok(method_terminal_list, params);
		assert_int_equal(list_length("terminals"), 3);
	}
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
		IN_OUT(a_name_without_prefix_gets_the_facilitys),
		IN_OUT(lists_are_searched_filtered_sorted_and_cut_into_pages),
		IN_OUT(oversight_is_kept_told_and_found),
		IN_OUT(every_column_sorts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
