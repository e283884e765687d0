/* gateway/supervisor/pam_conversation.c against a sekisho-pam that has been taken over: what makes no sense ends the
 * conversation, and nobody is let in by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "newcomers.h"
#include "pam/steps.h"
#include "pam_conversation_fixture.h"
#include "stack.h"

#include <fcntl.h>
#include <security/_pam_types.h>
#include <signal.h>
#include <string.h>

static void
start_by_hand(void)
{
	by_hand = true;
	start("");
	while (hand == NULL)
		turn();
}

static void
until_heard(int count)
{
	for (;;) {
		assert_int_equal(channel_receive(hand, 4, NULL), 0);
		if (heard >= count)
			break;
		turn();
	}
}

static void
say(enum message number, const void *body)
{
	assert_int_equal(channel_send(hand, number, body, -1), 0);
}

static void
report(enum sign_in_report what)
{
	const struct msg_pam_report message = {.what = (uint8_t)what};

	say(MSG_PAM_REPORT, &message);
}

static void
reports_that_do_not_fit_end_it(void **state)
{
	static const struct {
		enum sign_in_second_factor factor;
		enum sign_in_report reports[3]; /* the last one is too much */
		int count;
		uint32_t wait_ms;
	} cases[] = {
		{SECOND_FACTOR_NONE, {SIGN_IN_RIGHT}, 1, 0},
		{SECOND_FACTOR_NONE, {SIGN_IN_PASSWORD_NEW}, 1, 0},
		{SECOND_FACTOR_NONE, {SIGN_IN_PASSWORD_WRONG, SIGN_IN_PASSWORD_RIGHT}, 2, 0},
		{SECOND_FACTOR_NONE, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_CODE_RIGHT}, 2, 0},
		{SECOND_FACTOR_BOUND, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_RIGHT}, 2, 0},
		{SECOND_FACTOR_BOUND, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_PASSWORD_NEW}, 2, 0},
		{SECOND_FACTOR_BOUND, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_BOUND}, 2, 0},
		{SECOND_FACTOR_TO_BIND, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_RIGHT}, 2, 0},
		{SECOND_FACTOR_TO_BIND, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_BOUND, SIGN_IN_BOUND}, 3,
			0},
		{SECOND_FACTOR_NONE, {SIGN_IN_BARRED}, 1, 0},
		{SECOND_FACTOR_BOUND, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_BARRED}, 2, 0},
		{SECOND_FACTOR_NONE, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_BARRED, SIGN_IN_PASSWORD_NEW},
			3, 0},
		{SECOND_FACTOR_NONE, {SIGN_IN_PASSWORD_RIGHT}, 1, 1000},
		{SECOND_FACTOR_NONE, {(enum sign_in_report)200}, 1, 0},
	};
	const struct msg_pam_ask ask = {.version = 1};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (i > 0) {
			pam_tear_down(NULL);
			pam_set_up(NULL);
		}
		seen.account.second_factor = (uint8_t)cases[i].factor;
		seen.account.wait_ms = cases[i].wait_ms;
		seen.barred = true; /* where it is asked: nothing may follow */
		start_by_hand();
		say(MSG_PAM_ASK, &ask);
		until_heard(2); /* PAM_BEGIN, PAM_ACCOUNT */
		for (int at = 0; at < cases[i].count; at++) {
			report(cases[i].reports[at]);
			if (at + 1 < cases[i].count)
				until_heard(3 + at);
		}
		until_over();
		assert_int_equal(seen.ended.outcome, PAM_UNAVAILABLE);
		assert_int_equal(seen.note_count, cases[i].count - 1);
	}
}

static void
reports_without_a_question_end_it(void **state)
{
	const struct msg_pam_result in = {.step = 2, .user = ""};
	const struct msg_pam_result taro = {.step = 2, .user = STACK_USER};
	const struct msg_pam_prompt prompt = {.serial = 1, .style = PAM_PROMPT_ECHO_ON};

	(void)state;
	start_by_hand();
	until_heard(1);
	say(MSG_PAM_RESULT, &in); /* success, of nobody */
	until_over();
	assert_int_equal(seen.ended.outcome, PAM_UNAVAILABLE);

	pam_tear_down(NULL);
	pam_set_up(NULL);
	start_by_hand();
	until_heard(1);
	say(MSG_PAM_PROMPT, &prompt);
	say(MSG_PAM_PROMPT, &prompt); /* while one is with the user */
	until_over();
	assert_int_equal(seen.ended.outcome, PAM_UNAVAILABLE);
	assert_string_equal(seen.detail, "the message makes no sense now");

	pam_tear_down(NULL);
	pam_set_up(NULL);
	start_by_hand();
	until_heard(1);
	say(MSG_PAM_PROMPT, &prompt);
	say(MSG_PAM_RESULT, &taro); /* success, while one is with the user */
	until_over();
	assert_int_equal(seen.ended.outcome, PAM_UNAVAILABLE);
}

