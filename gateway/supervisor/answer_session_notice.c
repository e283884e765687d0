/* session.notice: a text for the people at running sessions. It is in the log before it is on a screen; the answer says on how many it
 * lies. */
#include "base/log.h"
#include "policy/method_call.h"
#include "policy/methods.h"
#include "policy/sessions.h"
#include "policy/terminals.h"
#include "policy/text.h"
#include "settings/settings.h"
#include "supervisor/control_calls.h"
#include "supervisor/mediations.h"
#include "supervisor/notices.h"
#include "supervisor/running_sessions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long the answer waits for the mediators: a screen is written on in a few hundredths of a second. */
#define SHOWN_MS 3000

struct writing;

struct written {
	struct notice_waiter waiter; /* first */
	struct writing *writing;
	uint8_t session[SESSION_ID_BYTES];
	json_t *row; /* running_session_json */
	const char *result;
};

struct writing {
	struct control_call *call; /* NULL once answered */
	struct supervisor *supervisor;
	struct notice notice;
	struct written *to;
	size_t count, waiting;
	uv_timer_t patience;
};

static void
on_patience_closed(uv_handle_t *handle)
{
	struct writing *writing = handle->data;

	for (size_t i = 0; i < writing->count; i++)
		json_decref(writing->to[i].row);
	free(writing->to);
	free(writing);
}

static void
writing_free(struct writing *writing)
{
	for (size_t i = 0; i < writing->count; i++)
		notice_forget(writing->supervisor, &writing->to[i].waiter);
	uv_close((uv_handle_t *)&writing->patience, on_patience_closed);
}

static void
answer(struct writing *writing)
{
	struct control_call *call = writing->call;
	json_t *rows = json_array();
	json_int_t shown = 0;

	for (size_t i = 0; i < writing->count; i++) {
		struct written *one = &writing->to[i];

		if (strcmp(one->result, notice_end_word(NOTICE_SHOWN)) == 0)
			shown++;
		(void)json_array_append_new(rows,
			json_pack("{s:O, s:O, s:O, s:s}", "id", json_object_get(one->row, "id"),
				"account", json_object_get(one->row, "account"), "terminal",
				json_object_get(one->row, "terminal"), "result", one->result));
	}
	writing->call = NULL;
	writing_free(writing);
	control_call_answer(call, json_pack("{s:I, s:o}", "shown", shown, "sessions", rows));
}

static void
on_patience_over(uv_timer_t *timer)
{
	answer(timer->data);
}

static void
on_heard(struct notice_waiter *waiter, enum notice_end how)
{
	struct written *one = (struct written *)waiter;

	one->result = notice_end_word(how);
	if (--one->writing->waiting == 0)
		answer(one->writing);
}

static const char *
result_of(int r)
{
	switch (r) {
	case 0:
		return "sent";
	case -EOPNOTSUPP:
		return "transparent";
	case -ENOTCONN:
		return "no-desktop";
	default:
		return "failed";
	}
}

static void
show_one(struct writing *writing, struct written *one)
{
	struct connection *connection =
		connection_find_session(writing->supervisor->connections, one->session);
	int r = -ENOTCONN;

	one->writing = writing;
	one->waiter.heard = on_heard;
	if (connection != NULL)
		r = notice_show(connection, &writing->notice, &one->waiter);
	one->result = result_of(r);
	if (r == 0)
		writing->waiting++;
}

static int
write_down(struct store_db *db, struct store_job *job)
{
	const struct control_call *call = (const struct control_call *)job;
	const struct writing *writing = call->more;
	int r = 0;

	for (size_t i = 0; i < writing->count && r == 0; i++) {
		json_t *said = json_pack("{s:O, s:O, s:s, s:b, s:I}", "account",
			json_object_get(writing->to[i].row, "account"), "terminal",
			json_object_get(writing->to[i].row, "terminal"), "text",
			writing->notice.text.format, "acknowledge", writing->notice.acknowledge,
			"seconds", (json_int_t)writing->notice.seconds);

		r = said == NULL
			    ? -ENOMEM
			    : admin_event(db, call->actor, "session.notice",
				      json_string_value(json_object_get(writing->to[i].row, "id")),
				      NULL, said, NULL);
		json_decref(said);
	}
	return r;
}

static void
written_down(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct writing *writing = call->more;

	if (status < 0) {
		writing_free(writing);
		control_call_fail(call, status);
		return;
	}
	for (size_t i = 0; i < writing->count; i++)
		show_one(writing, &writing->to[i]);
	if (writing->waiting == 0)
		answer(writing);
	else
		uv_timer_start(&writing->patience, on_patience_over, SHOWN_MS, 0);
}

/* To whom */

struct choosing {
	struct control_call *call;
	struct writing *writing;
	const struct session_prefix *prefix; /* of one session, or NULL */
	const char *terminal;                /* NULL: any */
	size_t transparent;
	bool failed;
};

static bool
is_chosen(const struct choosing *choosing, const struct connection *connection)
{
	const struct carried_session *session = connection->session;
	const char *facility = connection->supervisor->settings->facility.id;

	if (session == NULL || connection->reason == CLOSE_CONTINUED ||
		!control_call_sees(choosing->call, session->terminal_number))
		return false;
	if (choosing->prefix != NULL)
		return session_prefix_fits(choosing->prefix, session->id);
	return choosing->terminal == NULL ||
	       terminal_name_is(facility, choosing->terminal, session->terminal);
}

