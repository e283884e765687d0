/* gateway/supervisor/idle.c: who is asked for input and when, what counts as input, and who is ended. Workers, connections and
 * the rule are wrapped (meson.build), the store is by_hand.h's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "by_hand.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "policy/session_outlook.h"
#include "supervisor/children.h"
#include "supervisor/idle.h"
#include "supervisor/sessions.h"

#include <errno.h>
#include <string.h>

#define SESSIONS 40
#define NOON_US (INT64_C(1000000) * 60 * 60 * 12)
#define BEGAN_MS 5000

static struct supervisor supervisor;
static struct connection connections[SESSIONS];
static struct carried_session sessions[SESSIONS];
static uint8_t places[2]; /* of workers, which only idle.c's callers can look into */
static struct child *const workers[] = {(struct child *)&places[0], (struct child *)&places[1]};

static struct {
	size_t sessions, workers;
	bool second_is_full;
	unsigned int asked;
	uint32_t serial;
	enum close_reason verdict;
	size_t looked_at;
	int64_t idle_since_us; /* of the first that was looked at */
	const struct connection *gone;
	const struct connection *killed;
	unsigned int kills;
} world;

void __wrap_children_each_worker(struct children *children,
	void (*visit)(void *context, struct child *worker), void *context);
int __wrap_children_send(struct child *child, enum message type, const void *body, int fd);
uint32_t __wrap_connections_sessions(const struct connections *wanted);
void __wrap_connections_each(struct connections *wanted,
	void (*visit)(void *context, struct connection *connection), void *context);
struct connection *__wrap_connection_find(const struct connections *wanted, uint64_t id);
struct connection *__wrap_connection_find_session(
	const struct connections *wanted, const uint8_t session[SESSION_ID_BYTES]);
void __wrap_session_kill(struct connection *connection, enum close_reason reason, const char *by,
	const char *because);
int __wrap_session_outlooks_now(
	struct store_db *db, struct session_outlook *outlooks, size_t count);

void
__wrap_children_each_worker(struct children *children,
	void (*visit)(void *context, struct child *worker), void *context)
{
	(void)children;
	for (size_t i = 0; i < world.workers; i++)
		visit(context, workers[i]);
}

int
__wrap_children_send(struct child *child, enum message type, const void *body, int fd)
{
	const struct msg_ask_inputs *ask = body;

	assert_int_equal(type, MSG_ASK_INPUTS);
	assert_int_equal(fd, -1);
	if (child == workers[1] && world.second_is_full)
		return -EPIPE;
	world.asked++;
	world.serial = ask->serial;
	return 0;
}

uint32_t
__wrap_connections_sessions(const struct connections *wanted)
{
	(void)wanted;
	return (uint32_t)world.sessions;
}

void
__wrap_connections_each(struct connections *wanted,
	void (*visit)(void *context, struct connection *connection), void *context)
{
	(void)wanted;
	for (size_t i = 0; i < world.sessions; i++)
		visit(context, &connections[i]);
}

struct connection *
__wrap_connection_find(const struct connections *wanted, uint64_t id)
{
	(void)wanted;
	return id >= 1 && id <= world.sessions ? &connections[id - 1] : NULL;
}

struct connection *
__wrap_connection_find_session(
	const struct connections *wanted, const uint8_t session[SESSION_ID_BYTES])
{
	(void)wanted;
	for (size_t i = 0; i < world.sessions; i++) {
		if (memcmp(sessions[i].id, session, SESSION_ID_BYTES) == 0 &&
			&connections[i] != world.gone)
			return &connections[i];
	}
	return NULL;
}

void
__wrap_session_kill(struct connection *connection, enum close_reason reason, const char *by,
	const char *because)
{
	assert_int_equal(reason, CLOSE_IDLE);
	assert_null(by);
	assert_null(because);
	world.killed = connection;
	world.kills++;
}

int
__wrap_session_outlooks_now(struct store_db *db, struct session_outlook *outlooks, size_t count)
{
	(void)db;
	world.looked_at = count;
	world.idle_since_us = outlooks[0].idle_since_us;
	for (size_t i = 0; i < count; i++)
		outlooks[i].reason = world.verdict;
	return 0;
}

/* So long after the sessions began. */
static void
at_ms(int64_t after_ms)
{
	clock_hold(NOON_US + after_ms * 1000, BEGAN_MS + after_ms);
}

/* A worker's answer: of each connection from the first one on, how many PDUs with input there were. */
static int
tell(size_t worker, const uint32_t *inputs, uint32_t count, bool last)
{
	struct msg_inputs message = {.serial = world.serial, .last = last};
	struct bytes_writer writer;

	bytes_writer_init(&writer, message.counts, sizeof(message.counts));
	for (uint32_t i = 0; i < count; i++) {
		bytes_write_u64le(&writer, i + 1);
		bytes_write_u32le(&writer, inputs[i]);
	}
	message.counts_len = count * 12;
	return idle_told(&supervisor, workers[worker], &message);
}

