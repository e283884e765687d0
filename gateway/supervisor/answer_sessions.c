/* session.list and session.show: what the loop knows of running sessions, and what the store says of when they end, or how
 * they have ended. */
#include "base/cleanup.h"
#include "policy/method_call.h"
#include "policy/session_outlook.h"
#include "policy/store/session_table.h"
#include "policy/terminals.h"
#include "settings/settings.h"
#include "supervisor/connections.h"
#include "supervisor/control_calls.h"
#include "supervisor/idle.h"
#include "supervisor/running_sessions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The list while the store is asked when each of its sessions ends. */
struct listed {
	json_t *sessions;
	struct session_outlook *outlooks; /* in the order of the sessions */
	size_t count;
	bool one;             /* session.show */
	bool short_of_memory; /* some are missing: it is no list */
};

struct listing {
	const struct control_call *call;
	struct listed *listed;
	const char *prefix; /* the facility's */
	const char *terminal;
	const char *account;
};

static void
add_listed(struct listed *listed, struct connection *connection)
{
	struct session_outlook *grown =
		reallocarray(listed->outlooks, listed->count + 1, sizeof(*listed->outlooks));

	if (grown == NULL) {
		listed->short_of_memory = true;
		return;
	}
	listed->outlooks = grown;
	grown = &grown[listed->count++];
	*grown = (struct session_outlook){.idle_since_us = idle_since_us(connection->session)};
	memcpy(grown->session, connection->session->id, SESSION_ID_BYTES);
	if (json_array_append_new(listed->sessions, running_session_json(connection)) < 0)
		listed->short_of_memory = true;
}

/* Null where nothing ends it. */
static void
set_outlook(json_t *session, const struct session_outlook *outlook)
{
	(void)json_object_set_new(session, "ends", instant_json(outlook->ends_us));
	(void)json_object_set_new(session, "ends_by",
		outlook->ends_by != NULL ? json_string(outlook->ends_by) : json_null());
}

/* An account is named by the typed part of its id or by the full id. */
static bool
account_is(const struct carried_session *session, const char *wanted)
{
	return strcasecmp(session->account, wanted) == 0 ||
	       strcasecmp(session->account_full, wanted) == 0;
}

static void
list_one(void *context, struct connection *connection)
{
	struct listing *listing = context;
	const struct carried_session *session = connection->session;

	if (session == NULL || connection->reason == CLOSE_CONTINUED ||
		!control_call_sees(listing->call, session->terminal_number) ||
		(listing->terminal != NULL &&
			!terminal_name_is(listing->prefix, listing->terminal, session->terminal)) ||
		(listing->account != NULL && !account_is(session, listing->account)))
		return;
	add_listed(listing->listed, connection);
}

static int
outlook_work(struct store_db *db, struct store_job *job)
{
	const struct listed *listed = ((struct control_call *)job)->more;

	return session_outlooks(db, listed->outlooks, listed->count);
}

/* When and why they will end is left out if the store does not say. */
static void
outlook_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct listed *listed = call->more;
	json_t *sessions = listed->sessions;

	for (size_t i = 0; status == 0 && i < listed->count; i++)
		set_outlook(json_array_get(sessions, i), &listed->outlooks[i]);
	if (listed->short_of_memory)
		control_call_answer(call, NULL);
	else if (listed->one)
		control_call_answer(call, json_incref(json_array_get(sessions, 0)));
	else
		control_call_answer(call, json_pack("{s:O}", "sessions", sessions));
	json_decref(sessions);
	free(listed->outlooks);
	free(listed);
}

static void
ask_outlooks(struct control_call *call, struct listed *listed)
{
	call->more = listed;
	call->job.work = outlook_work;
	call->job.done = outlook_done;
	store_read(call->supervisor->store, &call->job);
}

static void
answer_running(struct control_call *call, struct connection *connection)
{
	struct listed *listed = calloc(1, sizeof(*listed));

	if (listed == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	listed->sessions = json_array();
	listed->one = true;
	add_listed(listed, connection);
	ask_outlooks(call, listed);
}

void
method_session_list(struct control_call *call)
{
	struct listed *listed = calloc(1, sizeof(*listed));
	struct listing listing = {
		.listed = listed,
		.call = call,
		.prefix = call->supervisor->settings->facility.id,
		.terminal = control_call_text(call, "terminal"),
		.account = control_call_text(call, "account"),
	};

	if (listed == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	listed->sessions = json_array();
	connections_each(call->supervisor->connections, list_one, &listing);
	ask_outlooks(call, listed);
}

struct show {
	struct session_prefix prefix;
	bool must_run; /* or may go on */
	json_t *rows;
};

static int
show_work(struct store_db *db, struct store_job *job)
{
	struct show *show = ((struct control_call *)job)->more;
	int (*find)(struct store_db * db, const uint8_t *low, const uint8_t *high, int64_t most,
		json_t **ret_rows) = show->must_run ? session_json_going_on : session_json_between;

	json_decref(show->rows);
	show->rows = NULL;
	return find(
		db, show->prefix.low, show->prefix.high, RUNNING_SESSIONS_NAMED + 1, &show->rows);
}

/* The database knows the running ones, too; how they are doing the loop knows. */
static void
show_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct show *show = call->more;
	struct connection *connection;
	json_t *row;
	size_t i, count;

	running_session_keep_seen(call, show->rows);
	json_array_foreach (show->rows, i, row)
		session_json_for_people(row);
	count = json_array_size(show->rows);
	connection = count <= 1 ? running_session_find(call, &show->prefix) : NULL;
	if (connection != NULL)
		answer_running(call, connection);
	else if (status < 0)
		control_call_fail(call, status);
	else if (count == 0)
		running_session_refuse_unknown(call);
	else if (count > 1)
		running_session_refuse_several(call, show->rows);
	else
		control_call_answer(call, json_incref(json_array_get(show->rows, 0)));
	json_decref(show->rows);
	free(show);
}

static void
show_from_store(struct control_call *call, const struct session_prefix *prefix, bool must_run)
{
	struct show *show = calloc(1, sizeof(*show));

	if (show == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	show->prefix = *prefix;
	show->must_run = must_run;
	call->more = show;
	call->job.work = show_work;
	call->job.done = show_done;
	store_read(call->supervisor->store, &call->job);
}

/* A session that is over is shown as the connection history has it. */
void
method_session_show(struct control_call *call)
{
	bool must_run = json_is_true(json_object_get(call->request.params, "running"));
	bool whole = strlen(control_call_text(call, "id")) == SESSION_PREFIX_MOST;
	struct connection *connection = NULL;
	struct session_prefix prefix;

	if (session_prefix_parse(control_call_text(call, "id"), &prefix) < 0) {
		running_session_refuse_id(call, "id");
		return;
	}
	if (must_run || whole)
		connection = running_session_find(call, &prefix);
	if (connection != NULL)
		answer_running(call, connection);
	else
		show_from_store(call, &prefix, must_run);
}
