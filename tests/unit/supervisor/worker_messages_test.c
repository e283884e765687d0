/* gateway/supervisor/worker_messages.c: what a worker may say of a connection, and of whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "settings/settings.h"
#include "supervisor/attempts.h"
#include "supervisor/children.h"
#include "supervisor/connections.h"
#include "supervisor/health.h"
#include "supervisor/idle.h"
#include "supervisor/looks.h"
#include "supervisor/reconnects.h"
#include "supervisor/resumes.h"
#include "supervisor/sign_ins.h"
#include "supervisor/transfers.h"
#include "supervisor/worker_messages.h"

#include <errno.h>
#include <string.h>

/* Workers are told apart by their addresses alone. */
static char workers[2];
#define WORKER(number) ((struct child *)&workers[number])

static struct settings_listener listener;
static struct settings settings = {.listeners = {.items = &listener, .count = 1}};
static struct supervisor supervisor = {.settings = &settings};
static struct connection connection;
static struct carried_session session;
static struct child *talking;
static enum close_reason over; /* CLOSE_NONE: connection_over was not called */
static bool started, looked, signing_in, abandoned;
static uint32_t returned;
static bool attach_is_over;
static bool comes_back;
static unsigned int cookies_given, host_cookies;

void *
channel_owner(const struct channel *channel)
{
	(void)channel;
	return talking;
}

void *
child_owner(const struct child *child)
{
	(void)child;
	return &supervisor;
}

struct connection *
connection_find(const struct connections *connections, uint64_t id)
{
	(void)connections;
	return id == connection.id ? &connection : NULL;
}

void
connection_over(struct connection *one, enum close_reason reason, const char *detail)
{
	(void)one;
	(void)detail;
	over = reason;
}

bool
connection_moved(struct connection *one, uint8_t phase)
{
	one->phase = (enum phase)phase;
	return true;
}

void
connection_attach_over(struct connection *one)
{
	assert_ptr_equal(one, &connection);
	attach_is_over = true;
}

void
connections_each(struct connections *connections,
	void (*visit)(void *context, struct connection *connection), void *context)
{
	(void)connections;
	visit(context, &connection);
}

void
attempt_start(struct connection *one, const struct msg_introduced *introduced)
{
	(void)one;
	(void)introduced;
	started = true;
}

void
sign_in_start(struct connection *one, const struct msg_introduced *introduced)
{
	(void)one;
	(void)introduced;
	signing_in = true;
}

bool
reconnect_start(struct connection *one, const struct msg_introduced *introduced,
	void (*otherwise)(struct connection *connection, const struct msg_introduced *introduced))
{
	(void)one;
	(void)introduced;
	assert_non_null(otherwise);
	return comes_back;
}

static uint32_t inputs_told;

int
idle_told(struct supervisor *whose, struct child *worker, const struct msg_inputs *inputs)
{
	(void)whose;
	(void)worker;
	inputs_told = inputs->serial;
	return 0;
}

void
resume_given(struct resumes *resumes, const uint8_t id[SESSION_ID_BYTES])
{
	(void)resumes;
	assert_ptr_equal(id, session.id);
	cookies_given++;
}

void
resume_host_cookie(struct resumes *resumes, const uint8_t id[SESSION_ID_BYTES],
	int64_t terminal_version, const struct auto_reconnect_cookie *cookie)
{
	(void)resumes;
	assert_int_equal(terminal_version, session.terminal_version);
	assert_ptr_equal(id, session.id);
	assert_int_equal(cookie->logon_id, 5);
	assert_int_equal(cookie->random[0], 0xaa);
	host_cookies++;
}

int
transfer_told(struct connection *one, const struct msg_file_moved *moved)
{
	(void)one;
	return moved->move < 2 ? 0 : -EPROTO;
}

int
sign_in_returned(struct connection *one, const struct msg_returned *message)
{
	(void)one;
	returned = message->reason;
	return 0;
}

void
sign_in_abandon(struct sign_in *sign_in, enum close_reason reason)
{
	(void)reason;
	abandoned = sign_in != NULL;
}

struct permits_seen *
look_seen(const struct looks *looks, const struct child *worker, uint64_t id)
{
	(void)looks;
	(void)worker;
	(void)id;
	return NULL;
}

