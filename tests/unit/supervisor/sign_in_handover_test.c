/* gateway/supervisor/sign_in_handover.c: from the sign-in screen to the jump host, and back where that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "sign_ins_fixture.h"

#include <errno.h>
#include <string.h>

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
	seen.ticket = (struct redirect_ticket){.handle = "+0123456789abcdef", .session = 99};
	sign_in_on_screen();
	choose(0);
	frame_shown();
	store_works();
	assert_int_equal(sign_in_returned(&connection, &returned), 0);
	/* Its ticket is worthless before anything else begins. */
	assert_int_equal(seen.starts, 0);
	store_works();
	assert_string_equal(seen.withdrawn, seen.ticket.handle);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, sign_in_setup, sign_in_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_jump_host_that_fails_is_told_and_another_may_be_chosen),
		TEST(clients_that_follow_are_redirected),
		TEST(who_ignores_a_redirection_stays_on_the_connection),
		TEST(the_listener_says_how_it_is_handed_over),
		TEST(policy_may_refuse_the_redirection),
		TEST(returned_comes_only_where_it_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