static void
choose(void *context, struct connection *connection)
{
	struct choosing *choosing = context;
	struct writing *writing = choosing->writing;
	struct written *grown;

	if (!is_chosen(choosing, connection))
		return;
	grown = reallocarray(writing->to, writing->count + 1, sizeof(*grown));
	if (grown == NULL) {
		choosing->failed = true;
		return;
	}
	writing->to = grown;
	grown[writing->count] = (struct written){.row = running_session_json(connection)};
	memcpy(grown[writing->count].session, connection->session->id, SESSION_ID_BYTES);
	if (grown[writing->count].row == NULL)
		choosing->failed = true;
	else
		writing->count++;
	if (!mediation_is_there(connection))
		choosing->transparent++;
}

static void
refuse_several(const struct choosing *choosing)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < choosing->writing->count; i++)
		(void)json_array_append(rows, choosing->writing->to[i].row);
	running_session_refuse_several(choosing->call, rows);
	json_decref(rows);
}

/* Says so, if there is nobody whose screen can be written on. */
static bool
refuse(struct choosing *choosing)
{
	struct control_call *call = choosing->call;
	size_t count = choosing->writing->count;

	if (choosing->failed)
		control_call_answer(call, NULL);
	else if (count == 0 && choosing->prefix != NULL)
		running_session_refuse_unknown(call);
	else if (count == 0 && choosing->terminal != NULL)
		control_call_refuse(call, METHOD_NOT_FOUND,
			"no session runs on that terminal, or there is no such terminal: session "
			"list shows who is there",
			NULL, NULL);
	else if (count == 0)
		control_call_refuse(
			call, METHOD_NOT_FOUND, "there is no session to be told", NULL, NULL);
	else if (count > 1 && choosing->prefix != NULL)
		refuse_several(choosing);
	else if (choosing->transparent == count)
		control_call_refuse(call, METHOD_REFUSED,
			"a session whose terminal is relayed transparently cannot be written on: "
			"its "
			"picture passes as the jump host draws it. `terminal edit NAME --relay "
			"mediated` changes that for sessions that begin afterwards",
			NULL, NULL);
	else
		return false;
	return true;
}

/* What was asked */

/* What would be read in another order than it was written is nobody's notice. */
static bool
is_text(const char *text)
{
	int count = text_count(text, strlen(text), TEXT_LINE);
	size_t seen = strlen(text);

	(void)text_trim(text, &seen);
	return seen > 0 && count >= 0 && count <= NOTICE_TEXT_MOST;
}

static int
refuse_field(struct control_call *call, const char *name, const char *value, const char *rule,
	const char *example)
{
	struct field_error error;

	(void)field_error_set(&error, name, value, rule, example);
	(void)method_refuse_field(&call->method, &error);
	control_call_fail(call, -EINVAL);
	return -EINVAL;
}

static int
refuse_seconds(struct control_call *call, json_int_t seconds)
{
	char found[24];

	(void)snprintf(found, sizeof(found), "%" JSON_INTEGER_FORMAT, seconds);
	return refuse_field(call, "seconds", found,
		N_("1 to 3600 seconds, and not with acknowledge: it stays until somebody has "
		   "clicked on it then"),
		"60");
}

static int
read_notice(struct control_call *call, struct notice *notice)
{
	const json_t *seconds = json_object_get(call->request.params, "seconds");
	const char *text = control_call_text(call, "text");

	*notice = (struct notice){.by_person = true,
		.by = call->actor,
		.acknowledge = json_is_true(json_object_get(call->request.params, "acknowledge"))};
	if (!is_text(text))
		return refuse_field(call, "text", text,
			N_("1 to 500 characters in one line, not all of them blanks, none of them "
			   "invisible"),
			"本日 18:00 に再起動します");
	if (seconds != NULL && (notice->acknowledge || json_integer_value(seconds) < 1 ||
				       json_integer_value(seconds) > NOTICE_SECONDS_MOST))
		return refuse_seconds(call, json_integer_value(seconds));
	notice->text.format = text;
	notice->seconds = seconds != NULL       ? (uint32_t)json_integer_value(seconds)
			  : notice->acknowledge ? 0
						: NOTICE_SECONDS;
	return 0;
}

static struct writing *
writing_new(struct control_call *call, const struct notice *notice)
{
	struct writing *writing = calloc(1, sizeof(*writing));

	if (writing == NULL || uv_timer_init(call->supervisor->loop, &writing->patience) < 0) {
		free(writing);
		return NULL;
	}
	writing->call = call;
	writing->supervisor = call->supervisor;
	writing->notice = *notice;
	writing->patience.data = writing;
	return writing;
}

void
method_session_notice(struct control_call *call)
{
	const char *id = control_call_text(call, "id");
	struct choosing choosing = {.call = call, .terminal = control_call_text(call, "terminal")};
	bool all = json_is_true(json_object_get(call->request.params, "all"));
	struct session_prefix prefix;
	struct notice notice;

	if ((id != NULL) + (choosing.terminal != NULL) + all != 1) {
		control_call_refuse(call, METHOD_REFUSED,
			"say which session, or a terminal, or all: one of these", "id", NULL);
		return;
	}
	if (id != NULL && session_prefix_parse(id, &prefix) < 0) {
		running_session_refuse_id(call, "session");
		return;
	}
	choosing.prefix = id != NULL ? &prefix : NULL;
	if (read_notice(call, &notice) < 0)
		return;
	choosing.writing = writing_new(call, &notice);
	if (choosing.writing == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	connections_each(call->supervisor->connections, choose, &choosing);
	if (refuse(&choosing)) {
		writing_free(choosing.writing);
		return;
	}
	call->more = choosing.writing;
	call->job.work = write_down;
	call->job.done = written_down;
	store_write(call->supervisor->store, &call->job);
}