static int64_t touched;

void
health_touched(struct health *health, int64_t terminal)
{
	(void)health;
	touched = terminal;
}

void
look_reported(struct looks *looks, const struct child *worker, const struct msg_host_report *report)
{
	(void)looks;
	(void)worker;
	(void)report;
}

void
look_ended(struct looks *looks, const struct child *worker, uint64_t id)
{
	(void)looks;
	(void)worker;
	(void)id;
	looked = true;
}

void
looks_worker_died(struct looks *looks, const struct child *worker)
{
	(void)looks;
	(void)worker;
}

static int
setup(void **state)
{
	(void)state;
	connection = (struct connection){.id = 7,
		.supervisor = &supervisor,
		.stage = CONNECTION_RELAYED,
		.phase = PHASE_BRIDGE,
		.worked_in = PHASE_BRIDGE,
		.worker = WORKER(0)};
	talking = WORKER(0);
	over = CLOSE_NONE;
	started = looked = signing_in = abandoned = comes_back = false;
	cookies_given = host_cookies = 0;
	returned = CLOSE_NONE;
	attach_is_over = false;
	return 0;
}

static int
say(enum message number, union message_body *message)
{
	const struct channel_handler *handler = worker_messages;

	while (handler->number != number)
		handler++;
	return handler->function(NULL, message);
}

static int
say_ended(uint64_t id, uint32_t reason)
{
	union message_body message = {.ended = {.connection = id, .reason = reason}};

	return say(MSG_ENDED, &message);
}

static void
a_worker_gives_reasons_of_its_own_only(void **state)
{
	static const struct {
		uint32_t reason;
		bool may;
	} cases[] = {
		{CLOSE_CLIENT_LEFT, true},
		{CLOSE_CLIENT_BAD_PDU, true},
		{CLOSE_HOST_LEFT, true},
		{CLOSE_OUR_MISTAKE, true},
		{CLOSE_DECISION_LATE, true},
		{CLOSE_CONTINUED, false}, /* would leave the session without an end */
		{CLOSE_ADMIN_KILLED, false},
		{CLOSE_CHECK_DONE, false},
		{CLOSE_ACCOUNT_LOCKED, false},
		{CLOSE_TICKET_USED, false},
		{CLOSE_NONE, false},
		{CLOSE_REASON_COUNT, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)setup(state);
		assert_int_equal(say_ended(7, cases[i].reason), cases[i].may ? 0 : -EPROTO);
		assert_int_equal(over, cases[i].may ? cases[i].reason : CLOSE_NONE);
	}
}

static void
a_worker_that_was_told_repeats_the_reason(void **state)
{
	(void)state;
	connection.stage = CONNECTION_KILLED;
	connection.reason = CLOSE_CONTINUED;
	assert_int_equal(say_ended(7, CLOSE_CONTINUED), 0);
	assert_int_equal(over, CLOSE_CONTINUED);
}

static void
another_workers_connection_is_left_alone(void **state)
{
	union message_body introduced = {.introduced = {.connection = 7}};
	union message_body moved = {.moved = {.connection = 7, .phase = PHASE_DRAIN}};

	(void)state;
	talking = WORKER(1);
	assert_int_equal(say_ended(7, CLOSE_CLIENT_LEFT), 0);
	assert_int_equal(over, CLOSE_NONE);
	assert_true(looked);
	assert_int_equal(say(MSG_INTRODUCED, &introduced), 0);
	assert_false(started);
	assert_int_equal(say(MSG_MOVED, &moved), 0);
	assert_int_equal(connection.phase, PHASE_BRIDGE);
	assert_false(attach_is_over);
	assert_null(worker_connection_seen(&supervisor, WORKER(1), 7));
	assert_ptr_equal(worker_connection_seen(&supervisor, WORKER(0), 7), &connection.seen);
}

static void
who_is_being_killed_introduces_nobody(void **state)
{
	union message_body introduced = {.introduced = {.connection = 7}};

	(void)state;
	connection.stage = CONNECTION_KILLED;
	assert_int_equal(say(MSG_INTRODUCED, &introduced), 0);
	assert_false(started);
}

