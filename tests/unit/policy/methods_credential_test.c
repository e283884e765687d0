/* policy/methods_credential.c, stored_credential.c: stored names and passwords, from setting them to a session's start. */
#include "session_fixture.h"

#include "policy/store/credential_table.h"
#include "policy/store/terminal_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "p@ss \\ ワード 1"
#define SECRET_JSON "p@ss \\\\ ワード 1"
#define SET                                                                                        \
	"{\"name\":\"PACS-01\",\"user\":\"maint\",\"domain\":\"HOSP\",\"password\":\"" SECRET_JSON \
	"\"}"
#define NAME "{\"name\":\"pacs-01\"}"
#define INJECT "{\"name\":\"pacs-01\",\"changes\":{\"credentials\":\"injected\"}}"

static void
expect_in_answer(const char *name, const char *expected)
{
	assert_string_equal(answer_text(name), expected);
}

static void
what_is_set_is_shown_without_the_password(void **state)
{
	char *text;

	(void)state;
	expect_refused(method_terminal_show_credential, NAME, METHOD_NOT_FOUND, NULL,
		"terminal credential set 'pacs-01' --user");
	expect_ok(method_terminal_set_credential, SET);
	expect_in_answer("user", "maint");
	expect_in_answer("domain", "HOSP");
	assert_true(json_is_true(json_object_get(call.result, "opens")));
	expect_ok(method_terminal_show_credential, NAME);
	expect_in_answer("terminal", "pacs-01");
	expect_in_answer("credentials", "typed");
	expect_in_answer("set_by", "unix:yamada");
	text = json_dumps(call.result, 0);
	assert_null(strstr(text, "ss \\"));
	free(text);
}

static int
find_password(struct store_db *db, void *argument)
{
	struct stored_credential stored;
	int r = credential_load(db, 1, &stored);

	(void)argument;
	assert_null(memmem(stored.sealed, sizeof(stored.sealed), "p@ss", 4));
	return r;
}

static void
neither_event_nor_row_holds_the_password(void **state)
{
	json_t *event;
	char *text;

	(void)state;
	expect_ok(method_terminal_set_credential, SET);
	event = newest_event();
	text = json_dumps(event, JSON_ENSURE_ASCII);
	assert_non_null(strstr(text, "terminal.set_credential"));
	assert_non_null(strstr(text, "HOSP"));
	assert_null(strstr(text, "p@ss"));
	free(text);
	json_decref(event);
	assert_int_equal(fixture_read(&fixture, find_password, NULL), 0);
}

static void
wrong_values_are_refused_and_the_password_is_not_repeated(void **state)
{
	static const struct {
		const char *params, *field;
	} rows[] = {
		{"{\"name\":\"pacs-01\",\"user\":\"\",\"password\":\"x\"}", "user"},
		{"{\"name\":\"pacs-01\",\"user\":\"HOSP\\\\maint\",\"password\":\"x\"}", "user"},
		{"{\"name\":\"pacs-01\",\"user\":\"a\",\"domain\":\"a\\nb\",\"password\":\"x\"}",
			"domain"},
		{"{\"name\":\"pacs-01\",\"user\":\"a\",\"password\":\"\"}", "password"},
	};
	char params[600] = "{\"name\":\"pacs-01\",\"user\":\"a\",\"password\":\"", *text;
	json_t *error;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_refused(method_terminal_set_credential, rows[i].params, METHOD_REFUSED,
			rows[i].field, "255");
	memset(params + strlen(params), 'q', 256);
	strcat(params, "\"}");
	expect_refused(method_terminal_set_credential, params, METHOD_REFUSED, "password", "255");
	error = method_error_json(&call.error);
	text = json_dumps(error, 0);
	assert_null(strstr(text, "qqq"));
	free(text);
	json_decref(error);
}

static void
injected_needs_what_is_stored_and_keeps_it(void **state)
{
	(void)state;
	expect_refused(method_terminal_edit, INJECT, METHOD_REFUSED, NULL,
		"terminal credential set 'pacs-01' --user");
	expect_refused(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"credentials\":\"stored\"}}", METHOD_REFUSED,
		"credentials", "pass-through");
	expect_refused(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"nla\":\"on\"}}",
		METHOD_REFUSED, "nla", "required");
	expect_ok(method_terminal_set_credential, SET);
	expect_ok(method_terminal_edit, INJECT);
	expect_in_answer("credentials", "injected");
	assert_true(json_is_string(json_object_get(call.result, "credentials_since")));
	expect_refused(method_terminal_delete_credential, NAME, METHOD_REFUSED, NULL,
		"--credentials typed");
	expect_ok(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"credentials\":\"typed\",\"nla\":\"off\"}}");
	expect_in_answer("nla", "off");
	expect_ok(method_terminal_delete_credential, NAME);
	expect_refused(
		method_terminal_delete_credential, NAME, METHOD_NOT_FOUND, NULL, "no password");
}

