/* log.follow, log.verify, log.retention: answered from the loop, the work is done in the store (F4-F6). */
#include "base/cleanup.h"
#include "base/log.h"
#include "policy/audit.h"
#include "policy/logs.h"
#include "policy/method_call.h"
#include "policy/methods.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/control_calls.h"
#include "supervisor/control_server.h"
#include "supervisor/reload.h"
#include "supervisor/sessions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_MS 200

void
method_log_follow(struct control_call *call)
{
	struct control_client *client =
		control_client_find(call->supervisor->control, call->client);
	const char *name = control_call_text(call, "log");
	enum log_name log = name == NULL ? LOG_CONNECTIONS : log_name_find(name);
	json_t *params = json_object_get(call->request.params, "filters");
	struct policy_settings settings;
	struct log_filter filter;
	struct field_error error;
	int r = 0;

	policy_settings_from(call->supervisor->settings, &settings);
	if (log == LOG_COUNT)
		r = field_error_set(&error, "log", name,
			N_("one of connections, logins, files, transfers, admin"), "logins");
	if (r == 0)
		r = log_filter_check_names(log, params, &error);
	if (r == 0)
		r = log_filter_read(log, &settings.facility, params, &filter, &error);
	if (r < 0) {
		control_call_fail(call, method_refuse_field(&call->method, &error));
		return;
	}
	if (client != NULL)
		control_client_follow(client, json_incref(params), &filter);
	control_call_answer(call, json_pack("{s:b}", "following", 1));
}

/* A verification under way. Three hold it: the job until it is done, the timer until it is closed. */
struct verification {
	struct store_job job;
	struct control_call *call;
	struct audit_report report;
	struct chain_checkpoint checkpoint;
	bool signed_now;
	uv_timer_t timer;
	atomic_llong done, of;
	atomic_bool unwanted;
	int holds;
};

static void
release(struct verification *verification)
{
	if (--verification->holds == 0)
		free(verification);
}

/* On the walker's threads. */
static int
on_progress(void *argument, int64_t done, int64_t of)
{
	struct verification *verification = argument;

	atomic_store(&verification->done, done);
	atomic_store(&verification->of, of);
	return atomic_load(&verification->unwanted) ? -ECANCELED : 0;
}

static int
verify_work(struct store_db *db, struct store_job *job)
{
	struct verification *verification = (struct verification *)job;

	return audit_verify(db, on_progress, verification, &verification->report);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	release(handle->data);
}

static void
verify_done(struct store_job *job, int status)
{
	struct verification *verification = (struct verification *)job;
	const struct audit_report *report = &verification->report;

	uv_close((uv_handle_t *)&verification->timer, on_timer_closed);
	if (status == 0 && report->found > 0)
		log_event(EV_LOG_NOT_WHOLE, "found=%zu event=%" PRId64 " why='%s'", report->found,
			report->findings[0].event, report->findings[0].why);
	if (status == 0)
		control_call_answer(verification->call, audit_report_json(report));
	else if (status == -ECANCELED)
		control_call_refuse(verification->call, METHOD_REFUSED,
			"the gateway is being stopped", NULL, NULL);
	else
		control_call_fail(verification->call, status);
	release(verification);
}

static int
sign_work(struct store_db *db, struct store_job *job)
{
	struct verification *verification = (struct verification *)job;

	return audit_checkpoint(db, &verification->checkpoint, &verification->signed_now);
}

/* Whether it could be signed or not, the walk tells what the log is like. */
static void
sign_done(struct store_job *job, int status)
{
	struct verification *verification = (struct verification *)job;

	if (status == 0 && verification->signed_now)
		sessions_tell_checkpoint(&verification->checkpoint);
	verification->job.work = verify_work;
	verification->job.done = verify_done;
	store_walk(verification->call->supervisor->store, &verification->job);
}

/* Nobody waits for it any more, or the gateway is being stopped: the rest of a walk through everything is not worth
 * a slow stop. */
static void
on_verify_timer(uv_timer_t *timer)
{
	struct verification *verification = timer->data;
	struct control_call *call = verification->call;
	struct supervisor *supervisor = call->supervisor;

	if (supervisor->state == SUPERVISOR_STOPPING ||
		control_client_find(supervisor->control, call->client) == NULL) {
		atomic_store(&verification->unwanted, true);
		uv_timer_stop(timer);
		return;
	}
	control_call_progress(call, "events checked", (uint64_t)atomic_load(&verification->done),
		(uint64_t)atomic_load(&verification->of));
}

void
method_log_verify(struct control_call *call)
{
	struct verification *verification = calloc(1, sizeof(*verification));

	if (verification == NULL ||
		uv_timer_init(call->supervisor->loop, &verification->timer) < 0) {
		free(verification);
		control_call_answer(call, NULL);
		return;
	}
	verification->call = call;
	verification->timer.data = verification;
	verification->holds = 2;
	/* A machine that slept for an hour has not signed what came before that: it is not tampering. */
	verification->job.work = sign_work;
	verification->job.done = sign_done;
	uv_timer_start(&verification->timer, on_verify_timer, PROGRESS_MS, PROGRESS_MS);
	store_write(call->supervisor->store, &verification->job);
}

/* A retention that a person has asked for: portion by portion, each a job. */
struct retention {
	struct store_job job;
	struct control_call *call;
	json_t *kinds;
	int64_t portion;
	int64_t erased;
	int64_t of;
};

static void
retention_answer(struct retention *retention, int status)
{
	struct control_call *call = retention->call;

	if (status < 0)
		control_call_fail(call, status);
	else
		control_call_answer(call, json_pack("{s:O, s:I}", "kinds", retention->kinds,
						  "erased", (json_int_t)retention->erased));
	json_decref(retention->kinds);
	free(retention);
}

static int
erase_work(struct store_db *db, struct store_job *job)
{
	struct retention *retention = (struct retention *)job;

	return audit_retention(db, retention->call->actor, &retention->portion);
}

static void
erase_done(struct store_job *job, int status)
{
	struct retention *retention = (struct retention *)job;
	struct supervisor *supervisor = retention->call->supervisor;

	if (status == 0) {
		retention->erased += retention->portion;
		control_call_progress(retention->call, "records erased",
			(uint64_t)retention->erased, (uint64_t)retention->of);
	}
	if (status == 0 && retention->portion > 0 && supervisor->state == SUPERVISOR_RUNNING)
		store_write(supervisor->store, &retention->job);
	else
		retention_answer(retention, status);
}

static int
due_work(struct store_db *db, struct store_job *job)
{
	struct retention *retention = (struct retention *)job;

	json_decref(retention->kinds);
	retention->kinds = NULL;
	return audit_retention_due(db, &retention->kinds);
}

static void
due_done(struct store_job *job, int status)
{
	struct retention *retention = (struct retention *)job;
	struct control_call *call = retention->call;
	json_t *kind;
	size_t i;

	json_array_foreach (retention->kinds, i, kind)
		retention->of += json_integer_value(json_object_get(kind, "count"));
	if (status < 0 || retention->of == 0 ||
		json_is_true(json_object_get(call->request.params, "dry_run"))) {
		retention_answer(retention, status);
		return;
	}
	retention->job.work = erase_work;
	retention->job.done = erase_done;
	store_write(call->supervisor->store, &retention->job);
}

void
method_log_retention(struct control_call *call)
{
	struct retention *retention = calloc(1, sizeof(*retention));

	if (retention == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	retention->call = call;
	retention->job.work = due_work;
	retention->job.done = due_done;
	store_read(call->supervisor->store, &retention->job);
}
