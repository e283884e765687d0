/* attend.list, attend.allow, attend.refuse, attend.follow (C7): who waits for the hospital's permission, and what
 * becomes of them. A decision counts once it is on the disk, with the name of who made it. */
#include "base/log.h"
#include "policy/method_call.h"
#include "policy/methods.h"
#include "policy/sessions.h"
#include "policy/terminals.h"
#include "settings/settings.h"
#include "supervisor/attendances.h"
#include "supervisor/control_calls.h"
#include "supervisor/control_server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
method_attend_follow(struct control_call *call)
{
	struct control_client *client =
		control_client_find(call->supervisor->control, call->client);

	if (client != NULL)
		control_client_follow_attendances(client);
	control_call_answer(call, json_pack("{s:b}", "following", 1));
}

static int
list_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	json_t *numbers = json_array();
	int r;

	method_call_reset(&call->method);
	r = attend_numbers_json(db, &call->method, numbers);
	call->method.result = json_pack("{s:o}", "numbers", numbers);
	return r == 0 && call->method.result == NULL ? -ENOMEM : r;
}

/* Whether a row is of the terminal that was asked for, if one was. */
static bool
is_wanted(const struct control_call *call, const char *terminal)
{
	const char *wanted = control_call_text(call, "terminal");

	return wanted == NULL ||
	       terminal_name_is(call->supervisor->settings->facility.id, wanted, terminal);
}

static void
keep_wanted(const struct control_call *call, json_t *numbers)
{
	for (size_t i = json_array_size(numbers); i > 0; i--) {
		const char *terminal = json_string_value(
			json_object_get(json_array_get(numbers, i - 1), "terminal"));

		if (terminal == NULL || !is_wanted(call, terminal))
			(void)json_array_remove(numbers, i - 1);
	}
}

/* NULL without memory: a list is whole, or there is none. */
static json_t *
waiting_json(const struct control_call *call)
{
	json_t *rows = json_array();
	const struct waiting *at = NULL;

	while (rows != NULL && (at = attendance_next(call->supervisor, at)) != NULL) {
		if (!control_call_sees(call, attendance_terminal(at)) ||
			!is_wanted(call, attendance_terminal_name(at)))
			continue;
		if (json_array_append_new(rows, attendance_json(at)) < 0) {
			json_decref(rows);
			return NULL;
		}
	}
	return rows;
}

static void
list_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	json_t *result = call->method.result;

	if (status < 0) {
		control_call_fail(call, status);
		return;
	}
	call->method.result = NULL;
	keep_wanted(call, json_object_get(result, "numbers"));
	if (json_object_set_new(result, "waiting", waiting_json(call)) < 0) {
		json_decref(result);
		result = NULL;
	}
	control_call_answer(call, result);
}

void
method_attend_list(struct control_call *call)
{
	call->job.work = list_work;
	call->job.done = list_done;
	store_read(call->supervisor->store, &call->job);
}

/* Of a decision, until it is on the disk. */
struct decision {
	uint64_t id;
	const char *action; /* of the administration log */
	char terminal[TERMINAL_NAME_SIZE];
	struct attendance attendance;
	json_t *row; /* who it is about, and what they may */
};

static void
decision_free(struct decision *decision)
{
	if (decision == NULL)
		return;
	json_decref(decision->row);
	free(decision);
}

static int
decide_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	const struct decision *decision = call->more;
	json_t *about = json_copy(decision->row);
	int r;

	if (about == NULL)
		return -ENOMEM;
	(void)json_object_del(about, "id");
	(void)json_object_del(about, "terminal");
	(void)json_object_del(about, "until");
	r = admin_event(db, call->actor, decision->action, decision->terminal, NULL, about,
		control_call_text(call, "because"));
	json_decref(about);
	return r;
}

static void
refuse_gone(struct control_call *call, uint64_t id)
{
	(void)method_refuse(&call->method, METHOD_NOT_FOUND,
		"nobody waits under %lld (any more): see attend list", (long long)id);
	control_call_fail(call, -ENOENT);
}

/* Who has left meanwhile is let in by nobody: the record says what was decided, the connection history that no session
 * came of it. */
static void
decide_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct decision *decision = call->more;
	struct waiting *waiting = attendance_find(call->supervisor, decision->id);

	if (status < 0) {
		if (waiting != NULL)
			attendance_unclaim(waiting);
		control_call_fail(call, status);
	} else if (waiting == NULL) {
		refuse_gone(call, decision->id);
	} else {
		attendance_decide(
			waiting, &decision->attendance, control_call_text(call, "because"));
		control_call_answer(call, json_incref(decision->row));
	}
	decision_free(decision);
}

static int
add_consent(const struct decision *decision)
{
	const struct attendance *attendance = &decision->attendance;
	int r;

	r = json_object_set_new(decision->row, "control", json_boolean(attendance->control));
	if (r == 0)
		r = json_object_set_new(decision->row, "files", json_boolean(attendance->files));
	return r;
}

static struct decision *
decision_new(const struct control_call *call, const struct waiting *waiting, bool allow)
{
	struct decision *decision = calloc(1, sizeof(*decision));
	const json_t *params = call->request.params;

	if (decision == NULL)
		return NULL;
	decision->action = allow ? "attend.allow" : "attend.refuse";
	decision->attendance = (struct attendance){
		.given = allow,
		.control = allow && !json_is_false(json_object_get(params, "control")),
		.files = allow && json_is_true(json_object_get(params, "files")),
	};
	snprintf(decision->attendance.by, sizeof(decision->attendance.by), "%s", call->actor);
	snprintf(decision->terminal, sizeof(decision->terminal), "%s",
		attendance_terminal_name(waiting));
	decision->row = attendance_json(waiting);
	if (decision->row == NULL || (allow && add_consent(decision) < 0)) {
		decision_free(decision);
		return NULL;
	}
	return decision;
}

/* Whoever decided has looked at a list: it must still be that engineer. */
static bool
is_meant(const struct control_call *call, const struct waiting *waiting)
{
	const char *account = control_call_text(call, "account");

	return account == NULL || attendance_is_of(waiting, account);
}

static void
decide(struct control_call *call, bool allow)
{
	json_int_t id = json_integer_value(json_object_get(call->request.params, "id"));
	struct waiting *waiting = attendance_find(call->supervisor, (uint64_t)id);
	struct decision *decision;

	if (waiting == NULL || !control_call_sees(call, attendance_terminal(waiting)) ||
		!is_meant(call, waiting)) {
		refuse_gone(call, (uint64_t)id);
		return;
	}
	decision = decision_new(call, waiting, allow);
	if (decision == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	if (!attendance_claim(waiting)) {
		decision_free(decision);
		control_call_refuse(call, METHOD_REFUSED,
			N_("somebody else is deciding that just now"), NULL, NULL);
		return;
	}
	decision->id = (uint64_t)id;
	call->more = decision;
	call->job.work = decide_work;
	call->job.done = decide_done;
	store_write(call->supervisor->store, &call->job);
}

void
method_attend_allow(struct control_call *call)
{
	decide(call, true);
}

void
method_attend_refuse(struct control_call *call)
{
	decide(call, false);
}
