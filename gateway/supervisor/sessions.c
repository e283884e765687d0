/* Sessions in the log; see sessions.h. */
#include "supervisor/sessions.h"
#include "supervisor/recording_files.h"
#include "supervisor/watches.h"

#include "base/clock.h"
#include "base/log.h"
#include "policy/audit.h"
#include "policy/sign_in.h"
#include "policy/store/log_table.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/health.h"
#include "supervisor/idle.h"
#include "supervisor/log_tail.h"
#include "supervisor/notices.h"
#include "supervisor/resumes.h"
#include "supervisor/session_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_US INT64_C(60000000)

struct sessions {
	struct supervisor *supervisor;
	uv_timer_t timer;
	bool checking; /* the last full check is still under way */
	bool erasing;  /* so is a retention */
};

static void
tell(struct supervisor *supervisor, enum session_log_kind kind, json_t *row)
{
	session_log_write(supervisor->session_log, kind, row);
}

void
sessions_tell_start(struct supervisor *supervisor, json_t *row)
{
	tell(supervisor, SESSION_LOG_START, row);
}

void
sessions_tell_gone(struct supervisor *supervisor, enum close_reason reason, json_t *row)
{
	log_event(close_reason_row(reason)->event, "src=%s session=%s user='%s' host='%s' end=%s",
		log_quote(json_string_value(json_object_get(row, "source"))),
		log_quote(json_string_value(json_object_get(row, "session"))),
		log_quote(json_string_value(json_object_get(row, "account"))),
		log_quote(json_string_value(json_object_get(row, "terminal"))),
		log_quote(json_string_value(json_object_get(row, "reason_code"))));
	tell(supervisor, SESSION_LOG_END, row);
}

struct end_job {
	struct store_job job;
	struct supervisor *supervisor;
	struct session_ending ending;
	json_t *row;
};

static int
end_work(struct store_db *db, struct store_job *job)
{
	struct end_job *end = (struct end_job *)job;

	json_decref(end->row);
	end->row = NULL;
	return session_end(db, &end->ending, &end->row);
}

/* A client that was being killed may have come back on another connection before this was on disk. */
static void
kill_who_came_back(const struct end_job *end)
{
	const struct session_ending *ending = &end->ending;
	struct connection *connection =
		connection_find_session(end->supervisor->connections, ending->session);

	if (connection != NULL && close_reason_row(ending->reason)->state == END_STATE_KILLED)
		session_kill(connection, ending->reason, ending->by, ending->because);
}

static void
end_done(struct store_job *job, int status)
{
	struct end_job *end = (struct end_job *)job;
	char session[2 * SESSION_ID_BYTES + 1];

	bytes_to_hex(end->ending.session, SESSION_ID_BYTES, session);
	if (status < 0)
		log_event(EV_END_NOT_RECORDED,
			"session=%s reason=%s in=%" PRIu64 " out=%" PRIu64 " why='%s'", session,
			close_reason_row(end->ending.reason)->name, end->ending.bytes_from_client,
			end->ending.bytes_to_client, store_error_text(status));
	/* A session that goes on over another connection has not ended. */
	else if (end->ending.reason != CLOSE_CONTINUED && end->row != NULL)
		tell(end->supervisor, SESSION_LOG_END, end->row);
	kill_who_came_back(end);
	json_decref(end->row);
	free(end);
}

void
session_record_end(struct supervisor *supervisor, const struct carried_session *session,
	uint64_t connection, enum close_reason reason, enum phase phase,
	const struct socket_bytes *bytes)
{
	struct end_job *end = calloc(1, sizeof(*end));

	if (reason != CLOSE_CONTINUED)
		resume_over(supervisor->resumes, session->id, close_reason_row(reason)->state,
			clock_boottime_ms());
	if (phase == PHASE_BRIDGE && (reason == CLOSE_HOST_GONE || reason == CLOSE_HOST_LOST))
		health_session_dropped(
			supervisor->health, session->terminal_number, reason == CLOSE_HOST_GONE);
	/* Without memory for this the record would be missing until the next start finds the session open:
	 * stop now, and let that start find it. */
	if (end == NULL)
		abort();
	end->job.work = end_work;
	end->job.done = end_done;
	end->job.stubborn = true;
	end->supervisor = supervisor;
	memcpy(end->ending.session, session->id, SESSION_ID_BYTES);
	end->ending.connection = connection;
	end->ending.reason = reason;
	end->ending.phase = phase;
	end->ending.bytes_from_client = bytes->received;
	end->ending.bytes_to_client = bytes->sent;
	snprintf(end->ending.by, sizeof(end->ending.by), "%s", session->by);
	snprintf(end->ending.because, sizeof(end->ending.because), "%s", session->because);
	store_write(supervisor->store, &end->job);
}

