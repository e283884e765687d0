/* gateway/supervisor/sign_in_password.c and sign_in_pages.c: credentials, what PAM asks, and what is read before and after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "sign_ins_fixture.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
complete_credentials_need_no_screen(void **state)
{
	(void)state;
	introduce("taro%PACS-01", "right");
	assert_string_equal(seen.pam_user, "taro");
	assert_string_equal(seen.pam_source, "10.2.3.4");
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	assert_string_equal(seen.pam_answer, "right");
	pam_ends(PAM_SIGNED_IN);
	assert_int_equal(seen.starts, 0);
	device_found(true);
	store_works();
	assert_int_equal(seen.check.account_number, 42);
	assert_true(seen.check.device.known);
	assert_int_equal(seen.starts, 1);
	assert_int_equal(seen.start_request.account_number, 42);
	assert_int_equal(seen.start_request.terminal_number, 1);
	assert_true(seen.start_request.device.known);
	assert_false(seen.start_attended);
	assert_int_equal(seen.greeters_taken, 0);
	seen.start->attached(&connection);
	assert_string_equal(sign_in_account(connection.sign_in), "taro");
	assert_string_equal(sign_in_terminal(connection.sign_in), "PACS-01");
}

/* Somebody may have typed the password where the account belongs. */
static void
what_no_account_can_be_called_stands_in_no_log(void **state)
{
	static const struct {
		const char *typed, *logged;
	} cases[] = {{"taro", "taro"}, {"998-taro@hospital.example", "998-taro@hospital.example"},
		{"", ""}, {"Umi-to-yama 1603!", "?"}, {"\u202eorat", "?"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		(void)sign_in_teardown(state);
		(void)sign_in_setup(state);
		introduce(cases[i].typed, "");
		assert_string_equal(sign_in_account(connection.sign_in), cases[i].logged);
	}
}

static void
the_screen_begins_at_what_is_missing(void **state)
{
	(void)state;
	introduced.keyboard_layout = 0x411;
	introduce("taro#RIS-02", "");
	assert_shown(SIGN_IN);
	assert_int_equal(seen.keyboard_layout, 0x411);
	assert_int_equal(seen.page.field, 1);
	assert_string_equal(seen.page.account, "taro");
	assert_string_equal(seen.page.error, "");
	assert_int_equal(seen.conversations, 0);
	type_credentials("taro", "right");
	pam_signs_in();
	device_found(true);
	store_works();
	/* The terminal stands as it was named. */
	assert_shown(BUSY);
	assert_string_equal(value(0), "RIS-02");
}

static void
without_an_account_it_begins_with_that(void **state)
{
	(void)state;
	introduce("", "a password alone");
	assert_shown(SIGN_IN);
	assert_int_equal(seen.page.field, 0);
	type_credentials("%PACS-01", "right");
	assert_shown(SIGN_IN);
	assert_string_not_equal(seen.page.error, "");
	assert_int_equal(seen.conversations, 0);
}

static void
the_whole_way_over_the_screen_is_in_band(void **state)
{
	(void)state;
	sign_in_on_screen();
	assert_shown(TERMINALS);
	assert_int_equal(seen.choices, 2);
	assert_string_equal(seen.choice[1].name, "RIS-02");
	assert_int_equal(seen.choice[1].allowed, 1);
	choose(1);
	assert_shown(BUSY);
	assert_int_equal(seen.starts, 0); /* the screen says so first */
	seen.greeter->shown(seen.greeter_owner, seen.page.serial - 1);
	assert_int_equal(seen.starts, 0); /* an older page's frame */
	frame_shown();
	assert_int_equal(seen.starts, 1);
	assert_int_equal(seen.start_request.terminal_number, 2);
	assert_int_equal(seen.redirects, 0);
	seen.start->attached(&connection);
	assert_int_equal(seen.killed, CLOSE_NONE);
	assert_int_equal(seen.greeters_ended, 0); /* until the desktop begins */
	sign_in_abandon(take_pointer(&connection.sign_in), CLOSE_NONE);
	assert_int_equal(seen.greeters_ended, 1);
}

static void
wrong_credentials_have_one_answer_and_cost(void **state)
{
	(void)state;
	introduce("taro", "wrong");
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	pam_ends(PAM_REFUSED);
	store_works();
	assert_shown(SIGN_IN);
	assert_int_equal(seen.page.field, 1);
	assert_string_equal(seen.page.account, "taro");
	assert_string_equal(seen.page.error, "The account, the password or the code is wrong.");
	assert_string_equal(seen.refused_name, "taro");
	assert_string_equal(seen.refused_reason, "SIGN_IN_REFUSED");
	assert_int_equal(penalty_s(), 10);
	/* Nothing of the device has been said, and it was not waited for. */
	type_credentials("hanako", "right");
	assert_string_equal(seen.pam_user, "hanako");
	pam_signs_in();
	device_found(false);
	store_works();
	assert_shown(TERMINALS);
}

static void
who_leaves_before_it_is_known_pays_as_for_a_wrong_one(void **state)
{
	(void)state;
	introduce("taro", "wrong");
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	seen.pam_works = true;
	sign_in_abandon(take_pointer(&connection.sign_in), CLOSE_CLIENT_LEFT);
	assert_int_equal(seen.pam_cancelled, 1);
	assert_int_equal(penalty_s(), 10);

	(void)sign_in_teardown(state);
	(void)sign_in_setup(state);
	introduce("taro", "right");
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	pam_asks(PAM_PROMPT_ECHO_ON, "Code: ");
	cancel();
	assert_shown(SIGN_IN);
	assert_int_equal(seen.pam_cancelled, 1);
	assert_int_equal(penalty_s(), 0);
}

static void
too_many_wrong_ones_end_it(void **state)
{
	(void)state;
	settings.sources.exempt = (struct settings_networks){0};
	introduce("taro", "wrong");
	for (int i = 0; i < 3; i++) {
		pam_ends(PAM_REFUSED);
		assert_shown(SIGN_IN);
		store_works();
		type_credentials("taro", "wrong");
	}
	assert_int_equal(seen.conversations, 4);
	pam_ends(PAM_REFUSED);
	store_works();
	/* 4 x 10 s is more than the threshold: from here on nobody is asked. */
	type_credentials("taro", "right");
	assert_int_equal(seen.conversations, 4);
	store_works();
	assert_shown(SIGN_IN);
	assert_string_equal(seen.page.error, "Too many tries. Wait %u seconds, then try again.");
	assert_string_equal(seen.refused_reason, "SIGN_IN_WAITS");
	type_credentials("taro", "right");
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_REFUSED);
	assert_int_equal(seen.conversations, 4);
	assert_int_equal(seen.refusals, 5);
}

