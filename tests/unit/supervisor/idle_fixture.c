/* See idle_fixture.h. */
#include "idle_fixture.h"

#include "base/clock.h"
#include "messages/input_counts.h"
#include "policy/session_outlook.h"
#include "supervisor/children.h"
#include "supervisor/idle.h"
#include "supervisor/sessions.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BEGAN_MS 5000

struct supervisor supervisor;
struct connection connections[IDLE_SESSIONS];
struct carried_session sessions[IDLE_SESSIONS];
static uint8_t places[2]; /* of workers, into which idle.c does not look */
struct child *const workers[2] = {(struct child *)&places[0], (struct child *)&places[1]};

struct idle_world world;

void __wrap_children_each_worker(struct children *children,
	void (*visit)(void *context, struct child *worker), void *context);
int __wrap_children_send(struct child *child, enum message type, const void *body, int fd);
void __wrap_child_set_asked(struct child *worker, uint32_t serial);
uint32_t __wrap_child_asked(const struct child *worker);
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

void
__wrap_child_set_asked(struct child *worker, uint32_t serial)
{
	world.owes[worker == workers[1]] = serial;
}

uint32_t
__wrap_child_asked(const struct child *worker)
{
	return world.owes[worker == workers[1]];
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

void
at_ms(int64_t after_ms)
{
	clock_hold(IDLE_BEGAN_US + after_ms * 1000, BEGAN_MS + after_ms);
}

int
tell(size_t worker, const uint32_t *inputs, uint32_t count, bool last)
{
	struct msg_inputs message = {.serial = world.serial, .last = last};

	for (uint32_t i = 0; i < count; i++)
		input_counts_add(&message, &(struct input_count){i + 1, inputs[i]});
	return idle_told(&supervisor, workers[worker], &message);
}

int
idle_setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.sessions = 1;
	world.workers = 1;
	world.verdict = CLOSE_IDLE;
	by_hand_begin();
	supervisor = (struct supervisor){.children = (struct children *)&places};
	at_ms(0);
	for (size_t i = 0; i < IDLE_SESSIONS; i++) {
		sessions[i] = (struct carried_session){
			.id = {(uint8_t)(i + 1)}, .input_at_ms = clock_boottime_ms()};
		connections[i] = (struct connection){.id = i + 1,
			.stage = CONNECTION_RELAYED,
			.worker = workers[0],
			.session = &sessions[i]};
	}
	return 0;
}

int
idle_teardown(void **state)
{
	(void)state;
	clock_release();
	return 0;
}
