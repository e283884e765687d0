/* How a sign-in ends, as the login log and its ticket see it (gateway/supervisor/sign_ins.c, sign_in_handover.c); and what must be
 * acknowledged by whoever needs no screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "sign_ins_fixture.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <string.h>

/* The connection is over: as connections.c does it. */
static void
over(enum close_reason reason)
{
	connection.stage = CONNECTION_OVER;
	sign_in_abandon(take_pointer(&connection.sign_in), reason);
	store_works();
}

static void
who_gives_up_is_logged_with_the_name_that_was_typed(void **state)
{
	static const enum close_reason reasons[] = {CLOSE_SIGN_IN_CANCELLED, CLOSE_SIGN_IN_TOO_LONG,
		CLOSE_GREETER_FAULT, CLOSE_CLIENT_LEFT};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		(void)sign_in_teardown(state);
		(void)sign_in_setup(state);
		introduce("taro", "");
		over(reasons[i]);
		assert_int_equal(seen.refusals, 1);
		assert_string_equal(seen.refused_name, "taro");
		assert_string_equal(seen.refused_reason, close_reason_row(reasons[i])->name);
	}
}

static void
an_attempt_is_logged_once(void **state)
{
	(void)state;
	introduce("taro", "wrong");
	pam_ends(PAM_REFUSED);
	over(CLOSE_SIGN_IN_CANCELLED);
	assert_int_equal(seen.refusals, 1);
	assert_string_equal(seen.refused_reason, "SIGN_IN_REFUSED");
}

/* The second attempt got as far as the code, and ended there. */
static void
another_attempt_is_another_row(void **state)
{
	(void)state;
	introduce("taro", "wrong");
	pam_ends(PAM_REFUSED);
	type_credentials("hanako", "right");
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	pam_asks(PAM_PROMPT_ECHO_OFF, "One-time code: ");
	over(CLOSE_CLIENT_LEFT);
	assert_int_equal(seen.refusals, 2);
	assert_string_equal(seen.refused_name, "hanako");
	assert_string_equal(seen.refused_reason, "CLIENT_LEFT");
}

/* What the store writes by itself: the verdict of the rules, a wrong number, the start of a session. */
static void
what_the_store_has_logged_is_not_logged_again(void **state)
{
	(void)state;
	seen.verdict = (struct sign_in_verdict){.reason = CLOSE_OUTSIDE_HOURS, .rule = "hours"};
	sign_in_on_screen();
	over(CLOSE_SIGN_IN_CANCELLED);
	assert_int_equal(seen.refusals, 0);

	(void)sign_in_teardown(state);
	(void)sign_in_setup(state);
	seen.offers[0].attended = true;
	seen.number = ATTENDANCE_WRONG;
	sign_in_on_screen();
	choose(0);
	type_secret("12345678");
	store_works();
	over(CLOSE_SIGN_IN_CANCELLED);
	assert_int_equal(seen.refusals, 0);

	(void)sign_in_teardown(state);
	(void)sign_in_setup(state);
	sign_in_on_screen();
	choose(0);
	frame_shown();
	over(CLOSE_CLIENT_LEFT);
	assert_int_equal(seen.starts, 1);
	assert_int_equal(seen.refusals, 0);
}

static void
who_leaves_before_choosing_is_logged(void **state)
{
	(void)state;
	sign_in_on_screen();
	over(CLOSE_SIGN_IN_TOO_LONG);
	assert_int_equal(seen.refusals, 1);
	assert_string_equal(seen.refused_reason, "SIGN_IN_TOO_LONG");
}

/* Under the name that has signed in, and not again when the connection ends. */
static void
who_goes_back_from_the_choice_has_given_up(void **state)
{
	(void)state;
	introduce("", "");
	device_found(true);
	type_credentials("taro", "right");
	pam_signs_in();
	store_works();
	assert_int_equal(seen.page.screen, SCREEN_TERMINALS);
	cancel();
	store_works();
	assert_int_equal(seen.refusals, 1);
	assert_string_equal(seen.refused_name, "taro");
	assert_string_equal(seen.refused_reason, "SIGN_IN_CANCELLED");
	over(CLOSE_CLIENT_LEFT);
	assert_int_equal(seen.refusals, 1);
}

