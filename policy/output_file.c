/* The files of outputs; see outputs.h. Not on the loop: a disk may take its time. */
#include "policy/outputs.h"

#include "base/cleanup.h"
#include "base/whole.h"
#include "policy/csv/account_columns.h"
#include "policy/method_call.h"
#include "policy/store/account_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The write-ahead log waits for nobody who reads on and on: the walk renews its transaction. */
#define ACCOUNTS_BETWEEN_RENEWALS 200

/* A row never needs more, or it could not be imported again; and as much is gathered before it is written. */
#define ROW_MAX CSV_RECORD_MAX
#define BUFFER_BYTES (2 * (size_t)ROW_MAX)

struct writing {
	struct output_walk *walk;
	struct csv_writer csv;
	int fd;
};

static int
write_gathered(struct writing *writing)
{
	int r = write_whole(writing->fd, writing->csv.bytes, writing->csv.len);

	if (r < 0)
		return r;
	writing->walk->bytes += (int64_t)writing->csv.len;
	writing->csv.len = 0;
	return 0;
}

static int
write_account(struct store_db *db, const struct account *account, void *argument)
{
	struct writing *writing = argument;
	struct output_walk *walk = writing->walk;
	json_t *object = NULL;
	int r;

	if (atomic_load(&walk->cancelled))
		return -ECANCELED;
	r = account_json(db, account, &object);
	if (r < 0)
		return r;
	account_row_write(&writing->csv, object, walk->extended);
	json_decref(object);
	if (writing->csv.full)
		return -EFBIG;
	if (atomic_fetch_add(&walk->done, 1) % ACCOUNTS_BETWEEN_RENEWALS == 0)
		r = store_db_renew(db);
	return r == 0 && writing->csv.len > BUFFER_BYTES - ROW_MAX ? write_gathered(writing) : r;
}

static int
write_file(struct store_db *db, struct writing *writing)
{
	struct output_walk *walk = writing->walk;
	int64_t count = 0;
	int r;

	r = account_count(db, &count);
	if (r < 0)
		return r;
	atomic_store(&walk->of, (uint_fast64_t)count);
	memcpy(writing->csv.bytes, CSV_BOM, strlen(CSV_BOM));
	writing->csv.len = strlen(CSV_BOM);
	account_header_write(&writing->csv, walk->extended);
	r = account_each(db, write_account, writing);
	if (r == 0)
		r = write_gathered(writing);
	return r == 0 && fsync(writing->fd) < 0 ? -errno : r;
}

static int
sync_folder(const char *folder)
{
	auto_fd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

int
output_write_accounts(struct store_db *db, struct output_walk *walk)
{
	char part[OUTPUT_PATH_SIZE], complete[OUTPUT_PATH_SIZE];
	auto_free char *buffer = malloc(BUFFER_BYTES);
	auto_fd int fd = -1;
	struct writing writing = {.walk = walk};
	int r;

	if (buffer == NULL)
		return -ENOMEM;
	output_path(walk->folder, walk->number, false, part);
	output_path(walk->folder, walk->number, true, complete);
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	writing.fd = fd;
	walk->bytes = 0;
	csv_writer_init(&writing.csv, buffer, BUFFER_BYTES);
	r = write_file(db, &writing);
	if (r == 0 && rename(part, complete) < 0)
		r = -errno;
	if (r == 0)
		r = sync_folder(walk->folder);
	/* A full disk is no place to leave half a file on. */
	if (r < 0)
		(void)unlink(part);
	return r;
}

void
output_file_remove(const char *folder, int64_t number)
{
	char path[OUTPUT_PATH_SIZE];

	output_path(folder, number, true, path);
	(void)unlink(path);
}

/* Cuts off the beginning of a character at the end. */
static size_t
whole_characters(const char *bytes, size_t len)
{
	size_t at = len;

	while (at > 0 && len - at < 3 && ((unsigned char)bytes[at - 1] & 0xc0) == 0x80)
		at--;
	if (at == 0 || (unsigned char)bytes[at - 1] < 0xc0)
		return len;
	return len - at + 1 < ((unsigned char)bytes[at - 1] >= 0xf0          ? 4u
				      : (unsigned char)bytes[at - 1] >= 0xe0 ? 3u
									     : 2u)
		       ? at - 1
		       : len;
}

int
output_read_chunk(
	const char *folder, int64_t number, int64_t offset, char **ret_text, size_t *ret_len)
{
	char path[OUTPUT_PATH_SIZE];
	auto_free char *text = malloc(OUTPUT_CHUNK_BYTES + 1);
	auto_fd int fd = -1;
	ssize_t count;

	output_path(folder, number, true, path);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (text == NULL)
		return -ENOMEM;
	if (offset < 0)
		return -EINVAL;
	count = pread(fd, text, OUTPUT_CHUNK_BYTES, offset);
	if (count < 0)
		return -errno;
	if (count > 0 && ((unsigned char)text[0] & 0xc0) == 0x80)
		return -EINVAL;
	*ret_len = whole_characters(text, (size_t)count);
	text[*ret_len] = '\0';
	*ret_text = take_pointer(&text);
	return 0;
}
