/* Checking, rehearsing and restoring a backup; see backups.h. */
#include "supervisor/backups_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "policy/sessions.h"
#include "supervisor/connections.h"
#include "supervisor/health.h"
#include "supervisor/log_tail.h"
#include "supervisor/outputs.h"
#include "supervisor/sessions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sessions that are told to end have this long, and so has the record of it. */
#define END_TRIES_MOST 100
#define END_TRY_MS 150
#define ENDED_BECAUSE "a backup is being restored"

static json_t *
numbers_json(const struct restore_numbers *numbers)
{
	return json_pack("{s:I, s:I, s:I, s:o}", "accounts", (json_int_t)numbers->accounts,
		"terminals", (json_int_t)numbers->terminals, "vendors",
		(json_int_t)numbers->vendors, "newest_change", backup_instant(numbers->newest_us));
}

static json_t *
rehearsal_json(const struct backup_rehearsal *rehearsal)
{
	if (rehearsal->at_us == 0)
		return json_null();
	return json_pack("{s:o, s:b, s:s, s:s, s:s}", "at", backup_instant(rehearsal->at_us),
		"succeeded", rehearsal->succeeded, "backup", rehearsal->id, "by", rehearsal->by,
		"why", rehearsal->why);
}

/* What a restore would change, or has changed. */
static json_t *
plan_json(const struct backup_work *work)
{
	const struct backup_restoring *restoring = &work->restoring;
	const struct restore_plan *plan = &restoring->plan;

	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
		"backup", backup_json(&restoring->entry, "done", NULL), "sha256", restoring->sha256,
		"log", restore_log_name(plan->log), "now", numbers_json(&plan->now), "then",
		numbers_json(&plan->then), "accounts_gone", (json_int_t)plan->accounts_gone,
		"accounts_back", (json_int_t)plan->accounts_back, "accounts_unlocked",
		(json_int_t)plan->accounts_unlocked, "terminals_gone",
		(json_int_t)plan->terminals_gone, "terminals_back",
		(json_int_t)plan->terminals_back, "events", (json_int_t)plan->head.id, "sessions",
		(json_int_t)plan->sessions, "rehearsal", rehearsal_json(&work->rehearsal));
}

/* What went wrong: a file for whoever mends it, a line in the log, an event, an answer. */

static int
write_error_log(struct store_db *db, struct store_job *job)
{
	struct backup_work *work = (struct backup_work *)job;
	const struct backup_restoring *restoring = &work->restoring;
	char at[CLOCK_TEXT_SIZE];
	auto_free char *text = NULL;

	backup_discard(&work->restoring);
	clock_format_utc(store_db_now(db), at);
	if (asprintf(&text,
		    "time: %s\nby: %s\nbackup: %s\nfile: %s\nsha256: %s\nwhile: %s\n"
		    "error: %s (%s)\n"
		    "Nothing was changed.\n",
		    at, restoring->by, restoring->entry.id, restoring->path, restoring->sha256,
		    restoring->stage, restoring->trouble, strerror(-work->status)) < 0)
		return -ENOMEM;
	return backup_error_log(restoring->folder, store_db_now(db), text, work->error_log);
}

static int
record_failure(struct store_db *db, struct store_job *job)
{
	const struct backup_work *work = (const struct backup_work *)job;
	const struct backup_restoring *restoring = &work->restoring;
	json_t *after = json_pack("{s:s, s:s, s:s}", "state", "failed", "why", restoring->trouble,
		"while", restoring->stage);
	int r;

	if (after == NULL)
		return -ENOMEM;
	r = admin_event(
		db, restoring->by, "backup.restore", restoring->entry.id, NULL, after, NULL);
	json_decref(after);
	return r;
}

static void
failure_recorded(struct store_job *job, int status)
{
	struct backup_work *work = (struct backup_work *)job;
	struct control_call *call = work->call;

	if (status < 0)
		log_event(EV_STORE_FAILED, "what='backup.restore' why='%s'",
			store_error_text(status));
	if (work->error_log[0] != '\0')
		(void)method_refuse(&call->method, METHOD_REFUSED,
			"the backup was not restored, and nothing was changed: %s. The error log "
			"is %s",
			work->restoring.trouble, work->error_log);
	else
		(void)method_refuse(&call->method, METHOD_REFUSED,
			"the backup was not restored, and nothing was changed: %s",
			work->restoring.trouble);
	backup_refused(call);
	backup_work_end(work);
}

static void
error_log_written(struct store_job *job, int status)
{
	struct backup_work *work = (struct backup_work *)job;

	if (status < 0)
		work->error_log[0] = '\0';
	log_event(EV_RESTORE_FAILED, "id=%s by='%s' while='%s' why='%s' log='%s'",
		work->restoring.entry.id, log_quote(work->restoring.by), work->restoring.stage,
		work->restoring.trouble, log_quote(work->error_log));
	backup_work_write(work, false, record_failure, failure_recorded);
}

