/* Memory that runs out in the supervisor while somebody signs in, on the screen and without, in-band, by redirection and with the
 * hospital's number: the desktop is begun for who may, or the user reads why not, or the connection ends for lack of room. Nobody gets further by
 * it, and nothing is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "fail_nth.h"
#include "sign_ins_fixture.h"

#include <string.h>

/* What the next step needs is there: the one before may have failed. */
static bool
goes_on(void)
{
	return connection.sign_in != NULL && seen.killed == CLOSE_NONE;
}

static bool
shows(enum greeter_screen screen)
{
	return goes_on() && seen.pages > 0 && seen.page.screen == screen;
}

/* Taro with the right password, as this screen's so manieth try, and the first terminal. */
static void
sign_in_and_choose(unsigned int conversation)
{
	if (shows(SCREEN_SIGN_IN))
		type_credentials("taro", "right");
	if (goes_on() && seen.conversations == conversation)
		pam_signs_in();
	if (goes_on() && seen.found != NULL)
		device_found(true);
	store_works();
	if (shows(SCREEN_TERMINALS))
		choose(0);
}

static void
on_the_screen(void)
{
	introduce("", "");
	if (shows(SCREEN_SIGN_IN))
		type_credentials("taro", "wrong");
	if (goes_on() && seen.conversations == 1) {
		pam_asks(1, "Password: ");
		pam_ends(PAM_REFUSED);
		store_works();
	}
	sign_in_and_choose(2);
	if (shows(SCREEN_NUMBER))
		type_secret("12345678");
	store_works();
	if (shows(SCREEN_BUSY))
		frame_shown();
	store_works();
}

/* A place at a full terminal, whose session is not ended before its time. */
static void
by_taking_over(void)
{
	introduce("", "");
	sign_in_and_choose(1);
	if (shows(SCREEN_QUESTION))
		submit();
	store_works();
	if (shows(SCREEN_PLACE))
		cancel();
	seen.take_over.reason = CLOSE_NONE;
	store_works();
	if (shows(SCREEN_TERMINALS))
		choose(0);
	if (shows(SCREEN_QUESTION))
		submit();
	store_works();
	if (shows(SCREEN_BUSY))
		frame_shown();
	store_works();
	assert_int_equal(seen.holder_killed, CLOSE_NONE);
}

static void
without_a_screen(void)
{
	introduce("taro%PACS-01", "right");
	if (goes_on() && seen.conversations == 1)
		pam_signs_in();
	if (goes_on() && seen.found != NULL)
		device_found(true);
	store_works();
}

static void
prepare(bool redirected, bool attended)
{
	introduced.may_redirect = redirected;
	seen.offers[0].attended = attended;
	seen.number = ATTENDANCE_RIGHT;
	seen.ticket = (struct redirect_ticket){.handle = "+abc", .session = 5};
}

static void
run_out_of_memory(void (*way)(void), bool redirected, bool attended)
{
	struct fail_run run;

	fail_begin(&run);
	while (fail_next(&run)) {
		assert_int_equal(sign_in_setup(NULL), 0);
		prepare(redirected, attended);
		fail_arm(&run);
		way();
		fail_disarm(&run);
		/* Once at most, and what was asked for at the very end is right. */
		assert_in_range(seen.starts + seen.redirects, 0, 1);
		if (seen.starts == 1)
			assert_int_equal(seen.start_request.account_number, 42);
		if (seen.starts == 1)
			assert_true(seen.start_attended == attended);
		if (seen.redirects == 1)
			assert_int_equal(seen.redirect.session, 5);
		if (seen.starts + seen.redirects == 0)
			assert_true(seen.killed == CLOSE_OUT_OF_ROOM || shows(SCREEN_SORRY));
		if (!run.hit)
			assert_int_equal(redirected ? seen.redirects : seen.starts, 1);
		assert_int_equal(sign_in_teardown(NULL), 0);
	}
	assert_true(run.tried >= 8);
}

static void
a_sign_in_on_the_screen(void **state)
{
	(void)state;
	run_out_of_memory(on_the_screen, false, false);
	run_out_of_memory(on_the_screen, true, false);
	run_out_of_memory(on_the_screen, false, true);
	run_out_of_memory(on_the_screen, true, true);
}

static void
a_place_that_is_waited_for(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		assert_int_equal(sign_in_setup(NULL), 0);
		prepare(false, false);
		settings.sessions.take_over_grace_ms = 60000;
		seen.offers[0].reason = CLOSE_TERMINAL_FULL;
		seen.offers[0].takes_over = true;
		seen.take_over = (struct take_over){
			.reason = CLOSE_TERMINAL_FULL, .possible = true, .session = {7}};
		fail_arm(&run);
		by_taking_over();
		fail_disarm(&run);
		if (!run.hit)
			assert_int_equal(seen.starts, 1);
		else if (seen.starts == 0)
			assert_true(seen.killed == CLOSE_OUT_OF_ROOM || shows(SCREEN_SORRY));
		assert_int_equal(sign_in_teardown(NULL), 0);
	}
	assert_true(run.tried >= 8);
}

static void
a_sign_in_without_a_screen(void **state)
{
	(void)state;
	run_out_of_memory(without_a_screen, false, false);
}

/* A client with a ticket: its session has begun, and no jump host is dialled before it was told and somebody watches. */
static void
with_a_ticket(void)
{
	static struct carried_session session = {.four_eyes = true};
	static const struct session_grant grant = {.account = "998-taro",
		.terminal_number = 1,
		.terminal = {.name = "PACS-01",
			.recording = TERMINAL_RECORDING_REQUIRED,
			.four_eyes = true}};

	connection.session = &session;
	sign_in_enter(&connection, &grant);
	if (shows(SCREEN_RECORDED))
		submit();
	assert_int_equal(seen.went_on, 0);
	if (shows(SCREEN_WATCHED)) {
		seen.watchers = 1;
		sign_in_watcher_came(connection.sign_in);
	}
	if (shows(SCREEN_BUSY))
		frame_shown();
}

static void
a_client_with_a_ticket(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		assert_int_equal(sign_in_setup(NULL), 0);
		fail_arm(&run);
		with_a_ticket();
		fail_disarm(&run);
		assert_int_equal(seen.starts, 0);
		if (!run.hit)
			assert_int_equal(seen.went_on, 1);
		else if (seen.went_on == 0)
			assert_int_equal(seen.killed, CLOSE_OUT_OF_ROOM);
		assert_int_equal(sign_in_teardown(NULL), 0);
	}
	assert_true(run.tried >= 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sign_in_on_the_screen),
		cmocka_unit_test(a_place_that_is_waited_for),
		cmocka_unit_test(a_sign_in_without_a_screen),
		cmocka_unit_test(a_client_with_a_ticket),
	};

	log_init("fail_sign_ins");
	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
