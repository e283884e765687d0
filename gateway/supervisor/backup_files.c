/* Listing, reading and deleting backups; see backups.h. */
#include "supervisor/backups_private.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "policy/sessions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 262144

/* Something short with the folder's files: on a thread of libuv's, then perhaps an event, then the answer. */
struct file_call {
	uv_work_t work;
	struct store_job job;
	struct backups *backups;
	struct control_call *call;
	int status;
	char path[BACKUP_PATH_SIZE];
	struct backup_entry entry;
	struct backup_list list;
	struct backup_rehearsal rehearsal;
	int64_t offset, size;
	uint8_t *piece;
	size_t piece_len;
};

static void
file_call_free(struct file_call *file)
{
	free(file->piece);
	free(file);
}

static struct file_call *
file_call_start(struct control_call *call, const char *id, uv_work_cb work, uv_after_work_cb done)
{
	struct backups *backups = call->supervisor->backups;
	struct file_call *file;

	if (id != NULL && !backup_id_is(id)) {
		(void)method_refuse(
			&call->method, METHOD_NOT_FOUND, "there is no backup '%.64s'", id);
		backup_refused(call);
		return NULL;
	}
	file = calloc(1, sizeof(*file));
	if (file == NULL || (id != NULL && backup_path(backups->folder, id, file->path) < 0)) {
		free(file);
		control_call_answer(call, NULL);
		return NULL;
	}
	file->work.data = file;
	file->backups = backups;
	file->call = call;
	if (id != NULL)
		memcpy(file->entry.id, id, sizeof(file->entry.id));
	file->offset = json_integer_value(json_object_get(call->request.params, "offset"));
	if (uv_queue_work(backups->supervisor->loop, &file->work, work, done) < 0) {
		file_call_free(file);
		control_call_answer(call, NULL);
		return NULL;
	}
	return file;
}

/* The folder could not be read, or there is no such backup. */
static void
refuse(struct file_call *file)
{
	struct control_call *call = file->call;

	if (file->status == -ENOENT)
		(void)method_refuse(&call->method, METHOD_NOT_FOUND, "there is no backup '%.64s'",
			file->entry.id);
	else
		(void)method_refuse(&call->method, METHOD_REFUSED,
			"the folder of the backups, %s, cannot be used: %s", file->backups->folder,
			strerror(-file->status));
	backup_refused(call);
	file_call_free(file);
}

/* Listing */

static void
list(uv_work_t *work)
{
	struct file_call *file = work->data;
	const struct backups *backups = file->backups;

	file->status = backup_folder_list(
		backups->folder, backups->supervisor->sealing, &backups->facility, &file->list);
	/* It is made with the first backup. */
	if (file->status == -ENOENT)
		file->status = 0;
	backup_rehearsal_read(backups->folder, backups->supervisor->sealing, &file->rehearsal);
}

static void
add_running(const struct backups *backups, json_t *rows)
{
	const struct backup_work *work = backups->work;
	struct backup_entry entry;

	if (work == NULL || work->meter != &work->making.meter)
		return;
	entry = work->making.entry;
	memcpy(entry.by, work->making.by, sizeof(entry.by));
	memcpy(entry.note, work->making.note, sizeof(entry.note));
	json_array_append_new(rows, backup_json(&entry, "running", NULL));
}

static void
listed(uv_work_t *work, int status)
{
	struct file_call *file = work->data;
	const struct backups *backups = file->backups;
	const struct backup_rehearsal *rehearsal = &file->rehearsal;
	json_t *rows = json_array();

	if (status < 0)
		file->status = status;
	if (file->status < 0) {
		json_decref(rows);
		refuse(file);
		return;
	}
	for (size_t i = 0; i < file->list.count; i++) {
		const struct backup_entry *entry = &file->list.entries[i];

		json_array_append_new(
			rows, backup_json(entry, entry->fault == BACKUP_SOUND ? "done" : "unusable",
				      backup_fault_text(entry->fault)));
	}
	for (size_t i = 0; i < backups->failure_count; i++)
		json_array_append_new(rows, backup_json(&backups->failures[i].entry, "failed",
						    backups->failures[i].why));
	add_running(backups, rows);
	control_call_answer(file->call,
		json_pack("{s:o, s:i, s:s, s:o}", "backups", rows, "most", BACKUPS_MOST, "folder",
			backups->folder, "rehearsed", backup_instant(rehearsal->at_us)));
	file_call_free(file);
}

void
method_backup_list(struct control_call *call)
{
	(void)file_call_start(call, NULL, list, listed);
}

/* Reading, piece by piece */

