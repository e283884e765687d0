/* See recordings.h; the process: recordings_process.c. */
#include "supervisor/recordings_private.h"

#include "base/auditor_key.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "policy/sealing.h"
#include "recording/keys.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/recording_files.h"
#include "supervisor/session_starts.h"
#include "supervisor/start.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define N_(text) text

#define TICK_MS 1000
#define BEGIN_MS 10000 /* for row, file and process */
#define FINISH_MS 6000 /* less than a stop of the gateway waits */
#define SAVE_MS 60000

static const char no_keys[] = N_("no auditor's key is configured");
static const char no_room[] = N_("there was no room on the disk");
static const char no_file[] = N_("its file could not be made or read");
static const char no_process[] = N_("its recorder could not be started");
static const char too_many[] =
	N_("as many sessions were being recorded as limits.recorders allows");
static const char too_slow[] = N_("its recorder did not get ready, or did not end");

static void
unlink_from_list(struct recording *recording)
{
	struct recording **at = &recording->supervisor->recordings;

	while (*at != NULL && *at != recording)
		at = &(*at)->next;
	if (*at != NULL)
		*at = recording->next;
}

static void
free_when_idle(struct recording *recording)
{
	struct supervisor *supervisor = recording->supervisor;

	if (recording->job_runs || !recording->timer_closed)
		return;
	unlink_from_list(recording);
	if (recording->child != NULL)
		children_end_taken(recording->child);
	free(recording);
	supervisor_maybe_drained(supervisor);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct recording *recording = handle->data;

	recording->timer_closed = true;
	free_when_idle(recording);
}

/* Rows */

static int
end_work(struct store_db *db, struct store_job *job)
{
	struct recording *recording =
		(struct recording *)((char *)job - offsetof(struct recording, job));

	return recording_end(db, recording->session, recording->row.part, recording->row_state,
		recording->why, &recording->so_far, recording->has_hash ? recording->hash : NULL);
}

static void
end_done(struct store_job *job, int status)
{
	struct recording *recording =
		(struct recording *)((char *)job - offsetof(struct recording, job));

	if (status < 0)
		log_event(EV_STORE_FAILED, "what='end of a recording' why='%s'",
			store_error_text(status));
	recording_tell_closed(recording);
	recording->job_runs = false;
	free_when_idle(recording);
}

static void
write_end(struct recording *recording)
{
	if (recording->job_runs)
		return;
	if (!recording->has_row) {
		recording_tell_closed(recording);
		return;
	}
	recording->job = (struct store_job){.work = end_work, .done = end_done, .stubborn = true};
	recording->job_runs = true;
	store_write(recording->supervisor->store, &recording->job);
}

static void
cut_off_connection(struct recording *recording)
{
	struct connection *connection = take_pointer(&recording->connection);

	if (connection != NULL)
		connection->recording = NULL;
}

void
recording_over(struct recording *recording, enum recording_row_state state)
{
	char session[2 * SESSION_ID_BYTES + 1];

	if (recording->step == RECORDING_IS_OVER)
		return;
	recording_go(recording, RECORDING_IS_OVER);
	recording->row_state = state;
	recording_tell_rest(recording);
	recording_tell_session(recording);
	cut_off_connection(recording);
	bytes_to_hex(recording->session, sizeof(recording->session), session);
	if (state != RECORDING_ROW_CLOSED && recording->kept)
		log_event(EV_RECORDING_NOT_CLOSED, "session=%s part=%u bytes=%lld why='%s'",
			session, recording->about.part, (long long)recording->so_far.bytes,
			recording->why);
	cleanup_close(&recording->file);
	recording->file = -1;
	sodium_free(take_pointer(&recording->key));
	/* Its last message may have brought us here: it is ended from the loop. */
	recording->end_is_due = true;
	if (!recording->job_runs)
		write_end(recording);
	uv_close((uv_handle_t *)&recording->timer, on_timer_closed);
}

static int
save_work(struct store_db *db, struct store_job *job)
{
	struct recording *recording =
		(struct recording *)((char *)job - offsetof(struct recording, job));

	return recording_progress(db, recording->session, recording->row.part, &recording->saved);
}

static void
save_done(struct store_job *job, int status)
{
	struct recording *recording =
		(struct recording *)((char *)job - offsetof(struct recording, job));

	(void)status; /* the next minute, or the end, says it again */
	recording->job_runs = false;
	if (recording->end_is_due)
		write_end(recording);
	free_when_idle(recording);
}

static void
save(struct recording *recording, int64_t now_ms)
{
	if (!recording->has_row || recording->job_runs || now_ms < recording->saved_ms + SAVE_MS)
		return;
	recording->saved_ms = now_ms;
	recording->saved = recording->so_far;
	recording->job = (struct store_job){.work = save_work, .done = save_done};
	recording->job_runs = true;
	store_write(recording->supervisor->store, &recording->job);
}

