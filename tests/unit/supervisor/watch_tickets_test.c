/* supervisor/watch_tickets.c: tickets with which auditors watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "settings/settings.h"
#include "supervisor/watches_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct settings settings = {.limits.ticket_ms = 60000};
static struct supervisor supervisor = {.settings = &settings};
static struct watches *watches;

struct ticket {
	char handle[TICKET_HANDLE_SIZE];
	char secret[TICKET_SECRET_SIZE];
	int64_t expires_us;
};

static int
set_up(void **state)
{
	(void)state;
	clock_hold(INT64_C(1795143600000000), 1000000);
	return watches_new(&supervisor, &watches);
}

static int
tear_down(void **state)
{
	(void)state;
	watches_free(watches);
	clock_release();
	return 0;
}

static struct ticket
issue(void)
{
	struct watch_about about = {.part = 2, .actor = "unix:tanaka", .title = "taro on pacs-01"};
	struct ticket ticket;

	memset(about.session, 0xab, sizeof(about.session));
	memset(about.key, 0xcd, sizeof(about.key));
	assert_int_equal(watch_ticket_issue(
				 watches, &about, ticket.handle, ticket.secret, &ticket.expires_us),
		0);
	return ticket;
}

/* As a .rdp file makes a client show it. */
static struct msg_introduced
shown(const struct ticket *ticket)
{
	struct msg_introduced introduced = {0};

	snprintf(introduced.routing_token, sizeof(introduced.routing_token), "Cookie: msts=%s",
		ticket->handle);
	snprintf(introduced.user, sizeof(introduced.user), "%s", ticket->secret);
	return introduced;
}

static enum close_reason
redeem(const struct ticket *ticket, struct watch_about *ret_about)
{
	const struct msg_introduced introduced = shown(ticket);

	return watch_ticket_redeem(watches, &introduced, ret_about);
}

static void
ticket_lets_its_client_watch_once(void **state)
{
	struct ticket ticket = issue();
	const struct msg_introduced introduced = shown(&ticket);
	struct watch_about about = {0};

	(void)state;
	assert_true(watch_is_meant(&introduced));
	assert_int_equal(ticket.expires_us, INT64_C(1795143660000000));
	assert_int_equal(redeem(&ticket, &about), CLOSE_NONE);
	assert_string_equal(about.actor, "unix:tanaka");
	assert_int_equal(about.part, 2);
	assert_int_equal(about.key[31], 0xcd);
	assert_int_equal(redeem(&ticket, &about), CLOSE_NO_TICKET);
}

/* rdesktop and others without routing tokens. */
static void
ticket_is_shown_as_user_and_password_too(void **state)
{
	struct ticket ticket = issue();
	struct msg_introduced introduced = {0};
	struct watch_about about;

	(void)state;
	strcpy(introduced.user, ticket.handle);
	strcpy((char *)introduced.password, ticket.secret);
	introduced.password_len = strlen(ticket.secret);
	assert_true(watch_is_meant(&introduced));
	assert_int_equal(watch_ticket_redeem(watches, &introduced, &about), CLOSE_NONE);
}

static void
wrong_secret_burns_nothing(void **state)
{
	struct ticket ticket = issue(), wrong = ticket, bare = ticket;
	struct watch_about about = {0};

	(void)state;
	wrong.secret[0] ^= 1;
	bare.secret[0] = '\0';
	assert_int_equal(redeem(&wrong, &about), CLOSE_TICKET_SECRET);
	assert_int_equal(redeem(&bare, &about), CLOSE_TICKET_SECRET);
	assert_string_equal(about.actor, "");
	assert_int_equal(redeem(&ticket, &about), CLOSE_NONE);
}

static void
ticket_of_another_kind_is_not_meant(void **state)
{
	struct ticket ticket = issue();
	struct msg_introduced introduced;

	(void)state;
	ticket.handle[1] = 'a';
	introduced = shown(&ticket);
	assert_false(watch_is_meant(&introduced));
	introduced = (struct msg_introduced){0};
	assert_false(watch_is_meant(&introduced));
}

static void
ticket_is_dead_after_a_minute(void **state)
{
	struct ticket ticket = issue(), other = issue();
	struct watch_about about;

	(void)state;
	clock_hold(INT64_C(1795143600000000), 1000000 + 59999);
	assert_int_equal(redeem(&other, &about), CLOSE_NONE);
	clock_hold(INT64_C(1795143600000000), 1000000 + 60000);
	assert_int_equal(redeem(&ticket, &about), CLOSE_TICKET_EXPIRED);
	assert_int_equal(redeem(&ticket, &about), CLOSE_NO_TICKET);
}

static void
unused_tickets_are_not_many_and_are_forgotten(void **state)
{
	struct watch_about about = {.live = true};
	struct ticket ticket;

	(void)state;
	for (int i = 0; i < WATCH_TICKETS_MOST; i++)
		(void)issue();
	assert_int_equal(watch_ticket_issue(
				 watches, &about, ticket.handle, ticket.secret, &ticket.expires_us),
		-EUSERS);
	clock_hold(INT64_C(1795143600000000), 1000000 + 60000);
	watches_tidy(watches);
	assert_null(watches->tickets);
	assert_int_equal(watches->ticket_count, 0);
	(void)issue();
}

static void
nothing_is_watched_before_anything_is_recorded(void **state)
{
	static const uint8_t session[SESSION_ID_BYTES];

	(void)state;
	assert_int_equal(watches_can_watch(watches, session), -ENOENT);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(ticket_lets_its_client_watch_once),
		IN_OUT(ticket_is_shown_as_user_and_password_too),
		IN_OUT(wrong_secret_burns_nothing),
		IN_OUT(ticket_of_another_kind_is_not_meant),
		IN_OUT(ticket_is_dead_after_a_minute),
		IN_OUT(unused_tickets_are_not_many_and_are_forgotten),
		IN_OUT(nothing_is_watched_before_anything_is_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
