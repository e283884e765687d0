/* policy/sign_in.c and sign_in_keep.c: what a sign-in is checked against, and what is kept of it. */
#include "policy/sign_in.h"

#include "policy/passwords.h"
#include "sign_in_fixture.h"

#include <crypt.h>
#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DAY (24 * 3600)

static const uint8_t seed[TOTP_SEED_BYTES] = "12345678901234567890";

static bool
bind_telephone(uint64_t step)
{
	const struct sign_in_note note = {.what = SIGN_IN_BOUND,
		.typed = "taro",
		.source = OWN_SOURCE,
		.seed = seed,
		.seed_len = sizeof(seed),
		.step = step};

	return keep_note(&note);
}

static bool
use_code(uint64_t step)
{
	const struct sign_in_note note = {
		.what = SIGN_IN_CODE_RIGHT, .typed = "taro", .source = OWN_SOURCE, .step = step};

	return keep_note(&note);
}

static bool
choose_password(const char *hash)
{
	const struct sign_in_note note = {.what = SIGN_IN_PASSWORD_NEW,
		.typed = "998-Taro@example.jp",
		.source = OWN_SOURCE,
		.hash = hash};

	return keep_note(&note);
}

static void
an_account_is_known_by_each_of_its_forms(void **state)
{
	static const char *const forms[] = {"taro", "TARO", "998-taro@example.jp"};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct sign_in_account account = load_from(forms[i], OWN_SOURCE);

		assert_int_equal(account.number, number_of("taro"));
		assert_string_equal(account.id, "taro");
		assert_string_equal(account.full_id, "998-taro@example.jp");
		assert_string_equal(account.full_name, "山田 太郎");
		assert_true(account.must_change);
		assert_int_equal(account.wait_ms, 0);
		assert_int_equal(account.earlier_count, 0);
	}
}

/* A hash that looks like all others, that crypt takes, and that stays the same. */
static void
a_name_that_nobody_has_gets_a_decoy(void **state)
{
	struct sign_in_account decoy = load_from("nobody", OWN_SOURCE);

	(void)state;
	assert_int_equal(decoy.number, 0);
	assert_string_equal(decoy.id, "nobody");
	assert_string_equal(decoy.full_id, "998-nobody@example.jp");
	assert_int_equal(strncmp(decoy.hash, PASSWORD_FULL_COST, strlen(PASSWORD_FULL_COST)), 0);
	assert_int_equal(crypt_checksalt(decoy.hash), CRYPT_SALT_OK);
	assert_int_equal(strlen(crypt("password", decoy.hash)), strlen(decoy.hash));
	assert_string_not_equal(crypt("password", decoy.hash), decoy.hash);
	assert_string_equal(load_from("somebody else", "10.0.0.9").hash, decoy.hash);
	assert_string_not_equal(load_from("taro", OWN_SOURCE).hash, decoy.hash);
}

static int
count_statement(unsigned mask, void *counter, void *statement, void *unused)
{
	(void)mask;
	(void)statement;
	(void)unused;
	++*(int *)counter;
	return 0;
}

struct counted {
	struct load load;
	int statements;
};

static int
do_counted(struct store_db *db, void *argument)
{
	struct counted *counted = argument;
	/* The first member of a connection. */
	sqlite3 *handle = *(sqlite3 **)db;
	int r;

	counted->statements = 0;
	sqlite3_trace_v2(handle, SQLITE_TRACE_STMT, count_statement, &counted->statements);
	r = do_load(db, &counted->load);
	sqlite3_trace_v2(handle, 0, NULL, NULL);
	return r;
}

static int
statements_of(const char *typed)
{
	struct counted counted = {.load = {.typed = typed, .source = OWN_SOURCE}};

	assert_int_equal(fixture_read(&fixture, do_counted, &counted), 0);
	return counted.statements;
}