/* What follows */

static void
finish(struct recording *recording, enum close_reason reason)
{
	if (recording->step != RECORDING_RUNS || recording->child == NULL) {
		recording_over(recording, RECORDING_ROW_FAILED);
		return;
	}
	recording_go(recording, RECORDING_FINISHES);
	recording->finish_ms = clock_boottime_ms() + FINISH_MS;
	recording_send_finish(recording, reason);
}

bool
recording_is_required(const struct recording *recording)
{
	return recording->policy != TERMINAL_RECORDING_BEST_EFFORT || recording->four_eyes;
}

void
recording_went_wrong(
	struct recording *recording, enum close_reason reason, const char *why, int error)
{
	struct connection *connection = recording->connection;
	bool required = recording_is_required(recording);

	recording->why = why;
	recording_tell_trouble(recording, error);
	/* A lost session may come back, and its recorder would not say this again: then it gets another recording, or is refused. */
	if (connection == NULL && required && recording->step == RECORDING_RUNS &&
		recording->child != NULL)
		finish(recording, reason);
	if (connection == NULL)
		return;
	if (required)
		session_start_not_recorded(connection, reason);
	else if (recording->step == RECORDING_BEGINS)
		session_start_recorded(connection);
}

/* The session goes on without, where it may. */
static enum close_reason
go_without(const struct connection *connection, const struct terminal *terminal,
	enum close_reason reason, const char *why)
{
	if (terminal->recording != TERMINAL_RECORDING_BEST_EFFORT || terminal->four_eyes)
		return reason;
	connection->session->not_recorded_why = why;
	log_event(EV_RECORDING_OFF, "session=%s host='%s' what='%s'", connection->session->id_text,
		log_quote(terminal->name), why);
	return CLOSE_NONE;
}

static bool
disk_has_room(const struct supervisor *supervisor)
{
	struct statvfs disk;

	return statvfs(recording_files_folder(supervisor->recording_files), &disk) == 0 &&
	       (uint64_t)disk.f_bavail * disk.f_frsize >=
		       supervisor->settings->recording.least_free_bytes;
}

/* Of a session that may go on without, the recording ends here, closed; of others, the session. */
static void
look_at_disk(struct recording *recording)
{
	if (disk_has_room(recording->supervisor))
		return;
	recording_note(recording->supervisor, recording->session, RECORDING_NOTE_OTHER, no_room);
	recording_went_wrong(recording, CLOSE_RECORDING_DISK, no_room, 0);
	if (recording_is_required(recording) || recording->connection == NULL)
		return;
	recording->ends_early = true;
	recording_tell_session(recording);
	cut_off_connection(recording);
	finish(recording, CLOSE_RECORDING_DISK);
}

static void
on_tick(uv_timer_t *timer)
{
	struct recording *recording = timer->data;
	const struct settings *settings = recording->supervisor->settings;
	int64_t now_ms = clock_boottime_ms();

	if (recording->step == RECORDING_RUNS && recording->lost_ms != 0 &&
		now_ms >= recording->lost_ms + settings->limits.grace_ms)
		finish(recording, CLOSE_CLIENT_LOST);
	else if (recording->step == RECORDING_RUNS && recording->connection != NULL)
		look_at_disk(recording);
	if (recording->step == RECORDING_RUNS)
		save(recording, now_ms);
	if ((recording->step == RECORDING_BEGINS && now_ms >= recording->began_ms + BEGIN_MS) ||
		(recording->step == RECORDING_FINISHES && now_ms >= recording->finish_ms)) {
		recording_went_wrong(recording, CLOSE_RECORDING_STALLED, too_slow, 0);
		recording_over(recording, RECORDING_ROW_NOT_CLOSED);
	}
}

/* Beginning */

