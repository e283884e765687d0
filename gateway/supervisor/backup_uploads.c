/* Backup files that a client sends in pieces; see backups.h. Each goes into a file of its own beside the backups, which
 * is removed when the client leaves. What its header tells is checked with the first piece, and its size against the
 * room there is, so that nobody waits for the transfer of a file that is none.
 */
#include "supervisor/backups_private.h"

#include "base/bytes.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define UPLOADS_MOST 4
#define PIECE_BYTES_MOST 393216
/* Left for the database and its log. */
#define ROOM_LEFT (UINT64_C(64) << 20)

struct backup_upload {
	struct backup_upload *next;
	struct backups *backups;
	uint64_t client;
	char path[BACKUP_PATH_SIZE];
	int fd; /* -1 before the first piece */
	uint64_t size;
	uint64_t received;
	unsigned int holds; /* a piece being written, a restore */
	bool left;          /* the client, or it was refused: removed with the last hold */

	/* the piece */
	uv_work_t work;
	struct control_call *call;
	uint8_t *piece;
	size_t piece_len;
	int status;
	enum backup_fault fault;
};

struct removal {
	uv_work_t work;
	char path[BACKUP_PATH_SIZE];
	int fd;
};

static void
remove_file(uv_work_t *work)
{
	struct removal *removal = work->data;

	cleanup_close(&removal->fd);
	(void)unlink(removal->path);
}

static void
file_removed(uv_work_t *work, int status)
{
	(void)status;
	free(work->data);
}

/* Gigabytes are not given back in a moment: not on the loop. */
static void
remove_later(struct backup_upload *upload)
{
	struct removal *removal = calloc(1, sizeof(*removal));

	if (removal != NULL) {
		removal->work.data = removal;
		removal->fd = upload->fd;
		memcpy(removal->path, upload->path, sizeof(removal->path));
		if (uv_queue_work(upload->backups->supervisor->loop, &removal->work, remove_file,
			    file_removed) == 0)
			return;
		free(removal);
	}
	cleanup_close(&upload->fd);
	(void)unlink(upload->path);
}

static void
upload_drop(struct backup_upload *upload)
{
	struct backup_upload **at = &upload->backups->uploads;

	upload->left = true;
	if (upload->holds > 0)
		return;
	while (*at != upload)
		at = &(*at)->next;
	*at = upload->next;
	remove_later(upload);
	free(upload);
}

void
backup_upload_hold(struct backup_upload *upload)
{
	upload->holds++;
}

void
backup_upload_release(struct backups *backups, struct backup_upload *upload)
{
	(void)backups;
	upload->holds--;
	if (upload->left)
		upload_drop(upload);
}

static struct backup_upload *
find(const struct backups *backups, uint64_t client)
{
	struct backup_upload *upload = backups->uploads;

	while (upload != NULL && (upload->client != client || upload->left))
		upload = upload->next;
	return upload;
}

struct backup_upload *
backup_upload_find(struct backups *backups, uint64_t client)
{
	struct backup_upload *upload = find(backups, client);

	return upload != NULL && upload->holds == 0 && upload->received == upload->size ? upload
											: NULL;
}

const char *
backup_upload_path_of(const struct backup_upload *upload)
{
	return upload->path;
}

void
backups_client_left(struct backups *backups, uint64_t client)
{
	struct backup_upload *upload = backups == NULL ? NULL : find(backups, client);

	if (upload != NULL)
		upload_drop(upload);
}

void
backup_uploads_stop(struct backups *backups)
{
	struct backup_upload *next;

	for (struct backup_upload *upload = backups->uploads; upload != NULL; upload = next) {
		next = upload->next;
		upload_drop(upload);
	}
}

/* A thread of libuv's */

static int
check_room(const struct backup_upload *upload)
{
	struct statvfs disk;

	if (statvfs(upload->backups->folder, &disk) < 0)
		return -errno;
	return (uint64_t)disk.f_bavail * disk.f_frsize < upload->size + ROOM_LEFT ? -ENOSPC : 0;
}