static void
who_shows_no_ticket_signs_in_where_that_is_allowed(void **state)
{
	union message_body introduced = {.introduced = {.connection = 7, .user = "taro"}};

	(void)state;
	listener.sign_in = SETTINGS_SIGN_IN_ON;
	assert_int_equal(say(MSG_INTRODUCED, &introduced), 0);
	assert_true(signing_in);
	assert_false(started);

	signing_in = false;
	strcpy(introduced.introduced.routing_token, "Cookie: msts=+0123456789abcdef");
	assert_int_equal(say(MSG_INTRODUCED, &introduced), 0);
	assert_true(started);
	assert_false(signing_in);

	started = false;
	introduced.introduced.routing_token[0] = '\0';
	listener.sign_in = SETTINGS_SIGN_IN_OFF;
	assert_int_equal(say(MSG_INTRODUCED, &introduced), 0);
	assert_true(started); /* and is refused there */
	assert_false(signing_in);
}

static void
what_returned_says_is_a_workers_to_say(void **state)
{
	union message_body message = {.returned = {.connection = 7}};

	(void)state;
	message.returned.reason = CLOSE_HOST_REFUSED;
	assert_int_equal(say(MSG_RETURNED, &message), 0);
	assert_int_equal(returned, CLOSE_HOST_REFUSED);
	assert_true(attach_is_over);
	returned = CLOSE_NONE;
	message.returned.reason = CLOSE_NONE;
	assert_int_equal(say(MSG_RETURNED, &message), -EPROTO);
	message.returned.reason = CLOSE_REASON_COUNT;
	assert_int_equal(say(MSG_RETURNED, &message), -EPROTO);
	message.returned.reason = CLOSE_ACCOUNT_LOCKED;
	assert_int_equal(say(MSG_RETURNED, &message), -EPROTO);
	talking = WORKER(1);
	message.returned.reason = CLOSE_HOST_REFUSED;
	assert_int_equal(say(MSG_RETURNED, &message), 0);
	assert_int_equal(returned, CLOSE_NONE);
}

static void
the_desktop_ends_the_sign_in(void **state)
{
	static char place;
	union message_body moved = {.moved = {.connection = 7, .phase = PHASE_ATTACH}};

	(void)state;
	connection.sign_in = (struct sign_in *)&place;
	connection.session = &session;
	connection.host_fd = 3;
	assert_int_equal(say(MSG_MOVED, &moved), 0);
	assert_false(abandoned);
	moved.moved.phase = PHASE_BRIDGE;
	assert_int_equal(say(MSG_MOVED, &moved), 0);
	assert_true(abandoned);
	assert_null(connection.sign_in);
	assert_true(attach_is_over);
}

/* A worker that has been taken over says so while the store or the dialler still works for the sign-in. */
static void
no_desktop_begins_before_the_worker_was_told_of_a_jump_host(void **state)
{
	static char place;
	static const struct {
		bool session, starting;
		int host_fd;
	} cases[] = {{false, true, -1}, {true, true, -1}, {true, true, 3}, {false, false, -1},
		{true, false, -1}};
	union message_body moved = {.moved = {.connection = 7, .phase = PHASE_BRIDGE}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)setup(state);
		connection.phase = PHASE_ATTACH;
		connection.sign_in = (struct sign_in *)&place;
		connection.session = cases[i].session ? &session : NULL;
		connection.start = cases[i].starting ? (struct session_start *)&place : NULL;
		connection.host_fd = cases[i].host_fd;
		assert_int_equal(say(MSG_MOVED, &moved), -EPROTO);
		assert_false(abandoned);
		assert_non_null(connection.sign_in);

		/* Told to end: what is on its way is not looked at. */
		connection.stage = CONNECTION_KILLED;
		assert_int_equal(say(MSG_MOVED, &moved), 0);
		assert_false(abandoned);
		assert_non_null(connection.sign_in);
	}
}

static void
what_clients_typed_is_told_on(void **state)
{
	union message_body inputs = {.inputs = {.serial = 4, .last = 1}};

	(void)state;
	assert_int_equal(say(MSG_INPUTS, &inputs), 0);
	assert_int_equal(inputs_told, 4);
}