static int
open_file(struct recording *recording)
{
	const struct recording_files *files = recording->supervisor->recording_files;
	char path[RECORDING_PATH_SIZE];
	int fd;

	if (recording->kept) {
		recording_files_path(files, recording->session, recording->row.part, path);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	} else {
		fd = open(recording_files_folder(files), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		return -errno;
	recording->file = fd;
	return 0;
}

static enum close_reason
reason_without_file(int r)
{
	return r == -ENOSPC || r == -EDQUOT ? CLOSE_RECORDING_DISK : CLOSE_RECORDING_FAILED;
}

void
recording_has_no_file(struct recording *recording, int r)
{
	recording_went_wrong(recording, reason_without_file(r), no_file, -r);
	recording_over(recording, RECORDING_ROW_FAILED);
}

static void
begin_file(struct recording *recording)
{
	int r = open_file(recording);

	if (r == 0)
		recording_try_begin(recording);
	else
		recording_has_no_file(recording, r);
}

bool
recording_goes_on(struct recording *recording)
{
	recording->job_runs = false;
	if (recording->step != RECORDING_IS_OVER)
		return true;
	write_end(recording);
	free_when_idle(recording);
	return false;
}

void
recording_was_not_stored(struct recording *recording, const char *what, int error)
{
	log_event(EV_STORE_FAILED, "what='%s' why='%s'", what, store_error_text(error));
	recording_went_wrong(recording, CLOSE_RECORDING_FAILED, no_file, 0);
	recording_over(recording, RECORDING_ROW_FAILED);
}

static int
row_work(struct store_db *db, struct store_job *job)
{
	struct recording *recording =
		(struct recording *)((char *)job - offsetof(struct recording, job));

	return recording_begin(db, recording->session, recording->auditors, &recording->row);
}

static void
row_done(struct store_job *job, int status)
{
	struct recording *recording =
		(struct recording *)((char *)job - offsetof(struct recording, job));

	recording->has_row = status == 0;
	if (!recording_goes_on(recording))
		return;
	if (status < 0) {
		recording_was_not_stored(recording, "start of a recording", status);
		return;
	}
	recording->about.part = (uint32_t)recording->row.part;
	begin_file(recording);
}

/* One seal and one name for each auditor. A key that was good in the settings cannot be bad here. */
static int
seal(struct recording *recording)
{
	const struct settings_names *auditors =
		&recording->supervisor->settings->recording.auditors;
	struct recording_about *about = &recording->about;
	struct auditor_key key;
	int r = 0;

	for (size_t i = 0; r == 0 && i < auditors->count && i < RECORDING_AUDITORS_MOST; i++) {
		size_t len = strlen(recording->auditors);

		r = auditor_key_read(auditors->items[i], &key);
		if (r == 0)
			r = recording_key_seal(
				recording->key, key.key, &about->sealed[about->sealed_count++]);
		(void)snprintf(recording->auditors + len, sizeof(recording->auditors) - len, "%s%s",
			len > 0 ? "," : "", key.name);
	}
	return r;
}

static int
fill_in(struct recording *recording, const struct session_grant *grant)
{
	struct recording_about *about = &recording->about;

	if (recording_keys_ready() < 0)
		return -EIO;
	recording->key = sodium_malloc(RECORDING_KEY_BYTES);
	if (recording->key == NULL)
		return -ENOMEM;
	recording_random(recording->key, RECORDING_KEY_BYTES);
	memcpy(about->session, grant->session, sizeof(about->session));
	about->part = 1;
	about->started_us = clock_now();
	about->with_input = grant->terminal.record_input;
	(void)snprintf(about->account, sizeof(about->account), "%s", grant->account_full);
	(void)snprintf(about->terminal, sizeof(about->terminal), "%s", grant->terminal.name);
	sealing_public_key(recording->supervisor->sealing, about->signer);
	return recording->kept ? seal(recording) : 0;
}

static struct recording *
recording_new(struct connection *connection, const struct session_grant *grant)
{
	struct recording *recording = calloc(1, sizeof(*recording));

	if (recording == NULL)
		return NULL;
	recording->supervisor = connection->supervisor;
	recording->file = -1;
	recording->why = "";
	recording->policy = grant->terminal.recording;
	recording->kept = grant->terminal.recording != TERMINAL_RECORDING_OFF;
	recording->four_eyes = grant->terminal.four_eyes;
	recording->mediated = grant->terminal.relay == TERMINAL_RELAY_MEDIATED;
	memcpy(recording->session, grant->session, SESSION_ID_BYTES);
	recording->began_ms = recording->saved_ms = clock_boottime_ms();
	if (fill_in(recording, grant) < 0) {
		sodium_free(recording->key);
		free(recording);
		return NULL;
	}
	(void)uv_timer_init(connection->supervisor->loop, &recording->timer);
	recording->timer.data = recording;
	(void)uv_timer_start(&recording->timer, on_tick, TICK_MS, TICK_MS);
	watches_set_live(connection->supervisor->watches, &recordings_live);
	recording->next = connection->supervisor->recordings;
	connection->supervisor->recordings = recording;
	return recording;
}

struct recording *
recording_running(const struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES])
{
	struct recording *recording = supervisor->recordings;

	while (recording != NULL &&
		(recording->step > RECORDING_RUNS ||
			memcmp(recording->session, session, SESSION_ID_BYTES) != 0))
		recording = recording->next;
	return recording;
}

static enum close_reason
begin(struct connection *connection, const struct session_grant *grant)
{
	const struct terminal *terminal = &grant->terminal;
	struct supervisor *supervisor = connection->supervisor;
	struct recording *recording;
	int r;

	if (terminal->recording != TERMINAL_RECORDING_OFF &&
		supervisor->settings->recording.auditors.count == 0)
		return go_without(connection, terminal, CLOSE_RECORDING_NO_KEYS, no_keys);
	if (!disk_has_room(supervisor))
		return go_without(connection, terminal, CLOSE_RECORDING_DISK, no_room);
	recording = recording_new(connection, grant);
	if (recording == NULL)
		return go_without(connection, terminal, CLOSE_RECORDING_FAILED, no_process);
	r = children_take(supervisor->children, CHILD_RECORDER, recording, &recording->child);
	if (r < 0) {
		recording->why = r == -EUSERS ? too_many : no_process;
		recording_over(recording, RECORDING_ROW_FAILED);
		return go_without(connection, terminal,
			r == -EUSERS ? CLOSE_RECORDING_BUSY : CLOSE_RECORDING_FAILED,
			recording->why);
	}
	/* What fails here is the answer: whoever asks has nothing yet that session_start_not_recorded could end. */
	r = recording->kept ? 0 : open_file(recording);
	if (r < 0) {
		recording_has_no_file(recording, r);
		return reason_without_file(r);
	}
	recording->connection = connection;
	connection->recording = recording;
	if (!recording->kept) {
		recording_try_begin(recording);
		return CLOSE_NONE;
	}
	recording->job = (struct store_job){.work = row_work, .done = row_done};
	recording->job_runs = true;
	store_write(supervisor->store, &recording->job);
	return CLOSE_NONE;
}

enum close_reason
recording_prepare(struct connection *connection, const struct session_grant *grant)
{
	struct recording *recording = recording_running(connection->supervisor, grant->session);

	if (recording == NULL && grant->terminal.recording == TERMINAL_RECORDING_OFF &&
		!grant->terminal.four_eyes)
		return CLOSE_NONE;
	if (recording == NULL)
		return begin(connection, grant);
	/* The session goes on over this connection, and so does its recording. */
	cut_off_connection(recording);
	recording->connection = connection;
	recording->lost_ms = 0;
	connection->recording = recording;
	recording_tell_session(recording);
	return CLOSE_NONE;
}

bool
recording_is_ready(const struct connection *connection)
{
	return connection->recording == NULL || connection->recording->step != RECORDING_BEGINS;
}

int
recording_to_worker(struct connection *connection)
{
	struct recording *recording = connection->recording;
	struct msg_record_channel channel = {.connection = connection->id};
	struct msg_record_source source = {0};
	int ends[2];
	int r;

	if (recording == NULL)
		return 0;
	if (recording->step != RECORDING_RUNS || recording->child == NULL)
		return recording_is_required(recording) ? -ENOTCONN : 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	channel.required = recording_is_required(recording);
	channel.with_input = recording->about.with_input;
	channel.mediated = recording->mediated;
	channel.began_ms = (uint64_t)recording->began_ms;
	channel.stall_ms = recording->supervisor->settings->recording.stall_ms;
	source.serial = ++recording->sources;
	r = children_send(recording->child, MSG_RECORD_SOURCE, &source, ends[0]);
	if (r == 0)
		r = children_send(connection->worker, MSG_RECORD_CHANNEL, &channel, ends[1]);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return r;
}

void
recording_connection_over(struct connection *connection, enum close_reason reason)
{
	struct recording *recording = connection->recording;
	const struct supervisor *supervisor = connection->supervisor;
	bool comes_back =
		reason == CLOSE_CONTINUED || close_reason_row(reason)->state == END_STATE_LOST;

	if (recording == NULL)
		return;
	cut_off_connection(recording);
	if (recording->step == RECORDING_RUNS && comes_back &&
		supervisor->state != SUPERVISOR_STOPPING &&
		supervisor->settings->limits.grace_ms > 0)
		recording->lost_ms = clock_boottime_ms();
	else if (recording->step <= RECORDING_RUNS)
		finish(recording, reason);
}

size_t
recordings_count(const struct supervisor *supervisor)
{
	size_t count = 0;

	for (const struct recording *at = supervisor->recordings; at != NULL; at = at->next)
		count++;
	return count;
}

void
recordings_stop(struct supervisor *supervisor)
{
	struct recording *next;

	for (struct recording *at = supervisor->recordings; at != NULL; at = next) {
		next = at->next;
		if (at->connection == NULL && at->step <= RECORDING_RUNS)
			finish(at, CLOSE_STOPPING);
	}
}
