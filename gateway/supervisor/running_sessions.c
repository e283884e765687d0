/* See running_sessions.h. */
#include "supervisor/running_sessions.h"

#include "base/clock.h"
#include "policy/method_call.h"
#include "policy/sessions.h"
#include "supervisor/connections.h"
#include "supervisor/control_calls.h"
#include "supervisor/four_eyes.h"
#include "supervisor/idle.h"
#include "supervisor/mediations.h"
#include "supervisor/sign_ins.h"
#include "supervisor/watches.h"

#include <errno.h>
#include <string.h>

static const char *
state_name(const struct connection *connection)
{
	if (connection->stage == CONNECTION_KILLED)
		return "ending";
	if (sign_in_waits_for_watcher(connection->sign_in))
		return "not-watched";
	if (connection->phase != PHASE_BRIDGE)
		return "starting";
	return four_eyes_pauses(connection) ? "paused" : "active";
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

static const char *const recorded_names[] = {
	[SESSION_NOT_RECORDED] = "no",
	[SESSION_RECORDED] = "yes",
	[SESSION_RECORDED_UNTIL] = "until",
};

json_t *
running_session_json(const struct connection *connection)
{
	const struct carried_session *session = connection->session;
	const struct attendance *attendance = &session->attendance;
	struct socket_bytes bytes = connection_session_bytes(connection);
	bool given = attendance->given;
	char source[SOCKET_TEXT_SIZE];

	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:s, s:I, s:I, s:s?, "
		"s:o, s:o, s:o, s:o, s:s, s:o, s:s?, s:b, s:b}",
		"id", session->id_text, "account", session->account, "full_id",
		session->account_full, "name", session->account_name, "terminal", session->terminal,
		"phase", phase_row(connection->phase)->name, "state", state_name(connection),
		"since", instant_json(session->started_us), "idle_since",
		instant_json(idle_since_us(session)), "source",
		socket_text_without_port((const struct sockaddr *)&connection->source, source),
		"device", device_json(&session->device), "evidence", session->device.kind,
		"bytes_from_client", (json_int_t)bytes.received, "bytes_to_client",
		(json_int_t)bytes.sent, "let_in_by", given ? attendance->by : NULL,
		"let_in_control", given ? json_boolean(attendance->control) : json_null(),
		"let_in_files", given ? json_boolean(attendance->files) : json_null(), "rights",
		method_rights_json(session->rights), "watchers",
		watchers_json(connection->supervisor->watches, session->id), "recorded",
		recorded_names[session->recorded], "recorded_until",
		instant_json(session->recorded_until_us), "not_recorded_why",
		session->not_recorded_why, "mediated", mediation_is_there(connection), "four_eyes",
		session->four_eyes);
}

void
running_session_refuse_id(struct control_call *call, const char *field)
{
	struct field_error error;

	(void)field_error_set(&error, field, control_call_text(call, "id"),
		N_("7 to 32 hexadecimal digits, the first of an id or all of them, as session list "
		   "shows them"),
		"7f31a2c4");
	(void)method_refuse_field(&call->method, &error);
	control_call_fail(call, -EINVAL);
}

void
running_session_refuse_unknown(struct control_call *call)
{
	control_call_refuse(call, METHOD_NOT_FOUND, "there is no such session", "id", NULL);
}

static const char *
member(const json_t *object, const char *name, const char *other)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : json_string_value(json_object_get(object, other));
}

/* Whole ids, to be copied, and what tells the sessions apart. */
void
running_session_refuse_several(struct control_call *call, const json_t *sessions)
{
	char text[SENTENCE_VALUES_SIZE / 2] = "";
	const json_t *session;
	size_t used = 0;
	size_t i;

	json_array_foreach (sessions, i, session) {
		if (i == RUNNING_SESSIONS_NAMED) {
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
	size_t count;
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
	running->count++;
}

struct connection *
running_session_find(struct control_call *call, const struct session_prefix *prefix)
{
	struct running running = {.call = call, .prefix = prefix};

	connections_each(call->supervisor->connections, collect_running, &running);
	return running.count == 1 ? running.one : NULL;
}

void
running_session_keep_seen(const struct control_call *call, json_t *rows)
{
	for (size_t i = json_array_size(rows); i > 0; i--) {
		const json_t *row = json_array_get(rows, i - 1);

		if (!control_call_sees(
			    call, json_integer_value(json_object_get(row, "terminal_number"))))
			(void)json_array_remove(rows, i - 1);
	}
}