static void
fail(struct backup_work *work, int status)
{
	work->status = status;
	if (work->restoring.trouble == NULL)
		work->restoring.trouble = store_error_text(status);
	backup_work_slowly(work, write_error_log, error_log_written);
}

/* Choosing the file */

static bool
find_file(struct backup_work *work)
{
	struct control_call *call = work->call;
	const char *id = control_call_text(call, "id");

	if (id == NULL) {
		work->upload = backup_upload_find(work->backups, call->client);
		if (work->upload == NULL) {
			(void)method_refuse(
				&call->method, METHOD_REFUSED, "name a backup, or send one first");
			return false;
		}
		backup_upload_hold(work->upload);
		snprintf(work->restoring.path, sizeof(work->restoring.path), "%s",
			backup_upload_path_of(work->upload));
		return true;
	}
	if (!backup_id_is(id) || backup_path(work->backups->folder, id, work->restoring.path) < 0 ||
		access(work->restoring.path, F_OK) < 0) {
		(void)method_refuse(
			&call->method, METHOD_NOT_FOUND, "there is no backup '%.64s'", id);
		return false;
	}
	snprintf(work->restoring.entry.id, sizeof(work->restoring.entry.id), "%s", id);
	return true;
}

static struct backup_work *
begin(struct control_call *call)
{
	struct backup_work *work = backup_work_new(call);

	if (work == NULL)
		return NULL;
	if (find_file(work))
		return work;
	backup_refused(call);
	backup_work_end(work);
	return NULL;
}

/* For plan_json, which is not to wait for the disk. */
static void
read_rehearsal(struct backup_work *work)
{
	const struct backups *backups = work->backups;

	backup_rehearsal_read(backups->folder, backups->supervisor->sealing, &work->rehearsal);
}

static int
unpack(struct store_db *db, struct store_job *job)
{
	return backup_unpack(db, &((struct backup_work *)job)->restoring);
}

/* Nothing is left of what was unpacked, and plan_json has what it tells. */
static int
wind_up(struct store_db *db, struct store_job *job)
{
	struct backup_work *work = (struct backup_work *)job;

	(void)db;
	backup_discard(&work->restoring);
	read_rehearsal(work);
	return 0;
}

static void
answer_plan(struct store_job *job, int status)
{
	struct backup_work *work = (struct backup_work *)job;

	(void)status;
	control_call_answer(work->call, plan_json(work));
	backup_work_end(work);
}

/* Checking: as far as a restore goes without changing anything */

static void
checked(struct store_job *job, int status)
{
	struct backup_work *work = (struct backup_work *)job;

	/* Whoever asks this wants to restore, and gets no further: it is a restore that failed. */
	if (status < 0)
		fail(work, status);
	else
		backup_work_slowly(work, wind_up, answer_plan);
}

void
method_backup_check(struct control_call *call)
{
	struct backup_work *work = begin(call);

	if (work != NULL)
		backup_work_slowly(work, unpack, checked);
}

/* Rehearsing */

static int
rehearse(struct store_db *db, struct store_job *job)
{
	struct backup_work *work = (struct backup_work *)job;
	int r = backup_rehearse(db, &work->restoring);

	read_rehearsal(work);
	return r;
}

static int
record_rehearsal(struct store_db *db, struct store_job *job)
{
	const struct backup_work *work = (const struct backup_work *)job;
	const struct backup_restoring *restoring = &work->restoring;
	json_t *after = json_pack("{s:s, s:s, s:s}", "state", work->status < 0 ? "failed" : "done",
		"sha256", restoring->sha256, "why", work->status < 0 ? restoring->trouble : "");
	int r;

	if (after == NULL)
		return -ENOMEM;
	r = admin_event(
		db, restoring->by, "backup.rehearse", restoring->entry.id, NULL, after, NULL);
	json_decref(after);
	return r;
}

static void
rehearsal_recorded(struct store_job *job, int status)
{
	struct backup_work *work = (struct backup_work *)job;

	if (work->status < 0) {
		(void)method_refuse(&work->call->method, METHOD_REFUSED, "the rehearsal failed: %s",
			work->restoring.trouble);
		backup_refused(work->call);
	} else if (status < 0) {
		control_call_fail(work->call, status);
	} else {
		control_call_answer(work->call, plan_json(work));
	}
	backup_work_end(work);
}