static void
a_terminal_that_cannot_be_had_is_logged(void **state)
{
	(void)state;
	seen.offers[0].reason = CLOSE_TERMINAL_FULL;
	introduce("taro%PACS-01", "right");
	pam_signs_in();
	device_found(true);
	store_works();
	assert_int_equal(seen.page.screen, SCREEN_SORRY);
	assert_int_equal(seen.refusals, 1);
	assert_string_equal(seen.refused_reason, "TERMINAL_FULL");
	over(CLOSE_TERMINAL_FULL);
	assert_int_equal(seen.refusals, 1);
}

static void
more_numbers_than_may_be_tried_are_logged(void **state)
{
	(void)state;
	seen.offers[0].attended = true;
	seen.number = ATTENDANCE_TOO_OFTEN;
	sign_in_on_screen();
	choose(0);
	type_secret("12345678");
	store_works();
	assert_int_equal(seen.refusals, 1);
	assert_string_equal(seen.refused_reason, "ATTENDANCE_WRONG");
}

static void
pam_that_cannot_be_asked_is_logged(void **state)
{
	(void)state;
	seen.pam_start = -ECONNREFUSED;
	introduce("taro", "right");
	store_works();
	assert_int_equal(seen.refusals, 1);
	assert_string_equal(seen.refused_reason, "SIGN_IN_UNAVAILABLE");
}

static void
a_flood_is_logged_as_far_as_the_log_has_room(void **state)
{
	(void)state;
	settings.sign_in.greeters = 0;
	for (int i = 0; i < 100; i++) {
		connection.stage = CONNECTION_RELAYED;
		introduce("taro%PACS-01", "right");
		store_works();
	}
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_BUSY);
	assert_string_equal(seen.refused_name, "taro");
	assert_string_equal(seen.refused_reason, "SIGN_IN_BUSY");
	assert_in_range(seen.refusals, 2, 99);
}

static void
redirect(void)
{
	introduced.may_redirect = 1;
	seen.ticket = (struct redirect_ticket){.handle = "+0123456789abcdef", .session = 99};
	sign_in_on_screen();
	choose(0);
	frame_shown();
	store_works();
	assert_int_equal(seen.redirects, 1);
}

static void
who_follows_a_redirection_keeps_the_ticket(void **state)
{
	(void)state;
	redirect();
	over(CLOSE_REDIRECTED);
	assert_string_equal(seen.withdrawn, "");
	assert_int_equal(seen.refusals, 0);
}

static void
an_end_on_the_way_takes_the_ticket_back(void **state)
{
	static const enum close_reason reasons[] = {
		CLOSE_ADMIN_KILLED, CLOSE_GREETER_FAULT, CLOSE_WORKER_DIED, CLOSE_STOPPING};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		(void)sign_in_teardown(state);
		(void)sign_in_setup(state);
		memset(&introduced, 0, sizeof(introduced));
		redirect();
		over(reasons[i]);
		assert_string_equal(seen.withdrawn, "+0123456789abcdef");
	}
}

/* The old connection was slower to say that it is still there. */
static void
who_has_come_back_has_no_second_session(void **state)
{
	struct msg_returned returned = {.connection = 7, .reason = CLOSE_REDIRECT_IGNORED};

	(void)state;
	redirect();
	seen.ticket_used = true;
	assert_int_equal(sign_in_returned(&connection, &returned), 0);
	store_works();
	assert_int_equal(seen.starts, 0);
	assert_int_equal(seen.killed, CLOSE_REDIRECTED);
}

static void
a_ticket_that_cannot_be_taken_back_ends_it_and_is_not_forgotten(void **state)
{
	struct msg_returned returned = {.connection = 7, .reason = CLOSE_REDIRECT_IGNORED};

	(void)state;
	redirect();
	assert_int_equal(sign_in_returned(&connection, &returned), 0);
	store_fails(-EIO);
	assert_int_equal(seen.starts, 0);
	assert_int_equal(seen.killed, CLOSE_NOT_LOGGED);
	assert_string_equal(seen.withdrawn, "");
	over(CLOSE_NOT_LOGGED);
	assert_string_equal(seen.withdrawn, "+0123456789abcdef");
}

static void
a_ticket_that_was_taken_back_is_not_taken_back_again(void **state)
{
	struct msg_returned returned = {.connection = 7, .reason = CLOSE_REDIRECT_IGNORED};

	(void)state;
	redirect();
	assert_int_equal(sign_in_returned(&connection, &returned), 0);
	store_works();
	assert_string_equal(seen.withdrawn, "+0123456789abcdef");
	seen.withdrawn[0] = '\0';
	over(CLOSE_ADMIN_KILLED);
	assert_string_equal(seen.withdrawn, "");
}

