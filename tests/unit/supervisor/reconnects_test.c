/* gateway/supervisor/reconnects.c, with the real resumes.c */
#include "supervisor/reconnects.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "settings/settings.h"
#include "supervisor/device_search.h"
#include "supervisor/login_refusals.h"
#include "supervisor/resumes.h"
#include "supervisor/session_starts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t session_id[SESSION_ID_BYTES] = "session number 1";
static struct settings settings;
static struct supervisor supervisor;
static struct connection connection;
static struct carried_session session;
static struct msg_introduced introduced;

static struct {
	void (*on_device)(void *owner);
	void *owner;
	const struct session_start_events *events;
	struct session_resumption resumption;
	uint32_t penalty;
	unsigned int otherwise, cancelled;
	enum close_reason logged, killed;
	int device_search, start;
} seen;

int
device_search_start(struct device_search *search, struct connection *one, void (*done)(void *owner),
	void *owner)
{
	assert_ptr_equal(one, &connection);
	snprintf(search->device.kind, sizeof(search->device.kind), "neighbour");
	seen.on_device = done;
	seen.owner = owner;
	return seen.device_search;
}

bool
device_vouched_accepted(const struct connection *one)
{
	(void)one;
	return true;
}

void
device_search_cancel(struct device_search *search)
{
	(void)search;
	seen.cancelled++;
}

int
session_start_begin(struct connection *one, const struct session_start_setup *setup)
{
	assert_ptr_equal(one, &connection);
	assert_null(setup->ticket);
	assert_null(setup->signed_in);
	seen.events = setup->events;
	seen.resumption = *setup->resumption;
	assert_string_equal(setup->resumption->account, "taro");
	return seen.start;
}

void
connection_kill(struct connection *one, enum close_reason reason)
{
	assert_ptr_equal(one, &connection);
	seen.killed = reason;
}

void
login_refusal_record(const struct connection *one, const char *typed, enum close_reason reason)
{
	assert_ptr_equal(one, &connection);
	assert_string_equal(typed, "");
	seen.logged = reason;
}

void
login_refusal_penalise(const struct connection *one, uint32_t units)
{
	assert_ptr_equal(one, &connection);
	seen.penalty += units;
}

static void
otherwise(struct connection *one, const struct msg_introduced *again)
{
	assert_ptr_equal(one, &connection);
	assert_null(connection.reconnect);
	assert_memory_equal(again, &introduced, sizeof(introduced));
	seen.otherwise++;
}

static int
setup(void **state)
{
	struct auto_reconnect_cookie cookie;
	struct client_info_cookie shown;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	settings.limits.grace_ms = 60000;
	supervisor = (struct supervisor){.settings = &settings, .resumes = resumes_new()};
	assert_int_equal(resume_issue(supervisor.resumes, session_id, &cookie), 0);
	resume_given(supervisor.resumes, session_id);
	connection = (struct connection){
		.supervisor = &supervisor, .stage = CONNECTION_RELAYED, .session = &session};
	memset(&introduced, 0, sizeof(introduced));
	strcpy(introduced.user, "CLINIC\\taro%x-ray");
	assert_int_equal(resume_verifier(&cookie, shown.verifier), 0);
	introduced.logon_id = cookie.logon_id;
	introduced.verifier_len = sizeof(shown.verifier);
	memcpy(introduced.verifier, shown.verifier, sizeof(shown.verifier));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	reconnect_abandon(take_pointer(&connection.reconnect));
	resumes_free(supervisor.resumes);
	return 0;
}

static bool
start(void)
{
	return reconnect_start(&connection, &introduced, otherwise);
}

static void
its_session_goes_on(void **state)
{
	(void)state;
	assert_true(start());
	assert_non_null(connection.reconnect);
	seen.on_device(seen.owner);
	assert_memory_equal(seen.resumption.session, session_id, sizeof(session_id));
	assert_string_equal(seen.resumption.device.kind, "neighbour");
	assert_true(seen.resumption.vouched_accepted);
	seen.events->attached(&connection);
	assert_null(connection.reconnect);
	assert_int_equal(seen.otherwise + seen.penalty, 0);
	assert_int_equal(seen.cancelled, 1);
}

static void
without_a_cookie_nothing_happens(void **state)
{
	(void)state;
	introduced.verifier_len = 0;
	assert_false(start());
	assert_null(connection.reconnect);
	assert_int_equal(seen.penalty + seen.logged, 0);
}

/* After the grace time, or a kill: it was honest once. */
static void
a_cookie_that_is_over_is_no_failure(void **state)
{
	(void)state;
	resume_over(supervisor.resumes, session_id, END_STATE_KILLED, clock_boottime_ms());
	assert_false(start());
	assert_int_equal(seen.penalty + seen.logged, 0);
}

static void
a_wrong_cookie_is_a_failure(void **state)
{
	(void)state;
	introduced.verifier[0] ^= 1;
	assert_false(start());
	assert_null(connection.reconnect);
	assert_int_equal(seen.penalty, 3);
	assert_int_equal(seen.logged, CLOSE_RESUME_WRONG);
}

static void
who_needs_a_password_signs_in_again_and_has_done_nothing_wrong(void **state)
{
	(void)state;
	resume_needs_password(supervisor.resumes, session_id);
	assert_false(start());
	assert_true(connection.signs_in_again);
	assert_null(connection.reconnect);
	assert_int_equal(seen.penalty + seen.logged, 0);
}

static void
who_is_refused_is_a_new_client(void **state)
{
	static const struct {
		enum close_reason reason;
		uint32_t penalty;
	} cases[] = {{CLOSE_TICKET_USED, 0}, {CLOSE_OUTSIDE_HOURS, 0}, {CLOSE_DEVICE_REFUSED, 0},
		{CLOSE_RESUME_SOURCE, 3}, {CLOSE_RESUME_WRONG, 3}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		(void)teardown(state);
		(void)setup(state);
		assert_true(start());
		seen.on_device(seen.owner);
		seen.events->refused(&connection, cases[i].reason, NULL);
		assert_int_equal(seen.otherwise, 1);
		assert_int_equal(seen.penalty, cases[i].penalty);
		assert_int_equal(seen.killed, CLOSE_NONE);
		assert_null(connection.reconnect);
	}
}

static void
what_cannot_be_recorded_ends_it(void **state)
{
	(void)state;
	assert_true(start());
	seen.on_device(seen.owner);
	seen.events->refused(&connection, CLOSE_NOT_LOGGED, NULL);
	assert_int_equal(seen.killed, CLOSE_NOT_LOGGED);
	assert_int_equal(seen.otherwise, 0);
}

static void
without_room_it_ends(void **state)
{
	seen.device_search = -EBUSY;
	assert_true(start());
	assert_int_equal(seen.killed, CLOSE_OUT_OF_ROOM);
	(void)teardown(state);
	(void)setup(state);
	assert_true(start());
	seen.start = -ENOMEM;
	seen.on_device(seen.owner);
	assert_int_equal(seen.killed, CLOSE_OUT_OF_ROOM);
	assert_int_equal(seen.otherwise, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(its_session_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_needs_a_password_signs_in_again_and_has_done_nothing_wrong, setup,
			teardown),
		cmocka_unit_test_setup_teardown(without_a_cookie_nothing_happens, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_cookie_that_is_over_is_no_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wrong_cookie_is_a_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_refused_is_a_new_client, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_recorded_ends_it, setup, teardown),
		cmocka_unit_test_setup_teardown(without_room_it_ends, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
