/* session.list, session.show, session.kill, gateway.status: answered from what the loop knows. */
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "policy/method_call.h"
#include "policy/methods.h"
#include "policy/session_outlook.h"
#include "policy/sessions.h"
#include "policy/store/session_table.h"
#include "policy/terminals.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/connections.h"
#include "supervisor/control_calls.h"
#include "supervisor/control_server.h"
#include "supervisor/greeters.h"
#include "supervisor/health.h"
#include "supervisor/idle.h"
#include "supervisor/penalties.h"
#include "supervisor/session_prefix.h"
#include "supervisor/sessions.h"
#include "supervisor/sign_ins.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* How long the answer to session.kill waits for the record. */
#define KILL_ANSWER_MS 3000

#define PENALTIES_SHOWN 10

static const char *
state_name(const struct connection *connection)
{
	if (connection->stage == CONNECTION_KILLED)
		return "ending";
	return connection->phase == PHASE_BRIDGE ? "active" : "starting";
}

static json_t *
time_json(int64_t at_us)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format_utc(at_us, text);
	return json_string(text);
}

static json_t *
device_json(const struct device_evidence *device)
{
	char text[MAC_TEXT_SIZE];

	if (!device->known)
		return json_null();
	mac_format(&device->mac, text);
	return json_string(text);
}

/* A session object of control_methods.def. */
static json_t *
running_json(const struct connection *connection)
{
	const struct carried_session *session = connection->session;
	const struct attendance *attendance = &session->attendance;
	struct socket_bytes bytes = connection_session_bytes(connection);
	bool given = attendance->given;
	char source[SOCKET_TEXT_SIZE];

	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:s, s:I, s:I, s:s?, "
		"s:o, s:o}",
		"id", session->id_text, "account", session->account, "full_id",
		session->account_full, "name", session->account_name, "terminal", session->terminal,
		"phase", phase_row(connection->phase)->name, "state", state_name(connection),
		"since", time_json(session->started_us), "idle_since",
		time_json(idle_since_us(session)), "source",
		socket_text_without_port((const struct sockaddr *)&connection->source, source),
		"device", device_json(&session->device), "evidence", session->device.kind,
		"bytes_from_client", (json_int_t)bytes.received, "bytes_to_client",
		(json_int_t)bytes.sent, "let_in_by", given ? attendance->by : NULL,
		"let_in_control", given ? json_boolean(attendance->control) : json_null(),
		"let_in_files", given ? json_boolean(attendance->files) : json_null());
}

/* The list while the store is asked when each of its sessions ends. */
struct listed {
	json_t *sessions;
	struct session_outlook *outlooks; /* in the order of the sessions */
	size_t count;
	bool one; /* session.show */
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

	if (grown == NULL)
		return;
	listed->outlooks = grown;
	grown = &grown[listed->count++];
	*grown = (struct session_outlook){.idle_since_us = idle_since_us(connection->session)};
	memcpy(grown->session, connection->session->id, SESSION_ID_BYTES);
	(void)json_array_append_new(listed->sessions, running_json(connection));
}

static void
set_outlook(json_t *session, const struct session_outlook *outlook)
{
	(void)json_object_set_new(
		session, "ends", outlook->ends_us != 0 ? time_json(outlook->ends_us) : json_null());
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
	if (listed->one)
		control_call_answer(call, json_incref(json_array_get(sessions, 0)));
	else
		control_call_answer(call, json_pack("{s:O}", "sessions", sessions));
	json_decref(sessions);
	free(listed->outlooks);
	free(listed);
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
	call->more = listed;
	call->job.work = outlook_work;
	call->job.done = outlook_done;
	store_read(call->supervisor->store, &call->job);
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
	call->more = listed;
	call->job.work = outlook_work;
	call->job.done = outlook_done;
	store_read(call->supervisor->store, &call->job);
}

