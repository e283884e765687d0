/* gateway/supervisor/sessions.c: ends that are not lost, kills that nobody escapes, the running rules. The connections are
 * wrapped (meson.build), the store is by_hand.h's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "by_hand.h"

#include "base/cleanup.h"
#include "policy/store/store.h"
#include "supervisor/resumes.h"
#include "supervisor/session_log.h"
#include "supervisor/sessions.h"

#include <errno.h>
#include <string.h>

static struct supervisor supervisor = {.state = SUPERVISOR_RUNNING};
static struct connection connection;
static struct carried_session carried;

static struct {
	struct session_ending ending;
	unsigned int tells, kills;
	enum close_reason killed;
	bool is_carried; /* a connection carries the session */
	int64_t account, terminal;
	unsigned int verdicts;
} seen;

int __wrap_session_end(struct store_db *db, const struct session_ending *ending, json_t **ret_row);
int __wrap_session_running_verdicts(struct store_db *db, int64_t account_number,
	int64_t terminal_number, struct running_verdict **ret_verdicts, size_t *ret_count);
struct connection *__wrap_connection_find_session(
	const struct connections *connections, const uint8_t session[SESSION_ID_BYTES]);
void __wrap_connection_kill(struct connection *one, enum close_reason reason);
void __wrap_session_log_write(
	struct session_log *log, enum session_log_kind kind, const json_t *row);

int
__wrap_session_end(struct store_db *db, const struct session_ending *ending, json_t **ret_row)
{
	(void)db;
	seen.ending = *ending;
	*ret_row = json_object();
	return 0;
}

int
__wrap_session_running_verdicts(struct store_db *db, int64_t account_number,
	int64_t terminal_number, struct running_verdict **ret_verdicts, size_t *ret_count)
{
	(void)db;
	seen.account = account_number;
	seen.terminal = terminal_number;
	*ret_count = seen.verdicts;
	*ret_verdicts = calloc(seen.verdicts + 1, sizeof(**ret_verdicts));
	for (size_t i = 0; i < seen.verdicts; i++)
		(*ret_verdicts)[i].reason = CLOSE_OUTSIDE_HOURS;
	return 0;
}

struct connection *
__wrap_connection_find_session(
	const struct connections *connections, const uint8_t session[SESSION_ID_BYTES])
{
	(void)connections;
	(void)session;
	return seen.is_carried ? &connection : NULL;
}

void
__wrap_connection_kill(struct connection *one, enum close_reason reason)
{
	assert_ptr_equal(one, &connection);
	seen.kills++;
	if (one->stage != CONNECTION_RELAYED)
		return;
	one->stage = CONNECTION_KILLED;
	seen.killed = reason;
}

void
__wrap_session_log_write(struct session_log *log, enum session_log_kind kind, const json_t *row)
{
	(void)log;
	(void)kind;
	assert_non_null(row);
	seen.tells++;
}

static int
setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	by_hand_begin();
	carried = (struct carried_session){.id = {1}, .by = "unix:sato", .because = "drill"};
	connection = (struct connection){
		.supervisor = &supervisor, .stage = CONNECTION_RELAYED, .session = &carried};
	resumes_free(take_pointer(&supervisor.resumes)); /* of a test that begins anew */
	supervisor.resumes = resumes_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	resumes_free(take_pointer(&supervisor.resumes));
	return 0;
}

static void
record(enum close_reason reason)
{
	const struct socket_bytes bytes = {.received = 11, .sent = 22};

	session_record_end(&supervisor, &carried, 7, reason, PHASE_BRIDGE, &bytes);
}

/* A job as the store runs it, so many times before it says how it ended. */
static void
run(struct job_queue *queue, unsigned int times, int status)
{
	struct store_job *taken = by_hand_take(queue);

	for (unsigned int i = 0; i < times; i++)
		assert_int_equal(taken->work(NULL, taken), 0);
	taken->done(taken, status);
}

static void
an_end_is_recorded_with_all_that_is_known_and_then_told(void **state)
{
	(void)state;
	record(CLOSE_ADMIN_KILLED);
	assert_true(by_hand.written.jobs[0]->stubborn);
	assert_int_equal(seen.tells, 0);
	run(&by_hand.written, 2, 0); /* a group that failed is done again */
	assert_int_equal(seen.tells, 1);
	assert_int_equal(seen.ending.session[0], 1);
	assert_int_equal(seen.ending.connection, 7);
	assert_int_equal(seen.ending.reason, CLOSE_ADMIN_KILLED);
	assert_int_equal(seen.ending.phase, PHASE_BRIDGE);
	assert_int_equal(seen.ending.bytes_from_client, 11);
	assert_int_equal(seen.ending.bytes_to_client, 22);
	assert_string_equal(seen.ending.by, "unix:sato");
	assert_string_equal(seen.ending.because, "drill");
}