/* What must be acknowledged */

static struct settings_notice notices[] = {
	{.text = (char[]){"news"}},
	{.text = (char[]){"maintenance"}, .shown = SETTINGS_SHOWN_ALWAYS},
	{.text = (char[]){"over"}, .shown = SETTINGS_SHOWN_ALWAYS, .until = (char[]){"2001-01-01"}},
};

#define assert_reads(expected)                                     \
	do {                                                       \
		assert_int_equal(seen.page.screen, SCREEN_NOTICE); \
		assert_string_equal(seen.page.text, expected);     \
		submit();                                          \
	} while (0)

static void
complete_credentials_are_stopped_by_nothing_that_only_a_screen_shows(void **state)
{
	(void)state;
	settings.sign_in.banner = (char[]){"Authorised only."};
	settings.sign_in.notices = (struct settings_notices){.items = notices, .count = 1};
	introduce("taro%PACS-01", "right");
	pam_signs_in();
	device_found(true);
	store_works();
	assert_int_equal(seen.pages, 0);
	assert_int_equal(seen.starts, 1);
}

static void
a_banner_for_everybody_comes_before_the_password_is_looked_at(void **state)
{
	(void)state;
	settings.sign_in.banner = (char[]){"Authorised only."};
	settings.sign_in.banner_shown = SETTINGS_SHOWN_ALWAYS;
	introduce("taro%PACS-01", "right");
	assert_int_equal(seen.page.screen, SCREEN_NOTICE);
	assert_int_equal(seen.conversations, 0);
	submit();
	pam_signs_in();
	assert_string_equal(seen.pam_answer, "right");
	device_found(true);
	store_works();
	assert_int_equal(seen.page.screen, SCREEN_BUSY);
	frame_shown();
	assert_int_equal(seen.starts, 1);
	assert_int_equal(seen.start_request.terminal_number, 1);
}

static void
who_does_not_acknowledge_it_gets_no_further(void **state)
{
	(void)state;
	settings.sign_in.banner = (char[]){"Authorised only."};
	settings.sign_in.banner_shown = SETTINGS_SHOWN_ALWAYS;
	introduce("taro%PACS-01", "right");
	cancel();
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_CANCELLED);
	assert_int_equal(seen.conversations, 0);
}

/* Who is shown one page is shown them all, in the order of those who see the form. */
static void
a_notice_for_everybody_opens_the_screen_there(void **state)
{
	(void)state;
	settings.sign_in.banner = (char[]){"Authorised only."};
	settings.sign_in.notices =
		(struct settings_notices){.items = notices, .count = ARRAY_SIZE(notices)};
	introduce("taro%PACS-01", "right");
	pam_signs_in();
	assert_int_equal(seen.pages, 0);
	device_found(true);
	store_works();
	assert_reads("Authorised only.");
	assert_reads("news");
	assert_int_equal(seen.starts, 0);
	assert_reads("maintenance");
	assert_int_equal(seen.page.screen, SCREEN_BUSY);
	frame_shown();
	assert_int_equal(seen.starts, 1);
}

static void
who_only_lacks_the_terminal_reads_what_a_screen_shows(void **state)
{
	(void)state;
	settings.sign_in.banner = (char[]){"Authorised only."};
	settings.sign_in.notices = (struct settings_notices){.items = notices, .count = 1};
	introduce("taro", "right");
	pam_signs_in();
	device_found(true);
	store_works();
	assert_reads("Authorised only.");
	assert_reads("news");
	assert_int_equal(seen.page.screen, SCREEN_TERMINALS);
	assert_int_equal(seen.choices, 2);
	choose(0);
	frame_shown();
	assert_int_equal(seen.starts, 1);
}