#define MOVE(changes) "{\"name\":\"pacs-01\",\"changes\":{" changes "}}"
#define MOVE_MEANT(changes) \
	"{\"name\":\"pacs-01\",\"changes\":{" changes "},\"forget_credential\":true}"

static bool
says(const char *name)
{
	return json_is_true(json_object_get(call.result, name));
}

/* Whoever moves the terminal could be sent its password there. */
static void
another_address_or_port_forgets_the_password(void **state)
{
	static const char *const moves[] = {
		"\"address\":\"pacs-99\"", "\"port\":3390", "\"address\":\"10.0.0.9\",\"port\":1"};
	char params[200];

	(void)state;
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		expect_ok(method_terminal_set_credential, SET);
		snprintf(params, sizeof(params), MOVE("%s"), moves[i]);
		expect_refused(method_terminal_edit, params, METHOD_REFUSED, NULL, "forgotten");
		expect_ok(method_terminal_show_credential, NAME);
		snprintf(params, sizeof(params), MOVE_MEANT("%s"), moves[i]);
		expect_ok(method_terminal_edit, params);
		assert_true(says("credential_forgotten"));
		expect_refused(method_terminal_show_credential, NAME, METHOD_NOT_FOUND, NULL,
			"no password");
	}
	expect_ok(method_terminal_edit, MOVE("\"address\":\"pacs-98\""));
	assert_false(says("credential_forgotten"));
}

static void
the_administration_log_has_both_changes(void **state)
{
	(void)state;
	expect_ok(method_terminal_set_credential, SET);
	expect_ok(method_terminal_edit, MOVE_MEANT("\"address\":\"pacs-99\""));
	expect_event("terminal.edit", "pacs-01", "{\"address\":\"192.168.10.21\"}",
		"{\"address\":\"pacs-99\"}");
	assert_int_equal(
		fixture_number(&fixture, "SELECT count(*) FROM event WHERE payload IS NOT NULL AND "
					 "instr(payload, '\"terminal.delete_credential\"') > 0"),
		1);
}

static void
the_same_host_spelt_otherwise_keeps_the_password(void **state)
{
	(void)state;
	expect_ok(method_terminal_edit, MOVE("\"address\":\"fe80::1\""));
	expect_ok(method_terminal_set_credential, SET);
	expect_ok(method_terminal_edit, MOVE("\"address\":\"FE80:0::1\",\"note\":\"2F\""));
	assert_false(says("credential_forgotten"));
	expect_ok(method_terminal_show_credential, NAME);
	assert_true(says("opens"));
	expect_in_answer("host", "[fe80::1]:3389");
}

static void
a_protected_password_keeps_the_terminal_where_it_is(void **state)
{
	(void)state;
	expect_ok(method_terminal_set_credential, "{\"name\":\"pacs-01\",\"user\":\"a\","
						  "\"password\":\"x\",\"protected\":\"Ask Sato\"}");
	expect_refused(method_terminal_edit, MOVE_MEANT("\"port\":3390"), METHOD_REFUSED, NULL,
		"Ask Sato");
	expect_ok(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"port\":3390},\"forget_credential\":true,"
		"\"override_protection\":true}");
	assert_true(says("credential_forgotten"));
}

static void
no_terminal_is_moved_and_injected_at_once(void **state)
{
	(void)state;
	expect_ok(method_terminal_set_credential, SET);
	expect_refused(method_terminal_edit,
		MOVE_MEANT("\"credentials\":\"injected\",\"address\":\"pacs-99\""), METHOD_REFUSED,
		NULL, "at its address");
	expect_ok(method_terminal_show_credential, NAME);
	expect_ok(method_terminal_edit, INJECT);
	expect_ok(method_terminal_edit, MOVE_MEANT("\"address\":\"pacs-99\""));
	expect_in_answer("credentials", "injected");
	assert_int_equal(issue_with(NULL, NULL).answer.reason, CLOSE_CREDENTIAL_MISSING);
}

#define PROTECTED "\"name\":\"pacs-01\",\"user\":\"other\",\"password\":\"x\""

