/* gateway/supervisor/sign_in_choice.c and sign_in_consent.c: which terminal, and who lets in to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sign_ins_fixture.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <string.h>

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
a_named_terminal_needs_no_prefix(void **state)
{
	(void)state;
	strcpy(seen.offers[1].name, "998-ris-02");
	introduce("taro%RIS-02", "right");
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
	assert_string_equal(seen.choice[0].state, "free; needs the hospital's permission");
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
offer_a_place(bool possible, enum close_reason reason)
{
	seen.take_over = (struct take_over){.possible = possible, .reason = reason, .session = {7}};
}

static void
at_a_full_terminal(void)
{
	seen.offers[0].reason = CLOSE_TERMINAL_FULL;
	seen.offers[0].takes_over = true;
	strcpy(seen.offers[0].used_by, "998-hanako");
	offer_a_place(true, CLOSE_TERMINAL_FULL);
	sign_in_on_screen();
	assert_shown(TERMINALS);
	assert_string_equal(seen.choice[0].state, "you may take it over; in use by %s");
	assert_int_equal(seen.choice[0].allowed, 1);
	choose(0);
	assert_shown(QUESTION);
}

static void
a_place_is_asked_for_and_waited_for(void **state)
{
	(void)state;
	settings.sessions.take_over_grace_ms = 60000;
	at_a_full_terminal();
	assert_string_equal(value(2), "60");
	submit();
	store_works();
	assert_shown(PLACE);
	assert_in_range(seen.page.seconds, 60, 61);
	assert_int_equal(seen.holder_killed, CLOSE_NONE);
	assert_int_equal(seen.holder_told, 60);
}

static void
who_gives_up_waiting_chooses_anew(void **state)
{
	(void)state;
	settings.sessions.take_over_grace_ms = 60000;
	at_a_full_terminal();
	submit();
	store_works();
	assert_shown(PLACE);
	cancel();
	store_works();
	assert_shown(TERMINALS);
	assert_int_equal(seen.holder_killed, CLOSE_NONE);
	/* Whoever comes back has the whole time before them again. */
	choose(0);
	submit();
	store_works();
	assert_shown(PLACE);
	assert_in_range(seen.page.seconds, 60, 61);
}

static void
who_gives_up_while_it_is_looked_at_takes_nothing(void **state)
{
	(void)state;
	settings.sessions.take_over_grace_ms = 0;
	at_a_full_terminal();
	submit();
	cancel();
	offer_a_place(false, CLOSE_NONE);
	store_works();
	assert_shown(TERMINALS);
	assert_int_equal(seen.holder_killed, CLOSE_NONE);
	assert_int_equal(seen.starts, 0);
}

static void
without_a_grace_time_the_place_is_there_at_once(void **state)
{
	(void)state;
	settings.sessions.take_over_grace_ms = 0;
	at_a_full_terminal();
	submit();
	store_works();
	assert_int_equal(seen.holder_killed, CLOSE_TAKEN_OVER);
}

static void
who_left_meanwhile_is_not_ended(void **state)
{
	(void)state;
	settings.sessions.take_over_grace_ms = 0;
	at_a_full_terminal();
	offer_a_place(false, CLOSE_NONE);
	submit();
	store_works();
	assert_shown(BUSY);
	assert_string_equal(seen.page.text, "Connecting to %s.");
	assert_int_equal(seen.holder_killed, CLOSE_NONE);
}

static void
who_was_outdone_meanwhile_is_told(void **state)
{
	(void)state;
	settings.sessions.take_over_grace_ms = 0;
	at_a_full_terminal();
	offer_a_place(false, CLOSE_TERMINAL_FULL);
	strcpy(seen.take_over.used_by, "998-jiro");
	submit();
	store_works();
	assert_shown(SORRY);
	assert_string_equal(seen.page.text, "The terminal %s is in use by %s.");
	assert_string_equal(value(1), "998-jiro"); /* not who held it when the list was made */
	assert_int_equal(seen.holder_killed, CLOSE_NONE);
}

static void
who_may_not_come_in_any_more_ends_nobody(void **state)
{
	(void)state;
	settings.sessions.take_over_grace_ms = 0;
	at_a_full_terminal();
	offer_a_place(false, CLOSE_ACCOUNT_LOCKED);
	submit();
	store_works();
	assert_shown(SORRY);
	assert_string_equal(
		seen.page.text, "Your account is locked. Ask the hospital's IT department.");
	assert_int_equal(seen.holder_killed, CLOSE_NONE);
}

static void
who_does_not_go_on_ends_nobody(void **state)
{
	(void)state;
	at_a_full_terminal();
	cancel();
	store_works();
	assert_shown(TERMINALS);
	assert_int_equal(seen.holder_killed, CLOSE_NONE);
}

/* Else who does not want to would be asked the same again and again. */
static void
the_only_terminal_is_gone_to_once_and_then_chosen(void **state)
{
	(void)state;
	seen.offer_count = 1;
	strcpy(seen.offers[0].closes_at, "04:00");
	sign_in_on_screen();
	assert_shown(QUESTION);
	cancel();
	store_works();
	assert_shown(TERMINALS);
	assert_string_equal(seen.choice[0].state, "free; closes at %s for maintenance");
	choose(0);
	assert_shown(QUESTION);
	cancel();
	store_works();
	assert_shown(TERMINALS);
	cancel();
	assert_shown(SIGN_IN);
}

