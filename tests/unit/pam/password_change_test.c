/* gateway/pam/pam_sekisho.c: a password that must be changed, by the rules and never back to an earlier one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "module_fixture.h"
#include "pam/hashes.h"
#include "policy/sign_in.h"
#include "stack.h"

#include <security/pam_appl.h>
#include <string.h>

#define NEW_PASSWORD "Tsuki-to-hoshi 42"

static void
give_new_password(const char *first, const char *again)
{
	seen.account.must_change = 1;
	seen.answers[0] = STACK_PASSWORD;
	seen.answers[1] = first;
	seen.answers[2] = again;
}

static void
a_password_that_must_be_changed_is_changed(void **state)
{
	struct ended ended;
	bool opens = false;

	(void)state;
	give_new_password(NEW_PASSWORD, NEW_PASSWORD);
	ended = module_sign_in(STACK_SEKISHO);
	assert_int_equal(ended.authenticate, PAM_SUCCESS);
	assert_int_equal(ended.account, PAM_NEW_AUTHTOK_REQD);
	assert_int_equal(ended.change, PAM_SUCCESS);
	expect_reports("PLnR");
	assert_int_equal(hash_check(NEW_PASSWORD, (const char *)seen.reports[2].hash, &opens), 0);
	assert_true(opens);
	assert_memory_equal(seen.reports[2].hash, PASSWORD_FULL_COST, strlen(PASSWORD_FULL_COST));
	assert_string_equal(seen.said,
		"Password\nYour password must be changed now: 13 characters or more, with letters, "
		"digits and symbols.\nNew password\nRetype the new password\n");
}

/* Each refusal says its rule, before the password is typed again, and the next try may do better. */
static void
bad_new_passwords_are_asked_for_again(void **state)
{
	(void)state;
	give_new_password("short1-", NEW_PASSWORD);
	seen.answers[3] = NEW_PASSWORD "x";
	seen.answers[4] = STACK_PASSWORD; /* the one that is there */
	seen.answers[5] = seen.answers[6] = NEW_PASSWORD;
	assert_int_equal(module_sign_in(STACK_SEKISHO).change, PAM_SUCCESS);
	expect_reports("PLnR");
	assert_non_null(strstr(seen.said, "This password is too short"));
	assert_non_null(strstr(seen.said, "The two passwords are not the same"));
	assert_non_null(strstr(seen.said, "This password has been used before"));
}

static void
earlier_passwords_do_not_come_again(void **state)
{
	char hash[128];
	size_t len;

	(void)state;
	give_new_password(NEW_PASSWORD, "Yuki-to-kaze 1867");
	assert_int_equal(hash_make("Another-one-17", hash, sizeof(hash)), 0);
	len = strlen(hash) + 1;
	memcpy(seen.account.earlier, hash, len);
	assert_int_equal(hash_make(NEW_PASSWORD, hash, sizeof(hash)), 0);
	memcpy(seen.account.earlier + len, hash, strlen(hash) + 1);
	seen.account.earlier_len = (uint32_t)(len + strlen(hash) + 1);
	seen.answers[3] = "Yuki-to-kaze 1867";
	assert_int_equal(module_sign_in(STACK_SEKISHO).change, PAM_SUCCESS);
	assert_non_null(strstr(seen.said, "This password has been used before"));
	expect_reports("PLnR");
	/* Only the supervisor knows one more. */
	module_set_up(NULL);
	give_new_password(NEW_PASSWORD, NEW_PASSWORD);
	seen.answers[3] = seen.answers[4] = "Yuki-to-kaze 1867";
	seen.refused = SIGN_IN_PASSWORD_NEW;
	seen.refused_times = 1;
	assert_int_equal(module_sign_in(STACK_SEKISHO).change, PAM_SUCCESS);
	assert_non_null(strstr(seen.said, "This password has been used before"));
	expect_reports("PLnnR");
}

static void
who_never_finds_one_is_not_signed_in(void **state)
{
	(void)state;
	give_new_password("x", "x");
	for (int i = 3; i < ANSWERS_MOST; i++)
		seen.answers[i] = "x";
	assert_int_equal(module_sign_in(STACK_SEKISHO).change, PAM_AUTHTOK_ERR);
	assert_int_equal(seen.asked, 6);
	assert_non_null(strstr(seen.said, "The password was not changed"));
	expect_reports("PL");
}

/* What the rules will refuse is not asked for anything new first; they say why. */
static void
who_is_barred_is_not_asked_for_a_new_password(void **state)
{
	struct ended ended;

	(void)state;
	give_new_password(NEW_PASSWORD, NEW_PASSWORD);
	seen.barred = true;
	ended = module_sign_in(STACK_SEKISHO);
	assert_int_equal(ended.authenticate, PAM_SUCCESS);
	assert_int_equal(ended.account, PAM_SUCCESS);
	assert_int_equal(ended.change, -1);
	expect_reports("PL");
	assert_string_equal(seen.said, "Password\n");
	/* Nor for a telephone. */
	module_set_up(NULL);
	give_new_password(NEW_PASSWORD, NEW_PASSWORD);
	seen.barred = true;
	seen.account.second_factor = SECOND_FACTOR_TO_BIND;
	assert_int_equal(module_sign_in(STACK_SEKISHO).account, PAM_SUCCESS);
	expect_reports("PL");
	assert_string_equal(seen.otpauth, "");
}

/* A stack that has other modules where it should not: nobody is let in by one of ours that has not looked. */
static void
without_its_auth_part_it_allows_nothing(void **state)
{
	struct ended ended;

	(void)state;
	ended = module_sign_in("auth required " PAM_MISBEHAVE_SO " allow\n"
			       "account required " PAM_SEKISHO_SO "\n");
	assert_int_equal(ended.authenticate, PAM_SUCCESS);
	assert_int_equal(ended.account, PAM_AUTHINFO_UNAVAIL);
	module_set_up(NULL);
	seen.answers[0] = "wrong";
	ended = module_sign_in("auth optional " PAM_SEKISHO_SO "\n"
			       "auth required " PAM_MISBEHAVE_SO " allow\n"
			       "account required " PAM_SEKISHO_SO "\n");
	assert_int_equal(ended.authenticate, PAM_SUCCESS);
	assert_int_equal(ended.account, PAM_AUTHINFO_UNAVAIL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, module_set_up)
	const struct CMUnitTest tests[] = {
		TEST(a_password_that_must_be_changed_is_changed),
		TEST(bad_new_passwords_are_asked_for_again),
		TEST(earlier_passwords_do_not_come_again),
		TEST(who_never_finds_one_is_not_signed_in),
		TEST(who_is_barred_is_not_asked_for_a_new_password),
		TEST(without_its_auth_part_it_allows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