static void
rehearsed(struct store_job *job, int status)
{
	struct backup_work *work = (struct backup_work *)job;
	const struct backup_restoring *restoring = &work->restoring;

	work->status = status;
	if (status < 0 && restoring->trouble == NULL)
		work->restoring.trouble = store_error_text(status);
	if (status < 0)
		log_event(EV_REHEARSAL_FAILED, "id=%s by='%s' while='%s' why='%s'",
			restoring->entry.id, log_quote(restoring->by), restoring->stage,
			restoring->trouble);
	else
		log_event(EV_REHEARSED, "id=%s by='%s'", restoring->entry.id,
			log_quote(restoring->by));
	backup_work_write(work, false, record_rehearsal, rehearsal_recorded);
}

/* Restoring */

static int
restore(struct store_db *db, struct store_job *job)
{
	return backup_restore(db, &((struct backup_work *)job)->restoring);
}

static void restored(struct store_job *job, int status);

static void
end_session(void *context, struct connection *connection)
{
	if (connection->session != NULL)
		session_kill(connection, CLOSE_ADMIN_KILLED, context, ENDED_BECAUSE);
}

static void
on_try_again(uv_timer_t *timer)
{
	struct backup_work *work = timer->data;

	backup_work_write(work, true, restore, restored);
}

void
backup_work_stop_waiting(struct backup_work *work)
{
	if (!uv_is_active((uv_handle_t *)&work->wait))
		return;
	uv_timer_stop(&work->wait);
	fail(work, -ECANCELED);
}

/* A session may begin while others end: it is asked again until none is there in the very transaction. */
static void
end_sessions_and_try_again(struct backup_work *work)
{
	connections_each(work->backups->supervisor->connections, end_session, work->restoring.by);
	uv_timer_start(&work->wait, on_try_again, END_TRY_MS, 0);
}

static void
sessions_are_in_the_way(struct backup_work *work)
{
	if (work->end_sessions && work->tries++ < END_TRIES_MOST && !work->backups->stopping)
		end_sessions_and_try_again(work);
	else
		fail(work, -EBUSY);
}

/* Whoever knows something of the database from before asks it again. */
static void
tell_everybody(struct backup_work *work)
{
	struct supervisor *supervisor = work->backups->supervisor;

	if (work->restoring.plan.log != RESTORE_LOG_SAME)
		log_tail_replaced(supervisor, work->restoring.head.id);
	sessions_check(supervisor, 0, 0, work->restoring.by, ENDED_BECAUSE);
	health_read_again(supervisor->health);
	outputs_restored(supervisor->outputs);
}

static void
restored(struct store_job *job, int status)
{
	struct backup_work *work = (struct backup_work *)job;
	const struct backup_restoring *restoring = &work->restoring;

	if (status == -EBUSY && restoring->plan.sessions > 0) {
		sessions_are_in_the_way(work);
		return;
	}
	if (status < 0) {
		fail(work, status);
		return;
	}
	log_event(EV_RESTORED, "id=%s by='%s' log=%s accounts=%lld terminals=%lld vendors=%lld",
		restoring->entry.id, log_quote(restoring->by),
		restore_log_name(restoring->plan.log), (long long)restoring->plan.then.accounts,
		(long long)restoring->plan.then.terminals, (long long)restoring->plan.then.vendors);
	tell_everybody(work);
	backup_work_slowly(work, wind_up, answer_plan);
}

/* Refused before anything is done: the caller has not said what is to become of the sessions. */
static void
refuse_for_sessions(struct store_job *job, int status)
{
	struct backup_work *work = (struct backup_work *)job;

	(void)status;
	(void)method_refuse(&work->call->method, METHOD_NEEDS_CONFIRMATION,
		"%d sessions are running, and the log they are in would be replaced: wait until "
		"they have ended, or say --end-sessions",
		(int)work->restoring.plan.sessions);
	backup_refused(work->call);
	backup_work_end(work);
}

static void
unpacked(struct store_job *job, int status)
{
	struct backup_work *work = (struct backup_work *)job;
	const struct restore_plan *plan = &work->restoring.plan;

	if (status < 0)
		fail(work, status);
	else if (work->backups->stopping)
		fail(work, -ECANCELED);
	else if (plan->log != RESTORE_LOG_SAME && plan->sessions > 0 && !work->end_sessions)
		backup_work_slowly(work, wind_up, refuse_for_sessions);
	else if (plan->log != RESTORE_LOG_SAME && plan->sessions > 0)
		end_sessions_and_try_again(work);
	else
		backup_work_write(work, true, restore, restored);
}

void
method_backup_restore(struct control_call *call)
{
	struct backup_work *work = begin(call);

	if (work == NULL)
		return;
	work->end_sessions = json_is_true(json_object_get(call->request.params, "end_sessions"));
	if (json_is_true(json_object_get(call->request.params, "rehearse")))
		backup_work_slowly(work, rehearse, rehearsed);
	else
		backup_work_slowly(work, unpack, unpacked);
}
