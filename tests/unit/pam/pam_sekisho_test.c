/* gateway/pam/pam_sekisho.c: the module as it is installed, loaded by libpam into a stack of the test's own. The test
 * is application, user and supervisor at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "messages/channel.h"
#include "pam/binary_prompt.h"
#include "pam/hashes.h"
#include "pam/prompts.h"
#include "policy/password_hash.h"
#include "policy/sign_in.h"
#include "stack.h"

#include <crypt.h>
#include <dlfcn.h>
#include <liboath/oath.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWERS_MOST 16
#define REPORTS_MOST 16

static struct {
	struct msg_pam_account account;
	const char
		*answers[ANSWERS_MOST]; /* to questions, in their order; NULL: the user has gone */
	int asked;
	bool telephone;    /* the last answers are codes of the seed in the picture */
	int wrong_codes;   /* before the right one */
	bool knows_us;     /* the application understands binary prompts */
	uint8_t refused;   /* a report of this kind is not accepted ... */
	int refused_times; /* ... so often */
	char said[4096];   /* questions and texts, a line each */
	char otpauth[513];
	struct msg_pam_report reports[REPORTS_MOST];
	int report_count;
	int asks;
	int full_cost; /* yescrypts */
	int cheap;
} seen;

/* In the place of libcrypt's: what is counted is what costs time. */
char *
crypt_rn(const char *phrase, const char *setting, void *data, int size)
{
	char *(*real)(const char *, const char *, void *, int) =
		(char *(*)(const char *, const char *, void *, int))dlsym(RTLD_NEXT, "crypt_rn");

	if (strncmp(setting, PASSWORD_FULL_COST, strlen(PASSWORD_FULL_COST)) == 0)
		seen.full_cost++;
	else
		seen.cheap++;
	return real(phrase, setting, data, size);
}

static void
note(const char *text)
{
	size_t len = strlen(seen.said);

	snprintf(seen.said + len, sizeof(seen.said) - len, "%s\n", text);
}

/* The telephone reads the picture. */
static const char *
code_of_picture(void)
{
	static char code[7];
	const char *key = strstr(seen.otpauth, "secret=");
	char text[64];
	char *seed = NULL;
	size_t len = 0;

	assert_non_null(key);
	snprintf(text, sizeof(text), "%.32s", key + strlen("secret="));
	assert_int_equal(oath_base32_decode(text, strlen(text), &seed, &len), OATH_OK);
	assert_int_equal(len, TOTP_SEED_BYTES);
	stack_code((const uint8_t *)seed, len, 0, code);
	free(seed);
	return code;
}

static const char *
next_answer(void)
{
	const char *answer = seen.answers[seen.asked];

	if (answer == NULL && seen.telephone && seen.otpauth[0] != '\0')
		answer = seen.wrong_codes-- > 0 ? "12345" : code_of_picture();
	else
		seen.asked++;
	return answer;
}

static void
answer_prompt(const struct msg_pam_prompt *prompt, union message_body *ret_body)
{
	const char *answer;

	note(prompt->text);
	memcpy(seen.otpauth, prompt->otpauth, prompt->otpauth_len + 1);
	answer = next_answer();
	assert_non_null(answer);
	ret_body->pam_answer.answer_len = (uint32_t)strlen(answer);
	memcpy(ret_body->pam_answer.answer, answer, strlen(answer));
}

/* The supervisor's part. */
static enum message
answer_message(
	const struct message_row *row, const union message_body *said, union message_body *ret_body)
{
	switch (row->number) {
	case MSG_PAM_ASK:
		seen.asks++;
		ret_body->pam_account = seen.account;
		return MSG_PAM_ACCOUNT;
	case MSG_PAM_REPORT:
		assert_in_range(seen.report_count, 0, REPORTS_MOST - 1);
		seen.reports[seen.report_count++] = said->pam_report;
		ret_body->pam_kept.accepted =
			said->pam_report.what != seen.refused || seen.refused_times-- <= 0;
		return MSG_PAM_KEPT;
	case MSG_PAM_PROMPT:
		answer_prompt(&said->pam_prompt, ret_body);
		return MSG_PAM_ANSWER;
	default:
		fail();
		return MSG_NOTHING;
	}
}