static void
what_closes_soon_says_so_before_it_connects(void **state)
{
	(void)state;
	seen.offer_count = 1;
	strcpy(seen.offers[0].closes_at, "04:00");
	strcpy(seen.offers[0].window, "毎日の再起動");
	seen.offers[0].restarts = true;
	sign_in_on_screen();
	assert_shown(QUESTION);
	assert_string_equal(value(1), "04:00");
	assert_string_equal(value(2), "毎日の再起動");
	submit();
	assert_shown(BUSY);
}

static void
what_is_closed_says_when_it_opens(void **state)
{
	(void)state;
	seen.offers[0].reason = CLOSE_TERMINAL_WINDOW;
	strcpy(seen.offers[0].opens_at, "04:30");
	strcpy(seen.offers[1].closes_at, "04:00");
	sign_in_on_screen();
	assert_shown(TERMINALS);
	assert_string_equal(seen.choice[0].state, "maintenance; opens at %s");
	assert_string_equal((const char *)seen.choice[0].state_values, "04:30");
	assert_int_equal(seen.choice[0].allowed, 0);
	assert_string_equal(seen.choice[1].state, "free; closes at %s for maintenance");
	assert_int_equal(seen.choice[1].allowed, 1);
	choose(0);
	assert_shown(SORRY);
	assert_string_equal(value(1), "04:30");
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
	assert_string_equal(seen.waiting.account, "998-taro@example.jp");
	assert_string_equal(seen.waiting.name, "山田 太郎");
	decided(true);
	assert_shown(BUSY);
	frame_shown();
	assert_true(seen.start_attended);
	assert_string_equal(seen.start_attendance.by, "unix:yamada");
	assert_int_equal(seen.forgotten, 0);
}

/* With the caret where the password belongs; of that nothing is left, nor of a terminal that was named. */
static void
who_tries_again_need_not_type_the_account_again(void **state)
{
	(void)state;
	seen.verdict = (struct sign_in_verdict){.reason = CLOSE_ACCOUNT_LOCKED, .rule = "locked"};
	introduce("taro%PACS-01", "right");
	pam_signs_in();
	device_found(true);
	store_works();
	assert_shown(SORRY);
	submit();
	assert_shown(SIGN_IN);
	assert_string_equal(seen.page.account, "taro");
	assert_int_equal(seen.page.field, 1);
	assert_string_equal(seen.page.error, "");
	seen.verdict = (struct sign_in_verdict){.full_id = "998-taro@example.jp", .person = ""};
	type_credentials("taro", "");
	assert_shown(SIGN_IN);
	type_credentials("taro", "right");
	pam_signs_in();
	store_works();
	assert_shown(TERMINALS);
}

/* Unlocked at this very moment: not with the password that has still to be changed. */
static void
who_was_barred_signs_in_again(void **state)
{
	const struct pam_ended ended = {.outcome = PAM_SIGNED_IN,
		.account_number = 42,
		.barred = true,
		.info = "",
		.detail = ""};

	(void)state;
	introduce("taro%PACS-01", "right");
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	seen.pam->ended(seen.pam_owner, &ended);
	device_found(true);
	store_works();
	assert_shown(SORRY);
	assert_string_equal(seen.page.text, "Your account has just been changed. Sign in again.");
	assert_int_equal(seen.starts, 0);
	submit();
	assert_shown(SIGN_IN);
}

static void
a_refusal_of_the_hospital_is_told_with_its_reason(void **state)
{
	(void)state;
	seen.offers[0].attended = true;
	sign_in_on_screen();
	choose(0);
	type_secret("");
	decided_because(false, "call 100% first, %s");
	assert_shown(SORRY);
	assert_string_equal(
		seen.page.text, "The hospital has not let you in to %s. The reason: %s");
	assert_string_equal(value(0), "PACS-01");
	assert_string_equal(value(1), "call 100% first, %s");
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
	assert_string_equal(value(0), "PACS-01");
	store_works();
	assert_string_equal(seen.refused_reason, "ATTENDANCE_REFUSED");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, sign_in_setup, sign_in_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_terminal_is_not_asked_for),
		TEST(without_a_terminal_there_is_nothing_to_choose),
		TEST(a_named_terminal_is_found_whatever_its_case),
		TEST(a_named_terminal_needs_no_prefix),
		TEST(names_that_differ_in_case_alone_are_written_exactly),
		TEST(the_list_says_how_each_terminal_stands),
		TEST(a_place_is_asked_for_and_waited_for),
		TEST(who_gives_up_waiting_chooses_anew),
		TEST(who_gives_up_while_it_is_looked_at_takes_nothing),
		TEST(the_only_terminal_is_gone_to_once_and_then_chosen),
		TEST(without_a_grace_time_the_place_is_there_at_once),
		TEST(who_left_meanwhile_is_not_ended),
		TEST(who_was_outdone_meanwhile_is_told),
		TEST(who_may_not_come_in_any_more_ends_nobody),
		TEST(who_does_not_go_on_ends_nobody),
		TEST(what_closes_soon_says_so_before_it_connects),
		TEST(what_is_closed_says_when_it_opens),
		TEST(the_hospitals_number_lets_in),
		TEST(without_a_number_somebody_is_asked),
		TEST(who_was_barred_signs_in_again),
		TEST(who_tries_again_need_not_type_the_account_again),
		TEST(a_refusal_of_the_hospital_is_told_with_its_reason),
		TEST(a_refusal_of_the_hospital_leads_back_to_the_list),
		TEST(who_does_not_want_to_wait_is_forgotten),
		TEST(consent_does_not_outlive_its_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