static int
setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.sessions = 1;
	world.workers = 1;
	world.verdict = CLOSE_IDLE;
	by_hand_begin();
	supervisor = (struct supervisor){.children = (struct children *)&places};
	at_ms(0);
	for (size_t i = 0; i < SESSIONS; i++) {
		sessions[i] = (struct carried_session){
			.id = {(uint8_t)(i + 1)}, .input_at_ms = clock_boottime_ms()};
		connections[i] = (struct connection){.id = i + 1,
			.stage = CONNECTION_RELAYED,
			.worker = workers[0],
			.session = &sessions[i]};
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	clock_release();
	return 0;
}

static void
without_sessions_nobody_is_asked(void **state)
{
	(void)state;
	world.sessions = 0;
	idle_ask(&supervisor);
	assert_int_equal(world.asked, 0);
	supervisor.children = NULL; /* at the start and at the end */
	world.sessions = 1;
	idle_ask(&supervisor);
	assert_int_equal(world.asked, 0);
}

static void
who_types_is_not_looked_at_and_who_does_not_is_after_a_minute(void **state)
{
	uint32_t inputs = 1;

	(void)state;
	at_ms(59999);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	assert_int_equal(by_hand.read.count, 0);
	assert_int_equal(idle_since_us(&sessions[0]), NOON_US + 59999000);
	at_ms(119998);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	assert_int_equal(by_hand.read.count, 0);
	at_ms(119999);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.idle_since_us, NOON_US + 59999000);
	assert_ptr_equal(world.killed, &connections[0]);
}

static void
the_rule_says_who_ends(void **state)
{
	uint32_t inputs[SESSIONS] = {0};

	(void)state;
	world.sessions = SESSIONS;
	world.verdict = CLOSE_NONE;
	at_ms(60000);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, inputs, SESSIONS, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.looked_at, SESSIONS);
	assert_int_equal(world.kills, 0);
	world.verdict = CLOSE_IDLE;
	idle_ask(&supervisor);
	inputs[3] = 7;
	assert_int_equal(tell(0, inputs, SESSIONS, true), 0);
	world.gone = &connections[5]; /* while the store was asked */
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.looked_at, SESSIONS - 1);
	assert_int_equal(world.kills, SESSIONS - 2);
}

/* One that has not answered may have seen somebody type. */
static void
the_rule_waits_for_all_workers_that_were_asked(void **state)
{
	uint32_t inputs = 0;

	(void)state;
	world.workers = 2;
	at_ms(60000);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, &inputs, 1, false), 0);
	assert_int_equal(tell(1, &inputs, 0, true), 0);
	assert_int_equal(by_hand.read.count, 0);
	assert_int_equal(tell(0, &inputs, 0, true), 0);
	assert_int_equal(by_hand.read.count, 1);
	by_hand_run(&by_hand.read, 0);
	/* Who cannot be asked owes nothing. */
	world.second_is_full = true;
	idle_ask(&supervisor);
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.kills, 2);
}

static void
an_answer_to_an_earlier_question_ends_nobody(void **state)
{
	uint32_t inputs = 0;

	(void)state;
	at_ms(60000);
	idle_ask(&supervisor);
	idle_ask(&supervisor);
	world.serial--;
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	assert_int_equal(by_hand.read.count, 0);
	world.serial++;
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.kills, 1);
}

static void
a_worker_counts_for_its_own_connections_only(void **state)
{
	uint32_t inputs[] = {9, 9};

	(void)state;
	world.workers = 2;
	at_ms(60000);
	idle_ask(&supervisor);
	assert_int_equal(tell(1, inputs, 2, true), 0); /* the second is nobody's */
	assert_int_equal(sessions[0].inputs, 0);
	assert_int_equal(tell(0, inputs, 0, true), 0);
	assert_int_equal(by_hand.read.count, 1);
	by_hand_run(&by_hand.read, 0);
}

static void
what_is_no_answer_ends_the_worker(void **state)
{
	struct msg_inputs cut = {.counts_len = 13, .last = 1};
	uint32_t inputs = 0;

	(void)state;
	idle_ask(&supervisor);
	cut.serial = world.serial;
	assert_int_equal(idle_told(&supervisor, workers[0], &cut), -EPROTO);
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	assert_int_equal(tell(0, &inputs, 1, true), -EPROTO); /* owes nothing */
}

static void
sessions_that_begin_or_end_are_left_alone(void **state)
{
	uint32_t inputs[3] = {0};

	(void)state;
	world.sessions = 3;
	connections[0].session = NULL;
	connections[1].stage = CONNECTION_KILLED;
	at_ms(60000);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, inputs, 3, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.looked_at, 1);
	assert_ptr_equal(world.killed, &connections[2]);
}

static void
a_store_that_does_not_answer_ends_nobody(void **state)
{
	uint32_t inputs = 0;

	(void)state;
	at_ms(60000);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	by_hand_run(&by_hand.read, -EIO);
	assert_int_equal(world.kills, 0);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(without_sessions_nobody_is_asked),
		IN_OUT(who_types_is_not_looked_at_and_who_does_not_is_after_a_minute),
		IN_OUT(the_rule_says_who_ends),
		IN_OUT(the_rule_waits_for_all_workers_that_were_asked),
		IN_OUT(an_answer_to_an_earlier_question_ends_nobody),
		IN_OUT(a_worker_counts_for_its_own_connections_only),
		IN_OUT(what_is_no_answer_ends_the_worker),
		IN_OUT(sessions_that_begin_or_end_are_left_alone),
		IN_OUT(a_store_that_does_not_answer_ends_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