static void
an_exempt_source_has_no_penalty(void **state)
{
	struct settings_network everywhere = {.family = AF_INET};

	(void)state;
	settings.sources.exempt = (struct settings_networks){.items = &everywhere, .count = 1};
	introduce("taro", "wrong");
	pam_ends(PAM_REFUSED);
	assert_int_equal(penalty_s(), 0);
	assert_shown(SIGN_IN);
}

static void
who_has_to_wait_is_told_how_long(void **state)
{
	(void)state;
	introduce("taro", "right");
	pam_ends(PAM_WAIT);
	assert_shown(SIGN_IN);
	assert_string_equal(seen.page.error, "Too many tries. Wait %u seconds, then try again.");
	assert_string_equal((const char *)seen.page.error_values, "7");
	assert_int_equal(penalty_s(), 5);
}

static void
a_pam_that_cannot_be_asked_is_told_as_such(void **state)
{
	(void)state;
	introduce("taro", "right");
	pam_ends(PAM_UNAVAILABLE);
	assert_shown(SORRY);
	assert_int_equal(penalty_s(), 0);
	submit();
	assert_shown(SIGN_IN);
	seen.pam_start = -ECONNREFUSED;
	type_credentials("taro", "right");
	assert_shown(SORRY);
	cancel();
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_UNAVAILABLE);
}

static void
another_stack_may_say_no_in_its_own_words(void **state)
{
	const struct pam_ended ended = {
		.outcome = PAM_NOT_ALLOWED, .info = "Not on Sundays: 100%s", .detail = "acct"};

	(void)state;
	introduce("taro", "right");
	seen.pam->ended(seen.pam_owner, &ended);
	store_works();
	assert_shown(SORRY);
	assert_string_equal(seen.page.text, "Not on Sundays: 100%s");
	assert_int_equal(seen.page.values_len, 0);
	assert_string_equal(seen.refused_reason, "SIGN_IN_NOT_ALLOWED");
	submit();
	assert_shown(SIGN_IN);
	assert_string_equal(seen.page.account, "taro"); /* but for that, from the beginning */
}