static int
answer_binary(const void *frame, char **ret_answer)
{
	union message_body *said = calloc(2, sizeof(*said));
	const struct message_row *row;
	enum message number;

	assert_int_equal(
		binary_prompt_get(frame, (size_t)binary_prompt_length(frame), &row, said), 0);
	number = answer_message(row, said, said + 1);
	*ret_answer = malloc(BINARY_PROMPT_MOST);
	assert_true(binary_prompt_put(number, said + 1, *ret_answer, BINARY_PROMPT_MOST) > 0);
	free(said);
	return PAM_SUCCESS;
}

static int
converse(int count, const struct pam_message **messages, struct pam_response **ret_responses,
	void *owner)
{
	struct pam_response *response = calloc(1, sizeof(*response));
	int style = messages[0]->msg_style;
	const char *answer = "";

	(void)owner;
	assert_int_equal(count, 1);
	if (style == PAM_BINARY_PROMPT && !seen.knows_us) {
		free(response);
		return PAM_CONV_ERR;
	}
	*ret_responses = response;
	if (style == PAM_BINARY_PROMPT)
		return answer_binary(messages[0]->msg, &response->resp);
	note(messages[0]->msg);
	if (style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON)
		answer = next_answer();
	if (answer == NULL) {
		free(response);
		*ret_responses = NULL;
		return PAM_CONV_ERR;
	}
	response->resp = strdup(answer);
	return PAM_SUCCESS;
}

struct ended {
	int authenticate, account, change; /* -1: not called */
};

/* What sekisho-pam does. */
static struct ended
sign_in(const char *stack)
{
	const struct pam_conv conv = {.conv = converse};
	struct ended ended = {-1, -1, -1};
	pam_handle_t *pam = NULL;
	const char *folder = stack_make(stack);

	seen.full_cost = seen.cheap = 0;
	assert_int_equal(
		pam_start_confdir("sekisho", STACK_USER, &conv, folder, &pam), PAM_SUCCESS);
	ended.authenticate = pam_authenticate(pam, PAM_DISALLOW_NULL_AUTHTOK);
	if (ended.authenticate == PAM_SUCCESS)
		ended.account = pam_acct_mgmt(pam, PAM_DISALLOW_NULL_AUTHTOK);
	if (ended.account == PAM_NEW_AUTHTOK_REQD)
		ended.change = pam_chauthtok(pam, PAM_CHANGE_EXPIRED_AUTHTOK);
	pam_end(pam, PAM_SUCCESS);
	stack_remove();
	return ended;
}

static void
expect_reports(const char *expected)
{
	static const char letters[] = "pPcCBnR"; /* by enum sign_in_report */
	char got[REPORTS_MOST + 1] = "";

	for (int i = 0; i < seen.report_count; i++)
		got[i] = letters[seen.reports[i].what];
	assert_string_equal(got, expected);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.refused = UINT8_MAX;
	seen.knows_us = true;
	stack_account(&seen.account);
	return 0;
}

static void
the_right_password_signs_in(void **state)
{
	struct ended ended;

	(void)state;
	seen.answers[0] = STACK_PASSWORD;
	ended = sign_in(STACK_SEKISHO);
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
	assert_int_equal(sign_in(STACK_SEKISHO).authenticate, PAM_AUTHINFO_UNAVAIL);
	expect_reports("");
}