static void
read_piece(uv_work_t *work)
{
	struct file_call *file = work->data;
	auto_fd int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat stat;
	ssize_t got;

	if (fd < 0 || fstat(fd, &stat) < 0) {
		file->status = -errno;
		return;
	}
	file->size = stat.st_size;
	file->piece = malloc(PIECE_BYTES);
	if (file->piece == NULL) {
		file->status = -ENOMEM;
		return;
	}
	got = pread(fd, file->piece, PIECE_BYTES, file->offset);
	file->status = got < 0 ? -errno : 0;
	file->piece_len = got < 0 ? 0 : (size_t)got;
}

static void
answer_piece(struct file_call *file)
{
	char *text = malloc(2 * file->piece_len + 1);
	json_t *result = NULL;

	if (text != NULL) {
		bytes_to_hex(file->piece, file->piece_len, text);
		result = json_pack("{s:s, s:I}", "bytes", text, "size", (json_int_t)file->size);
	}
	free(text);
	control_call_answer(file->call, result);
	file_call_free(file);
}

static int
record(struct store_db *db, struct store_job *job)
{
	const struct file_call *file =
		(const struct file_call *)((char *)job - offsetof(struct file_call, job));
	const struct control_method_row *row = control_method_row(file->call->request.method);

	/* backup.read is the method, taking the file away is what happens. */
	return admin_event(db, file->call->actor,
		strcmp(row->name, "backup.read") == 0 ? "backup.get" : row->name, file->entry.id,
		NULL, NULL, NULL);
}

static void
record_then(struct file_call *file, void (*done)(struct store_job *job, int status))
{
	file->job = (struct store_job){.work = record, .done = done};
	if (file->backups->stopping) {
		control_call_answer(file->call, NULL);
		file_call_free(file);
		return;
	}
	store_write(file->backups->supervisor->store, &file->job);
}

static struct file_call *
of_job(struct store_job *job)
{
	return (struct file_call *)((char *)job - offsetof(struct file_call, job));
}

static void
reading_recorded(struct store_job *job, int status)
{
	struct file_call *file = of_job(job);

	if (status == 0) {
		fetches_add(&file->backups->fetches, file->call->client, file->entry.id);
		answer_piece(file);
		return;
	}
	control_call_fail(file->call, status);
	file_call_free(file);
}

/* Who takes a backup away is recorded before the first byte goes, wherever in it that is. */
static void
piece_read(uv_work_t *work, int status)
{
	struct file_call *file = work->data;

	if (status < 0)
		file->status = status;
	if (file->status < 0)
		refuse(file);
	else if (fetches_goes_on(
			 &file->backups->fetches, file->call->client, file->entry.id, file->offset))
		answer_piece(file);
	else
		record_then(file, reading_recorded);
}

void
method_backup_read(struct control_call *call)
{
	json_int_t offset = json_integer_value(json_object_get(call->request.params, "offset"));
	struct field_error error;

	if (offset < 0) {
		(void)field_error_set(&error, "offset", NULL, N_("a number of bytes, from 0"), "0");
		(void)method_refuse_field(&call->method, &error);
		backup_refused(call);
		return;
	}
	(void)file_call_start(call, control_call_text(call, "id"), read_piece, piece_read);
}

/* Deleting */

static bool
forget_failure(struct backups *backups, const char *id)
{
	for (size_t i = 0; i < backups->failure_count; i++) {
		if (strcmp(backups->failures[i].entry.id, id) != 0)
			continue;
		memmove(backups->failures + i, backups->failures + i + 1,
			(backups->failure_count - i - 1) * sizeof(backups->failures[0]));
		backups->failure_count--;
		return true;
	}
	return false;
}

static void delete (uv_work_t *work)
{
	struct file_call *file = work->data;

	file->status = backup_remove(file->backups->folder, file->entry.id);
}

static void
deletion_recorded(struct store_job *job, int status)
{
	struct file_call *file = of_job(job);

	if (status == 0)
		control_call_answer(file->call, json_pack("{s:s}", "deleted", file->entry.id));
	else
		control_call_fail(file->call, status);
	file_call_free(file);
}

static void
deleted(uv_work_t *work, int status)
{
	struct file_call *file = work->data;

	if (status < 0)
		file->status = status;
	if (file->status == -ENOENT && forget_failure(file->backups, file->entry.id))
		file->status = 0;
	if (file->status < 0) {
		refuse(file);
		return;
	}
	log_event(EV_BACKUP_DELETED, "id=%s by='%s'", file->entry.id, log_quote(file->call->actor));
	record_then(file, deletion_recorded);
}

void
method_backup_delete(struct control_call *call)
{
	const struct backup_work *work = call->supervisor->backups->work;
	const char *id = control_call_text(call, "id");

	/* One that is being restored has been opened by its name. */
	if (work != NULL && (strcmp(work->making.entry.id, id) == 0 ||
				    strcmp(work->restoring.entry.id, id) == 0)) {
		(void)method_refuse(&call->method, METHOD_REFUSED,
			"backup '%.64s' is being used: wait until that is done", id);
		backup_refused(call);
		return;
	}
	(void)file_call_start(call, id, delete, deleted);
}