static void
an_account_that_is_not_the_gateways_goes_no_further(void **state)
{
	const struct pam_ended ended = {.outcome = PAM_SIGNED_IN, .info = "", .detail = ""};

	(void)state;
	introduce("taro", "right");
	device_found(true);
	seen.pam->ended(seen.pam_owner, &ended);
	store_works();
	assert_shown(SORRY);
	assert_int_equal(seen.check.account_number, 0);
	assert_int_equal(seen.starts, 0);
	assert_string_equal(seen.refused_reason, "ACCOUNT_UNKNOWN");
}

static void
pams_questions_are_pages(void **state)
{
	const struct pam_question code = {.style = PAM_PROMPT_ECHO_OFF,
		.prompt = "One-time code: ",
		.info = "Look at your telephone.",
		.otpauth = ""};
	const struct pam_question enrol = {.style = PAM_PROMPT_ECHO_ON,
		.prompt = "Code: ",
		.info = "wrong",
		.info_is_error = true,
		.otpauth = "otpauth://totp/x?secret=ABC"};

	(void)state;
	introduce("taro", "right");
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	assert_int_equal(seen.pages, 0);
	seen.pam->asked(seen.pam_owner, &code);
	assert_shown(PROMPT);
	assert_string_equal(seen.page.prompt, "One-time code: ");
	assert_string_equal(seen.page.text, "Look at your telephone.");
	assert_int_equal(seen.page.echo, 0);
	type_secret("123456");
	assert_string_equal(seen.pam_answer, "123456");
	assert_int_equal(seen.pam_answers, 2);
	seen.pam->asked(seen.pam_owner, &enrol);
	assert_shown(ENROL);
	assert_int_equal(seen.page.echo, 1);
	assert_int_equal(seen.page.otpauth_len, strlen(enrol.otpauth));
	assert_string_equal(seen.page.error, "%s");
	assert_string_equal((const char *)seen.page.error_values, "wrong");
	cancel();
	assert_int_equal(seen.pam_cancelled, 1);
	assert_shown(SIGN_IN);
	assert_string_equal(seen.page.account, "");
}

static void
a_question_in_clear_is_not_answered_with_the_password(void **state)
{
	(void)state;
	introduce("taro", "right");
	pam_asks(PAM_PROMPT_ECHO_ON, "Token serial: ");
	assert_shown(PROMPT);
	assert_int_equal(seen.pam_answers, 0);
}

static void
the_banner_comes_before_the_form_and_once(void **state)
{
	(void)state;
	settings.sign_in.banner = (char[]){"Authorised only. 100%s"};
	introduce("taro", "");
	assert_shown(NOTICE);
	assert_string_equal(seen.page.text, "Authorised only. 100%s");
	submit();
	assert_shown(SIGN_IN);
	type_credentials("taro", "wrong");
	pam_ends(PAM_REFUSED);
	assert_shown(SIGN_IN);
}

/* Of texts that are no sentences nothing is filled in, in the journal neither. */
static void
the_journal_has_the_words_that_are_read(void **state)
{
	char banner[] = "Authorised only. 100%s, 5 %d and 3 %% less", line[1024] = "";
	int own = dup(STDERR_FILENO);
	FILE *file = tmpfile();

	(void)state;
	settings.sign_in.banner = banner;
	introduce("taro", "");
	assert_non_null(file);
	assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
	frame_shown();
	assert_int_equal(dup2(own, STDERR_FILENO), STDERR_FILENO);
	assert_true(pread(fileno(file), line, sizeof(line) - 1, 0) > 0);
	(void)close(own);
	(void)fclose(file);
	assert_non_null(strstr(line, banner));
}

static void
who_does_not_acknowledge_the_banner_leaves(void **state)
{
	(void)state;
	settings.sign_in.banner = (char[]){"Authorised only."};
	introduce("", "");
	cancel();
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_CANCELLED);
}

static void
notices_are_read_after_signing_in_until_their_day(void **state)
{
	struct settings_notice notices[] = {
		{.text = (char[]){"first"}},
		{.text = (char[]){"over"}, .until = (char[]){"2001-01-01"}},
		{.text = (char[]){"to come"}, .until = (char[]){"2999-12-31"}},
	};

	(void)state;
	settings.sign_in.notices = (struct settings_notices){.items = notices, .count = 3};
	sign_in_on_screen();
	assert_shown(NOTICE);
	assert_string_equal(seen.page.text, "first");
	submit();
	assert_string_equal(seen.page.text, "to come");
	submit();
	assert_shown(TERMINALS);
}