static void
who_comes_back_neither_shows_a_ticket_nor_signs_in(void **state)
{
	union message_body message = {.introduced = {.connection = 7}};

	(void)state;
	comes_back = true;
	assert_int_equal(say(MSG_INTRODUCED, &message), 0);
	assert_false(started || signing_in);
	comes_back = false;
	assert_int_equal(say(MSG_INTRODUCED, &message), 0);
	assert_true(started || signing_in);
}

static void
cookies_are_of_the_connections_own_session(void **state)
{
	union message_body given = {.cookie_given = {.connection = 7}};
	union message_body told = {
		.host_cookie = {
			.connection = 7, .logon_id = 5, .random_len = 16, .random = {0xaa}}};

	(void)state;
	assert_int_equal(say(MSG_COOKIE_GIVEN, &given), -EPROTO);
	assert_int_equal(say(MSG_HOST_COOKIE, &told), -EPROTO);
	connection.session = &session;
	assert_int_equal(say(MSG_COOKIE_GIVEN, &given), 0);
	assert_int_equal(say(MSG_HOST_COOKIE, &told), 0);
	assert_int_equal(cookies_given + host_cookies, 2);
	told.host_cookie.random_len = 15;
	assert_int_equal(say(MSG_HOST_COOKIE, &told), -EPROTO);
	told.host_cookie.random_len = 16;
	/* Another worker's, or one that is being ended. */
	talking = WORKER(1);
	assert_int_equal(say(MSG_HOST_COOKIE, &told), 0);
	assert_int_equal(say(MSG_COOKIE_GIVEN, &given), 0);
	talking = WORKER(0);
	connection.stage = CONNECTION_KILLED;
	assert_int_equal(say(MSG_HOST_COOKIE, &told), 0);
	assert_int_equal(say(MSG_COOKIE_GIVEN, &given), 0);
	assert_int_equal(cookies_given + host_cookies, 2);
}

/* A worker says so once a session, and only of its own; the health look goes there soon. */
static void
a_refused_certificate_is_noted_once_a_session(void **state)
{
	union message_body told = {
		.certificate_refused = {.connection = 7, .sha256_len = 32, .subject = "CN=other"}};

	(void)state;
	touched = 0;
	assert_int_equal(say(MSG_CERTIFICATE_REFUSED, &told), -EPROTO);
	session.terminal_number = 3;
	connection.session = &session;
	told.certificate_refused.sha256_len = 31;
	assert_int_equal(say(MSG_CERTIFICATE_REFUSED, &told), -EPROTO);
	assert_int_equal(touched, 0);
	told.certificate_refused.sha256_len = 32;
	assert_int_equal(say(MSG_CERTIFICATE_REFUSED, &told), 0);
	assert_true(session.certificate_refused);
	assert_int_equal(touched, 3);
	touched = 0;
	assert_int_equal(say(MSG_CERTIFICATE_REFUSED, &told), 0);
	talking = WORKER(1);
	session.certificate_refused = false;
	assert_int_equal(say(MSG_CERTIFICATE_REFUSED, &told), 0);
	assert_int_equal(touched, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_refused_certificate_is_noted_once_a_session, setup),
		cmocka_unit_test_setup(a_worker_gives_reasons_of_its_own_only, setup),
		cmocka_unit_test_setup(a_worker_that_was_told_repeats_the_reason, setup),
		cmocka_unit_test_setup(another_workers_connection_is_left_alone, setup),
		cmocka_unit_test_setup(who_is_being_killed_introduces_nobody, setup),
		cmocka_unit_test_setup(who_shows_no_ticket_signs_in_where_that_is_allowed, setup),
		cmocka_unit_test_setup(what_returned_says_is_a_workers_to_say, setup),
		cmocka_unit_test_setup(the_desktop_ends_the_sign_in, setup),
		cmocka_unit_test_setup(what_clients_typed_is_told_on, setup),
		cmocka_unit_test_setup(who_comes_back_neither_shows_a_ticket_nor_signs_in, setup),
		cmocka_unit_test_setup(cookies_are_of_the_connections_own_session, setup),
		cmocka_unit_test_setup(
			no_desktop_begins_before_the_worker_was_told_of_a_jump_host, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
