/* Calls under way; see control_calls.h. */
#include "supervisor/control_calls.h"

#include "base/log.h"
#include "supervisor/control_server.h"
#include "supervisor/health.h"
#include "supervisor/sessions.h"

#include <stdlib.h>
#include <string.h>

/* READ and WRITE methods are policy's, LOOP methods are the supervisor's: an entry of the wrong kind does not
 * compile. */
static const struct {
	method_function *store;
	loop_method *loop;
} functions[CONTROL_METHOD_COUNT] = {
#define FUNCTION_READ(function) .store = function
#define FUNCTION_WRITE(function) .store = function
#define FUNCTION_LOOP(function) .loop = function
#define METHOD(name, roles, where, function, parameters) \
	[CONTROL_##function] = {FUNCTION_##where(function)},
#include "supervisor/control_methods.def"
#undef METHOD
};

static void
call_free(struct control_call *call)
{
	method_call_reset(&call->method);
	method_scope_done(&call->method.scope);
	control_request_done(&call->request);
	free(call->actor);
	free(call);
}

static void
answer(struct control_call *call, json_t *answer)
{
	struct control_client *client =
		control_client_find(call->supervisor->control, call->client);

	if (client != NULL)
		control_client_answer(client, answer);
	else
		json_decref(answer);
	call_free(call);
}

void
control_call_answer(struct control_call *call, json_t *result)
{
	answer(call, result == NULL ? NULL : control_answer(call->request.id, result));
}

void
control_call_refuse(struct control_call *call, int code, const char *message, const char *field,
	const char *rule)
{
	answer(call,
		control_answer_error(call->request.id, control_error(code, message, field, rule)));
}

void
control_call_fail(struct control_call *call, int status)
{
	if (call->method.error.code != 0) {
		answer(call, control_answer_error(
				     call->request.id, method_error_json(&call->method.error)));
		return;
	}
	log_event(EV_STORE_FAILED, "what='%s' why='%s'",
		control_method_row(call->request.method)->name, store_error_text(status));
	control_call_refuse(call, METHOD_STORE_FAILED, store_error_text(status), NULL, NULL);
}

void
control_call_progress(struct control_call *call, const char *what, uint64_t done, uint64_t of)
{
	struct control_client *client =
		control_client_find(call->supervisor->control, call->client);

	if (client != NULL)
		control_client_notify(client, "progress",
			json_pack("{s:s, s:I, s:I}", "what", what, "done", (json_int_t)done, "of",
				(json_int_t)of));
}

const char *
control_call_text(const struct control_call *call, const char *name)
{
	return json_string_value(json_object_get(call->request.params, name));
}

static int
store_method_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	int r;

	method_call_reset(&call->method);
	r = method_scope_load(db, &call->method);
	return r < 0 ? r : functions[call->request.method].store(db, &call->method);
}

/* What a change touched is checked at once: a locked account's session ends now. */
static void
check_touched(const struct control_call *call)
{
	const struct method_call *method = &call->method;

	if (control_method_row(call->request.method)->where != CONTROL_WRITE)
		return;
	if (method->touched_all)
		sessions_check(
			call->supervisor, 0, 0, call->actor, control_call_text(call, "because"));
	else if (method->touched_account != 0 || method->touched_terminal != 0)
		sessions_check(call->supervisor, method->touched_account, method->touched_terminal,
			call->actor, control_call_text(call, "because"));
	if (method->touched_terminal != 0)
		health_touched(call->supervisor->health, method->touched_terminal);
}

static void
store_method_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	json_t *result;

	if (status < 0) {
		control_call_fail(call, status);
		return;
	}
	check_touched(call);
	result = call->method.result;
	call->method.result = NULL;
	control_call_answer(call, result);
}

bool
control_call_sees(const struct control_call *call, int64_t terminal)
{
	return method_scope_has(&call->method.scope, terminal);
}

static int
scope_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;

	return method_scope_load(db, &call->method);
}

static void
scope_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;

	if (status < 0)
		control_call_fail(call, status);
	else
		functions[call->request.method].loop(call);
}

/* What an attendant may see is read first. */
static void
start_loop_method(struct control_call *call)
{
	if (!call->method.scope.limited) {
		functions[call->request.method].loop(call);
		return;
	}
	call->job.work = scope_work;
	call->job.done = scope_done;
	store_read(call->supervisor->store, &call->job);
}

void
control_call_start(struct supervisor *supervisor, uint64_t client, const char *actor,
	uint32_t roles, struct control_request *request)
{
	struct control_call *call = calloc(1, sizeof(*call));
	char *copy = strdup(actor);

	if (call == NULL || copy == NULL) {
		struct control_client *to = control_client_find(supervisor->control, client);

		free(call);
		free(copy);
		control_request_done(request);
		if (to != NULL)
			control_client_answer(to, NULL);
		return;
	}
	call->supervisor = supervisor;
	call->client = client;
	call->actor = copy;
	call->request = *request;
	*request = (struct control_request){0};
	call->method.actor = call->actor;
	call->method.params = call->request.params;
	call->method.scope.limited = roles == CONTROL_ROLE_ATTENDANT;
	if (functions[call->request.method].loop != NULL) {
		start_loop_method(call);
		return;
	}
	call->job.work = store_method_work;
	call->job.done = store_method_done;
	if (control_method_row(call->request.method)->where == CONTROL_WRITE)
		store_write(supervisor->store, &call->job);
	else
		store_read(supervisor->store, &call->job);
}