void
session_kill(struct connection *connection, enum close_reason reason, const char *by,
	const char *because)
{
	struct carried_session *session = connection->session;

	/* The first reason wins, and with it its person. */
	if (session != NULL && connection->stage == CONNECTION_RELAYED) {
		snprintf(session->by, sizeof(session->by), "%s", by == NULL ? "" : by);
		snprintf(session->because, sizeof(session->because), "%s",
			because == NULL ? "" : because);
	}
	connection_kill(connection, reason);
}

struct check_job {
	struct store_job job;
	struct supervisor *supervisor;
	int64_t account_number;
	int64_t terminal_number;
	char by[ACTOR_SIZE];
	char because[BECAUSE_SIZE];
	struct running_verdict *verdicts;
	size_t count;
};

static int
check_work(struct store_db *db, struct store_job *job)
{
	struct check_job *check = (struct check_job *)job;

	free(check->verdicts);
	check->verdicts = NULL;
	return session_running_verdicts(
		db, check->account_number, check->terminal_number, &check->verdicts, &check->count);
}

static void
check_done(struct store_job *job, int status)
{
	struct check_job *check = (struct check_job *)job;
	struct supervisor *supervisor = check->supervisor;

	if (check->account_number == 0 && check->terminal_number == 0 &&
		supervisor->sessions != NULL)
		supervisor->sessions->checking = false;
	/* The next minute asks again. */
	if (status < 0)
		log_event(
			EV_STORE_FAILED, "what='running rules' why='%s'", store_error_text(status));
	for (size_t i = 0; status == 0 && i < check->count; i++) {
		struct connection *connection = connection_find_session(
			supervisor->connections, check->verdicts[i].session);

		if (connection != NULL)
			session_kill(
				connection, check->verdicts[i].reason, check->by, check->because);
	}
	free(check->verdicts);
	free(check);
}

void
sessions_check(struct supervisor *supervisor, int64_t account_number, int64_t terminal_number,
	const char *by, const char *because)
{
	struct check_job *check = calloc(1, sizeof(*check));

	if (check == NULL)
		return;
	check->job.work = check_work;
	check->job.done = check_done;
	check->supervisor = supervisor;
	check->account_number = account_number;
	check->terminal_number = terminal_number;
	snprintf(check->by, sizeof(check->by), "%s", by == NULL ? "" : by);
	snprintf(check->because, sizeof(check->because), "%s", because == NULL ? "" : because);
	store_read(supervisor->store, &check->job);
}

/* What is older than its retention, portion by portion, until nothing is left. */
struct retention_job {
	struct store_job job;
	struct supervisor *supervisor;
	int64_t portion;
	int64_t erased;
};

static int
retention_work(struct store_db *db, struct store_job *job)
{
	struct retention_job *retention = (struct retention_job *)job;
	int r;

	r = audit_retention(db, "nightly", &retention->portion);
	return r < 0 || retention->portion > 0 ? r : audit_retention_done(db);
}

static void
retention_done(struct store_job *job, int status)
{
	struct retention_job *retention = (struct retention_job *)job;
	struct supervisor *supervisor = retention->supervisor;

	if (status == 0 && retention->portion > 0 && supervisor->state != SUPERVISOR_STOPPING) {
		retention->erased += retention->portion;
		store_write(supervisor->store, &retention->job);
		return;
	}
	if (status < 0 && status != -ESHUTDOWN)
		log_event(EV_STORE_FAILED, "what='retention' why='%s'", store_error_text(status));
	if (retention->erased > 0)
		log_event(EV_RETENTION, "erased=%" PRId64, retention->erased);
	if (supervisor->sessions != NULL)
		supervisor->sessions->erasing = false;
	free(retention);
}

static void
nightly_retention(struct supervisor *supervisor)
{
	struct retention_job *retention;

	if (supervisor->sessions == NULL || supervisor->sessions->erasing)
		return;
	retention = calloc(1, sizeof(*retention));
	if (retention == NULL)
		return;
	supervisor->sessions->erasing = true;
	retention->job.work = retention_work;
	retention->job.done = retention_done;
	retention->supervisor = supervisor;
	store_write(supervisor->store, &retention->job);
}

struct upkeep_job {
	struct store_job job;
	struct supervisor *supervisor;
	struct chain_checkpoint checkpoint;
	bool made;
	enum audit_night retention;
	int64_t told;
};

