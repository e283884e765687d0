/* gateway/supervisor/four_eyes.c: who watches, and what the worker is told of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "supervisor/children.h"
#include "supervisor/connections.h"
#include "supervisor/four_eyes.h"
#include "supervisor/notices.h"
#include "supervisor/sign_ins.h"

#include <errno.h>
#include <string.h>

static struct supervisor supervisor;
static struct connection connection;
static struct carried_session session;
static const uint8_t other[SESSION_ID_BYTES] = {9};

static struct {
	bool has_connection, deaf;
	unsigned int told, sign_in_told, notices;
	bool notice_stays;
	char notice[128];
	struct msg_input_gate gate;
	enum close_reason killed;
} seen;

struct connection *
connection_find_session(const struct connections *connections, const uint8_t id[SESSION_ID_BYTES])
{
	(void)connections;
	return seen.has_connection && memcmp(id, session.id, SESSION_ID_BYTES) == 0 ? &connection
										    : NULL;
}

int
children_send(struct child *child, enum message number, const void *body, int fd)
{
	(void)child;
	assert_int_equal(number, MSG_INPUT_GATE);
	assert_int_equal(fd, -1);
	if (seen.deaf)
		return -EPIPE;
	seen.gate = *(const struct msg_input_gate *)body;
	seen.told++;
	return 0;
}

void
sign_in_watcher_came(struct sign_in *sign_in)
{
	assert_ptr_equal(sign_in, connection.sign_in);
	seen.sign_in_told++;
}

int
notice_show(struct connection *shown, const struct notice *notice, struct notice_waiter *waiter)
{
	assert_ptr_equal(shown, &connection);
	assert_null(waiter);
	seen.notices++;
	seen.notice_stays = notice->seconds == 0;
	sentence_text(&notice->text, seen.notice, sizeof(seen.notice));
	return -EOPNOTSUPP;
}

void
connection_kill(struct connection *killed, enum close_reason reason)
{
	assert_ptr_equal(killed, &connection);
	seen.killed = reason;
}

static int
setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	supervisor = (struct supervisor){0};
	session = (struct carried_session){.id = {7}, .four_eyes = true};
	connection = (struct connection){.id = 5,
		.supervisor = &supervisor,
		.stage = CONNECTION_RELAYED,
		.session = &session};
	seen.has_connection = true;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	seen.has_connection = false;
	while (four_eyes_watchers(&supervisor, session.id) > 0)
		four_eyes_watcher_left(&supervisor, session.id, "unix:yamada");
	return supervisor.watched == NULL ? 0 : -1;
}

static void
come(const uint8_t *id)
{
	assert_int_equal(four_eyes_watcher_came(&supervisor, id, "unix:yamada"), 0);
}

/* On the sign-in screen. */
static void
who_waits_hears_that_somebody_came(void **state)
{
	static char place;

	(void)state;
	connection.sign_in = (struct sign_in *)&place;
	come(session.id);
	assert_int_equal(seen.sign_in_told, 1);
	assert_int_equal(seen.told, 0);
	come(session.id);
	four_eyes_watcher_left(&supervisor, session.id, "unix:yamada");
	four_eyes_watcher_left(&supervisor, session.id, "unix:yamada");
	assert_int_equal(seen.sign_in_told, 1);
}

static void
watchers_are_counted_by_session(void **state)
{
	(void)state;
	come(session.id);
	come(session.id);
	come(other);
	assert_int_equal(four_eyes_watchers(&supervisor, session.id), 2);
	assert_int_equal(four_eyes_watchers(&supervisor, other), 1);
	four_eyes_watcher_left(&supervisor, session.id, "unix:yamada");
	four_eyes_watcher_left(&supervisor, other, "unix:yamada");
	assert_int_equal(four_eyes_watchers(&supervisor, session.id), 1);
	assert_int_equal(four_eyes_watchers(&supervisor, other), 0);
	four_eyes_watcher_left(&supervisor, other, "unix:yamada"); /* not there: nothing */
	assert_int_equal(four_eyes_watchers(&supervisor, other), 0);
}

