/* gateway/pam/password_rules.c and totp.c: what may be chosen, and what is shown to a telephone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "pam/password_rules.h"
#include "pam/totp.h"
#include "stack.h"

#include <string.h>

static void
each_rule_has_its_refusal(void **state)
{
	static const struct {
		enum password_policy policy;
		const char *password;
		enum prompt fault;
	} cases[] = {
		{PASSWORD_POLICY_LONG, "Tsuki-to-hoshi42", PROMPT_NOTHING},
		{PASSWORD_POLICY_LONG, "Tsuki-42-hos", PROMPT_TOO_SHORT_LONG},
		{PASSWORD_POLICY_LONG, "Tsuki-42-hosh", PROMPT_NOTHING},
		{PASSWORD_POLICY_TWO_MONTHS, "Tsuki-4", PROMPT_TOO_SHORT_SHORT},
		{PASSWORD_POLICY_TWO_MONTHS, "Tsuki-42", PROMPT_NOTHING},
		{PASSWORD_POLICY_SECOND_FACTOR, "Tsuki-42", PROMPT_NOTHING},
		/* a policy of another build is the strictest */
		{(enum password_policy)77, "Tsuki-42", PROMPT_TOO_SHORT_LONG},
		{PASSWORD_POLICY_LONG, "Tsukitohoshi42", PROMPT_NOT_MIXED},
		{PASSWORD_POLICY_LONG, "Tsuki-to-hoshi", PROMPT_NOT_MIXED},
		{PASSWORD_POLICY_LONG, "1234567-890123", PROMPT_NOT_MIXED},
		{PASSWORD_POLICY_TWO_MONTHS, "\u6708\u3068\u661f\u3068\u98a8-42", PROMPT_NOTHING},
		{PASSWORD_POLICY_LONG, "aaaaaaaaaaa1-", PROMPT_TOO_PLAIN},
		{PASSWORD_POLICY_LONG, "", PROMPT_TOO_SHORT_LONG},
		{PASSWORD_POLICY_LONG, "Tsuki\tto\thoshi42", PROMPT_NOT_TEXT},
		{PASSWORD_POLICY_LONG, "Tsuki-\xff-hoshi42", PROMPT_NOT_TEXT},
		{PASSWORD_POLICY_LONG, "Tsuki-\u202e-hoshi42", PROMPT_NOT_TEXT},
		{PASSWORD_POLICY_LONG, "my-TARO-is-no-1", PROMPT_HAS_NAME},
		{PASSWORD_POLICY_LONG, "x998-taro@hospital.example", PROMPT_HAS_NAME},
	};
	static const char *const accounts[] = {"998-taro@hospital.example", "taro", NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(password_rules_check(cases[i].policy, cases[i].password, accounts,
					 ARRAY_SIZE(accounts)),
			cases[i].fault);
}

static void
short_and_numeric_names_do_not_hinder(void **state)
{
	static const char *const accounts[] = {"998-", "ab", "@", "-", ""};

	(void)state;
	assert_int_equal(password_rules_check(PASSWORD_POLICY_LONG, "Tsuki-abato-42-", accounts,
				 ARRAY_SIZE(accounts)),
		PROMPT_NOTHING);
}

static void
an_endless_password_is_too_long(void **state)
{
	char password[CHOSEN_PASSWORD_CHARACTERS_MOST + 2];

	(void)state;
	memset(password, 'x', sizeof(password) - 1);
	password[sizeof(password) - 1] = '\0';
	memcpy(password, "Tsuki-42", 8);
	assert_int_equal(
		password_rules_check(PASSWORD_POLICY_LONG, password, NULL, 0), PROMPT_TOO_LONG);
	password[sizeof(password) - 2] = '\0';
	assert_int_equal(
		password_rules_check(PASSWORD_POLICY_LONG, password, NULL, 0), PROMPT_NOTHING);
}

/* RFC 6238, appendix B, cut to six digits. */
static const uint8_t rfc_seed[] = "12345678901234567890";
#define RFC_SEED_BYTES 20

static bool
accepted(uint64_t last_step, const char *typed, uint64_t *ret_step)
{
	return totp_check(rfc_seed, RFC_SEED_BYTES, last_step, typed, ret_step);
}

static void
codes_of_the_steps_around_are_taken(void **state)
{
	static const char *const ways[] = {
		"050471", " 050471 ", "050 471", "050-471", "\uff10\uff15\uff10\uff14\uff17\uff11"};
	static const char *const wrong[] = {
		"", "05047", "0504711", "o50471", "050472", "\xff", "05047\x01"};
	const uint64_t step_then = 1111111111 / 30;
	uint64_t step = 0;

	(void)state;
	assert_int_equal(totp_begin(), 0);
	for (int offset = -2; offset <= 2; offset++) {
		clock_hold((INT64_C(1111111111) + offset * 30) * 1000000, 0);
		assert_int_equal(accepted(0, "050471", &step), offset >= -1 && offset <= 1);
	}
	clock_hold(INT64_C(1111111111) * 1000000, 0);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		assert_true(accepted(step_then - 1, ways[i], &step));
		assert_int_equal(step, step_then);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(accepted(0, wrong[i], &step));
	assert_false(accepted(step_then, "050471", &step));
	assert_false(accepted(step_then + 5, "050471", &step));
	clock_release();
}

static void
the_uri_fits_whatever_the_names_are(void **state)
{
	static char endless[400];
	char uri[OTPAUTH_SIZE];

	(void)state;
	assert_int_equal(
		totp_otpauth(rfc_seed, RFC_SEED_BYTES, "A & B", "998-taro@h.example", uri), 0);
	assert_string_equal(uri, "otpauth://totp/A%20%26%20B:998-taro%40h.example"
				 "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=A%20%26%20B"
				 "&algorithm=SHA1&digits=6&period=30");
	for (size_t at = 0; at + 3 < sizeof(endless); at += 3)
		memcpy(endless + at, "\u6771", 3);
	assert_int_equal(totp_otpauth(rfc_seed, RFC_SEED_BYTES, endless, "taro", uri), 0);
	/* Cut at a character's end. */
	assert_non_null(strstr(uri, "%E6%9D%B1:taro?"));
	assert_true(totp_otpauth(rfc_seed, RFC_SEED_BYTES, endless, endless, uri) < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_has_its_refusal),
		cmocka_unit_test(short_and_numeric_names_do_not_hinder),
		cmocka_unit_test(an_endless_password_is_too_long),
		cmocka_unit_test(codes_of_the_steps_around_are_taken),
		cmocka_unit_test(the_uri_fits_whatever_the_names_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