static void
a_user_who_leaves_is_not_signed_in(void **state)
{
	(void)state;
	assert_int_not_equal(sign_in(STACK_SEKISHO).authenticate, PAM_SUCCESS);
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

		set_up(NULL);
		seen.account.known = cases[i].known;
		if (cases[i].cheap)
			stack_account_hash(&seen.account, stack_cheap_hash());
		if (cases[i].hash != NULL)
			stack_account_hash(&seen.account, cases[i].hash);
		seen.answers[0] = cases[i].password;
		ended = sign_in(STACK_SEKISHO);
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
	assert_int_equal(sign_in(STACK_SEKISHO).authenticate, PAM_SUCCESS);
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
	assert_int_not_equal(sign_in(STACK_SEKISHO).authenticate, PAM_SUCCESS);
	password[511] = '\0';
	set_up(NULL);
	seen.answers[0] = password;
	assert_int_equal(sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
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
		assert_int_equal(sign_in(STACK_SEKISHO).authenticate, PAM_MAXTRIES);
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
	assert_int_equal(sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
}

/* Tries that began side by side: the others have failed meanwhile. Nobody learns that it was right. */
static void
a_right_password_that_is_not_accepted_looks_wrong(void **state)
{
	(void)state;
	seen.answers[0] = STACK_PASSWORD;
	seen.refused = SIGN_IN_PASSWORD_RIGHT;
	seen.refused_times = 1;
	assert_int_equal(sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
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
	assert_int_equal(sign_in(STACK_SEKISHO).account, PAM_SUCCESS);
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
	assert_int_equal(sign_in(STACK_SEKISHO).authenticate, PAM_SUCCESS);
	step = seen.reports[1].step;
	set_up(NULL);
	give_telephone(0, code);
	seen.account.last_step = step + 1; /* the clock may have gone on meanwhile */
	assert_int_equal(sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
	expect_reports("Pc");
	/* Somebody else was faster: only the supervisor knows. */
	set_up(NULL);
	give_telephone(0, code);
	seen.refused = SIGN_IN_CODE_RIGHT;
	seen.refused_times = 1;
	assert_int_equal(sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
	expect_reports("PC");
	assert_non_null(strstr(seen.said, "wrong or has been used"));
}

static void
a_wrong_code_ends_it(void **state)
{
	char code[7];

	(void)state;
	give_telephone(10, code); /* five minutes from now */
	assert_int_equal(sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
	expect_reports("Pc");
}

static void
a_bound_telephone_without_a_seed_lets_nobody_in(void **state)
{
	char code[7];

	(void)state;
	give_telephone(0, code);
	seen.account.seed_len = 0;
	assert_int_not_equal(sign_in(STACK_SEKISHO).authenticate, PAM_SUCCESS);
	set_up(NULL);
	seen.account.second_factor = 9;
	seen.answers[0] = STACK_PASSWORD;
	assert_int_equal(sign_in(STACK_SEKISHO).authenticate, PAM_AUTHINFO_UNAVAIL);
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
	assert_int_equal(sign_in(STACK_SEKISHO).account, PAM_SUCCESS);
	expect_reports("PBR");
	assert_int_equal(seen.reports[1].seed_len, TOTP_SEED_BYTES);
	assert_true(seen.reports[1].step > 0);
	assert_non_null(strstr(seen.otpauth,
		"otpauth://totp/%E6%9D%B1%E7%97%85%E9%99%A2:998-taro%40hospital.example?secret="));
}

static void
no_seed_comes_twice(void **state)
{
	uint8_t first[TOTP_SEED_BYTES];

	(void)state;
	for (int i = 0; i < 2; i++) {
		set_up(NULL);
		seen.account.second_factor = SECOND_FACTOR_TO_BIND;
		seen.answers[0] = STACK_PASSWORD;
		seen.telephone = true;
		assert_int_equal(sign_in(STACK_SEKISHO).account, PAM_SUCCESS);
		if (i == 0)
			memcpy(first, seen.reports[1].seed, sizeof(first));
	}
	assert_memory_not_equal(first, seen.reports[1].seed, sizeof(first));
}

static void
wrong_codes_bind_nothing(void **state)
{
	(void)state;
	seen.account.second_factor = SECOND_FACTOR_TO_BIND;
	seen.answers[0] = STACK_PASSWORD;
	seen.telephone = true;
	seen.wrong_codes = 100;
	assert_int_equal(sign_in(STACK_SEKISHO).authenticate, PAM_AUTH_ERR);
	expect_reports("P");
	assert_int_equal(seen.wrong_codes, 95);
}

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
	ended = sign_in(STACK_SEKISHO);
	assert_int_equal(ended.authenticate, PAM_SUCCESS);
	assert_int_equal(ended.account, PAM_NEW_AUTHTOK_REQD);
	assert_int_equal(ended.change, PAM_SUCCESS);
	expect_reports("PnR");
	assert_int_equal(hash_check(NEW_PASSWORD, (const char *)seen.reports[1].hash, &opens), 0);
	assert_true(opens);
	assert_memory_equal(seen.reports[1].hash, PASSWORD_FULL_COST, strlen(PASSWORD_FULL_COST));
	assert_string_equal(seen.said,
		"Password\nYour password must be changed now: 13 characters or more, with letters, "
		"digits and symbols.\nNew password\nRetype the new password\n");
}

/* Each refusal says its rule, and the next try may do better. */
static void
bad_new_passwords_are_asked_for_again(void **state)
{
	(void)state;
	give_new_password("short1-", "short1-");
	seen.answers[3] = NEW_PASSWORD;
	seen.answers[4] = NEW_PASSWORD "x";
	seen.answers[5] = STACK_PASSWORD; /* the one that is there */
	seen.answers[6] = STACK_PASSWORD;
	seen.answers[7] = seen.answers[8] = NEW_PASSWORD;
	assert_int_equal(sign_in(STACK_SEKISHO).change, PAM_SUCCESS);
	expect_reports("PnR");
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
	give_new_password(NEW_PASSWORD, NEW_PASSWORD);
	assert_int_equal(hash_make("Another-one-17", hash, sizeof(hash)), 0);
	len = strlen(hash) + 1;
	memcpy(seen.account.earlier, hash, len);
	assert_int_equal(hash_make(NEW_PASSWORD, hash, sizeof(hash)), 0);
	memcpy(seen.account.earlier + len, hash, strlen(hash) + 1);
	seen.account.earlier_len = (uint32_t)(len + strlen(hash) + 1);
	seen.answers[3] = seen.answers[4] = "Yuki-to-kaze 1867";
	assert_int_equal(sign_in(STACK_SEKISHO).change, PAM_SUCCESS);
	assert_non_null(strstr(seen.said, "This password has been used before"));
	expect_reports("PnR");
	/* Only the supervisor knows one more. */
	set_up(NULL);
	give_new_password(NEW_PASSWORD, NEW_PASSWORD);
	seen.answers[3] = seen.answers[4] = "Yuki-to-kaze 1867";
	seen.refused = SIGN_IN_PASSWORD_NEW;
	seen.refused_times = 1;
	assert_int_equal(sign_in(STACK_SEKISHO).change, PAM_SUCCESS);
	assert_non_null(strstr(seen.said, "This password has been used before"));
	expect_reports("PnnR");
}

static void
who_never_finds_one_is_not_signed_in(void **state)
{
	(void)state;
	give_new_password("x", "x");
	for (int i = 3; i < ANSWERS_MOST; i++)
		seen.answers[i] = "x";
	assert_int_equal(sign_in(STACK_SEKISHO).change, PAM_AUTHTOK_ERR);
	assert_int_equal(seen.asked, 11);
	assert_non_null(strstr(seen.said, "The password was not changed"));
	expect_reports("P");
}

/* A stack that has other modules where it should not: nobody is let in by one of ours that has not looked. */
static void
without_its_auth_part_it_allows_nothing(void **state)
{
	struct ended ended;

	(void)state;
	ended = sign_in("auth required " PAM_MISBEHAVE_SO " allow\n"
			"account required " PAM_SEKISHO_SO "\n");
	assert_int_equal(ended.authenticate, PAM_SUCCESS);
	assert_int_equal(ended.account, PAM_AUTHINFO_UNAVAIL);
	set_up(NULL);
	seen.answers[0] = "wrong";
	ended = sign_in("auth optional " PAM_SEKISHO_SO "\n"
			"auth required " PAM_MISBEHAVE_SO " allow\n"
			"account required " PAM_SEKISHO_SO "\n");
	assert_int_equal(ended.authenticate, PAM_SUCCESS);
	assert_int_equal(ended.account, PAM_AUTHINFO_UNAVAIL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
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
		TEST(a_password_that_must_be_changed_is_changed),
		TEST(bad_new_passwords_are_asked_for_again),
		TEST(earlier_passwords_do_not_come_again),
		TEST(who_never_finds_one_is_not_signed_in),
		TEST(without_its_auth_part_it_allows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