static void
refuse_id(struct control_call *call)
{
	struct field_error error;

	(void)field_error_set(&error, "id", control_call_text(call, "id"),
		N_("7 to 32 hexadecimal digits, the first of an id or all of them, as session list "
		   "shows "
		   "them"),
		"7f31a2c4");
	(void)method_refuse_field(&call->method, &error);
	control_call_fail(call, -EINVAL);
}

static void
refuse_unknown(struct control_call *call)
{
	control_call_refuse(call, METHOD_NOT_FOUND, "there is no such session", "id", NULL);
}

#define CANDIDATES_MOST 5

static const char *
member(const json_t *object, const char *name, const char *other)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : json_string_value(json_object_get(object, other));
}

/* Whole ids, to be copied, and what tells the sessions apart. */
static void
refuse_several(struct control_call *call, const json_t *sessions)
{
	char text[SENTENCE_VALUES_SIZE / 2] = "";
	const json_t *session;
	size_t used = 0;
	size_t i;

	json_array_foreach (sessions, i, session) {
		if (i == CANDIDATES_MOST) {
			snprintf(text + used, sizeof(text) - used, ", …");
			break;
		}
		snprintf(text + used, sizeof(text) - used, "%s%s (%s, %s)", i > 0 ? ", " : "",
			member(session, "id", "session"), member(session, "account", NULL),
			member(session, "terminal", NULL));
		used = strlen(text);
	}
	(void)method_refuse(&call->method, METHOD_REFUSED,
		"several sessions begin with '%s': give more of the id: %s",
		control_call_text(call, "id"), text);
	control_call_fail(call, -EEXIST);
}

struct running {
	const struct control_call *call;
	const struct session_prefix *prefix;
	struct connection *one; /* the last that fits */
	json_t *all;
};

static void
collect_running(void *context, struct connection *connection)
{
	struct running *running = context;

	/* The one that was told to make place is still here for a moment. */
	if (connection->session == NULL || connection->reason == CLOSE_CONTINUED ||
		!control_call_sees(running->call, connection->session->terminal_number) ||
		!session_prefix_fits(running->prefix, connection->session->id))
		return;
	running->one = connection;
	json_array_append_new(running->all, running_json(connection));
}

/* The one running session that begins so; NULL if there is none, or several, when the call has been answered if it
 * must be one of those that run. */
static struct connection *
find_running(struct control_call *call, const struct session_prefix *prefix, bool must_run)
{
	struct running running = {.call = call, .prefix = prefix, .all = json_array()};
	size_t count;

	connections_each(call->supervisor->connections, collect_running, &running);
	count = json_array_size(running.all);
	if (must_run && count == 0)
		refuse_unknown(call);
	if (must_run && count > 1)
		refuse_several(call, running.all);
	json_decref(running.all);
	return count == 1 ? running.one : NULL;
}

struct show {
	struct session_prefix prefix;
	json_t *rows;
};

static int
show_work(struct store_db *db, struct store_job *job)
{
	struct show *show = ((struct control_call *)job)->more;

	json_decref(show->rows);
	show->rows = NULL;
	return session_json_between(
		db, show->prefix.low, show->prefix.high, CANDIDATES_MOST + 1, &show->rows);
}

/* Only what this caller may see, and as people see it. */
static void
keep_seen(const struct control_call *call, json_t *rows)
{
	for (size_t i = json_array_size(rows); i > 0; i--) {
		json_t *row = json_array_get(rows, i - 1);

		if (control_call_sees(
			    call, json_integer_value(json_object_get(row, "terminal_number"))))
			session_json_for_people(row);
		else
			(void)json_array_remove(rows, i - 1);
	}
}