static void
who_does_not_exist_costs_the_same_statements(void **state)
{
	(void)state;
	use_settings(PASSWORD_POLICY_LONG, SECOND_FACTOR_REQUIRED, 5);
	assert_true(bind_telephone(1));
	assert_int_equal(statements_of("taro"), 5);
	assert_int_equal(statements_of("nobody"), 5);
	assert_int_equal(statements_of("not even a name"), 5);
}

static void
a_password_is_changed_with_an_event_of_the_accounts_own(void **state)
{
	struct sign_in_account account;

	(void)state;
	use_settings(PASSWORD_POLICY_LONG, SECOND_FACTOR_OFF, 5);
	assert_true(choose_password(OWN_HASH));
	expect_event_by("account:taro", "account.change_password", "taro",
		"{\"password\":\"initial\",\"must_change\":true}",
		"{\"password\":\"own\",\"must_change\":false}");
	account = load_from("taro", OWN_SOURCE);
	assert_string_equal(account.hash, OWN_HASH);
	assert_false(account.must_change);
	assert_int_equal(account.earlier_count, 1);
	/* Of nobody: nothing. */
	assert_false(keep_note(&(struct sign_in_note){.what = SIGN_IN_PASSWORD_NEW,
		.typed = "nobody",
		.source = OWN_SOURCE,
		.hash = OWN_HASH}));
}

static void
as_many_earlier_passwords_are_remembered_as_the_settings_say(void **state)
{
	struct sign_in_account account;
	char hash[PASSWORD_HASH_SIZE] = OWN_HASH;

	(void)state;
	use_settings(PASSWORD_POLICY_LONG, SECOND_FACTOR_OFF, 3);
	for (char i = 'a'; i < 'a' + 6; i++) {
		hash[10] = i;
		assert_true(choose_password(hash));
		assert_false(choose_password(hash));
	}
	account = load_from("taro", OWN_SOURCE);
	assert_int_equal(account.earlier_count, 3);
	assert_int_equal(account.earlier[0][10], 'e');
	assert_int_equal(account.earlier[2][10], 'c');
	hash[10] = 'd';
	assert_false(choose_password(hash));
	/* An administrator's reset does not make the own ones new. */
	change(method_account_reset_password, "{\"id\":\"taro\"}");
	account = load_from("taro", OWN_SOURCE);
	assert_true(account.must_change);
	assert_int_equal(account.earlier[0][10], 'f');
}

static void
only_hashes_are_taken_for_hashes(void **state)
{
	static char longer[200];
	static const char *const others[] = {"", "x", "secret", "$y$j9T$", NULL,
		"$y$j9T$AAAAAAAAAAAAAAAAAAAA$BBB\nBBBBBBB", "$y$j9T$AAAA:AAAAAAAAAAAAAAA$BBBB",
		longer};

	(void)state;
	memset(longer, '$', sizeof(longer) - 1);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(choose_password(others[i]));
	assert_true(load_from("taro", OWN_SOURCE).must_change);
}

static void
a_password_of_two_months_ago_must_be_changed_where_that_is_the_policy(void **state)
{
	(void)state;
	at_second(0);
	assert_true(choose_password(OWN_HASH));
	at_second(60 * DAY);
	use_settings(PASSWORD_POLICY_TWO_MONTHS, SECOND_FACTOR_OFF, 5);
	assert_false(load_from("taro", OWN_SOURCE).must_change);
	at_second(61 * DAY);
	assert_true(load_from("taro", OWN_SOURCE).must_change);
	use_settings(PASSWORD_POLICY_LONG, SECOND_FACTOR_OFF, 5);
	assert_false(load_from("taro", OWN_SOURCE).must_change);
}

