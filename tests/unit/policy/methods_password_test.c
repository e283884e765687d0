/* policy/methods_password.c, and the passwords that account.add returns */
#include "method_fixture.h"
#include "policy/store/account_table.h"
#include "policy/store/password_table.h"
#include "policy/store/sql.h"

#include <crypt.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct stored {
	enum password_kind kind;
	struct stored_password password;
};

static int
load(struct store_db *db, void *argument)
{
	struct stored *stored = argument;
	struct account account;
	int r = account_find(db, "taro", &account);

	return r < 0 ? r : password_load(db, account.number, stored->kind, &stored->password);
}

static void
expect_stored(enum password_kind kind, const char *password)
{
	struct stored stored = {.kind = kind};

	assert_int_equal(fixture_read(&fixture, load, &stored), 0);
	assert_string_equal(crypt(password, stored.password.hash), stored.password.hash);
	assert_true(stored.password.must_change);
	assert_true(stored.password.delivered);
}

static void
a_new_account_has_both_passwords_once(void **state)
{
	char first[64], second[64];

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	strcpy(first, answer_text("initial_password"));
	strcpy(second, answer_text("initial_second_password"));
	assert_string_not_equal(first, second);
	expect_stored(PASSWORD_FIRST, first);
	expect_stored(PASSWORD_SECOND, second);
	expect_ok(method_account_show, "{\"id\":\"taro\"}");
	assert_null(answer_text("initial_password"));
}

static void
a_reset_makes_a_new_one_and_leaves_the_other(void **state)
{
	char first[64], second[64];
	struct stored stored = {.kind = PASSWORD_FIRST};

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	strcpy(first, answer_text("initial_password"));
	strcpy(second, answer_text("initial_second_password"));
	expect_ok(method_account_reset_password, "{\"id\":\"taro\",\"because\":\"forgot\"}");
	expect_event("account.reset_password", "taro", "null",
		"{\"password\":\"initial\",\"must_change\":true}");
	assert_string_equal(answer_text("id"), "taro");
	assert_string_equal(answer_text("family_name"), "山田");
	assert_null(answer_text("initial_second_password"));
	expect_stored(PASSWORD_FIRST, answer_text("initial_password"));
	assert_int_equal(fixture_read(&fixture, load, &stored), 0);
	assert_string_not_equal(crypt(first, stored.password.hash), stored.password.hash);
	expect_stored(PASSWORD_SECOND, second);
	expect_ok(method_account_reset_second_password, "{\"id\":\"taro\"}");
	expect_event("account.reset_second_password", "taro", "null", NULL);
	expect_stored(PASSWORD_SECOND, answer_text("initial_second_password"));
	expect_refused(method_account_reset_password, "{\"id\":\"jiro\"}", METHOD_NOT_FOUND, NULL,
		"no account 'jiro'");
}

static int
log_has(struct store_db *db, void *argument)
{
	int64_t count;
	int r = sql_number(db, &count, "SELECT count(*) > 0 FROM event WHERE instr(payload, ?) > 0",
		"t", (const char *)argument);

	return r < 0 ? r : (int)count;
}

static void
no_password_is_in_the_log(void **state)
{
	char first[64];

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	strcpy(first, answer_text("initial_password"));
	assert_int_equal(fixture_read(&fixture, log_has, first), 0);
	expect_ok(method_account_reset_password, "{\"id\":\"taro\"}");
	strcpy(first, answer_text("initial_password"));
	assert_int_equal(fixture_read(&fixture, log_has, first), 0);
	assert_int_equal(fixture_read(&fixture, log_has, "$y$"), 0);
	assert_int_equal(fixture_read(&fixture, log_has, "taro"), 1);
}

static void
a_protected_account_keeps_its_password(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	fixture_sql(&fixture, "UPDATE account SET protected_note = 'ask the vendor first'");
	expect_refused(method_account_reset_password, "{\"id\":\"taro\"}", METHOD_REFUSED, NULL,
		"ask the vendor first");
	expect_refused(method_account_reset_second_factor, "{\"id\":\"taro\"}", METHOD_REFUSED,
		NULL, "ask the vendor first");
	expect_ok(method_account_reset_password, "{\"id\":\"taro\",\"override_protection\":true}");
}

static void
a_second_factor_is_unbound_if_there_is_one(void **state)
{
	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_refused(method_account_reset_second_factor, "{\"id\":\"taro\"}", METHOD_REFUSED,
		NULL, "no telephone is bound");
	fixture_sql(&fixture, "INSERT INTO second_factor (account, kind, sealed, bound) "
			      "SELECT number, 'totp', x'00', 1 FROM account");
	expect_ok(method_account_reset_second_factor, "{\"id\":\"taro\"}");
	expect_event("account.reset_second_factor", "taro", "{\"second_factor\":\"bound\"}",
		"{\"second_factor\":null}");
	expect_refused(method_account_reset_second_factor, "{\"id\":\"taro\"}", METHOD_REFUSED,
		NULL, "no telephone is bound");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_new_account_has_both_passwords_once, method_setup, method_teardown),
		cmocka_unit_test_setup_teardown(a_reset_makes_a_new_one_and_leaves_the_other,
			method_setup, method_teardown),
		cmocka_unit_test_setup_teardown(
			no_password_is_in_the_log, method_setup, method_teardown),
		cmocka_unit_test_setup_teardown(
			a_protected_account_keeps_its_password, method_setup, method_teardown),
		cmocka_unit_test_setup_teardown(
			a_second_factor_is_unbound_if_there_is_one, method_setup, method_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
