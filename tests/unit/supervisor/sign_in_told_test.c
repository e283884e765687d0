/* gateway/supervisor/sign_in_told.c: that a session is recorded, and that somebody must watch it; for who signs in and for who has a
 * ticket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sign_ins_fixture.h"

#include <errno.h>
#include <string.h>

static struct carried_session session;
static struct session_grant grant;

static int
setup(void **state)
{
	session = (struct carried_session){
		.id = {7}, .account_full = "998-taro@example.jp", .terminal = "PACS-01"};
	grant = (struct session_grant){.terminal_number = 1,
		.account_number = 42,
		.account = "998-taro",
		.account_full = "998-taro@example.jp",
		.terminal = {.name = "PACS-01"}};
	return sign_in_setup(state);
}

/* The start is on disk. */
static void
begins(bool four_eyes)
{
	session.four_eyes = grant.terminal.four_eyes = four_eyes;
	connection.session = &session;
	seen.start->ready(&connection, &grant);
}

/* With a ticket. */
static void
enters(enum terminal_recording recording, bool four_eyes)
{
	grant.terminal.recording = recording;
	session.four_eyes = grant.terminal.four_eyes = four_eyes;
	connection.session = &session;
	connection.keyboard_layout = 0x411;
	sign_in_enter(&connection, &grant);
}

static void
who_signs_in_is_told_what_is_recorded_and_for_how_long(void **state)
{
	(void)state;
	seen.offer_count = 1;
	seen.offers[0].recorded = true;
	settings.recording.keep_days = 90;
	sign_in_on_screen();
	assert_shown(RECORDED);
	assert_non_null(strstr(seen.page.text, "what is on the screen. The hospital keeps"));
	assert_string_equal(value(0), "PACS-01");
	assert_string_equal(value(1), "90");
	assert_int_equal(seen.starts, 0);
	submit();
	assert_shown(BUSY);
	frame_shown();
	assert_int_equal(seen.starts, 1);
	begins(false);
	assert_int_equal(seen.went_on, 1);
}

static void
input_and_no_limit_are_told(void **state)
{
	(void)state;
	seen.offer_count = 1;
	seen.offers[0].recorded = seen.offers[0].records_input = true;
	sign_in_on_screen();
	assert_shown(RECORDED);
	assert_non_null(strstr(seen.page.text, "passwords that you type among them"));
	assert_non_null(strstr(seen.page.text, "without a limit of time"));
	assert_null(strstr(seen.page.text, "watch"));
}

static void
who_may_be_watched_openly_is_told(void **state)
{
	(void)state;
	seen.offer_count = 1;
	seen.offers[0].recorded = seen.offers[0].show_watchers = true;
	settings.recording.keep_days = 90;
	sign_in_on_screen();
	assert_shown(RECORDED);
	assert_non_null(strstr(seen.page.text, "and may watch while you work."));
	assert_string_equal(value(1), "90");
}

static void
back_leads_to_the_choice_and_nothing_begins(void **state)
{
	(void)state;
	seen.offers[0].recorded = true;
	sign_in_on_screen();
	assert_shown(TERMINALS);
	assert_string_equal(seen.choice[0].state, "free; sessions are recorded");
	choose(0);
	assert_shown(RECORDED);
	cancel();
	store_works();
	assert_shown(TERMINALS);
	assert_int_equal(seen.starts, 0);
	choose(1); /* it is not recorded there */
	assert_shown(BUSY);
}

/* Before anybody is asked for a permission, or makes place. */
static void
it_is_told_before_other_people_are_asked(void **state)
{
	(void)state;
	seen.offer_count = 1;
	seen.offers[0].recorded = seen.offers[0].attended = true;
	sign_in_on_screen();
	assert_shown(RECORDED);
	submit();
	assert_shown(NUMBER);
}

static void
a_terminal_that_is_refused_is_not_told_of(void **state)
{
	(void)state;
	seen.offer_count = 1;
	seen.offers[0].recorded = true;
	seen.offers[0].reason = CLOSE_TERMINAL_OUT_OF_SERVICE;
	sign_in_on_screen();
	assert_shown(SORRY);
}

