/* policy/sign_in_decide.c: who may go on, what may be chosen, who was refused. */
#include "policy/sign_in.h"

#include "sign_in_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct decide {
	struct sign_in_check check;
	struct sign_in_verdict verdict;
};

static int
do_decide(struct store_db *db, void *argument)
{
	struct decide *decide = argument;

	return sign_in_decide(db, &decide->check, &decide->verdict);
}

static struct sign_in_check
check_of(const char *id)
{
	return (struct sign_in_check){
		.account_number = number_of(id),
		.source = OWN_SOURCE,
		.device = {.known = true, .mac = {{2, 0, 0, 0, 0, 1}}, .kind = "neighbour"},
	};
}

static struct sign_in_verdict
decide(const struct sign_in_check *check)
{
	struct decide decide = {.check = *check};

	assert_int_equal(fixture_write(&fixture, do_decide, &decide), 0);
	return decide.verdict;
}

static void
expect_login(const char *account, const char *name, const char *reason)
{
	json_t *login = newest_login();

	expect_text(login, "application", "RDP");
	expect_text(login, "account", account);
	expect_text(login, "name", name);
	expect_text(login, "source", OWN_SOURCE);
	expect_text(login, "result", "refused");
	expect_text(login, "reason", reason);
	json_decref(login);
}

static void
who_may_go_on_is_told_so_without_a_record(void **state)
{
	struct sign_in_check check = check_of("taro");

	(void)state;
	assert_int_equal(decide(&check).reason, CLOSE_NONE);
	assert_int_equal(events_of("login"), 0);
}

/* What is about terminals is not asked yet: nobody has chosen one. */
static void
rules_of_terminals_are_not_asked(void **state)
{
	struct sign_in_check check = check_of("taro");

	(void)state;
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"terminals\":[]}}");
	assert_int_equal(decide(&check).reason, CLOSE_NONE);
}

static void
each_rule_of_the_account_refuses(void **state)
{
	static const struct {
		const char *sql;
		enum close_reason reason;
		const char *rule;
	} rows[] = {
		{"UPDATE account SET locked = 1", CLOSE_ACCOUNT_LOCKED, "account-locked"},
		{"UPDATE account SET locked = 0, kind = 'auditor'", CLOSE_ACCOUNT_KIND,
			"account-kind"},
		{"UPDATE account SET kind = 'engineer', valid_from = '2027-01-01', valid_until = "
		 "'2027-01-02'",
			CLOSE_ACCOUNT_NOT_YET, "valid-from"},
		{"UPDATE account SET valid_from = '2026-01-01', valid_until = '2026-01-02'",
			CLOSE_ACCOUNT_EXPIRED, "valid-until"},
		{"UPDATE account SET valid_until = '2027-01-01'; DELETE FROM account_mac",
			CLOSE_DEVICE_REFUSED, "device-listed"},
		{"DELETE FROM account", CLOSE_ACCOUNT_UNKNOWN, "account-known"},
	};
	struct sign_in_check check = check_of("taro");
	struct sign_in_verdict verdict;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fixture_sql(&fixture, rows[i].sql);
		verdict = decide(&check);
		assert_int_equal(verdict.reason, rows[i].reason);
		assert_string_equal(verdict.rule, rows[i].rule);
		assert_string_equal(verdict.hours, "");
		if (rows[i].reason != CLOSE_ACCOUNT_UNKNOWN)
			expect_login("taro", "山田 太郎", close_reason_row(rows[i].reason)->name);
	}
}

static void
hours_are_told_when_it_is_outside_them(void **state)
{
	struct sign_in_check check = check_of("taro");
	struct sign_in_verdict verdict;

	(void)state;
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"hours\":\"13:00-17:30\"}}");
	verdict = decide(&check);
	assert_int_equal(verdict.reason, CLOSE_OUTSIDE_HOURS);
	assert_string_equal(verdict.hours, "13:00-17:30");
	expect_login("taro", "山田 太郎", "OUTSIDE_HOURS");
}

static void
no_evidence_of_a_device_is_told(void **state)
{
	struct sign_in_check check = check_of("taro");

	(void)state;
	check.device.known = false;
	assert_int_equal(decide(&check).reason, CLOSE_DEVICE_UNKNOWN);
	fixture_sql(&fixture, "UPDATE account SET allowlist_enforced = 0");
	assert_int_equal(decide(&check).reason, CLOSE_NONE);
}

struct offers {
	struct sign_in_check check;
	struct terminal_offer *offers;
	size_t count;
};

static int
do_offers(struct store_db *db, void *argument)
{
	struct offers *offers = argument;

	free(offers->offers);
	offers->offers = NULL;
	return sign_in_offers(db, &offers->check, &offers->offers, &offers->count);
}