static void
an_end_that_is_not_on_disk_is_told_nobody(void **state)
{
	(void)state;
	record(CLOSE_CLIENT_LEFT);
	run(&by_hand.written, 0, -ESHUTDOWN);
	assert_int_equal(seen.tells, 0);
}

static void
a_session_that_goes_on_elsewhere_has_not_ended(void **state)
{
	(void)state;
	record(CLOSE_CONTINUED);
	run(&by_hand.written, 1, 0);
	assert_int_equal(seen.tells, 0);
}

/* … in the moment before its end was on disk; and a record that failed is no way out either. */
static void
a_killed_client_that_came_back_is_killed_again(void **state)
{
	static const int statuses[] = {0, -EIO};

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		(void)setup(state);
		seen.is_carried = true;
		record(CLOSE_ADMIN_KILLED);
		run(&by_hand.written, 1, statuses[i]);
		assert_int_equal(seen.killed, CLOSE_ADMIN_KILLED);
		assert_string_equal(carried.because, "drill");
	}
	/* Who was lost may come back. */
	(void)setup(state);
	seen.is_carried = true;
	record(CLOSE_CLIENT_LOST);
	run(&by_hand.written, 1, 0);
	assert_int_equal(seen.kills, 0);
}

static void
the_first_person_who_ends_a_session_is_in_the_log(void **state)
{
	(void)state;
	session_kill(&connection, CLOSE_ADMIN_KILLED, "unix:mori", "fire");
	session_kill(&connection, CLOSE_ACCOUNT_LOCKED, "unix:kato", "late");
	assert_string_equal(carried.by, "unix:mori");
	assert_string_equal(carried.because, "fire");
	assert_int_equal(seen.killed, CLOSE_ADMIN_KILLED);

	connection.stage = CONNECTION_RELAYED;
	session_kill(&connection, CLOSE_OUTSIDE_HOURS, NULL, NULL);
	assert_string_equal(carried.by, "");
	assert_string_equal(carried.because, "");

	connection = (struct connection){.stage = CONNECTION_RELAYED};
	session_kill(&connection, CLOSE_ADMIN_KILLED, "unix:mori", "no session yet");
	assert_int_equal(seen.killed, CLOSE_ADMIN_KILLED);
}

static void
running_rules_end_what_no_longer_holds(void **state)
{
	(void)state;
	seen.is_carried = true;
	seen.verdicts = 2;
	sessions_check(&supervisor, 5, 6, "unix:mori", "fire");
	run(&by_hand.read, 2, 0);
	assert_int_equal(seen.account, 5);
	assert_int_equal(seen.terminal, 6);
	assert_int_equal(seen.kills, 2);
	assert_int_equal(seen.killed, CLOSE_OUTSIDE_HOURS);
	assert_string_equal(carried.by, "unix:mori");
	assert_string_equal(carried.because, "fire");

	/* A session that has just ended, and a question without an answer, end nothing. */
	(void)setup(state);
	seen.verdicts = 1;
	sessions_check(&supervisor, 0, 0, NULL, NULL);
	run(&by_hand.read, 1, 0);
	assert_int_equal(seen.kills, 0);
	(void)setup(state);
	seen.is_carried = true;
	seen.verdicts = 1;
	sessions_check(&supervisor, 0, 0, NULL, NULL);
	run(&by_hand.read, 1, -EIO);
	assert_int_equal(seen.kills, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Its client may come back to a session that is lost, or that another connection carries, and to no other. */
static void
only_a_lost_session_keeps_its_cookie(void **state)
{
	static const struct {
		enum close_reason reason;
		size_t kept;
	} cases[] = {{CLOSE_CLIENT_LOST, 1}, {CLOSE_CONTINUED, 1}, {CLOSE_HOST_LOST, 1},
		{CLOSE_CLIENT_LOGGED_OFF, 0}, {CLOSE_ADMIN_KILLED, 0}, {CLOSE_ACCOUNT_LOCKED, 0}};
	struct auto_reconnect_cookie cookie;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(resume_issue(supervisor.resumes, carried.id, &cookie), 0);
		record(cases[i].reason);
		run(&by_hand.written, 0, 0);
		assert_int_equal(resumes_count(supervisor.resumes), cases[i].kept);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_end_is_recorded_with_all_that_is_known_and_then_told),
		TEST(an_end_that_is_not_on_disk_is_told_nobody),
		TEST(a_session_that_goes_on_elsewhere_has_not_ended),
		TEST(a_killed_client_that_came_back_is_killed_again),
		TEST(the_first_person_who_ends_a_session_is_in_the_log),
		TEST(running_rules_end_what_no_longer_holds),
		TEST(only_a_lost_session_keeps_its_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