/* Client Info has said everything: it is told all the same. */
static void
who_would_see_no_screen_is_told(void **state)
{
	(void)state;
	seen.offers[1].recorded = true;
	introduce("taro%RIS-02", "right");
	device_found(true);
	pam_signs_in();
	store_works();
	assert_shown(RECORDED);
	assert_int_equal(seen.starts, 0);
}

static void
sign_in_for_four_eyes(void)
{
	seen.offer_count = 1;
	seen.offers[0].four_eyes = true;
	introduced.may_redirect = 1; /* not where somebody is waited for */
	sign_in_on_screen();
	assert_shown(BUSY);
	frame_shown();
	assert_int_equal(seen.starts, 1);
	assert_int_equal(seen.redirects, 0);
}

static void
the_jump_host_waits_for_a_watcher(void **state)
{
	(void)state;
	sign_in_for_four_eyes();
	begins(true);
	assert_shown(WATCHED);
	assert_true(seen.page.seconds > 50 && seen.page.seconds <= 60);
	assert_true(sign_in_waits_for_watcher(connection.sign_in));
	assert_int_equal(seen.went_on, 0);
	seen.watchers = 1;
	sign_in_watcher_came(connection.sign_in);
	assert_shown(BUSY);
	assert_false(sign_in_waits_for_watcher(connection.sign_in));
	assert_int_equal(seen.went_on, 0); /* the picture first */
	frame_shown();
	assert_int_equal(seen.went_on, 1);
	assert_int_equal(seen.starts, 1);
	seen.start->attached(&connection);
	sign_in_watcher_came(connection.sign_in); /* another one: nothing */
	assert_int_equal(seen.went_on, 1);
}

static void
whoever_watches_already_is_not_waited_for(void **state)
{
	(void)state;
	sign_in_for_four_eyes();
	seen.watchers = 2;
	begins(true);
	assert_int_equal(seen.went_on, 1);
}

static void
nobody_comes_in_time(void **state)
{
	(void)state;
	settings.limits.watcher_ms = 5;
	sign_in_for_four_eyes();
	begins(true);
	assert_shown(WATCHED);
	while (seen.page.screen == SCREEN_WATCHED)
		uv_run(&loop, UV_RUN_ONCE);
	assert_shown(SORRY);
	assert_string_equal(seen.page.text,
		"Nobody at the hospital watched in time. Call there, then try again.");
	assert_int_equal(seen.dropped, CLOSE_WATCHER_TOO_LATE);
	assert_int_equal(seen.abandoned, 1);
	connection.session = NULL;
	submit();
	store_works();
	assert_shown(BUSY); /* its only terminal, once more */
}

static void
who_does_not_want_to_wait_goes_back(void **state)
{
	(void)state;
	sign_in_for_four_eyes();
	begins(true);
	cancel();
	assert_int_equal(seen.dropped, CLOSE_SIGN_IN_CANCELLED);
	assert_int_equal(seen.abandoned, 1);
	connection.session = NULL;
	store_works();
	assert_shown(TERMINALS);
}

static void
a_ticket_for_nothing_special_needs_no_screen(void **state)
{
	(void)state;
	enters(TERMINAL_RECORDING_OFF, false);
	assert_int_equal(seen.went_on, 1);
	assert_null(connection.sign_in);
	seen.watchers = 1;
	enters(TERMINAL_RECORDING_OFF, true);
	assert_int_equal(seen.went_on, 2);
	assert_null(connection.sign_in);
	/* Whoever was sent back was told before. */
	grant.redirected = true;
	enters(TERMINAL_RECORDING_REQUIRED, false);
	assert_int_equal(seen.went_on, 3);
	assert_null(connection.sign_in);
}

static void
who_has_a_ticket_is_told_even_where_nobody_signs_in(void **state)
{
	(void)state;
	listener.sign_in = SETTINGS_SIGN_IN_OFF;
	enters(TERMINAL_RECORDING_BEST_EFFORT, false);
	assert_shown(RECORDED);
	assert_int_equal(seen.keyboard_layout, 0x411);
	assert_string_equal(sign_in_account(connection.sign_in), "998-taro");
	assert_string_equal(sign_in_terminal(connection.sign_in), "PACS-01");
	submit();
	assert_shown(BUSY);
	assert_int_equal(seen.went_on, 0);
	frame_shown();
	assert_int_equal(seen.went_on, 1);
	assert_int_equal(seen.starts, 0); /* it has begun already */
	seen.start->attached(&connection);
	assert_int_equal(seen.refusals, 0);
}

