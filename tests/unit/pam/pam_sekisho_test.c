/* gateway/pam/pam_sekisho.c: password and one-time code, whoever signs in and whatever the supervisor says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "module_fixture.h"
#include "policy/sign_in.h"
#include "stack.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <string.h>

static void
the_right_password_signs_in(void **state)
{
	struct ended ended;

	(void)state;
	seen.answers[0] = STACK_PASSWORD;
	ended = module_sign_in(STACK_SEKISHO);
	assert_int_equal(ended.authenticate, PAM_SUCCESS);
	assert_int_equal(ended.account, PAM_SUCCESS);
	assert_int_equal(ended.change, -1);
	assert_string_equal(seen.said, "Password\n");
	expect_reports("PR");
	assert_int_equal(seen.full_cost, 1);
}

static void
without_the_supervisor_nobody_is_let_in(void **state)
{
	(void)state;
	seen.knows_us = false;
	seen.answers[0] = STACK_PASSWORD;
	assert_int_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_AUTHINFO_UNAVAIL);
	expect_reports("");
}

static void
a_user_who_leaves_is_not_signed_in(void **state)
{
	(void)state;
	assert_int_not_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_SUCCESS);
	assert_int_equal(seen.asks, 0);
}

/* C1: the same question, text, reports and work, whatever there is behind the name. */
static void
no_account_and_a_wrong_password_look_alike(void **state)
{
	static const struct {
		uint8_t known;
		bool cheap;
		const char *hash;
		const char *password;
		int cheap_ones;
	} cases[] = {
		{1, false, NULL, "wrong", 0},
		{1, true, NULL, "wrong", 1},
		{0, false, NULL, "wrong", 0},
		{0, false, NULL, STACK_PASSWORD,
			0}, /* a decoy that somebody has found a password for */
		{1, false, "", "wrong", 1},
		{1, false, "*", "wrong", 1},
		{1, false, "!$y$j9T$locked", "wrong", 1},
		{1, false, NULL, "", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ended ended;

		module_set_up(NULL);
		seen.account.known = cases[i].known;
		if (cases[i].cheap)
			stack_account_hash(&seen.account, stack_cheap_hash());
		if (cases[i].hash != NULL)
			stack_account_hash(&seen.account, cases[i].hash);
		seen.answers[0] = cases[i].password;
		ended = module_sign_in(STACK_SEKISHO);
		assert_int_equal(ended.authenticate, PAM_AUTH_ERR);
		assert_string_equal(seen.said, "Password\nAccount or password is wrong.\n");
		expect_reports("p");
		assert_int_equal(seen.full_cost, 1);
		assert_int_equal(seen.cheap, cases[i].cheap_ones);
	}
}

static void
an_initial_password_costs_the_same(void **state)
{
	(void)state;
	stack_account_hash(&seen.account, stack_cheap_hash());
	seen.answers[0] = STACK_PASSWORD;
	assert_int_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_SUCCESS);
	assert_int_equal(seen.full_cost, 1);
	assert_int_equal(seen.cheap, 1);
}

/* Longer than crypt(3) takes: wrong, and as dear as any other. */
static void
an_endless_password_is_wrong(void **state)
{
	static char password[600];

	(void)state;
	memset(password, 'x', sizeof(password) - 1);
	seen.answers[0] = password;
	/* libpam itself may refuse it before. */
	assert_int_not_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_SUCCESS);
	password[511] = '\0';
	module_set_up(NULL);
	seen.answers[0] = password;
	assert_int_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
	assert_int_equal(seen.full_cost, 1);
}

static void
who_has_to_wait_is_refused_after_the_work(void **state)
{
	(void)state;
	seen.account.wait_ms = 2000;
	for (int right = 0; right < 2; right++) {
		seen.asked = 0;
		seen.answers[0] = right ? STACK_PASSWORD : "wrong";
		assert_int_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_MAXTRIES);
		assert_int_equal(seen.full_cost, 1);
	}
	assert_string_equal(seen.said, "Password\nPassword\n");
	expect_reports("");
}

static void
what_is_not_kept_is_not_told_as_success(void **state)
{
	(void)state;
	seen.answers[0] = STACK_PASSWORD;
	seen.refused = SIGN_IN_RIGHT;
	seen.refused_times = 1;
	assert_int_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
}

/* Tries that began side by side: the others have failed meanwhile. Nobody learns that it was right. */
static void
a_right_password_that_is_not_accepted_looks_wrong(void **state)
{
	(void)state;
	seen.answers[0] = STACK_PASSWORD;
	seen.refused = SIGN_IN_PASSWORD_RIGHT;
	seen.refused_times = 1;
	assert_int_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
	assert_string_equal(seen.said, "Password\nAccount or password is wrong.\n");
	expect_reports("P");
}