static void
the_banner_comes_before_whatever_page_is_the_first(void **state)
{
	settings.sign_in.banner = (char[]){"Authorised only."};
	introduce("taro%PACS-01", "right");
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	pam_asks(PAM_PROMPT_ECHO_OFF, "One-time code: ");
	assert_reads("Authorised only.");
	assert_int_equal(seen.page.screen, SCREEN_PROMPT);
	assert_string_equal(seen.page.prompt, "One-time code: ");
	type_secret("123456");
	assert_string_equal(seen.pam_answer, "123456");

	(void)sign_in_teardown(state);
	(void)sign_in_setup(state);
	settings.sign_in.banner = (char[]){"Authorised only."};
	introduce("taro%PACS-01", "wrong");
	pam_ends(PAM_REFUSED);
	assert_reads("Authorised only.");
	assert_int_equal(seen.page.screen, SCREEN_SIGN_IN);
	assert_string_not_equal(seen.page.error, "");

	(void)sign_in_teardown(state);
	(void)sign_in_setup(state);
	settings.sign_in.banner = (char[]){"Authorised only."};
	introduce("taro%PACS-01", "right");
	pam_signs_in();
	device_found(true);
	store_works();
	assert_int_equal(seen.pages, 0);
	seen.start->failed(&connection, CLOSE_HOST_UNREACHABLE);
	assert_reads("Authorised only.");
	assert_int_equal(seen.page.screen, SCREEN_SORRY);
	submit();
	store_works();
	assert_int_equal(seen.page.screen, SCREEN_TERMINALS);
}

/* What happens meanwhile is shown afterwards: the newest of it. */
static void
a_banner_that_is_being_read_is_not_taken_away(void **state)
{
	(void)state;
	settings.sign_in.banner = (char[]){"Authorised only."};
	introduce("taro%PACS-01", "right");
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	pam_asks(PAM_PROMPT_ECHO_OFF, "One-time code: ");
	pam_ends(PAM_REFUSED);
	assert_reads("Authorised only.");
	assert_int_equal(seen.page.screen, SCREEN_SIGN_IN);
	assert_int_equal(seen.pages, 2);
}

/* The desktop waits too: the frame that is with the client is the banner's. */
static void
nothing_is_connected_behind_the_banner(void **state)
{
	const struct pam_ended ended = {
		.outcome = PAM_SIGNED_IN, .account_number = 42, .info = "", .detail = ""};

	(void)state;
	settings.sign_in.banner = (char[]){"Authorised only."};
	introduce("taro%PACS-01", "right");
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	pam_asks(PAM_PROMPT_ECHO_OFF, "Touch your key: ");
	seen.pam->ended(seen.pam_owner, &ended);
	device_found(true);
	store_works();
	frame_shown();
	assert_int_equal(seen.starts, 0);
	assert_reads("Authorised only.");
	assert_int_equal(seen.page.screen, SCREEN_BUSY);
	frame_shown();
	assert_int_equal(seen.starts, 1);
}

static void
who_does_not_acknowledge_a_later_banner_gets_no_further(void **state)
{
	(void)state;
	settings.sign_in.banner = (char[]){"Authorised only."};
	introduce("taro%PACS-01", "right");
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	pam_asks(PAM_PROMPT_ECHO_OFF, "One-time code: ");
	cancel();
	assert_int_equal(seen.killed, CLOSE_SIGN_IN_CANCELLED);
	assert_int_equal(seen.pam_answers, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sign_in_setup, sign_in_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_gives_up_is_logged_with_the_name_that_was_typed),
		TEST(an_attempt_is_logged_once),
		TEST(another_attempt_is_another_row),
		TEST(what_the_store_has_logged_is_not_logged_again),
		TEST(who_leaves_before_choosing_is_logged),
		TEST(who_goes_back_from_the_choice_has_given_up),
		TEST(a_terminal_that_cannot_be_had_is_logged),
		TEST(more_numbers_than_may_be_tried_are_logged),
		TEST(pam_that_cannot_be_asked_is_logged),
		TEST(a_flood_is_logged_as_far_as_the_log_has_room),
		TEST(who_follows_a_redirection_keeps_the_ticket),
		TEST(an_end_on_the_way_takes_the_ticket_back),
		TEST(who_has_come_back_has_no_second_session),
		TEST(a_ticket_that_cannot_be_taken_back_ends_it_and_is_not_forgotten),
		TEST(a_ticket_that_was_taken_back_is_not_taken_back_again),
		TEST(complete_credentials_are_stopped_by_nothing_that_only_a_screen_shows),
		TEST(a_banner_for_everybody_comes_before_the_password_is_looked_at),
		TEST(who_does_not_acknowledge_it_gets_no_further),
		TEST(a_notice_for_everybody_opens_the_screen_there),
		TEST(who_only_lacks_the_terminal_reads_what_a_screen_shows),
		TEST(the_banner_comes_before_whatever_page_is_the_first),
		TEST(a_banner_that_is_being_read_is_not_taken_away),
		TEST(nothing_is_connected_behind_the_banner),
		TEST(who_does_not_acknowledge_a_later_banner_gets_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