static int
begin_file(struct backup_upload *upload)
{
	const struct backups *backups = upload->backups;
	struct backup_header header;
	char label[BACKUP_LABEL_MOST];
	int r;

	r = backup_header_check(upload->piece, upload->piece_len, upload->size,
		backups->supervisor->sealing, &backups->facility, &header, label, &upload->fault);
	if (r == 0)
		r = backup_folder_make(backups->folder);
	if (r == 0)
		r = check_room(upload);
	if (r < 0)
		return r;
	upload->fd = open(upload->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return upload->fd < 0 ? -errno : 0;
}

static void
write_piece(uv_work_t *work)
{
	struct backup_upload *upload = work->data;
	ssize_t written;

	upload->status = upload->fd < 0 ? begin_file(upload) : 0;
	if (upload->status < 0)
		return;
	written = pwrite(upload->fd, upload->piece, upload->piece_len, (off_t)upload->received);
	if (written < 0)
		upload->status = -errno;
	else if ((size_t)written < upload->piece_len)
		upload->status = -ENOSPC;
}

/* The loop again */

static void
piece_written(uv_work_t *work, int status)
{
	struct backup_upload *upload = work->data;
	struct control_call *call = upload->call;
	int r = status < 0 ? status : upload->status;

	free(take_pointer(&upload->piece));
	if (r == 0) {
		upload->received += upload->piece_len;
		control_call_answer(
			call, json_pack("{s:I}", "received", (json_int_t)upload->received));
	} else {
		if (r == -EBADMSG)
			(void)method_refuse(&call->method, METHOD_REFUSED,
				"this backup cannot be restored: %s",
				backup_fault_text(upload->fault));
		else
			(void)method_refuse(&call->method, METHOD_REFUSED,
				"the file cannot be taken in: %s", strerror(-r));
		upload->left = true;
		backup_refused(call);
	}
	backup_upload_release(upload->backups, upload);
}

static struct backup_upload *
upload_new(struct control_call *call, uint64_t size)
{
	struct backups *backups = call->supervisor->backups;
	struct backup_upload *upload = find(backups, call->client);
	size_t count = 0;

	if (upload != NULL)
		upload_drop(upload);
	for (upload = backups->uploads; upload != NULL; upload = upload->next)
		count++;
	if (count >= UPLOADS_MOST || backups->stopping) {
		(void)method_refuse(&call->method, METHOD_REFUSED,
			"too many files are being sent: wait until one of them is done");
		return NULL;
	}
	upload = calloc(1, sizeof(*upload));
	if (upload == NULL ||
		backup_upload_path(backups->folder, ++backups->upload_count, upload->path) < 0) {
		free(upload);
		(void)method_refuse(&call->method, METHOD_REFUSED, "there is no memory left");
		return NULL;
	}
	upload->backups = backups;
	upload->client = call->client;
	upload->size = size;
	upload->fd = -1;
	upload->work.data = upload;
	upload->next = backups->uploads;
	backups->uploads = upload;
	return upload;
}

/* The piece's bytes, of which there are as many as there may be. */
static int
read_piece(struct control_call *call, struct backup_upload *upload)
{
	const char *text = control_call_text(call, "bytes");
	size_t len = strlen(text) / 2;
	uint8_t *piece = len == 0 || len > PIECE_BYTES_MOST ? NULL : malloc(len);

	if (piece == NULL || bytes_from_hex(text, piece, len) < 0 ||
		len > upload->size - upload->received) {
		free(piece);
		(void)method_refuse(&call->method, METHOD_REFUSED,
			"a piece is between 1 and %d bytes, hexadecimal, of the size that was said",
			PIECE_BYTES_MOST);
		return -EINVAL;
	}
	upload->piece = piece;
	upload->piece_len = len;
	return 0;
}

/* The upload that this piece continues, or a new one; NULL with the call's error. */
static struct backup_upload *
find_or_begin(struct control_call *call)
{
	json_int_t offset = json_integer_value(json_object_get(call->request.params, "offset"));
	json_int_t size = json_integer_value(json_object_get(call->request.params, "size"));
	struct backup_upload *upload = find(call->supervisor->backups, call->client);

	if (offset == 0 && size > 0 && size <= 2 * BACKUP_PLAIN_MOST)
		return upload_new(call, (uint64_t)size);
	if (upload != NULL && upload->holds == 0 && offset > 0 &&
		(uint64_t)offset == upload->received && (uint64_t)size == upload->size)
		return upload;
	(void)method_refuse(&call->method, METHOD_REFUSED,
		"pieces come one after the other, the first with offset 0");
	return NULL;
}

void
method_backup_upload(struct control_call *call)
{
	struct backup_upload *upload = find_or_begin(call);

	if (upload == NULL) {
		backup_refused(call);
		return;
	}
	backup_upload_hold(upload);
	if (read_piece(call, upload) < 0) {
		upload->left = true;
		backup_refused(call);
		backup_upload_release(upload->backups, upload);
		return;
	}
	upload->call = call;
	if (uv_queue_work(upload->backups->supervisor->loop, &upload->work, write_piece,
		    piece_written) < 0) {
		free(take_pointer(&upload->piece));
		upload->left = true;
		control_call_answer(call, NULL);
		backup_upload_release(upload->backups, upload);
	}
}