static void
give_telephone(int step, char ret_code[7])
{
	static const uint8_t seed[TOTP_SEED_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

	seen.account.second_factor = SECOND_FACTOR_BOUND;
	seen.account.seed_len = sizeof(seed);
	memcpy(seen.account.seed, seed, sizeof(seed));
	stack_code(seed, sizeof(seed), step, ret_code);
	seen.answers[0] = STACK_PASSWORD;
	seen.answers[1] = ret_code;
}

static void
a_code_is_asked_for_after_the_password(void **state)
{
	char code[7];

	(void)state;
	give_telephone(0, code);
	assert_int_equal(module_sign_in(STACK_SEKISHO).account, PAM_SUCCESS);
	assert_string_equal(seen.said, "Password\nOne-time code\n");
	expect_reports("PCR");
	assert_true(seen.reports[1].step > 0);
}

static void
no_code_is_used_twice(void **state)
{
	char code[7];
	uint64_t step;

	(void)state;
	give_telephone(0, code);
	assert_int_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_SUCCESS);
	step = seen.reports[1].step;
	module_set_up(NULL);
	give_telephone(0, code);
	seen.account.last_step = step + 1; /* the clock may have gone on meanwhile */
	assert_int_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
	expect_reports("Pc");
	/* Somebody else was faster: only the supervisor knows. */
	module_set_up(NULL);
	give_telephone(0, code);
	seen.refused = SIGN_IN_CODE_RIGHT;
	seen.refused_times = 1;
	assert_int_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
	expect_reports("PC");
	assert_non_null(strstr(seen.said, "wrong or has been used"));
}

static void
a_wrong_code_ends_it(void **state)
{
	char code[7];

	(void)state;
	give_telephone(10, code); /* five minutes from now */
	assert_int_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
	expect_reports("Pc");
}

static void
a_bound_telephone_without_a_seed_lets_nobody_in(void **state)
{
	char code[7];

	(void)state;
	give_telephone(0, code);
	seen.account.seed_len = 0;
	assert_int_not_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_SUCCESS);
	module_set_up(NULL);
	seen.account.second_factor = 9;
	seen.answers[0] = STACK_PASSWORD;
	assert_int_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_AUTHINFO_UNAVAIL);
}

/* C2: shown, tried, and only then bound. */
static void
a_telephone_is_bound_after_a_right_code(void **state)
{
	(void)state;
	seen.account.second_factor = SECOND_FACTOR_TO_BIND;
	seen.answers[0] = STACK_PASSWORD;
	seen.telephone = true;
	seen.wrong_codes = 2;
	assert_int_equal(module_sign_in(STACK_SEKISHO).account, PAM_SUCCESS);
	expect_reports("PLBR");
	assert_int_equal(seen.reports[2].seed_len, TOTP_SEED_BYTES);
	assert_true(seen.reports[2].step > 0);
	assert_non_null(strstr(seen.otpauth,
		"otpauth://totp/%E6%9D%B1%E7%97%85%E9%99%A2:998-taro%40hospital.example?secret="));
}

static void
no_seed_comes_twice(void **state)
{
	uint8_t first[TOTP_SEED_BYTES];

	(void)state;
	for (int i = 0; i < 2; i++) {
		module_set_up(NULL);
		seen.account.second_factor = SECOND_FACTOR_TO_BIND;
		seen.answers[0] = STACK_PASSWORD;
		seen.telephone = true;
		assert_int_equal(module_sign_in(STACK_SEKISHO).account, PAM_SUCCESS);
		if (i == 0)
			memcpy(first, seen.reports[2].seed, sizeof(first));
	}
	assert_memory_not_equal(first, seen.reports[2].seed, sizeof(first));
}

static void
wrong_codes_bind_nothing(void **state)
{
	(void)state;
	seen.account.second_factor = SECOND_FACTOR_TO_BIND;
	seen.answers[0] = STACK_PASSWORD;
	seen.telephone = true;
	seen.wrong_codes = 100;
	assert_int_equal(module_sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
	expect_reports("PL");
	assert_int_equal(seen.wrong_codes, 95);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, module_set_up)
	const struct CMUnitTest tests[] = {
		TEST(the_right_password_signs_in),
		TEST(without_the_supervisor_nobody_is_let_in),
		TEST(a_user_who_leaves_is_not_signed_in),
		TEST(no_account_and_a_wrong_password_look_alike),
		TEST(an_initial_password_costs_the_same),
		TEST(an_endless_password_is_wrong),
		TEST(who_has_to_wait_is_refused_after_the_work),
		TEST(what_is_not_kept_is_not_told_as_success),
		TEST(a_right_password_that_is_not_accepted_looks_wrong),
		TEST(a_code_is_asked_for_after_the_password),
		TEST(no_code_is_used_twice),
		TEST(a_wrong_code_ends_it),
		TEST(a_bound_telephone_without_a_seed_lets_nobody_in),
		TEST(a_telephone_is_bound_after_a_right_code),
		TEST(no_seed_comes_twice),
		TEST(wrong_codes_bind_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
