/* See idle.h. */
#include "supervisor/idle.h"

#include "base/clock.h"
#include "base/log.h"
#include "messages/input_counts.h"
#include "policy/session_outlook.h"
#include "policy/store/store.h"
#include "supervisor/children.h"
#include "supervisor/four_eyes.h"
#include "supervisor/sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOKED_AT_MS 60000

int64_t
idle_since_us(const struct carried_session *session)
{
	return clock_now() - (clock_boottime_ms() - session->input_at_ms) * 1000;
}

struct idle_job {
	struct store_job job;
	struct supervisor *supervisor;
	const struct child *worker;
	size_t count;
	size_t room;
	struct session_outlook *outlooks;
};

static int
idle_work(struct store_db *db, struct store_job *job)
{
	const struct idle_job *idle = (const struct idle_job *)job;

	return session_outlooks_now(db, idle->outlooks, idle->count);
}

static void
idle_free(struct idle_job *idle)
{
	free(idle->outlooks);
	free(idle);
}

static void
idle_done(struct store_job *job, int status)
{
	struct idle_job *idle = (struct idle_job *)job;

	if (status < 0 && status != -ESHUTDOWN)
		log_event(
			EV_STORE_FAILED, "what='idle sessions' why='%s'", store_error_text(status));
	for (size_t i = 0; status == 0 && i < idle->count; i++) {
		struct connection *connection = connection_find_session(
			idle->supervisor->connections, idle->outlooks[i].session);

		if (connection != NULL && idle->outlooks[i].reason != CLOSE_NONE)
			session_kill(connection, idle->outlooks[i].reason, NULL, NULL);
	}
	idle_free(idle);
}

static void
add_idle(void *context, struct connection *connection)
{
	struct idle_job *idle = context;
	const struct carried_session *session = connection->session;
	struct session_outlook *grown;

	if (session == NULL || connection->worker != idle->worker ||
		connection->stage != CONNECTION_RELAYED ||
		clock_boottime_ms() - session->input_at_ms < LOOKED_AT_MS)
		return;
	/* Nobody watches who must: that there is no input is not the engineer's doing. */
	if (four_eyes_pauses(connection)) {
		connection->session->input_at_ms = clock_boottime_ms();
		return;
	}
	if (idle->count == idle->room) {
		size_t room = idle->room == 0 ? 16 : 2 * idle->room;

		grown = reallocarray(idle->outlooks, room, sizeof(*grown));
		if (grown == NULL)
			return; /* in a minute */
		idle->outlooks = grown;
		idle->room = room;
	}
	grown = &idle->outlooks[idle->count++];
	*grown = (struct session_outlook){.idle_since_us = idle_since_us(session)};
	memcpy(grown->session, session->id, SESSION_ID_BYTES);
}

static void
ask_rule(struct supervisor *supervisor, const struct child *worker)
{
	struct idle_job *idle = calloc(1, sizeof(*idle));

	if (idle == NULL)
		return;
	idle->worker = worker;
	connections_each(supervisor->connections, add_idle, idle);
	if (idle->count == 0) {
		idle_free(idle);
		return;
	}
	idle->supervisor = supervisor;
	idle->job.work = idle_work;
	idle->job.done = idle_done;
	store_read(supervisor->store, &idle->job);
}

struct asking {
	struct supervisor *supervisor;
	struct msg_ask_inputs ask;
};

/* One that has said nothing for a minute keeps nobody in. */
static void
ask_worker(void *context, struct child *worker)
{
	struct asking *asking = context;

	if (child_asked(worker) != 0)
		ask_rule(asking->supervisor, worker);
	child_set_asked(worker, 0);
	if (children_send(worker, MSG_ASK_INPUTS, &asking->ask, -1) == 0)
		child_set_asked(worker, asking->ask.serial);
}

void
idle_ask(struct supervisor *supervisor)
{
	struct asking asking = {.supervisor = supervisor};

	if (supervisor->children == NULL || connections_sessions(supervisor->connections) == 0)
		return;
	asking.ask.serial = ++supervisor->inputs_serial;
	children_each_worker(supervisor->children, ask_worker, &asking);
}

static void
take_count(
	struct supervisor *supervisor, const struct child *worker, const struct input_count *count)
{
	struct connection *connection = connection_find(supervisor->connections, count->connection);

	/* One that is over meanwhile, or was never the worker's: nothing to note. */
	if (connection == NULL || connection->worker != worker || connection->session == NULL ||
		connection->session->inputs == count->inputs)
		return;
	connection->session->inputs = count->inputs;
	connection->session->input_at_ms = clock_boottime_ms();
}

int
idle_told(struct supervisor *supervisor, struct child *worker, const struct msg_inputs *inputs)
{
	struct input_count count;
	uint32_t at = 0;
	int r;

	while ((r = input_counts_next(inputs, &at, &count)) > 0)
		take_count(supervisor, worker, &count);
	if (r < 0)
		return r;
	if (inputs->last == 0 || inputs->serial != supervisor->inputs_serial)
		return 0;
	if (child_asked(worker) != inputs->serial)
		return -EPROTO;
	child_set_asked(worker, 0);
	ask_rule(supervisor, worker);
	return 0;
}
