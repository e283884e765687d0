/* gateway/supervisor/sign_ins.c: how many at once, how long, and an end at each step. */
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
#include <string.h>

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
	sign_in_abandon(first, CLOSE_SIGN_IN_CANCELLED);
	assert_int_equal(sign_ins_count(&supervisor), 0);
}

/* None is ready yet, or all are taken and one of them ends. */
static void
a_greeter_is_waited_for(void **state)
{
	static const int reasons[] = {-EAGAIN, -EUSERS};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		(void)sign_in_teardown(state);
		(void)sign_in_setup(state);
		seen.greeter_begin = reasons[i];
		introduce("", "");
		assert_int_equal(seen.pages, 0);
		assert_int_equal(seen.killed, CLOSE_NONE);
		seen.greeter_begin = 0;
		while (seen.pages == 0)
			uv_run(&loop, UV_RUN_ONCE);
		assert_shown(SIGN_IN);
	}
}

/* Of the clock that runs: it does not begin anew with each page. */
static void
pages_know_how_long_there_is(void **state)
{
	(void)state;
	introduce("", "");
	assert_int_equal(seen.page.seconds, 60);
	settings.limits.greet_ms = 40000;
	type_credentials("", "");
	assert_shown(SIGN_IN);
	assert_int_equal(seen.page.seconds, 60);
	device_found(true);
	type_credentials("taro", "right");
	pam_signs_in();
	store_works();
	assert_shown(TERMINALS);
	assert_int_equal(seen.page.seconds, 40);
	choose(0);
	assert_shown(BUSY);
	assert_int_equal(seen.page.seconds, 0);
}

static void
without_any_greeter_the_client_is_refused(void **state)
{
	const int64_t now_us = clock_now(), now_ms = clock_boottime_ms();

	(void)state;
	seen.greeter_begin = -EUSERS;
	clock_hold(now_us, now_ms);
	introduce("", "");
	clock_hold(now_us, now_ms + 19999);
	for (int looks = 0; looks < 3; looks++)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(seen.killed, CLOSE_NONE);
	clock_hold(now_us, now_ms + 20000);
	while (seen.killed == CLOSE_NONE)
		uv_run(&loop, UV_RUN_ONCE);
	clock_release();
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_BUSY);
	assert_int_equal(seen.pages, 0);
	connection.stage = CONNECTION_RELAYED;
	seen.killed = CLOSE_NONE;
	sign_in_abandon(take_pointer(&connection.sign_in), CLOSE_CLIENT_LEFT);
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

/* What has been under way meanwhile begins no session, and skips nothing that was to be read. */
static void
nothing_goes_on_without_the_screen_that_died(void **state)
{
	struct settings_notice notices[] = {{.text = (char[]){"news"}}};

	for (size_t count = 0; count < 2; count++) {
		(void)sign_in_teardown(state);
		(void)sign_in_setup(state);
		settings.sign_in.notices =
			(struct settings_notices){.items = notices, .count = count};
		introduce("", "");
		type_credentials("taro%PACS-01", "right");
		pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
		greeter_dies();
		pam_ends(PAM_SIGNED_IN);
		device_found(true);
		store_works();
		assert_int_equal(seen.starts, 0);
		wait_for_kill();
		assert_int_equal(seen.killed, CLOSE_GREETER_FAULT);
	}
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
	assert_string_equal(seen.page.text,
		"Nobody at the hospital answered in time. Call there, then try again.");
	assert_int_equal(seen.forgotten, 1);
	store_works();
	assert_string_equal(seen.refused_reason, "ATTENDANCE_TOO_LATE");
}

static void
a_number_that_does_not_come_is_told(void **state)
{
	(void)state;
	settings.limits.consent_ms = 5;
	seen.offers[0].attended = true;
	sign_in_on_screen();
	choose(0);
	while (seen.page.screen != SCREEN_SORRY)
		uv_run(&loop, UV_RUN_ONCE);
	assert_string_equal(seen.page.text, "Nobody at the hospital has let you in.");
	assert_int_equal(seen.forgotten, 0);
	store_works();
	assert_string_equal(seen.refused_reason, "ATTENDANCE_MISSING");
}

/* The list promises who waits the whole time, however long the number was being looked for. */
static void
waiting_has_a_clock_of_its_own(void **state)
{
	(void)state;
	seen.offers[0].attended = true;
	sign_in_on_screen();
	choose(0);
	settings.limits.consent_ms = 5;
	type_secret("");
	assert_shown(WAITING);
	while (seen.page.screen != SCREEN_SORRY)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(seen.forgotten, 1);
}

static void
somebody_is_asked_five_times_at_most(void **state)
{
	(void)state;
	seen.offers[0].attended = true;
	sign_in_on_screen();
	choose(0);
	for (int i = 0; i < 5; i++) {
		type_secret("");
		assert_shown(WAITING);
		cancel();
		assert_shown(NUMBER);
	}
	assert_int_equal(seen.forgotten, 5);
	type_secret("");
	assert_shown(SORRY);
	assert_int_equal(seen.forgotten, 5);
	store_works();
	assert_string_equal(seen.refused_reason, "ATTENDANCE_MISSING");
}

/* Going to and fro between the number and the wait starts the clock of each again, but not that of the whole. */
static void
going_to_and_fro_ends_too(void **state)
{
	(void)state;
	seen.offers[0].attended = true;
	settings.limits.greet_ms = settings.limits.consent_ms = 1000;
	sign_in_on_screen();
	clock_hold(clock_now(), clock_boottime_ms() + 4 * 1000);
	choose(0);
	wait_for_kill();
	clock_release();
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_TOO_LONG);
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
		sign_in_abandon(take_pointer(&connection.sign_in), CLOSE_CLIENT_LEFT);
		assert_int_equal(seen.greeters_taken, seen.greeters_ended);
		store_works();
		assert_int_equal(seen.pages, pages);
		assert_int_equal(seen.redirects, 0);
		assert_int_equal(sign_ins_count(&supervisor), 0);
	}
}

/* A screen that answers by itself, and never comes to anything. */
static void
pages_have_an_end(void **state)
{
	(void)state;
	introduce("", "");
	for (int i = 0; i < 1000 && seen.killed == CLOSE_NONE; i++)
		type_credentials("%PACS-01", "right");
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_TOO_LONG);
	assert_int_equal(seen.pages, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sign_in_setup, sign_in_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(more_than_may_sign_in_are_refused_at_once),
		TEST(a_greeter_is_waited_for),
		TEST(pages_know_how_long_there_is),
		TEST(without_any_greeter_the_client_is_refused),
		TEST(a_greeter_that_dies_ends_it),
		TEST(nothing_goes_on_without_the_screen_that_died),
		TEST(who_takes_too_long_is_let_go),
		TEST(an_unread_reason_is_the_reason),
		TEST(consent_that_does_not_come_is_told),
		TEST(a_number_that_does_not_come_is_told),
		TEST(waiting_has_a_clock_of_its_own),
		TEST(somebody_is_asked_five_times_at_most),
		TEST(going_to_and_fro_ends_too),
		TEST(nothing_goes_on_once_it_is_being_ended),
		TEST(without_a_search_for_the_device_nobody_gets_in),
		TEST(an_end_at_each_step_leaves_nothing),
		TEST(pages_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
