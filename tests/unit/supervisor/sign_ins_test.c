/* gateway/supervisor/sign_ins.c and sign_in_*.c: every step forward and back, every failure, an end at each step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "sign_ins_fixture.h"
#include "supervisor/penalties.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <string.h>

#define assert_shown(name)                                         \
	do {                                                       \
		assert_int_equal(seen.page.screen, SCREEN_##name); \
		assert_int_equal(seen.killed, CLOSE_NONE);         \
	} while (0)

static uint32_t
penalty_s(void)
{
	return (penalties_left_ms(supervisor.penalties, (const struct sockaddr *)&connection.source,
			clock_boottime_ms()) +
		       999) /
	       1000;
}

static const char *
value(size_t at)
{
	const char *text = (const char *)seen.page.values;

	while (at-- > 0)
		text += strlen(text) + 1;
	return text;
}

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
	type_credentials("", "right");
	assert_shown(SIGN_IN);
	assert_string_not_equal(seen.page.error, "");
	type_credentials("taro", "");
	assert_shown(SIGN_IN);
	assert_int_equal(seen.page.field, 1);
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
	sign_in_abandon(take_pointer(&connection.sign_in));
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
	assert_string_equal(seen.page.account, ""); /* from the beginning */
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

static void
one_terminal_is_not_asked_for(void **state)
{
	(void)state;
	seen.offer_count = 1;
	sign_in_on_screen();
	assert_shown(BUSY);
	assert_string_equal(value(0), "PACS-01");
}

static void
without_a_terminal_there_is_nothing_to_choose(void **state)
{
	(void)state;
	seen.offer_count = 0;
	sign_in_on_screen();
	assert_shown(SORRY);
	assert_string_equal(seen.page.text,
		"No terminal is assigned to you. Ask the hospital's IT department.");
	submit();
	assert_shown(SIGN_IN);
}

static void
a_named_terminal_is_found_whatever_its_case(void **state)
{
	(void)state;
	introduce("taro%ris-02", "right");
	device_found(true);
	pam_signs_in();
	store_works();
	assert_int_equal(seen.start_request.terminal_number, 2);
}

static void
names_that_differ_in_case_alone_are_written_exactly(void **state)
{
	(void)state;
	strcpy(seen.offers[1].name, "pacs-01");
	introduce("taro%Pacs-01", "right");
	device_found(true);
	pam_signs_in();
	store_works();
	assert_shown(TERMINALS);
	assert_string_equal(seen.page.error, "No terminal called %s is assigned to you.");
	assert_string_equal((const char *)seen.page.error_values, "Pacs-01");
	choose(1);
	assert_string_equal(value(0), "pacs-01");
}

static void
the_list_says_how_each_terminal_stands(void **state)
{
	(void)state;
	seen.offers[0].attended = true;
	seen.offers[1].reason = CLOSE_TERMINAL_FULL;
	strcpy(seen.offers[1].used_by, "998-hanako");
	sign_in_on_screen();
	assert_shown(TERMINALS);
	assert_string_equal(seen.choice[0].state, "free; the hospital lets you in");
	assert_int_equal(seen.choice[0].allowed, 1);
	assert_string_equal(seen.choice[1].state, "in use by %s");
	assert_string_equal((const char *)seen.choice[1].state_values, "998-hanako");
	assert_int_equal(seen.choice[1].allowed, 0);
	/* Chosen all the same: told why not, and the list is read anew. */
	choose(1);
	assert_shown(SORRY);
	assert_string_equal(seen.page.text, "The terminal %s is in use by %s.");
	assert_string_equal(value(1), "998-hanako");
	seen.offers[1].reason = CLOSE_NONE;
	submit();
	store_works();
	assert_shown(TERMINALS);
	assert_int_equal(seen.choice[1].allowed, 1);
	cancel();
	assert_shown(SIGN_IN);
	assert_string_equal(seen.page.account, "");
}