static void
a_claim_to_be_another_account_ends_it(void **state)
{
	const struct msg_pam_result in = {.step = 2, .user = "jiro"};
	const struct msg_pam_ask ask = {.version = 1};

	for (int asks = 0; asks < 2; asks++) {
		if (asks > 0) {
			pam_tear_down(state);
			pam_set_up(state);
		}
		start_by_hand();
		until_heard(1);
		if (asks > 0) {
			say(MSG_PAM_ASK, &ask);
			until_heard(2);
		}
		say(MSG_PAM_RESULT, &in);
		until_over();
		assert_int_equal(seen.ended.outcome, PAM_UNAVAILABLE);
		assert_int_equal(seen.ended.account_number, 0);
	}
}

static void
one_that_never_stops_talking_is_ended(void **state)
{
	const struct msg_pam_prompt text = {.style = PAM_TEXT_INFO, .text = "and"};

	(void)state;
	start_by_hand();
	until_heard(1);
	for (int i = 0; i < 200 && !seen.is_over; i++) {
		(void)channel_send(hand, MSG_PAM_PROMPT, &text, -1);
		turn();
	}
	assert_true(seen.is_over);
	assert_int_equal(seen.ended.outcome, PAM_UNAVAILABLE);
	assert_string_equal(seen.detail, "the message makes no sense now");
}

/* Texts that fill the page to its last byte, then one more. */
static void
texts_are_cut_off_where_the_page_ends(void **state)
{
	static const size_t lengths[] = {2048, 2047, 1};
	const struct msg_pam_result refused = {.code = PAM_AUTH_ERR, .step = PAM_STEP_AUTHENTICATE};

	(void)state;
	start_by_hand();
	until_heard(1);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct msg_pam_prompt text = {.style = PAM_TEXT_INFO};

		memset(text.text, 'a' + (int)i, lengths[i]);
		say(MSG_PAM_PROMPT, &text);
	}
	say(MSG_PAM_RESULT, &refused);
	until_over();
	assert_int_equal(seen.ended.outcome, PAM_REFUSED);
	assert_int_equal(strlen(seen.info), 2048 + 1 + 2047);
	assert_int_equal(seen.info[4095], 'b');
}

static void
one_that_says_nothing_is_waited_for_only_so_long(void **state)
{
	(void)state;
	settings.limits.greet_ms = 1;
	start_by_hand();
	until_over();
	assert_string_equal(seen.detail, "the conversation took too long");
}

/* sekisho-pam ends after its result, while the store is still asked whom it let in. */
static void
one_that_has_gone_silences_nobody_who_came_since(void **state)
{
	const struct msg_pam_result in = {.step = 2, .user = STACK_USER};
	struct newcomers newcomers;

	(void)state;
	start_by_hand();
	until_heard(1);
	seen.slow = true;
	say(MSG_PAM_RESULT, &in);
	channel_free(take_pointer(&hand));
	while (seen.job_count == 0)
		turn();
	/* Its end is there already. */
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	newcomers_arrive(&newcomers, &loop);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	seen.slow = false;
	do_jobs();
	assert_true(seen.is_over);
	assert_int_equal(seen.ended.outcome, PAM_SIGNED_IN);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	newcomers_speak(&newcomers);
	for (int i = 0; i < 4; i++)
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	newcomers_leave(&newcomers, &loop);
	assert_int_equal(newcomers.heard, NEWCOMERS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pam_set_up, pam_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reports_that_do_not_fit_end_it),
		TEST(reports_without_a_question_end_it),
		TEST(a_claim_to_be_another_account_ends_it),
		TEST(one_that_never_stops_talking_is_ended),
		TEST(texts_are_cut_off_where_the_page_ends),
		TEST(one_that_says_nothing_is_waited_for_only_so_long),
		TEST(one_that_has_gone_silences_nobody_who_came_since),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
