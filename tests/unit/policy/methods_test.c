/* policy/methods_*.c: what the control socket can ask of the store. */
#include "policy/methods.h"

#include "base/clock.h"
#include "policy/audit.h"
#include "policy/store/sql.h"
#include "store_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOON_US INT64_C(1795143600000000) /* 2026-11-20T12:00:00+09:00 */
#define PIN "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct store_fixture fixture;
static struct method_call call;

struct running_call {
	method_function *method;
};

static int
run_method(struct store_db *db, void *argument)
{
	method_call_reset(&call);
	return ((struct running_call *)argument)->method(db, &call);
}

/* The answer stays in `call`. */
static int
ask(method_function *method, const char *params)
{
	struct running_call running = {.method = method};
	int r;

	json_decref(call.params);
	call.actor = "unix:yamada";
	call.params = json_loads(params, 0, NULL);
	assert_non_null(call.params);
	r = fixture_write(&fixture, run_method, &running);
	assert_true((r < 0) == (call.error.code != 0));
	return r;
}

static void
expect_ok(method_function *method, const char *params)
{
	if (ask(method, params) < 0)
		fail_msg("%s: %s", params, call.error.message);
	assert_non_null(call.result);
}

/* field NULL: refused by a rule of the whole. */
static void
expect_refused(method_function *method, const char *params, enum method_error_code code,
	const char *field, const char *words)
{
	assert_true(ask(method, params) < 0);
	assert_int_equal(call.error.code, code);
	if (field != NULL)
		assert_string_equal(call.error.field.field, field);
	if (strstr(call.error.message, words) == NULL)
		fail_msg("'%s' does not say '%s'", call.error.message, words);
}

static const char *
text(const char *name)
{
	return json_string_value(json_object_get(call.result, name));
}

static size_t
list_length(const char *name)
{
	assert_true(json_is_array(json_object_get(call.result, name)));
	return json_array_size(json_object_get(call.result, name));
}

#define NEW_ACCOUNT(id)                                                                       \
	"{\"id\":\"" id "\",\"family_name\":\"山田\",\"given_name\":\"太郎\",\"email\":\"" id \
	"@example.jp\"}"
#define NEW_ADMIN(id)                                                                         \
	"{\"id\":\"" id "\",\"family_name\":\"佐藤\",\"given_name\":\"花子\",\"email\":\"" id \
	"@example.jp\",\"kind\":\"admin\"}"

static int
setup(void **state)
{
	(void)state;
	clock_hold(NOON_US, 1000000);
	fixture_init(&fixture);
	fixture_start(&fixture);
	expect_ok(method_terminal_add, "{\"name\":\"pacs-01\",\"address\":\"192.168.10.21\"}");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	json_decref(call.params);
	call.params = NULL;
	method_call_reset(&call);
	fixture_done(&fixture);
	clock_release();
	return 0;
}

static int
last_event(struct store_db *db, void *argument)
{
	json_t **payload = argument;
	sqlite3_stmt *row;
	int r = sql_ask(db, &row, "SELECT payload FROM event ORDER BY id DESC LIMIT 1", "");

	assert_int_equal(r, 0);
	assert_int_equal(sql_next(row), 1);
	*payload = json_loads((const char *)sqlite3_column_text(row, 0), 0, NULL);
	sql_end(row);
	return 0;
}

static int
count_events(struct store_db *db, void *argument)
{
	int r = sql_number(db, argument, "SELECT count(*) FROM event", "");

	return r < 0 ? r : 0;
}

static int64_t
events(void)
{
	int64_t count;

	assert_int_equal(fixture_read(&fixture, count_events, &count), 0);
	return count;
}

/* The newest administration event, as compact JSON. */
static void
expect_event(const char *action, const char *target, const char *before, const char *after)
{
	json_t *payload = NULL, *expected;

	assert_int_equal(fixture_read(&fixture, last_event, &payload), 0);
	assert_string_equal(json_string_value(json_object_get(payload, "actor")), "unix:yamada");
	assert_string_equal(json_string_value(json_object_get(payload, "action")), action);
	assert_string_equal(json_string_value(json_object_get(payload, "target")), target);
	if (before != NULL) {
		expected = json_loads(before, JSON_DECODE_ANY, NULL);
		assert_true(json_equal(json_object_get(payload, "before"), expected));
		json_decref(expected);
	}
	if (after != NULL) {
		expected = json_loads(after, JSON_DECODE_ANY, NULL);
		assert_true(json_equal(json_object_get(payload, "after"), expected));
		json_decref(expected);
	}
	json_decref(payload);
}