static void
the_hospitals_number_lets_in(void **state)
{
	(void)state;
	seen.offers[0].attended = true;
	sign_in_on_screen();
	choose(0);
	assert_shown(NUMBER);
	seen.number = ATTENDANCE_WRONG;
	type_secret("1234 5678");
	store_works();
	assert_string_equal(seen.digits, "1234 5678");
	assert_shown(NUMBER);
	assert_string_equal(seen.page.error, "This number is wrong, used or too old.");
	assert_int_equal(penalty_s(), 10);
	seen.number = ATTENDANCE_TOO_OFTEN;
	type_secret("12345678");
	store_works();
	assert_shown(NUMBER);
	assert_string_equal(
		seen.page.error, "Too many wrong numbers. Wait 15 minutes, or leave it empty.");
	seen.number = ATTENDANCE_RIGHT;
	type_secret("87654321");
	store_works();
	assert_shown(BUSY);
	frame_shown();
	assert_true(seen.start_attended);
	assert_int_equal(seen.start_attendance.number, 9);
}

static void
without_a_number_somebody_is_asked(void **state)
{
	(void)state;
	seen.offers[0].attended = true;
	sign_in_on_screen();
	choose(0);
	type_secret("");
	assert_shown(WAITING);
	assert_int_equal(seen.page.seconds, 60);
	assert_int_equal(seen.waiting.connection, 7);
	assert_string_equal(seen.waiting.terminal, "PACS-01");
	assert_string_equal(seen.waiting.account, "taro");
	decided(true);
	assert_shown(BUSY);
	frame_shown();
	assert_true(seen.start_attended);
	assert_string_equal(seen.start_attendance.by, "unix:yamada");
	assert_int_equal(seen.forgotten, 0);
}

static void
a_refusal_of_the_hospital_leads_back_to_the_list(void **state)
{
	(void)state;
	seen.offers[0].attended = true;
	sign_in_on_screen();
	choose(0);
	type_secret("");
	decided(false);
	assert_shown(SORRY);
	assert_string_equal(seen.page.text, "The hospital has not let you in to %s.");
	submit();
	store_works();
	assert_shown(TERMINALS);
	choose(0);
	seen.wait = -EUSERS;
	type_secret("");
	assert_shown(SORRY);
	cancel();
	assert_int_equal(seen.killed, CLOSE_ATTENDANCE_MISSING);
	assert_int_equal(seen.starts, 0);
}

static void
who_does_not_want_to_wait_is_forgotten(void **state)
{
	(void)state;
	seen.offers[0].attended = true;
	sign_in_on_screen();
	choose(0);
	type_secret("");
	cancel();
	assert_int_equal(seen.forgotten, 1);
	assert_shown(NUMBER);
	cancel();
	store_works();
	assert_shown(TERMINALS);
}

/* Consent for one terminal is none for another. */
static void
consent_does_not_outlive_its_terminal(void **state)
{
	(void)state;
	seen.offers[0].attended = true;
	sign_in_on_screen();
	choose(0);
	type_secret("");
	decided(true);
	frame_shown();
	assert_true(seen.start_attended);
	seen.start->refused(&connection, CLOSE_TERMINAL_FULL, NULL);
	assert_shown(SORRY);
	submit();
	store_works();
	choose(1);
	frame_shown();
	assert_false(seen.start_attended);
}

static void
a_jump_host_that_fails_is_told_and_another_may_be_chosen(void **state)
{
	struct msg_returned returned = {.connection = 7, .reason = CLOSE_HOST_REFUSED};

	(void)state;
	sign_in_on_screen();
	choose(0);
	frame_shown();
	connection.worked_in = PHASE_GREET;
	seen.start->failed(&connection, CLOSE_HOST_UNREACHABLE);
	assert_int_equal(seen.dropped, CLOSE_HOST_UNREACHABLE);
	assert_int_equal(seen.dropped_in, PHASE_GREET);
	assert_shown(SORRY);
	assert_string_equal(value(0), "PACS-01");
	submit();
	store_works();
	choose(1);
	frame_shown();
	seen.start->attached(&connection);
	assert_int_equal(sign_in_returned(&connection, &returned), 0);
	assert_int_equal(seen.dropped, CLOSE_HOST_REFUSED);
	assert_int_equal(seen.dropped_in, PHASE_ATTACH);
	assert_shown(SORRY);
	assert_string_equal(value(0), "RIS-02");
	cancel();
	assert_int_equal(seen.killed, CLOSE_HOST_REFUSED);
}

