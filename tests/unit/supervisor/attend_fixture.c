/* See attend_fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attend_fixture.h"

#include "base/clock.h"
#include "policy/methods.h"
#include "settings/settings.h"
#include "supervisor/control_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOON_US INT64_C(1795143600000000)
#define BOOTED_MS 1000000

struct supervisor supervisor;
struct attend_seen seen;

static struct settings settings;
static char prefix[] = "998-";
static int64_t own_terminal;

void __wrap_control_server_tell_attendances(struct control_server *server);
void __wrap_control_call_answer(struct control_call *call, json_t *result);
void __wrap_control_call_refuse(struct control_call *call, int code, const char *message,
	const char *field, const char *rule);
void __wrap_control_call_fail(struct control_call *call, int status);
void __wrap_store_write(struct store *store, struct store_job *job);
void __wrap_store_read(struct store *store, struct store_job *job);
int __wrap_admin_event(struct store_db *db, const char *actor, const char *action,
	const char *target, json_t *before, json_t *after, const char *because);
int __wrap_attend_numbers_json(
	struct store_db *db, const struct method_call *call, json_t *numbers);

void
__wrap_control_server_tell_attendances(struct control_server *server)
{
	(void)server;
	seen.told++;
}

void
__wrap_control_call_answer(struct control_call *call, json_t *result)
{
	(void)call;
	seen.answers++;
	json_decref(seen.result);
	seen.result = result;
}

void
__wrap_control_call_refuse(struct control_call *call, int code, const char *message,
	const char *field, const char *rule)
{
	(void)call;
	(void)field;
	(void)rule;
	seen.answers++;
	seen.refused = code;
	(void)snprintf(seen.message, sizeof(seen.message), "%s", message);
}

void
__wrap_control_call_fail(struct control_call *call, int status)
{
	const struct method_error *error = &call->method.error;

	__wrap_control_call_refuse(
		call, error->code != 0 ? error->code : status, error->message, NULL, NULL);
}

void
__wrap_store_write(struct store *store, struct store_job *job)
{
	(void)store;
	assert_null(seen.job);
	seen.job = job;
}

void
__wrap_store_read(struct store *store, struct store_job *job)
{
	__wrap_store_write(store, job);
}

int
__wrap_admin_event(struct store_db *db, const char *actor, const char *action, const char *target,
	json_t *before, json_t *after, const char *because)
{
	(void)db;
	assert_null(before);
	seen.events++;
	(void)snprintf(seen.actor, sizeof(seen.actor), "%s", actor);
	(void)snprintf(seen.action, sizeof(seen.action), "%s", action);
	(void)snprintf(seen.target, sizeof(seen.target), "%s", target);
	(void)snprintf(seen.because, sizeof(seen.because), "%s", because != NULL ? because : "");
	json_decref(seen.after);
	seen.after = json_incref(after);
	return 0;
}

int
__wrap_attend_numbers_json(struct store_db *db, const struct method_call *call, json_t *numbers)
{
	json_t *rows;

	(void)db;
	(void)call;
	if (seen.numbers == NULL)
		return 0;
	rows = json_loads(seen.numbers, 0, NULL);
	assert_non_null(rows);
	assert_int_equal(json_array_extend(numbers, rows), 0);
	json_decref(rows);
	return 0;
}

int
attend_setup(void **state)
{
	(void)state;
	clock_hold(NOON_US, BOOTED_MS);
	settings = (struct settings){.facility = {.id = prefix}};
	settings.limits.consent_ms = 900000;
	supervisor = (struct supervisor){.settings = &settings};
	memset(&seen, 0, sizeof(seen));
	return 0;
}

int
attend_teardown(void **state)
{
	struct waiting *at;

	(void)state;
	assert_null(seen.job);
	while ((at = attendance_next(&supervisor, NULL)) != NULL)
		attendance_forget(at);
	assert_int_equal(supervisor.attendances.count, 0);
	json_decref(seen.result);
	json_decref(seen.after);
	return 0;
}

static void
on_decided(void *owner, const struct attendance *attendance, const char *because)
{
	snprintf(seen.reason, sizeof(seen.reason), "%s", because != NULL ? because : "-");
	assert_ptr_equal(owner, &seen);
	seen.decisions++;
	seen.decision = *attendance;
}

struct waiting *
try_to_wait(const char *account, int64_t terminal, const char *source, int *ret_r)
{
	char name[32];
	const struct waiting_setup setup = {
		.connection = 7,
		.account_number = 42,
		.terminal_number = terminal,
		.account = account,
		.name = "山田 太郎",
		.terminal = name,
		.source = source,
		.decided = on_decided,
		.owner = &seen,
	};
	struct waiting *waiting = NULL;

	(void)snprintf(name, sizeof(name), "998-T%d", (int)terminal);
	*ret_r = attendance_wait(&supervisor, &setup, &waiting);
	return waiting;
}

struct waiting *
wait_as(const char *account, int64_t terminal, const char *source)
{
	struct waiting *waiting;
	int r;

	waiting = try_to_wait(account, terminal, source, &r);
	assert_int_equal(r, 0);
	return waiting;
}

struct control_call *
call_prepare(int64_t terminal, const char *params)
{
	struct control_call *call = calloc(1, sizeof(*call));

	assert_non_null(call);
	json_decref(seen.result);
	seen.result = NULL;
	seen.refused = 0;
	seen.message[0] = '\0';
	own_terminal = terminal;
	call->supervisor = &supervisor;
	call->actor = strdup(HANAKO);
	call->request.params = json_loads(params, 0, NULL);
	assert_non_null(call->request.params);
	call->method.actor = call->actor;
	call->method.params = call->request.params;
	if (terminal != 0)
		call->method.scope = (struct method_scope){
			.limited = true, .terminals = &own_terminal, .count = 1};
	return call;
}

struct control_call *
call_as(int64_t terminal, loop_method *method, const char *params)
{
	struct control_call *call = call_prepare(terminal, params);

	method(call);
	return call;
}

void
call_free(struct control_call *call)
{
	json_decref(call->request.params);
	json_decref(call->method.result);
	free(call->actor);
	free(call);
}

void
store_does(int status)
{
	struct store_job *job = seen.job;

	assert_non_null(job);
	seen.job = NULL;
	job->done(job, status < 0 ? status : job->work(NULL, job));
}