static void
new_account_gets_the_defaults_of_the_specification(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_string_equal(text("id"), "taro");
	assert_string_equal(text("full_id"), "998-taro@example.jp");
	assert_string_equal(text("kind"), "engineer");
	assert_string_equal(text("valid_from"), "2026-11-20");
	assert_string_equal(text("valid_until"), "2028-11-19");
	assert_string_equal(text("state"), "active");
	assert_string_equal(text("hours"), "always");
	assert_string_equal(text("allowlist"), "enforced");
	assert_string_equal(text("file_sharing"), "deny");
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
	assert_string_equal(text("id"), "Taro");
	assert_string_equal(text("family_name"), "山田");
	assert_string_equal(text("state"), "not-yet");
	assert_string_equal(text("hours"), "22:00-05:00");
	assert_string_equal(text("file_sharing"), "after-approval");
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
	assert_string_equal(text("email"), "t2@example.jp");
	assert_string_equal(text("family_name"), "山田");
	expect_event("account.edit", "taro", "{\"email\":\"taro@example.jp\",\"hours\":\"always\"}",
		"{\"email\":\"t2@example.jp\",\"hours\":\"08:30-17:30\"}");
	expect_ok(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"given_name\":\"次郎\"}}");
	assert_string_equal(text("family_name"), "山田");
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"valid_until\":\"2026-11-20\"}}");
	assert_string_equal(text("valid_from"), "2026-11-20");
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
	expect_ok(method_account_add, "{\"id\":\"taro\",\"family_name\":\"a\",\"given_name\":\"b\","
				      "\"email\":\"c@d\",\"allowlist\":\"off\"}");
	assert_string_equal(text("allowlist"), "enforced");
	expect_refused(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"allowlist\":\"off\"}}",
		METHOD_REFUSED, NULL, "--because");
	expect_refused(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"allowlist\":\"off\"},\"because\":\" \"}",
		METHOD_REFUSED, NULL, "--because");
	expect_ok(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"allowlist\":\"off\"},\"because\":\"new laptop\"}");
	assert_string_equal(text("allowlist"), "off");
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
	assert_string_equal(text("state"), "locked");
	assert_true(call.touched_account > 0);
	expect_event("account.lock", "taro", "{\"locked\":false,\"state\":\"active\"}",
		"{\"locked\":true,\"state\":\"locked\"}");
	expect_ok(method_account_unlock, "{\"id\":\"taro\"}");
	assert_string_equal(text("state"), "active");
}

static void
delete_is_final_and_answers_with_what_was(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(
		method_account_edit, "{\"id\":\"taro\",\"changes\":{\"terminals\":[\"pacs-01\"]}}");
	expect_ok(method_account_delete, "{\"id\":\"taro\"}");
	assert_string_equal(text("email"), "taro@example.jp");
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

static void
new_terminal_gets_the_default_rights_and_no_trust(void **state)
{
	(void)state;
	expect_ok(method_terminal_add,
		"{\"name\":\"998-踏み台端末02(Local)\",\"address\":\"pacs-02\"}");
	assert_int_equal(json_integer_value(json_object_get(call.result, "port")), 3389);
	assert_string_equal(text("trust"), "none");
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
	assert_string_equal(text("trust"), "pin");
	assert_string_equal(text("pin"), PIN);
	expect_event("terminal.trust", "pacs-01", "{\"pin\":null,\"trust\":\"none\"}",
		"{\"pin\":\"" PIN "\",\"trust\":\"pin\"}");
	expect_refused(method_terminal_trust, "{\"name\":\"pacs-01\",\"sha256\":\"00\"}",
		METHOD_REFUSED, "sha256", "64 hexadecimal");
	expect_refused(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"ca_bundle\":\"hello\"}}", METHOD_REFUSED,
		"ca_bundle", "PEM");
	expect_ok(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"ca_bundle\":\"\"}}");
	assert_string_equal(text("trust"), "pin");
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
		snprintf(params, sizeof(params), "{\"most\":4,\"after\":%lld}",
			json_integer_value(json_object_get(call.result, "next")));
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
verify_answers_with_the_head_or_names_the_bad_event(void **state)
{
	(void)state;
	expect_ok(method_log_verify, "{}");
	assert_int_equal(json_integer_value(json_object_get(call.result, "events")), 1);
	assert_int_equal(strlen(text("head")), 64);
	fixture_sql(&fixture, "UPDATE event SET payload = '{}'");
	expect_refused(
		method_log_verify, "{}", METHOD_REFUSED, NULL, "event 1: its content was changed");
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

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
		IN_OUT(new_terminal_gets_the_default_rights_and_no_trust),
		IN_OUT(terminal_edit_changes_rights_accounts_and_service),
		IN_OUT(trust_stores_the_fingerprint_that_was_seen),
		IN_OUT(deleting_a_terminal_leaves_the_accounts),
		IN_OUT(connections_come_in_pages_and_filtered),
		IN_OUT(verify_answers_with_the_head_or_names_the_bad_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