static void
clients_that_follow_are_redirected(void **state)
{
	(void)state;
	introduced.may_redirect = 1;
	seen.ticket = (struct redirect_ticket){.handle = "+0123456789abcdef", .session = 99};
	sign_in_on_screen();
	choose(0);
	frame_shown();
	assert_int_equal(seen.starts, 0);
	store_works();
	assert_int_equal(seen.redirects, 1);
	assert_string_equal(seen.redirect.load_balance_info, "+0123456789abcdef");
	assert_int_equal(seen.redirect.session, 99);
	assert_int_equal(seen.ticket_request.account_number, 42);
	assert_int_equal(seen.ticket_request.terminal_number, 1);
}

static void
who_ignores_a_redirection_stays_on_the_connection(void **state)
{
	struct msg_returned returned = {.connection = 7, .reason = CLOSE_REDIRECT_IGNORED};

	(void)state;
	introduced.may_redirect = 1;
	sign_in_on_screen();
	choose(0);
	frame_shown();
	store_works();
	assert_int_equal(sign_in_returned(&connection, &returned), 0);
	assert_int_equal(seen.starts, 1);
	seen.start->failed(&connection, CLOSE_HOST_UNREACHABLE);
	submit();
	store_works();
	choose(0);
	frame_shown();
	assert_int_equal(seen.starts, 2);
	assert_int_equal(seen.redirects, 1);
}

static void
the_listener_says_how_it_is_handed_over(void **state)
{
	static const struct {
		enum settings_handover handover;
		bool may, redirected;
	} cases[] = {
		{SETTINGS_HANDOVER_IN_BAND, true, false},
		{SETTINGS_HANDOVER_IN_BAND, false, false},
		{SETTINGS_HANDOVER_AUTO, true, true},
		{SETTINGS_HANDOVER_AUTO, false, false},
		{SETTINGS_HANDOVER_REDIRECT, true, true},
		{SETTINGS_HANDOVER_REDIRECT, false, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		(void)sign_in_teardown(state);
		(void)sign_in_setup(state);
		listener.handover = cases[i].handover;
		memset(&introduced, 0, sizeof(introduced));
		introduced.may_redirect = cases[i].may;
		sign_in_on_screen();
		choose(0);
		frame_shown();
		store_works();
		assert_int_equal(seen.redirects, cases[i].redirected);
		assert_int_equal(seen.starts, !cases[i].redirected);
	}
}

static void
policy_may_refuse_the_redirection(void **state)
{
	(void)state;
	introduced.may_redirect = 1;
	seen.ticket.reason = CLOSE_TERMINAL_FULL;
	sign_in_on_screen();
	choose(0);
	frame_shown();
	store_works();
	assert_int_equal(seen.redirects, 0);
	assert_shown(SORRY);
	submit();
	store_works();
	choose(0);
	frame_shown();
	store_fails(-EIO);
	assert_shown(SORRY);
	assert_int_equal(seen.redirects, 0);
}

static void
returned_comes_only_where_it_can(void **state)
{
	struct msg_returned returned = {.connection = 7, .reason = CLOSE_HOST_REFUSED};

	(void)state;
	assert_int_equal(sign_in_returned(&connection, &returned), 0); /* nobody signs in */
	sign_in_on_screen();
	assert_int_equal(sign_in_returned(&connection, &returned), -EPROTO);
	choose(0);
	frame_shown();
	assert_int_equal(sign_in_returned(&connection, &returned), -EPROTO);
	seen.start->attached(&connection);
	returned.reason = CLOSE_REDIRECT_IGNORED;
	assert_int_equal(sign_in_returned(&connection, &returned), -EPROTO);
	assert_int_equal(seen.dropped, CLOSE_NONE);
}

static void
more_than_may_sign_in_are_refused_at_once(void **state)
{
	struct sign_in *first;

	(void)state;
	settings.sign_in.greeters_per_source = 1;
	introduce("taro", "right");
	first = take_pointer(&connection.sign_in);
	introduce("taro", "right");
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_SOURCE_BUSY);
	assert_null(connection.sign_in);
	assert_int_equal(seen.conversations, 1);

	connection.stage = CONNECTION_RELAYED;
	settings.sign_in.greeters = 1;
	introduce("taro", "right");
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_BUSY);
	assert_int_equal(sign_ins_count(&supervisor), 1);
	assert_int_equal(seen.conversations, 1);
	sign_in_abandon(first);
	assert_int_equal(sign_ins_count(&supervisor), 0);
}