static void
a_second_factor_is_asked_for_as_the_settings_say(void **state)
{
	static const struct {
		enum password_policy policy;
		enum second_factor_rule rule;
		enum sign_in_second_factor unbound, bound;
	} rows[] = {
		{PASSWORD_POLICY_LONG, SECOND_FACTOR_OFF, SECOND_FACTOR_NONE, SECOND_FACTOR_NONE},
		{PASSWORD_POLICY_LONG, SECOND_FACTOR_OPTIONAL, SECOND_FACTOR_NONE,
			SECOND_FACTOR_BOUND},
		{PASSWORD_POLICY_LONG, SECOND_FACTOR_REQUIRED, SECOND_FACTOR_TO_BIND,
			SECOND_FACTOR_BOUND},
		{PASSWORD_POLICY_SECOND_FACTOR, SECOND_FACTOR_OFF, SECOND_FACTOR_TO_BIND,
			SECOND_FACTOR_BOUND},
	};
	const size_t count = sizeof(rows) / sizeof(rows[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		use_settings(rows[i].policy, rows[i].rule, 5);
		assert_int_equal(load_from("taro", OWN_SOURCE).second_factor, rows[i].unbound);
	}
	assert_true(bind_telephone(7));
	for (size_t i = 0; i < count; i++) {
		use_settings(rows[i].policy, rows[i].rule, 5);
		assert_int_equal(load_from("taro", OWN_SOURCE).second_factor, rows[i].bound);
	}
}

static void
a_telephone_is_bound_once_and_no_code_works_twice(void **state)
{
	struct sign_in_account account;

	(void)state;
	use_settings(PASSWORD_POLICY_LONG, SECOND_FACTOR_REQUIRED, 5);
	assert_false(use_code(100));
	assert_true(bind_telephone(100));
	expect_event_by("account:taro", "account.bind_second_factor", "taro",
		"{\"second_factor\":null}", "{\"second_factor\":\"bound\"}");
	assert_false(bind_telephone(101));
	account = load_from("taro", OWN_SOURCE);
	assert_int_equal(account.seed_len, sizeof(seed));
	assert_memory_equal(account.seed, seed, sizeof(seed));
	assert_int_equal(account.last_step, 100);
	assert_false(use_code(100));
	assert_false(use_code(99));
	assert_true(use_code(101));
	assert_false(use_code(101));
	assert_false(use_code(UINT64_MAX));
	assert_int_equal(load_from("taro", OWN_SOURCE).last_step, 101);
	change(method_account_reset_second_factor, "{\"id\":\"taro\"}");
	assert_int_equal(load_from("taro", OWN_SOURCE).second_factor, SECOND_FACTOR_TO_BIND);
	assert_true(bind_telephone(102));
}

/* The seed is sealed about its account: it is no use in another one's row, and nowhere in the file. Only who knows the password
 * learns that something is wrong: nobody finds out that way who has an account. */
static void
a_seed_is_sealed_about_its_account(void **state)
{
	struct keep right = {
		.note = {.what = SIGN_IN_PASSWORD_RIGHT, .typed = "jiro", .source = OWN_SOURCE}};
	struct sign_in_account account;

	(void)state;
	use_settings(PASSWORD_POLICY_LONG, SECOND_FACTOR_REQUIRED, 5);
	assert_true(bind_telephone(1));
	assert_int_equal(
		fixture_number(&fixture, "SELECT instr(sealed, CAST('12345678901234567890' AS "
					 "BLOB)) FROM second_factor"),
		0);
	change(method_account_add, NEW_ACCOUNT("jiro"));
	fixture_sql(&fixture, "UPDATE second_factor SET account = (SELECT number FROM account "
			      "WHERE id = 'jiro')");
	account = load_from("jiro", OWN_SOURCE);
	assert_int_equal(account.second_factor, SECOND_FACTOR_BOUND);
	assert_int_equal(account.seed_len, TOTP_SEED_BYTES);
	assert_memory_equal(account.seed, load_from("nobody", OWN_SOURCE).seed, TOTP_SEED_BYTES);
	assert_true(report(SIGN_IN_PASSWORD_WRONG, "jiro", OWN_SOURCE));
	assert_int_equal(fixture_write(&fixture, do_keep, &right), -EUCLEAN);
	assert_false(right.accepted);
	use_settings(PASSWORD_POLICY_LONG, SECOND_FACTOR_OFF, 5);
	assert_true(report(SIGN_IN_PASSWORD_RIGHT, "jiro", OWN_SOURCE));
}

static void
a_right_sign_in_forgets_its_own_failures(void **state)
{
	(void)state;
	at_second(0);
	for (int i = 0; i < 5; i++) {
		(void)report(SIGN_IN_PASSWORD_WRONG, "taro", OWN_SOURCE);
		(void)report(SIGN_IN_PASSWORD_WRONG, "taro", "192.168.1.1");
	}
	at_second(4);
	assert_true(report(SIGN_IN_RIGHT, "taro", OWN_SOURCE));
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM sign_in_failure"), 1);
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM sign_in_network"), 1);
	assert_false(report(SIGN_IN_RIGHT, "nobody", OWN_SOURCE));
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM sign_in_network"), 1);
}

/* Whoever knows its password: it gets no telephone, no password and no network that way. */
static void
an_account_that_may_not_go_on_changes_nothing(void **state)
{
	static const char *const why[] = {
		"UPDATE account SET locked = 1",
		"UPDATE account SET locked = 0, kind = 'auditor'",
		("UPDATE account SET kind = 'engineer', valid_from = '2027-01-01', "
		 "valid_until = '2027-01-02'"),
		"UPDATE account SET valid_from = '2026-01-01', valid_until = '2026-01-02'",
	};

	(void)state;
	use_settings(PASSWORD_POLICY_LONG, SECOND_FACTOR_REQUIRED, 5);
	(void)report(SIGN_IN_PASSWORD_WRONG, "taro", OWN_SOURCE);
	for (size_t i = 0; i < sizeof(why) / sizeof(why[0]); i++) {
		fixture_sql(&fixture, why[i]);
		assert_true(report(SIGN_IN_PASSWORD_RIGHT, "taro", OWN_SOURCE));
		assert_false(bind_telephone(100));
		assert_false(choose_password(OWN_HASH));
		/* The rules tell it why. */
		assert_true(report(SIGN_IN_RIGHT, "taro", OWN_SOURCE));
		assert_int_equal(
			fixture_number(&fixture, "SELECT (SELECT count(*) FROM second_factor) + "
						 "(SELECT count(*) FROM password_earlier) + "
						 "(SELECT count(*) FROM sign_in_network)"),
			0);
		assert_int_equal(
			fixture_number(&fixture, "SELECT count(*) FROM sign_in_failure"), 1);
	}
	/* Devices are asked for later. */
	fixture_sql(
		&fixture, "UPDATE account SET valid_until = '2027-01-01'; DELETE FROM account_mac");
	assert_true(choose_password(OWN_HASH));
	assert_true(bind_telephone(100));
	assert_true(report(SIGN_IN_RIGHT, "taro", OWN_SOURCE));
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM sign_in_failure"), 0);
}

static void
what_is_no_report_is_an_error(void **state)
{
	struct keep keep = {
		.note = {.what = (enum sign_in_report)77, .typed = "taro", .source = OWN_SOURCE}};

	(void)state;
	assert_int_equal(fixture_write(&fixture, do_keep, &keep), -EINVAL);
}

static void
a_deleted_account_leaves_nothing(void **state)
{
	(void)state;
	use_settings(PASSWORD_POLICY_LONG, SECOND_FACTOR_REQUIRED, 5);
	assert_true(choose_password(OWN_HASH));
	assert_true(bind_telephone(1));
	assert_true(report(SIGN_IN_RIGHT, "taro", OWN_SOURCE));
	change(method_account_delete, "{\"id\":\"taro\"}");
	assert_int_equal(
		fixture_number(&fixture,
			"SELECT (SELECT count(*) FROM password_earlier) + (SELECT count(*) FROM "
			"second_factor) + (SELECT count(*) FROM sign_in_network)"),
		0);
}

/* What an administrator sees of it, and what unlocking forgets. */
static void
an_account_is_shown_with_how_its_signing_in_stands(void **state)
{
	json_t *sign_in;

	(void)state;
	use_settings(PASSWORD_POLICY_LONG, SECOND_FACTOR_REQUIRED, 5);
	at_second(0);
	guess("taro", SIGN_IN_PASSWORD_WRONG, 0, SIGN_IN_GUESSES_AN_HOUR + 1);
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	sign_in = json_object_get(call.result, "sign_in");
	expect_text(sign_in, "password", "initial");
	assert_true(json_is_true(json_object_get(sign_in, "must_change")));
	expect_text(sign_in, "second_factor", NULL);
	assert_int_equal(json_integer_value(json_object_get(sign_in, "failures")),
		SIGN_IN_GUESSES_AN_HOUR + 1);
	expect_text(sign_in, "last_failure", "2026-11-20T03:00:00.000000Z");
	assert_true(json_is_true(json_object_get(sign_in, "guessed_at")));
	assert_true(bind_telephone(1) == false);
	expect_ok(method_account_unlock, "{\"id\":\"taro\",\"because\":\"it was he\"}");
	assert_true(json_is_true(json_object_get(call.result, "failures_forgotten")));
	expect_event("account.unlock", "taro", "{\"failures\":51}", "{\"failures\":0}");
	assert_true(bind_telephone(1));
	assert_true(choose_password(OWN_HASH));
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	sign_in = json_object_get(call.result, "sign_in");
	expect_text(sign_in, "password", "own");
	assert_true(json_is_false(json_object_get(sign_in, "must_change")));
	expect_text(sign_in, "second_factor", "bound");
	expect_text(sign_in, "second_factor_since", "2026-11-20T03:00:00.000000Z");
	assert_int_equal(json_integer_value(json_object_get(sign_in, "failures")), 0);
	assert_true(json_is_false(json_object_get(sign_in, "guessed_at")));
}

/* One change, one record: a locked account's unlocking says it all. */
static void
unlocking_is_recorded_once(void **state)
{
	int64_t before;

	(void)state;
	change(method_account_lock, "{\"id\":\"taro\"}");
	(void)report(SIGN_IN_PASSWORD_WRONG, "taro", OWN_SOURCE);
	before = events();
	expect_ok(method_account_unlock, "{\"id\":\"taro\"}");
	assert_int_equal(events(), before + 1);
	assert_true(json_is_true(json_object_get(call.result, "failures_forgotten")));
	expect_ok(method_account_unlock, "{\"id\":\"taro\"}");
	assert_int_equal(events(), before + 1);
	assert_true(json_is_false(json_object_get(call.result, "failures_forgotten")));
}

static void
who_is_barred_hears_it_before_choosing_anything(void **state)
{
	(void)state;
	assert_false(report(SIGN_IN_BARRED, "taro", OWN_SOURCE));
	change(method_account_lock, "{\"id\":\"taro\"}");
	assert_true(report(SIGN_IN_BARRED, "taro", OWN_SOURCE));
	assert_false(report(SIGN_IN_BARRED, "nobody", OWN_SOURCE));
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, session_setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(an_account_is_known_by_each_of_its_forms),
		IN_OUT(a_name_that_nobody_has_gets_a_decoy),
		IN_OUT(who_does_not_exist_costs_the_same_statements),
		IN_OUT(a_password_is_changed_with_an_event_of_the_accounts_own),
		IN_OUT(as_many_earlier_passwords_are_remembered_as_the_settings_say),
		IN_OUT(only_hashes_are_taken_for_hashes),
		IN_OUT(a_password_of_two_months_ago_must_be_changed_where_that_is_the_policy),
		IN_OUT(a_second_factor_is_asked_for_as_the_settings_say),
		IN_OUT(a_telephone_is_bound_once_and_no_code_works_twice),
		IN_OUT(a_seed_is_sealed_about_its_account),
		IN_OUT(a_right_sign_in_forgets_its_own_failures),
		IN_OUT(an_account_that_may_not_go_on_changes_nothing),
		IN_OUT(what_is_no_report_is_an_error),
		IN_OUT(a_deleted_account_leaves_nothing),
		IN_OUT(an_account_is_shown_with_how_its_signing_in_stands),
		IN_OUT(unlocking_is_recorded_once),
		IN_OUT(who_is_barred_hears_it_before_choosing_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
