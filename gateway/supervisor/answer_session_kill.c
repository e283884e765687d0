/* session.kill: cut at once, and answered when the record is durable; one that is lost and may come back ends in the store. */
#include "base/bytes.h"
#include "base/log.h"
#include "policy/method_call.h"
#include "policy/methods.h"
#include "policy/sessions.h"
#include "policy/store/session_table.h"
#include "supervisor/control_calls.h"
#include "supervisor/running_sessions.h"
#include "supervisor/sessions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long the answer waits for the record. */
#define KILL_ANSWER_MS 3000

/* The record of a kill outlives the call that asked for it: it is patient, the person need not be. */
struct kill {
	struct store_job job;
	struct control_call *call; /* NULL once answered */
	char *actor;
	json_t *params;
	json_t *session; /* as it was */
	uv_timer_t patience;
	unsigned int holds; /* job and timer: the last one frees */
};

static void
kill_release(struct kill *kill)
{
	if (--kill->holds > 0)
		return;
	json_decref(kill->params);
	json_decref(kill->session);
	free(kill->actor);
	free(kill);
}

static void
on_patience_closed(uv_handle_t *handle)
{
	kill_release(handle->data);
}

static void
on_patience_over(uv_timer_t *timer)
{
	struct kill *kill = timer->data;
	struct control_call *call = kill->call;

	kill->call = NULL;
	control_call_refuse(call, METHOD_STORE_FAILED,
		"the session has been cut; the record of who did it waits for the database", NULL,
		NULL);
}

static int
kill_work(struct store_db *db, struct store_job *job)
{
	const struct kill *kill = (const struct kill *)job;

	return admin_event(db, kill->actor, "session.kill",
		json_string_value(json_object_get(kill->session, "id")), kill->session, NULL,
		json_string_value(json_object_get(kill->params, "because")));
}

static void
kill_done(struct store_job *job, int status)
{
	struct kill *kill = (struct kill *)job;
	struct control_call *call = kill->call;

	uv_close((uv_handle_t *)&kill->patience, on_patience_closed);
	if (status < 0)
		log_event(EV_STORE_FAILED, "what='session.kill' by='%s' id=%s why='%s'",
			log_quote(kill->actor),
			log_quote(json_string_value(json_object_get(kill->session, "id"))),
			store_error_text(status));
	if (call != NULL && status < 0)
		control_call_refuse(
			call, METHOD_STORE_FAILED, store_error_text(status), NULL, NULL);
	else if (call != NULL)
		control_call_answer(call, json_pack("{s:O}", "killed", kill->session));
	kill_release(kill);
}

static struct kill *
kill_new(struct control_call *call, json_t *session)
{
	struct kill *kill = calloc(1, sizeof(*kill));
	char *actor = strdup(call->actor);

	if (kill == NULL || actor == NULL || session == NULL ||
		uv_timer_init(call->supervisor->loop, &kill->patience) < 0) {
		free(actor);
		free(kill);
		return NULL;
	}
	kill->job = (struct store_job){.work = kill_work, .done = kill_done, .stubborn = true};
	kill->call = call;
	kill->actor = actor;
	kill->params = json_incref(call->request.params);
	kill->session = session;
	kill->patience.data = kill;
	kill->holds = 2;
	return kill;
}

/* Cut first, written down at once after: the danger may not be patient. */
static void
cut(struct control_call *call, struct connection *connection)
{
	json_t *session = running_session_json(connection);
	struct kill *kill = kill_new(call, session);

	session_kill(
		connection, CLOSE_ADMIN_KILLED, call->actor, control_call_text(call, "because"));
	if (kill == NULL) {
		json_decref(session);
		control_call_answer(call, NULL);
		return;
	}
	uv_timer_start(&kill->patience, on_patience_over, KILL_ANSWER_MS, 0);
	store_write(call->supervisor->store, &kill->job);
}

/* No connection carries it, and its client may come back: whoever pulls the plug does not escape. */
struct lost {
	struct session_prefix prefix;
	json_t *rows; /* the sessions that are meant */
	json_t *ended;
};

static int
end_lost(struct store_db *db, const struct control_call *call, struct lost *lost)
{
	json_t *row = json_array_get(lost->rows, 0);
	const char *id = json_string_value(json_object_get(row, "session"));
	struct session_ending ending = {.reason = CLOSE_ADMIN_KILLED, .phase = PHASE_CLOSED};
	int r;

	if (bytes_from_hex(id, ending.session, sizeof(ending.session)) < 0)
		return -EUCLEAN;
	snprintf(ending.by, sizeof(ending.by), "%s", call->actor);
	snprintf(ending.because, sizeof(ending.because), "%s", control_call_text(call, "because"));
	r = session_end_lost(db, &ending, &lost->ended);
	session_json_for_people(row);
	if (r == 0)
		r = admin_event(db, call->actor, "session.kill", id, row, NULL, ending.because);
	return r == -ENOENT ? 0 : r;
}

static int
lost_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	struct lost *lost = call->more;
	int r;

	json_decref(lost->rows);
	json_decref(lost->ended);
	lost->rows = lost->ended = NULL;
	r = session_json_going_on(
		db, lost->prefix.low, lost->prefix.high, RUNNING_SESSIONS_NAMED + 1, &lost->rows);
	if (r < 0)
		return r;
	running_session_keep_seen(call, lost->rows);
	return json_array_size(lost->rows) == 1 ? end_lost(db, call, lost) : 0;
}

/* One that is neither lost nor found has come back meanwhile. */
static void
lost_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct lost *lost = call->more;
	struct connection *connection = running_session_find(call, &lost->prefix);

	if (status < 0)
		control_call_fail(call, status);
	else if (lost->ended != NULL) {
		sessions_tell_gone(call->supervisor, CLOSE_ADMIN_KILLED, lost->ended);
		control_call_answer(
			call, json_pack("{s:O}", "killed", json_array_get(lost->rows, 0)));
	} else if (json_array_size(lost->rows) > 1)
		running_session_refuse_several(call, lost->rows);
	else if (connection != NULL)
		cut(call, connection);
	else
		running_session_refuse_unknown(call);
	json_decref(lost->rows);
	json_decref(lost->ended);
	free(lost);
}

void
method_session_kill(struct control_call *call)
{
	struct session_prefix prefix;
	struct connection *connection;
	struct lost *lost;

	if (session_prefix_parse(control_call_text(call, "id"), &prefix) < 0) {
		running_session_refuse_id(call, "id");
		return;
	}
	connection = running_session_find(call, &prefix);
	if (connection != NULL) {
		cut(call, connection);
		return;
	}
	lost = calloc(1, sizeof(*lost));
	if (lost == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	lost->prefix = prefix;
	call->more = lost;
	call->job.work = lost_work;
	call->job.done = lost_done;
	store_write(call->supervisor->store, &call->job);
}