static void
a_cold_pool_is_waited_for(void **state)
{
	(void)state;
	seen.greeter_begin = -EAGAIN;
	introduce("", "");
	assert_int_equal(seen.pages, 0);
	assert_int_equal(seen.killed, CLOSE_NONE);
	seen.greeter_begin = 0;
	while (seen.pages == 0)
		uv_run(&loop, UV_RUN_ONCE);
	assert_shown(SIGN_IN);
}

static void
without_any_greeter_the_client_is_refused(void **state)
{
	(void)state;
	seen.greeter_begin = -EUSERS;
	introduce("", "");
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_BUSY);
	connection.stage = CONNECTION_RELAYED;
	seen.killed = CLOSE_NONE;
	sign_in_abandon(take_pointer(&connection.sign_in));
	seen.greeter_begin = -ENOMEM;
	introduce("", "");
	assert_int_equal(seen.killed, CLOSE_OUT_OF_ROOM);
}

static void
a_greeter_that_dies_ends_it(void **state)
{
	(void)state;
	introduce("", "");
	greeter_dies();
	assert_int_equal(seen.greeters_ended, 1);
	/* The worker may be just about to say that the client has gone. */
	assert_int_equal(seen.killed, CLOSE_NONE);
	wait_for_kill();
	assert_int_equal(seen.killed, CLOSE_GREETER_FAULT);
}

static void
who_takes_too_long_is_let_go(void **state)
{
	(void)state;
	settings.limits.greet_ms = 5;
	introduce("", "");
	wait_for_kill();
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_TOO_LONG);
}

static void
an_unread_reason_is_the_reason(void **state)
{
	(void)state;
	settings.limits.greet_ms = 5;
	seen.verdict.reason = CLOSE_ACCOUNT_LOCKED;
	sign_in_on_screen();
	assert_int_equal(seen.page.screen, SCREEN_SORRY);
	wait_for_kill();
	assert_int_equal(seen.killed, CLOSE_ACCOUNT_LOCKED);
}

static void
consent_that_does_not_come_is_told(void **state)
{
	(void)state;
	settings.limits.consent_ms = 5;
	seen.offers[0].attended = true;
	sign_in_on_screen();
	choose(0);
	type_secret("");
	while (seen.page.screen != SCREEN_SORRY)
		uv_run(&loop, UV_RUN_ONCE);
	assert_shown(SORRY);
	assert_string_equal(seen.page.text, "Nobody at the hospital has let you in.");
	assert_int_equal(seen.forgotten, 1);
}

/* Whatever comes after the end is not listened to. */
static void
nothing_goes_on_once_it_is_being_ended(void **state)
{
	(void)state;
	introduce("taro", "right");
	connection.stage = CONNECTION_KILLED;
	device_found(true);
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	pam_ends(PAM_SIGNED_IN);
	store_works();
	assert_int_equal(seen.pam_answers, 0);
	assert_int_equal(seen.check.account_number, 0);
	assert_int_equal(seen.starts, 0);
	assert_int_equal(seen.pages, 0);
}

static void
without_a_search_for_the_device_nobody_gets_in(void **state)
{
	(void)state;
	seen.evidence = -EBUSY;
	introduce("taro", "right");
	assert_int_equal(seen.killed, CLOSE_OUT_OF_ROOM);
	assert_int_equal(seen.conversations, 0);
}

static void
at_form(void)
{
	introduce("", "");
}

static void
at_pam(void)
{
	introduce("taro", "right");
}