static void
a_protected_one_is_changed_with_the_override_alone(void **state)
{
	(void)state;
	expect_ok(method_terminal_set_credential, "{" PROTECTED ",\"protected\":\"Ask Sato\"}");
	expect_refused(method_terminal_set_credential, "{" PROTECTED "}", METHOD_REFUSED, NULL,
		"Ask Sato");
	expect_refused(method_terminal_delete_credential, NAME, METHOD_REFUSED, NULL, "Ask Sato");
	expect_refused(method_terminal_delete, NAME, METHOD_REFUSED, NULL, "Ask Sato");
	expect_ok(method_terminal_set_credential, "{" PROTECTED ",\"override_protection\":true}");
	expect_in_answer("protected", "Ask Sato");
	expect_ok(method_terminal_set_credential,
		"{" PROTECTED ",\"override_protection\":true,\"unprotect\":true}");
	expect_ok(method_terminal_delete_credential, NAME);
}

static void
set_and_inject(void)
{
	expect_ok(method_terminal_set_credential, SET);
	expect_ok(method_terminal_edit, INJECT);
}

static void
a_session_starts_with_what_is_stored(void **state)
{
	struct issue issue;
	struct begin begin;

	(void)state;
	set_and_inject();
	issue = issue_ticket();
	begin = begin_request(&issue, 1);
	assert_int_equal(fixture_write(&fixture, do_begin, &begin), 0);
	assert_int_equal(begin.grant.reason, CLOSE_NONE);
	assert_int_equal(begin.grant.credentials.mode, CREDENTIALS_INJECTED);
	assert_string_equal(begin.grant.credentials.user, "maint");
	assert_string_equal(begin.grant.credentials.domain, "HOSP");
	assert_string_equal((const char *)begin.grant.credentials.password.bytes, SECRET);
	session_grant_done(&begin.grant);
	assert_null(begin.grant.credentials.password.bytes);
	/* Its ticket continues the session, which signs on anew. */
	begin = begin_request(&issue, 2);
	assert_int_equal(fixture_write(&fixture, do_begin, &begin), 0);
	assert_true(begin.grant.continued);
	assert_string_equal((const char *)begin.grant.credentials.password.bytes, SECRET);
	session_grant_done(&begin.grant);
}

/* Whatever was done to the row: another key's looks the same. */
static void
what_does_not_open_refuses_the_session_and_nothing_else(void **state)
{
	static const char *const tampered[] = {
		"UPDATE terminal_credential SET user_name = 'admin'",
		"UPDATE terminal_credential SET domain = ''",
		"UPDATE terminal_credential SET user_name = 'maint\\HOSP', domain = ''",
		"UPDATE terminal_credential SET sealed = zeroblob(795)",
		("UPDATE terminal_credential SET sealed = "
		 "CAST(substr(sealed, 1, 794) || x'00' AS BLOB)"),
	};
	struct issue issue;

	(void)state;
	for (size_t i = 0; i < sizeof(tampered) / sizeof(tampered[0]); i++) {
		set_and_inject();
		issue = issue_ticket();
		fixture_sql(&fixture, tampered[i]);
		assert_int_equal(begin_session(&issue, 10 + i).reason, CLOSE_CREDENTIAL_SEALED);
		expect_ok(method_terminal_show_credential, NAME);
		assert_true(json_is_false(json_object_get(call.result, "opens")));
	}
	issue = issue_with(NULL, NULL);
	assert_int_equal(issue.answer.reason, CLOSE_CREDENTIAL_SEALED);
	/* Set again, it opens again. */
	expect_ok(method_terminal_set_credential, SET);
	issue = issue_ticket();
	assert_int_equal(begin_session(&issue, 30).reason, CLOSE_NONE);
}

