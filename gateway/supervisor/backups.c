/* The one long thing under way, and creating backups; see backups.h. */
#include "supervisor/backups_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "policy/sessions.h"
#include "policy/text.h"
#include "settings/settings.h"
#include "supervisor/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_MS 200

json_t *
backup_instant(int64_t at_us)
{
	char text[CLOCK_TEXT_SIZE];

	if (at_us == 0)
		return json_null();
	clock_format_utc(at_us, text);
	return json_string(text);
}

json_t *
backup_json(const struct backup_entry *entry, const char *state, const char *why)
{
	return json_pack("{s:s, s:s, s:o, s:I, s:s, s:s, s:s, s:I, s:I}", "id", entry->id, "state",
		state, "created", backup_instant(entry->created_us), "bytes",
		(json_int_t)entry->bytes, "by", entry->by, "note", entry->note, "why",
		why == NULL ? "" : why, "log_event", (json_int_t)entry->log_event, "schema",
		(json_int_t)entry->schema);
}

void
backup_refused(struct control_call *call)
{
	control_call_fail(call, -EPERM);
}

void
backup_failure_add(struct backups *backups, const struct backup_entry *entry, const char *why)
{
	if (backups->failure_count == BACKUPS_MOST) {
		memmove(backups->failures, backups->failures + 1,
			sizeof(backups->failures) - sizeof(backups->failures[0]));
		backups->failure_count--;
	}
	backups->failures[backups->failure_count++] =
		(struct backup_failure){.entry = *entry, .why = why};
}

/* The place */

static void
on_progress(uv_timer_t *timer)
{
	struct backups *backups = timer->data;
	struct backup_work *work = backups->work;
	const char *what = work == NULL ? NULL : atomic_load(&work->meter->what);

	if (what != NULL)
		control_call_progress(work->call, what, atomic_load(&work->meter->done),
			atomic_load(&work->meter->of));
}

struct backup_work *
backup_work_new(struct control_call *call)
{
	struct backups *backups = call->supervisor->backups;
	struct backup_work *work;

	if (backups->work != NULL || backups->stopping) {
		(void)method_refuse(&call->method, METHOD_REFUSED,
			"a backup is being made, checked or restored already: wait until that is "
			"done");
		backup_refused(call);
		return NULL;
	}
	work = calloc(1, sizeof(*work));
	if (work == NULL || uv_timer_init(backups->supervisor->loop, &work->wait) < 0) {
		free(work);
		control_call_answer(call, NULL);
		return NULL;
	}
	work->backups = backups;
	work->call = call;
	work->meter = &work->restoring.meter;
	work->restoring.stage = "opening the database";
	work->wait.data = work;
	work->making.folder = work->restoring.folder = backups->folder;
	snprintf(work->making.by, sizeof(work->making.by), "%s", call->actor);
	snprintf(work->restoring.by, sizeof(work->restoring.by), "%s", call->actor);
	backups->work = work;
	uv_timer_start(&backups->progress, on_progress, PROGRESS_MS, PROGRESS_MS);
	return work;
}

static void
on_wait_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
backup_work_end(struct backup_work *work)
{
	struct backups *backups = work->backups;

	if (work->upload != NULL)
		backup_upload_release(backups, work->upload);
	backups->work = NULL;
	if (!uv_is_closing((uv_handle_t *)&backups->progress))
		uv_timer_stop(&backups->progress);
	uv_close((uv_handle_t *)&work->wait, on_wait_closed);
}

void
backup_work_slowly(struct backup_work *work,
	int (*step)(struct store_db *db, struct store_job *job),
	void (*done)(struct store_job *job, int status))
{
	work->job = (struct store_job){.work = step, .done = done};
	store_slow(work->backups->supervisor->store, &work->job);
}

void
backup_work_write(struct backup_work *work, bool bare,
	int (*step)(struct store_db *db, struct store_job *job),
	void (*done)(struct store_job *job, int status))
{
	work->job = (struct store_job){.work = step, .done = done, .bare = bare};
	store_write(work->backups->supervisor->store, &work->job);
}

/* Creating */

static int
record_made(struct store_db *db, struct store_job *job)
{
	const struct backup_work *work = (const struct backup_work *)job;
	const struct backup_making *making = &work->making;
	json_t *after;
	int r;

	if (work->status < 0)
		after = json_pack("{s:s, s:s}", "state", "failed", "why", making->trouble);
	else
		after = json_pack("{s:s, s:s, s:I, s:I}", "state", "done", "sha256", making->sha256,
			"bytes", (json_int_t)making->entry.bytes, "log_event",
			(json_int_t)making->entry.log_event);
	if (after == NULL)
		return -ENOMEM;
	r = admin_event(
		db, making->by, "backup.create", making->entry.id, NULL, after, making->note);
	json_decref(after);
	return r;
}