static void
at_device(void)
{
	at_pam();
	pam_signs_in();
}

static void
at_rules(void)
{
	at_device();
	device_found(true);
}

static void
at_number(void)
{
	seen.offers[0].attended = true;
	sign_in_on_screen();
	choose(0);
}

static void
at_number_check(void)
{
	at_number();
	type_secret("12345678");
}

static void
at_waiting(void)
{
	at_number();
	type_secret("");
}

static void
at_start(void)
{
	sign_in_on_screen();
	choose(0);
	frame_shown();
}

static void
at_redirect(void)
{
	introduced.may_redirect = 1;
	at_start();
}

static void
at_cold_pool(void)
{
	seen.greeter_begin = -EAGAIN;
	introduce("", "");
}

/* The client leaves: nothing is left, not even in the store, and nobody is told (ASan sees the rest). */
static void
an_end_at_each_step_leaves_nothing(void **state)
{
	static void (*const steps[])(void) = {at_form, at_pam, at_device, at_rules,
		sign_in_on_screen, at_number, at_number_check, at_waiting, at_start, at_redirect,
		at_cold_pool};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		unsigned int pages;

		(void)sign_in_teardown(state);
		(void)sign_in_setup(state);
		memset(&introduced, 0, sizeof(introduced));
		steps[i]();
		pages = seen.pages;
		sign_in_abandon(take_pointer(&connection.sign_in));
		assert_int_equal(seen.greeters_taken, seen.greeters_ended);
		store_works();
		assert_int_equal(seen.pages, pages);
		assert_int_equal(seen.redirects, 0);
		assert_int_equal(sign_ins_count(&supervisor), 0);
	}
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
		TEST(too_many_wrong_ones_end_it),
		TEST(an_exempt_source_has_no_penalty),
		TEST(who_has_to_wait_is_told_how_long),
		TEST(a_pam_that_cannot_be_asked_is_told_as_such),
		TEST(another_stack_may_say_no_in_its_own_words),
		TEST(an_account_that_is_not_the_gateways_goes_no_further),
		TEST(pams_questions_are_pages),
		TEST(a_question_in_clear_is_not_answered_with_the_password),
		TEST(the_banner_comes_before_the_form_and_once),
		TEST(who_does_not_acknowledge_the_banner_leaves),
		TEST(notices_are_read_after_signing_in_until_their_day),
		TEST(what_pam_says_in_the_end_is_read_first),
		TEST(refusals_are_readable),
		TEST(a_store_that_fails_lets_nobody_on),
		TEST(one_terminal_is_not_asked_for),
		TEST(without_a_terminal_there_is_nothing_to_choose),
		TEST(a_named_terminal_is_found_whatever_its_case),
		TEST(names_that_differ_in_case_alone_are_written_exactly),
		TEST(the_list_says_how_each_terminal_stands),
		TEST(the_hospitals_number_lets_in),
		TEST(without_a_number_somebody_is_asked),
		TEST(a_refusal_of_the_hospital_leads_back_to_the_list),
		TEST(who_does_not_want_to_wait_is_forgotten),
		TEST(consent_does_not_outlive_its_terminal),
		TEST(a_jump_host_that_fails_is_told_and_another_may_be_chosen),
		TEST(clients_that_follow_are_redirected),
		TEST(who_ignores_a_redirection_stays_on_the_connection),
		TEST(the_listener_says_how_it_is_handed_over),
		TEST(policy_may_refuse_the_redirection),
		TEST(returned_comes_only_where_it_can),
		TEST(more_than_may_sign_in_are_refused_at_once),
		TEST(a_cold_pool_is_waited_for),
		TEST(without_any_greeter_the_client_is_refused),
		TEST(a_greeter_that_dies_ends_it),
		TEST(who_takes_too_long_is_let_go),
		TEST(an_unread_reason_is_the_reason),
		TEST(consent_that_does_not_come_is_told),
		TEST(nothing_goes_on_once_it_is_being_ended),
		TEST(without_a_search_for_the_device_nobody_gets_in),
		TEST(an_end_at_each_step_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