/* Written only when something else has been: an idle gateway's disk may sleep. */
static int
keep_mark(struct store_db *db, int64_t told)
{
	int64_t mark;
	int r;

	r = log_mark_get(db, "told", &mark);
	return r < 0 || told <= mark ? r : log_mark_set(db, "told", told);
}

static int
upkeep_work(struct store_db *db, struct store_job *job)
{
	struct upkeep_job *upkeep = (struct upkeep_job *)job;
	int r;

	r = audit_retention_tonight(db, &upkeep->retention);
	if (r == 0)
		r = tickets_note_unreturned(db);
	if (r == 0)
		r = audit_checkpoint(db, &upkeep->checkpoint, &upkeep->made);
	return r < 0 ? r : keep_mark(db, upkeep->told);
}

void
sessions_tell_checkpoint(const struct chain_checkpoint *checkpoint)
{
	char hash[2 * CHAIN_HASH_BYTES + 1];
	char signature[2 * SIGNATURE_BYTES + 1];

	bytes_to_hex(checkpoint->hash, CHAIN_HASH_BYTES, hash);
	bytes_to_hex(checkpoint->signature, SIGNATURE_BYTES, signature);
	log_event(EV_CHECKPOINT, "event=%" PRId64 " hash=%s signature=%s", checkpoint->event_id,
		hash, signature);
}

static void
upkeep_done(struct store_job *job, int status)
{
	struct upkeep_job *upkeep = (struct upkeep_job *)job;

	if (status < 0)
		log_event(EV_STORE_FAILED, "what='checkpoint' why='%s'", store_error_text(status));
	else if (upkeep->made)
		sessions_tell_checkpoint(&upkeep->checkpoint);
	if (status == 0 && upkeep->retention == AUDIT_NIGHT_WAITS)
		log_event(EV_RETENTION_WAITS, "next='tomorrow at three'");
	if (status == 0 && upkeep->retention == AUDIT_NIGHT_DUE) {
		nightly_retention(upkeep->supervisor);
		recording_files_nightly(upkeep->supervisor);
	}
	free(upkeep);
}

static void
keep_up(struct supervisor *supervisor)
{
	struct upkeep_job *upkeep = calloc(1, sizeof(*upkeep));

	if (upkeep == NULL)
		return;
	upkeep->job.work = upkeep_work;
	upkeep->job.done = upkeep_done;
	upkeep->supervisor = supervisor;
	upkeep->told = log_tail_told(supervisor);
	store_write(supervisor->store, &upkeep->job);
}

/* Re-armed every time: the wall clock may be set while we wait. */
static void
arm(struct sessions *sessions, uv_timer_cb on_minute)
{
	int64_t left_us = MINUTE_US - clock_now() % MINUTE_US;

	uv_timer_start(&sessions->timer, on_minute, (uint64_t)left_us / 1000 + 1, 0);
}

static void
on_minute(uv_timer_t *timer)
{
	struct sessions *sessions = timer->data;

	if (!sessions->checking) {
		sessions->checking = true;
		sessions_check(sessions->supervisor, 0, 0, NULL, NULL);
	}
	keep_up(sessions->supervisor);
	idle_ask(sessions->supervisor);
	watches_tidy(sessions->supervisor->watches);
	notices_minute(sessions->supervisor);
	resumes_forget(sessions->supervisor->resumes, clock_boottime_ms(),
		sessions->supervisor->settings->limits.grace_ms);
	if (connections_give_memory_back(sessions->supervisor->connections))
		store_give_memory_back(sessions->supervisor->store);
	arm(sessions, on_minute);
}

int
sessions_start_minutes(struct supervisor *supervisor)
{
	struct sessions *sessions = calloc(1, sizeof(*sessions));
	int r;

	if (sessions == NULL)
		return -ENOMEM;
	r = uv_timer_init(supervisor->loop, &sessions->timer);
	if (r < 0) {
		free(sessions);
		return r;
	}
	sessions->supervisor = supervisor;
	sessions->timer.data = sessions;
	supervisor->sessions = sessions;
	arm(sessions, on_minute);
	/* What came before a long stop is signed before anybody asks whether it was. */
	keep_up(supervisor);
	return 0;
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct sessions *sessions = handle->data;

	sessions->supervisor->sessions = NULL;
	free(sessions);
}

void
sessions_stop_minutes(struct supervisor *supervisor)
{
	if (supervisor->sessions != NULL &&
		!uv_is_closing((uv_handle_t *)&supervisor->sessions->timer))
		uv_close((uv_handle_t *)&supervisor->sessions->timer, on_timer_closed);
}
