/* session.kill: cut at once, and answered when the record is durable. */
#include "base/log.h"
#include "policy/method_call.h"
#include "policy/methods.h"
#include "supervisor/control_calls.h"
#include "supervisor/running_sessions.h"
#include "supervisor/sessions.h"

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
void
method_session_kill(struct control_call *call)
{
	struct session_prefix prefix;
	struct connection *connection;
	json_t *session;
	struct kill *kill;

	if (session_prefix_parse(control_call_text(call, "id"), &prefix) < 0) {
		running_session_refuse_id(call);
		return;
	}
	connection = running_session_find(call, &prefix, true);
	if (connection == NULL)
		return;
	session = running_session_json(connection);
	kill = kill_new(call, session);
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