/* The database knows the running ones, too; how they are doing the loop knows. */
static void
show_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct show *show = call->more;
	struct connection *connection;
	size_t count;

	keep_seen(call, show->rows);
	count = json_array_size(show->rows);
	connection = count <= 1 ? find_running(call, &show->prefix, false) : NULL;
	if (connection != NULL)
		answer_running(call, connection);
	else if (status < 0)
		control_call_fail(call, status);
	else if (count == 0)
		refuse_unknown(call);
	else if (count > 1)
		refuse_several(call, show->rows);
	else
		control_call_answer(call, json_incref(json_array_get(show->rows, 0)));
	json_decref(show->rows);
	free(show);
}

static void
show_from_store(struct control_call *call, const struct session_prefix *prefix)
{
	struct show *show = calloc(1, sizeof(*show));

	if (show == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	show->prefix = *prefix;
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
		refuse_id(call);
		return;
	}
	if (must_run || whole)
		connection = find_running(call, &prefix, must_run);
	if (connection != NULL)
		answer_running(call, connection);
	else if (!must_run)
		show_from_store(call, &prefix);
}

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
		refuse_id(call);
		return;
	}
	connection = find_running(call, &prefix, true);
	if (connection == NULL)
		return;
	session = running_json(connection);
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

static void
add_worker(void *context, struct child *worker)
{
	json_array_append_new(context,
		json_pack("{s:I, s:i, s:I}", "number", (json_int_t)child_number(worker), "pid",
			child_pid(worker), "connections", (json_int_t)child_connections(worker)));
}

static json_t *
listeners_json(const struct settings *settings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < settings->listeners.count; i++) {
		const struct settings_listener *listener = &settings->listeners.items[i];

		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:b}", "name", listener->name, "address",
				listener->address.text, "side", settings_side_name(listener->side),
				"proxy", listener->proxy == SETTINGS_PROXY_V2));
	}
	return list;
}

/* The sources with the highest penalties. */
static json_t *
penalties_json(const struct supervisor *supervisor)
{
	struct penalised worst[PENALTIES_SHOWN];
	size_t count = penalties_worst(
		supervisor->penalties, clock_boottime_ms(), worst, ARRAY_SIZE(worst));
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:I}", "source", worst[i].source, "seconds",
				      (json_int_t)(worst[i].penalty_ms + 999) / 1000));
	return list;
}

void
method_gateway_status(struct control_call *call)
{
	const struct supervisor *supervisor = call->supervisor;
	struct penalty_numbers numbers =
		penalties_numbers(supervisor->penalties, clock_boottime_ms());
	struct health_numbers terminals = health_numbers(supervisor->health);
	json_t *workers = json_array();

	children_each_worker(supervisor->children, add_worker, workers);
	control_call_answer(call,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:s, s:o, s:o, s:I, s:I, s:I, s:I, "
			  "s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			"version", SEKISHO_VERSION, "facility", supervisor->settings->facility.name,
			"prefix", supervisor->settings->facility.id, "time_zone",
			supervisor->settings->facility.time_zone, "state",
			supervisor->state == SUPERVISOR_RUNNING ? "running" : "stopping",
			"ready_since", time_json(supervisor->ready_us), "pid", (json_int_t)getpid(),
			"tls_minimum", settings_tls_minimum_name(supervisor->settings->tls.minimum),
			"listeners", listeners_json(supervisor->settings), "workers", workers,
			"sessions", (json_int_t)connections_sessions(supervisor->connections),
			"connections", (json_int_t)numbers.connections, "unfinished",
			(json_int_t)numbers.unfinished, "sources", (json_int_t)numbers.sources,
			"penalised", (json_int_t)numbers.penalised, "penalties",
			penalties_json(supervisor), "sign_ins",
			(json_int_t)sign_ins_count(supervisor), "sign_ins_most",
			(json_int_t)supervisor->settings->sign_in.greeters, "greeters_warm",
			(json_int_t)greeters_warm(supervisor), "greeters_busy",
			(json_int_t)greeters_busy(supervisor), "store_pending",
			(json_int_t)store_pending(supervisor->store), "terminals_watched",
			(json_int_t)terminals.watched, "terminals_warned",
			(json_int_t)terminals.warned));
}