static void
what_pam_says_in_the_end_is_read_first(void **state)
{
	const struct pam_ended ended = {.outcome = PAM_SIGNED_IN,
		.account_number = 42,
		.info = "Your password expires in 3 days.",
		.detail = ""};

	(void)state;
	introduce("", "");
	device_found(true);
	type_credentials("taro", "right");
	seen.pam->ended(seen.pam_owner, &ended);
	store_works();
	assert_shown(NOTICE);
	assert_string_equal(seen.page.text, "Your password expires in 3 days.");
	submit();
	assert_shown(TERMINALS);
}

static void
refusals_are_readable(void **state)
{
	static const struct {
		enum close_reason reason;
		uint32_t evidence;
		const char *text;
	} cases[] = {
		{CLOSE_OUTSIDE_HOURS, 0, "It is outside your hours. You can connect at %s."},
		{CLOSE_ACCOUNT_LOCKED, 0,
			"Your account is locked. Ask the hospital's IT department."},
		{CLOSE_DEVICE_UNKNOWN, 1u << EVIDENCE_NEIGHBOUR | 1u << EVIDENCE_VPN,
			"Your device could not be recognised. Connect to the hospital's VPN first, "
			"then try "
			"again."},
		{CLOSE_DEVICE_UNKNOWN, 1u << EVIDENCE_LEASE,
			"Your device could not be recognised: its MAC address is not seen on the "
			"hospital's "
			"network. Connect by a network of the hospital, then try again."},
		{CLOSE_DEVICE_UNKNOWN, 1u << EVIDENCE_VOUCHED,
			"Devices are not recognised on this way in. Ask the hospital's IT "
			"department for a "
			"ticket."},
		{CLOSE_OUR_MISTAKE, 0, "The connection failed. Tell the hospital's IT department."},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		(void)sign_in_teardown(state);
		(void)sign_in_setup(state);
		listener.evidence = cases[i].evidence;
		seen.verdict = (struct sign_in_verdict){.reason = cases[i].reason, .rule = "rule"};
		if (cases[i].reason == CLOSE_OUTSIDE_HOURS)
			strcpy(seen.verdict.hours, "08:30-17:30");
		else
			strcpy(seen.verdict.date, "2026-03-31");
		introduce("taro", "right");
		device_found(false);
		assert_int_equal(seen.pages, 0); /* nothing before the password was right */
		pam_signs_in();
		store_works();
		assert_shown(SORRY);
		assert_string_equal(seen.page.text, cases[i].text);
		if (cases[i].reason == CLOSE_OUTSIDE_HOURS)
			assert_string_equal(value(0), "08:30-17:30");
		if (cases[i].reason == CLOSE_ACCOUNT_EXPIRED)
			assert_string_equal(value(0), "2026-03-31");
		assert_int_equal(seen.starts, 0);
		cancel();
		assert_int_equal(seen.killed, cases[i].reason);
	}
}

static void
a_store_that_fails_lets_nobody_on(void **state)
{
	(void)state;
	introduce("taro", "right");
	device_found(true);
	pam_signs_in();
	store_fails(-EIO);
	assert_shown(SORRY);
	assert_int_equal(seen.starts, 0);
	cancel();
	assert_int_equal(seen.killed, CLOSE_NOT_LOGGED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sign_in_setup, sign_in_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(complete_credentials_need_no_screen),
		TEST(what_no_account_can_be_called_stands_in_no_log),
		TEST(the_screen_begins_at_what_is_missing),
		TEST(without_an_account_it_begins_with_that),
		TEST(the_whole_way_over_the_screen_is_in_band),
		TEST(wrong_credentials_have_one_answer_and_cost),
		TEST(who_leaves_before_it_is_known_pays_as_for_a_wrong_one),
		TEST(too_many_wrong_ones_end_it),
		TEST(an_exempt_source_has_no_penalty),
		TEST(who_has_to_wait_is_told_how_long),
		TEST(a_pam_that_cannot_be_asked_is_told_as_such),
		TEST(another_stack_may_say_no_in_its_own_words),
		TEST(an_account_that_is_not_the_gateways_goes_no_further),
		TEST(pams_questions_are_pages),
		TEST(a_question_in_clear_is_not_answered_with_the_password),
		TEST(the_banner_comes_before_the_form_and_once),
		TEST(the_journal_has_the_words_that_are_read),
		TEST(who_does_not_acknowledge_the_banner_leaves),
		TEST(notices_are_read_after_signing_in_until_their_day),
		TEST(what_pam_says_in_the_end_is_read_first),
		TEST(refusals_are_readable),
		TEST(a_store_that_fails_lets_nobody_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