static void
the_last_who_goes_pauses_input_and_the_first_who_comes_resumes_it(void **state)
{
	(void)state;
	come(session.id);
	assert_int_equal(seen.told, 0); /* nothing is attached */
	assert_int_equal(four_eyes_before_attach(&connection), 0);
	assert_int_equal(seen.told, 1);
	assert_int_equal(seen.gate.connection, 5);
	assert_int_equal(seen.gate.open, 1);
	assert_false(four_eyes_pauses(&connection));
	come(session.id);
	four_eyes_watcher_left(&supervisor, session.id, "unix:yamada");
	assert_int_equal(seen.told, 1);
	four_eyes_watcher_left(&supervisor, session.id, "unix:sato");
	assert_int_equal(seen.told, 2);
	assert_int_equal(seen.gate.open, 0);
	assert_int_equal(seen.notices, 1);
	assert_true(seen.notice_stays);
	assert_true(four_eyes_pauses(&connection));
	come(session.id);
	assert_int_equal(seen.notices, 2);
	assert_false(seen.notice_stays);
	assert_int_equal(seen.told, 3);
	assert_int_equal(seen.gate.open, 1);
	assert_false(four_eyes_pauses(&connection));
}

/* Where the terminal says so, and nowhere else. */
static void
engineer_reads_who_watches_again(void **state)
{
	(void)state;
	come(session.id);
	assert_int_equal(four_eyes_before_attach(&connection), 0);
	four_eyes_watcher_left(&supervisor, session.id, "unix:sato");
	come(session.id);
	assert_string_equal(seen.notice, "Somebody at the hospital watches again: you can go on.");
	four_eyes_watcher_left(&supervisor, session.id, "unix:sato");
	session.show_watchers = true;
	come(session.id);
	assert_string_equal(seen.notice, "Auditor yamada watches this session: you can go on.");
	four_eyes_watcher_left(&supervisor, session.id, "unix:yamada");
}

/* What lay over it meanwhile has gone. */
static void
engineer_is_reminded_as_long_as_input_pauses(void **state)
{
	(void)state;
	four_eyes_remind(&connection);
	assert_int_equal(seen.notices, 1); /* nobody watches yet */
	come(session.id);
	assert_int_equal(four_eyes_before_attach(&connection), 0);
	four_eyes_remind(&connection);
	assert_int_equal(seen.notices, 1);
	four_eyes_watcher_left(&supervisor, session.id, "unix:yamada");
	assert_int_equal(seen.notices, 2);
	four_eyes_remind(&connection);
	assert_int_equal(seen.notices, 3);
	assert_true(seen.notice_stays);
	session.four_eyes = false;
	four_eyes_remind(&connection);
	assert_int_equal(seen.notices, 3);
}

/* The last one went while the jump host was being dialled, or the session goes on over another connection. */
static void
what_nobody_watches_is_attached_without_input(void **state)
{
	(void)state;
	assert_int_equal(four_eyes_before_attach(&connection), 0);
	assert_int_equal(seen.gate.open, 0);
	assert_true(four_eyes_pauses(&connection));
}

static void
the_state_goes_along_to_another_connection(void **state)
{
	(void)state;
	come(session.id);
	assert_int_equal(four_eyes_before_attach(&connection), 0);
	seen.has_connection = false; /* lost */
	four_eyes_watcher_left(&supervisor, session.id, "unix:yamada");
	assert_int_equal(seen.told, 1);
	seen.has_connection = true;
	session.gated = session.input_open = false;
	assert_int_equal(four_eyes_before_attach(&connection), 0);
	assert_int_equal(seen.gate.open, 0);
}

static void
a_session_that_nobody_must_watch_has_no_gate(void **state)
{
	(void)state;
	session.four_eyes = false;
	assert_int_equal(four_eyes_before_attach(&connection), 0);
	come(session.id);
	four_eyes_watcher_left(&supervisor, session.id, "unix:yamada");
	assert_int_equal(seen.told, 0);
	assert_false(four_eyes_pauses(&connection));
	connection.session = NULL;
	assert_int_equal(four_eyes_before_attach(&connection), 0);
	assert_false(four_eyes_pauses(&connection));
}

/* Nobody can hold it to the gate. */
static void
a_worker_that_is_not_told_loses_the_connection(void **state)
{
	(void)state;
	come(session.id);
	assert_int_equal(four_eyes_before_attach(&connection), 0);
	seen.deaf = true;
	four_eyes_watcher_left(&supervisor, session.id, "unix:yamada");
	assert_int_equal(seen.killed, CLOSE_WORKER_DIED);
	assert_int_equal(four_eyes_before_attach(&connection), -EPIPE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_waits_hears_that_somebody_came),
		TEST(watchers_are_counted_by_session),
		TEST(the_last_who_goes_pauses_input_and_the_first_who_comes_resumes_it),
		TEST(engineer_reads_who_watches_again),
		TEST(engineer_is_reminded_as_long_as_input_pauses),
		TEST(what_nobody_watches_is_attached_without_input),
		TEST(the_state_goes_along_to_another_connection),
		TEST(a_session_that_nobody_must_watch_has_no_gate),
		TEST(a_worker_that_is_not_told_loses_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