static void
who_has_a_ticket_goes_back_to_nothing(void **state)
{
	(void)state;
	enters(TERMINAL_RECORDING_REQUIRED, false);
	cancel();
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_CANCELLED);
	assert_int_equal(seen.went_on, 0);
}

static void
who_has_a_ticket_waits_for_a_watcher(void **state)
{
	(void)state;
	enters(TERMINAL_RECORDING_REQUIRED, true);
	assert_shown(RECORDED);
	submit();
	assert_shown(WATCHED);
	seen.watchers = 1;
	sign_in_watcher_came(connection.sign_in);
	assert_shown(BUSY);
	frame_shown();
	assert_int_equal(seen.went_on, 1);
}

static void
what_fails_is_told_to_who_has_a_ticket_and_ends(void **state)
{
	(void)state;
	enters(TERMINAL_RECORDING_REQUIRED, false);
	submit();
	frame_shown();
	seen.start->failed(&connection, CLOSE_HOST_UNREACHABLE);
	assert_int_equal(seen.dropped, CLOSE_HOST_UNREACHABLE);
	assert_shown(NOTICE);
	assert_string_equal(
		seen.page.text, "The terminal %s does not answer. It may be switched off.");
	connection.session = NULL;
	submit();
	assert_int_equal(seen.killed, CLOSE_HOST_UNREACHABLE);
	assert_int_equal(seen.refusals, 0);
}

/* The watcher is quicker than the screen. */
static void
somebody_comes_before_the_screen_is_there(void **state)
{
	(void)state;
	seen.greeter_begin = -EAGAIN;
	enters(TERMINAL_RECORDING_OFF, true);
	assert_int_equal(seen.pages, 0);
	seen.watchers = 1;
	sign_in_watcher_came(connection.sign_in);
	assert_int_equal(seen.starts, 0);
	assert_int_equal(seen.went_on, 0);
	seen.greeter_begin = 0;
	while (seen.pages == 0)
		uv_run(&loop, UV_RUN_ONCE);
	assert_shown(BUSY);
	frame_shown();
	assert_int_equal(seen.went_on, 1);
}

static void
the_places_of_the_sign_in_screen_are_for_who_has_a_ticket_too(void **state)
{
	(void)state;
	settings.sign_in.greeters = 0;
	enters(TERMINAL_RECORDING_REQUIRED, false);
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_BUSY);
	assert_null(connection.sign_in);
}

static void
who_has_a_ticket_reads_the_banner_once(void **state)
{
	static char banner[] = "For work on behalf of the hospital alone.";

	(void)state;
	settings.sign_in.banner = banner;
	enters(TERMINAL_RECORDING_REQUIRED, false);
	assert_shown(NOTICE);
	assert_string_equal(seen.page.text, banner);
	submit();
	assert_shown(RECORDED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, sign_in_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_signs_in_is_told_what_is_recorded_and_for_how_long),
		TEST(input_and_no_limit_are_told),
		TEST(who_may_be_watched_openly_is_told),
		TEST(back_leads_to_the_choice_and_nothing_begins),
		TEST(it_is_told_before_other_people_are_asked),
		TEST(a_terminal_that_is_refused_is_not_told_of),
		TEST(who_would_see_no_screen_is_told),
		TEST(the_jump_host_waits_for_a_watcher),
		TEST(whoever_watches_already_is_not_waited_for),
		TEST(nobody_comes_in_time),
		TEST(who_does_not_want_to_wait_goes_back),
		TEST(a_ticket_for_nothing_special_needs_no_screen),
		TEST(who_has_a_ticket_is_told_even_where_nobody_signs_in),
		TEST(who_has_a_ticket_goes_back_to_nothing),
		TEST(who_has_a_ticket_waits_for_a_watcher),
		TEST(what_fails_is_told_to_who_has_a_ticket_and_ends),
		TEST(somebody_comes_before_the_screen_is_there),
		TEST(the_places_of_the_sign_in_screen_are_for_who_has_a_ticket_too),
		TEST(who_has_a_ticket_reads_the_banner_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