/* Behind the gateway's back: an address that it was not stored for, whatever the row says of itself. */
static void
it_is_for_the_address_alone_that_it_was_stored_for(void **state)
{
	struct issue issue;

	(void)state;
	set_and_inject();
	issue = issue_ticket();
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_NONE);
	fixture_sql(&fixture, "UPDATE terminal SET address = 'rogue'");
	/* Neither a new session nor one that goes on. */
	assert_int_equal(begin_session(&issue, 2).reason, CLOSE_CREDENTIAL_ELSEWHERE);
	assert_int_equal(issue_with(NULL, NULL).answer.reason, CLOSE_CREDENTIAL_ELSEWHERE);
	expect_ok(method_terminal_show_credential, NAME);
	assert_true(says("elsewhere"));
	assert_false(says("opens"));
	fixture_sql(&fixture, "UPDATE terminal_credential SET host = 'rogue:3389'");
	assert_int_equal(begin_session(&issue, 3).reason, CLOSE_CREDENTIAL_SEALED);
	/* As an earlier version has stored it. */
	fixture_sql(&fixture, "UPDATE terminal_credential SET host = ''");
	assert_int_equal(begin_session(&issue, 4).reason, CLOSE_CREDENTIAL_ELSEWHERE);
	/* Put right, it is what was stored; the mode was injected before, and nothing is forgotten. */
	fixture_sql(&fixture, "UPDATE terminal_credential SET host = '192.168.10.21:3389'");
	expect_ok(method_terminal_edit, MOVE("\"address\":\"192.168.10.21\""));
	assert_int_equal(begin_session(&issue, 5).reason, CLOSE_NONE);
}

static void
a_sealed_value_opens_for_no_other_terminal(void **state)
{
	struct issue issue;

	(void)state;
	change(method_terminal_add, "{\"name\":\"pacs-02\",\"address\":\"pacs-02\"}");
	set_and_inject();
	change(method_terminal_set_credential, "{\"name\":\"pacs-02\",\"user\":\"maint\","
					       "\"domain\":\"HOSP\",\"password\":\"other\"}");
	issue = issue_ticket();
	fixture_sql(&fixture,
		"UPDATE terminal_credential SET sealed = (SELECT sealed FROM terminal_credential "
		"WHERE terminal = 2) WHERE terminal = 1");
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_CREDENTIAL_SEALED);
}

static void
a_missing_one_refuses_at_the_door_and_before(void **state)
{
	struct issue issue;

	(void)state;
	set_and_inject();
	issue = issue_ticket();
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_NONE);
	fixture_sql(&fixture, "DELETE FROM terminal_credential");
	assert_int_equal(begin_session(&issue, 2).reason, CLOSE_CREDENTIAL_MISSING);
	fixture_sql(&fixture, "UPDATE terminal SET trust = 'none', pin = NULL");
	assert_int_equal(begin_session(&issue, 3).reason, CLOSE_HOST_UNTRUSTED);
	fixture_sql(&fixture, "UPDATE terminal SET trust = 'ca', ca_bundle = 'pem'");
	issue = issue_with(NULL, NULL);
	assert_int_equal(issue.answer.reason, CLOSE_CREDENTIAL_MISSING);
}

static void
typed_and_passed_through_bring_nothing_from_the_store(void **state)
{
	static const char *const modes[] = {"typed", "pass-through"};

	(void)state;
	expect_ok(method_terminal_set_credential, SET);
	for (int i = 0; i < 2; i++) {
		char params[120];
		struct issue issue;
		struct begin begin;

		snprintf(params, sizeof(params),
			"{\"name\":\"pacs-01\",\"changes\":{\"credentials\":\"%s\"}}", modes[i]);
		expect_ok(method_terminal_edit, params);
		issue = issue_ticket();
		begin = begin_request(&issue, 1 + (uint64_t)i);
		assert_int_equal(fixture_write(&fixture, do_begin, &begin), 0);
		assert_string_equal(credential_mode_name(begin.grant.credentials.mode), modes[i]);
		assert_false(host_credentials_given(&begin.grant.credentials));
		session_grant_done(&begin.grant);
	}
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, session_setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(what_is_set_is_shown_without_the_password),
		IN_OUT(neither_event_nor_row_holds_the_password),
		IN_OUT(wrong_values_are_refused_and_the_password_is_not_repeated),
		IN_OUT(injected_needs_what_is_stored_and_keeps_it),
		IN_OUT(another_address_or_port_forgets_the_password),
		IN_OUT(the_administration_log_has_both_changes),
		IN_OUT(the_same_host_spelt_otherwise_keeps_the_password),
		IN_OUT(a_protected_password_keeps_the_terminal_where_it_is),
		IN_OUT(no_terminal_is_moved_and_injected_at_once),
		IN_OUT(a_protected_one_is_changed_with_the_override_alone),
		IN_OUT(a_session_starts_with_what_is_stored),
		IN_OUT(what_does_not_open_refuses_the_session_and_nothing_else),
		IN_OUT(it_is_for_the_address_alone_that_it_was_stored_for),
		IN_OUT(a_sealed_value_opens_for_no_other_terminal),
		IN_OUT(a_missing_one_refuses_at_the_door_and_before),
		IN_OUT(typed_and_passed_through_bring_nothing_from_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