static void
made_and_recorded(struct store_job *job, int status)
{
	struct backup_work *work = (struct backup_work *)job;
	struct backup_making *making = &work->making;
	struct control_call *call = work->call;

	if (work->status < 0) {
		(void)method_refuse(&call->method, METHOD_REFUSED,
			"the backup was not made, and nothing is left of it: %s", making->trouble);
		backup_refused(call);
	} else if (status < 0) {
		control_call_fail(call, status);
	} else {
		control_call_answer(call, backup_json(&making->entry, "done", NULL));
	}
	backup_work_end(work);
}

static void
made(struct store_job *job, int status)
{
	struct backup_work *work = (struct backup_work *)job;
	struct backup_making *making = &work->making;

	work->status = status;
	/* It has not even begun: the store could not. */
	if (status < 0 && making->trouble == NULL)
		making->trouble = store_error_text(status);
	if (status == -EDQUOT && making->entry.created_us == 0) {
		(void)method_refuse(&work->call->method, METHOD_REFUSED,
			"there are five backups already: delete one first");
		backup_refused(work->call);
		backup_work_end(work);
		return;
	}
	if (status < 0) {
		if (making->entry.created_us == 0)
			making->entry.created_us = clock_now();
		backup_failure_add(work->backups, &making->entry, making->trouble);
		log_event(EV_BACKUP_FAILED, "id=%s by='%s' why='%s'", making->entry.id,
			log_quote(making->by), making->trouble);
	} else {
		log_event(EV_BACKUP_MADE, "id=%s by='%s' bytes=%lld sha256=%s", making->entry.id,
			log_quote(making->by), (long long)making->entry.bytes, making->sha256);
	}
	backup_work_write(work, false, record_made, made_and_recorded);
}

static int
make(struct store_db *db, struct store_job *job)
{
	return backup_make(db, &((struct backup_work *)job)->making);
}

static bool
note_is_good(struct control_call *call, const char *note)
{
	struct field_error error;
	int count = note == NULL ? 0 : text_count(note, strlen(note), TEXT_LINE);

	if (count >= 0 && count <= BACKUP_NOTE_MOST)
		return true;
	(void)field_error_set(
		&error, "note", note, N_("at most 200 printable characters"), "before the update");
	(void)method_refuse_field(&call->method, &error);
	backup_refused(call);
	return false;
}

void
method_backup_create(struct control_call *call)
{
	const char *note = control_call_text(call, "note");
	struct backup_work *work;

	if (!note_is_good(call, note))
		return;
	work = backup_work_new(call);
	if (work == NULL)
		return;
	work->meter = &work->making.meter;
	snprintf(work->making.note, sizeof(work->making.note), "%s", note == NULL ? "" : note);
	if (backup_making_begin(&work->making) < 0) {
		control_call_answer(call, NULL);
		backup_work_end(work);
		return;
	}
	backup_work_slowly(work, make, made);
}

/* Start and stop */

static void
swept(void *argument, const char *id)
{
	struct backup_entry entry = {.created_us = clock_now()};

	snprintf(entry.id, sizeof(entry.id), "%s", id);
	backup_failure_add(argument, &entry, N_("the gateway ended while it was being made"));
	log_event(EV_BACKUP_UNFINISHED, "id=%s", id);
}

/* Beside the database, unless the settings say otherwise. */
static int
choose_folder(const struct settings *settings, char *ret_folder)
{
	const char *slash = strrchr(settings->database, '/');
	int len;

	if (settings->backups.folder != NULL)
		len = snprintf(ret_folder, BACKUP_PATH_SIZE, "%s", settings->backups.folder);
	else
		len = snprintf(ret_folder, BACKUP_PATH_SIZE, "%.*s/backups",
			slash == NULL ? 1 : (int)(slash - settings->database),
			slash == NULL ? "." : settings->database);
	return len >= BACKUP_PATH_SIZE ? -ENAMETOOLONG : 0;
}

int
backups_new(struct supervisor *supervisor, struct backups **ret_backups)
{
	struct backups *backups = calloc(1, sizeof(*backups));
	struct policy_settings policy;
	int r;

	if (backups == NULL)
		return -ENOMEM;
	r = choose_folder(supervisor->settings, backups->folder);
	if (r == 0)
		r = uv_timer_init(supervisor->loop, &backups->progress);
	if (r < 0) {
		free(backups);
		return r;
	}
	backups->supervisor = supervisor;
	backups->progress.data = backups;
	policy_settings_from(supervisor->settings, &policy);
	backups->facility = policy.facility;
	scratch_sweep(supervisor->settings->database);
	backup_folder_sweep(backups->folder, swept, backups);
	*ret_backups = backups;
	return 0;
}

void
backups_stop(struct backups *backups)
{
	if (backups == NULL || backups->stopping)
		return;
	backups->stopping = true;
	if (backups->work != NULL) {
		atomic_store(&backups->work->making.meter.cancel, true);
		atomic_store(&backups->work->restoring.meter.cancel, true);
		backup_work_stop_waiting(backups->work);
	}
	uv_close((uv_handle_t *)&backups->progress, NULL);
	backup_uploads_stop(backups);
}

void
backups_free(struct backups *backups)
{
	free(backups);
}