static void
offers_are_the_assigned_terminals_each_with_its_state(void **state)
{
	struct offers offers = {.check = check_of("taro")};
	struct issue issue = issue_ticket();
	static const struct {
		const char *name;
		enum close_reason reason;
		bool attended;
		unsigned sessions;
		const char *used_by;
	} rows[] = {
		{"another", CLOSE_HOST_UNTRUSTED, false, 0, ""},
		{"Attended", CLOSE_NONE, true, 0, ""},
		{"broken", CLOSE_TERMINAL_OUT_OF_SERVICE, false, 0, ""},
		{"pacs-01", CLOSE_TERMINAL_FULL, false, 1, "998-taro@example.jp"},
		{"zebra", CLOSE_NONE, false, 0, ""},
	};

	(void)state;
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_NONE);
	change(method_terminal_add, "{\"name\":\"zebra\",\"address\":\"10.1.0.1\"}");
	change(method_terminal_add, "{\"name\":\"Attended\",\"address\":\"10.1.0.2\"}");
	change(method_terminal_add, "{\"name\":\"broken\",\"address\":\"10.1.0.3\"}");
	change(method_terminal_add, "{\"name\":\"another\",\"address\":\"10.1.0.4\"}");
	change(method_terminal_add, "{\"name\":\"of another account\",\"address\":\"10.1.0.5\"}");
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"add_terminals\":[\"zebra\","
				    "\"Attended\",\"another\",\"broken\"]}}");
	fixture_sql(&fixture,
		"UPDATE terminal SET trust = 'ca', ca_bundle = 'pem' WHERE trust = 'none' AND "
		"name <> 'another'; "
		"UPDATE terminal SET in_service = 0 WHERE name = 'broken'; "
		"UPDATE terminal SET attendance_required = 1 WHERE name = 'Attended'; "
		"UPDATE terminal SET capacity = 1 WHERE name = 'pacs-01'");
	assert_int_equal(fixture_read(&fixture, do_offers, &offers), 0);
	assert_int_equal(offers.count, sizeof(rows) / sizeof(rows[0]));
	for (size_t i = 0; i < offers.count; i++) {
		assert_string_equal(offers.offers[i].name, rows[i].name);
		assert_int_equal(offers.offers[i].reason, rows[i].reason);
		assert_int_equal(offers.offers[i].attended, rows[i].attended);
		assert_int_equal(offers.offers[i].sessions, rows[i].sessions);
		assert_string_equal(offers.offers[i].used_by, rows[i].used_by);
		assert_true(offers.offers[i].number > 0);
	}
	free(offers.offers);
}

struct refused {
	const char *typed, *reason;
	enum login_logging logging;
};

static int
do_refused(struct store_db *db, void *argument)
{
	const struct refused *refused = argument;

	return sign_in_refused(db, refused->typed, OWN_SOURCE, refused->reason, refused->logging);
}

static void
refuse(const char *typed, enum login_logging logging)
{
	struct refused refused = {typed, "SIGN_IN_WRONG", logging};

	assert_int_equal(fixture_write(&fixture, do_refused, &refused), 0);
}

/* Named on the sign-in screen where it cannot be chosen, and in no other place. */
static void
what_must_be_recorded_is_not_offered_without_an_auditors_key(void **state)
{
	static const struct {
		const char *changes;
		enum close_reason reason;
	} rows[] = {
		{"{\"recording\":\"best-effort\"}", CLOSE_NONE},
		{"{\"four_eyes\":true}", CLOSE_RECORDING_NO_KEYS},
		{"{\"recording\":\"off\"}", CLOSE_NONE},
		{"{\"recording\":\"required\",\"four_eyes\":false}", CLOSE_RECORDING_NO_KEYS},
	};
	char params[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct offers offers = {.check = check_of("taro")};

		snprintf(params, sizeof(params), "{\"name\":\"pacs-01\",\"changes\":%s}",
			rows[i].changes);
		change(method_terminal_edit, params);
		assert_int_equal(fixture_read(&fixture, do_offers, &offers), 0);
		assert_int_equal(offers.offers[0].reason, rows[i].reason);
		free(offers.offers);
	}
}

static void
refused_sign_ins_are_logged_with_their_reason(void **state)
{
	(void)state;
	refuse("998-TARO@example.jp", LOGIN_LOGGED);
	expect_login("taro", "山田 太郎", "SIGN_IN_WRONG");
	refuse("Mallory", LOGIN_LOGGED);
	expect_login("mallory", "", "SIGN_IN_WRONG");
	/* Perhaps a password, typed in the wrong place. */
	refuse("correct horse battery", LOGIN_LOGGED);
	expect_login("", "", "SIGN_IN_WRONG");
	refuse("\xff\xfe\x1b[2J", LOGIN_LOGGED);
	expect_login("", "", "SIGN_IN_WRONG");
	refuse("taro", LOGIN_UNLOGGED);
	assert_int_equal(events_of("login"), 4);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, session_setup, session_teardown)

static void
whom_engineers_read_of_is_set(void **state)
{
	static const struct {
		enum holder_shown shown;
		const char *used_by;
	} rows[] = {
		{HOLDER_ACCOUNT, "998-taro@example.jp"},
		{HOLDER_NAME, "山田 太郎"},
		{HOLDER_VENDOR, "Fuji Medical"},
		{HOLDER_NOBODY, ""},
	};
	struct issue issue = issue_ticket();

	(void)state;
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_NONE);
	change(method_vendor_add, "{\"name\":\"Fuji Medical\"}");
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"vendor\":\"Fuji Medical\"}}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct offers offers = {.check = check_of("taro")};

		fixture.settings.holder_shown = rows[i].shown;
		store_change_settings(fixture.store, &fixture.settings);
		assert_int_equal(fixture_read(&fixture, do_offers, &offers), 0);
		assert_int_equal(offers.offers[0].sessions, 1);
		assert_string_equal(offers.offers[0].used_by, rows[i].used_by);
		free(offers.offers);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(who_may_go_on_is_told_so_without_a_record),
		IN_OUT(rules_of_terminals_are_not_asked),
		IN_OUT(whom_engineers_read_of_is_set),
		IN_OUT(each_rule_of_the_account_refuses),
		IN_OUT(hours_are_told_when_it_is_outside_them),
		IN_OUT(no_evidence_of_a_device_is_told),
		IN_OUT(offers_are_the_assigned_terminals_each_with_its_state),
		IN_OUT(what_must_be_recorded_is_not_offered_without_an_auditors_key),
		IN_OUT(refused_sign_ins_are_logged_with_their_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
