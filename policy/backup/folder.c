/* The folder of the backups; see folder.h. */
#include "policy/backup/folder.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/whole.h"
#include "policy/backup/file.h"
#include "policy/store/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_START "sekisho-"
#define NAME_END ".backup"
#define PART_END ".part"
#define UPLOAD_START "upload-"
#define ERROR_START "restore-failed-"
#define ERROR_END ".log"
#define REHEARSAL_NAME "rehearsal"
#define REHEARSAL_ABOUT "backup rehearsal"
#define REHEARSAL_BYTES_MOST 4096

bool
backup_id_is(const char *text)
{
	return strlen(text) == BACKUP_ID_TEXT_SIZE - 1 &&
	       strspn(text, "0123456789abcdef") == BACKUP_ID_TEXT_SIZE - 1;
}

static int
make_path(
	char *ret_path, const char *folder, const char *start, const char *middle, const char *end)
{
	int len = snprintf(ret_path, BACKUP_PATH_SIZE, "%s/%s%s%s", folder, start, middle, end);

	return len >= BACKUP_PATH_SIZE ? -ENAMETOOLONG : 0;
}

int
backup_path(const char *folder, const char *id, char ret_path[BACKUP_PATH_SIZE])
{
	return make_path(ret_path, folder, NAME_START, id, NAME_END);
}

int
backup_part_path(const char *folder, const char *id, char ret_path[BACKUP_PATH_SIZE])
{
	return make_path(ret_path, folder, NAME_START, id, NAME_END PART_END);
}

int
backup_upload_path(const char *folder, uint64_t number, char ret_path[BACKUP_PATH_SIZE])
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, number);
	return make_path(ret_path, folder, UPLOAD_START, digits, PART_END);
}

int
backup_folder_make(const char *folder)
{
	struct stat stat;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (lstat(folder, &stat) < 0)
		return -errno;
	return S_ISDIR(stat.st_mode) ? 0 : -ENOTDIR;
}

int
backup_folder_sync(const char *folder)
{
	auto_fd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

int
backup_remove(const char *folder, const char *id)
{
	char path[BACKUP_PATH_SIZE];
	int r = backup_path(folder, id, path);

	if (r < 0)
		return r;
	if (unlink(path) < 0)
		return -errno;
	return backup_folder_sync(folder);
}

/* "0a1b2c3d" of a name made of these parts; false for any other name. */
static bool
id_of_name(const char *name, const char *end, char ret_id[BACKUP_ID_TEXT_SIZE])
{
	size_t start_len = strlen(NAME_START), id_len = BACKUP_ID_TEXT_SIZE - 1;

	if (strncmp(name, NAME_START, start_len) != 0 ||
		strlen(name) != start_len + id_len + strlen(end) ||
		strcmp(name + start_len + id_len, end) != 0)
		return false;
	memcpy(ret_id, name + start_len, id_len);
	ret_id[id_len] = '\0';
	return backup_id_is(ret_id);
}

static void
read_label(const char *label, struct backup_entry *entry)
{
	const char *by, *note;
	json_t *object;

	memory_scope_begin();
	object = json_loads(label, 0, NULL);
	memory_scope_end();
	by = json_string_value(json_object_get(object, "by"));
	note = json_string_value(json_object_get(object, "note"));
	snprintf(entry->by, sizeof(entry->by), "%s", by == NULL ? "" : by);
	snprintf(entry->note, sizeof(entry->note), "%s", note == NULL ? "" : note);
	json_decref(object);
}

int
backup_entry_read(const char *path, const struct sealing *sealing, const struct facility *facility,
	struct backup_entry *ret_entry)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct backup_header header;
	char label[BACKUP_LABEL_MOST];
	struct stat stat;
	int r;

	*ret_entry = (struct backup_entry){0};
	if (fd < 0 || fstat(fd, &stat) < 0)
		return -errno;
	ret_entry->bytes = stat.st_size;
	ret_entry->created_us = (int64_t)stat.st_mtime * 1000000;
	r = backup_file_open(fd, sealing, facility, &header, label, &ret_entry->fault);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	backup_id_text(header.id, ret_entry->id);
	ret_entry->created_us = header.created_us;
	ret_entry->log_event = header.log_event;
	ret_entry->schema = header.schema;
	read_label(label, ret_entry);
	return 0;
}

/* A file that has another backup's name is none: deleting it by its id would delete the other. */
static int
add_entry(struct backup_list *list, const char *path, const char *id, const struct sealing *sealing,
	const struct facility *facility)
{
	struct backup_entry *entry = &list->entries[list->count];
	int r;

	r = backup_entry_read(path, sealing, facility, entry);
	if (r == -ENOENT)
		return 0; /* deleted meanwhile */
	if (r < 0)
		return r;
	if (entry->fault == BACKUP_SOUND && strcmp(entry->id, id) != 0)
		entry->fault = BACKUP_CHANGED;
	snprintf(entry->id, sizeof(entry->id), "%s", id);
	list->count++;
	return 0;
}

static int
by_age(const void *one, const void *other)
{
	int64_t a = ((const struct backup_entry *)one)->created_us;
	int64_t b = ((const struct backup_entry *)other)->created_us;

	return (a > b) - (a < b);
}

int
backup_folder_list(const char *folder, const struct sealing *sealing,
	const struct facility *facility, struct backup_list *ret_list)
{
	DIR *directory = opendir(folder);
	struct dirent *file;
	int r = 0;

	ret_list->count = 0;
	if (directory == NULL)
		return -errno;
	while (r == 0 && ret_list->count < ARRAY_SIZE(ret_list->entries) &&
		(file = readdir(directory)) != NULL) {
		char path[BACKUP_PATH_SIZE], id[BACKUP_ID_TEXT_SIZE];

		if (!id_of_name(file->d_name, NAME_END, id))
			continue;
		r = backup_path(folder, id, path);
		if (r == 0)
			r = add_entry(ret_list, path, id, sealing, facility);
	}
	(void)closedir(directory);
	qsort(ret_list->entries, ret_list->count, sizeof(ret_list->entries[0]), by_age);
	return r;
}

static bool
is_upload(const char *name)
{
	size_t start = strlen(UPLOAD_START);
	size_t digits;

	if (strncmp(name, UPLOAD_START, start) != 0)
		return false;
	digits = strspn(name + start, "0123456789");
	return digits > 0 && strcmp(name + start + digits, PART_END) == 0;
}

void
backup_folder_sweep(
	const char *folder, void (*each)(void *argument, const char *id), void *argument)
{
	DIR *directory = opendir(folder);
	struct dirent *file;

	if (directory == NULL)
		return;
	while ((file = readdir(directory)) != NULL) {
		char id[BACKUP_ID_TEXT_SIZE];
		bool was_made = id_of_name(file->d_name, NAME_END PART_END, id);

		if (!was_made && !is_upload(file->d_name) &&
			strcmp(file->d_name, REHEARSAL_NAME PART_END) != 0)
			continue;
		(void)unlinkat(dirfd(directory), file->d_name, 0);
		if (was_made)
			each(argument, id);
	}
	(void)closedir(directory);
}

/* Small files, written whole or not at all. */
static int
write_file(const char *folder, const char *name, const void *bytes, size_t len)
{
	char path[BACKUP_PATH_SIZE], part[BACKUP_PATH_SIZE];
	auto_fd int fd = -1;
	int r;

	r = make_path(path, folder, name, "", "");
	if (r == 0)
		r = make_path(part, folder, name, PART_END, "");
	if (r < 0)
		return r;
	(void)unlink(part);
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = write_whole(fd, bytes, len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && rename(part, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(part);
	return r < 0 ? r : backup_folder_sync(folder);
}

static json_t *
rehearsal_json(const struct backup_rehearsal *rehearsal)
{
	return json_pack("{s:I, s:b, s:s, s:s, s:s}", "at", (json_int_t)rehearsal->at_us,
		"succeeded", rehearsal->succeeded, "id", rehearsal->id, "by", rehearsal->by, "why",
		rehearsal->why);
}

int
backup_rehearsal_write(
	const char *folder, const struct sealing *sealing, const struct backup_rehearsal *rehearsal)
{
	json_t *object = rehearsal_json(rehearsal);
	auto_free char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
	uint8_t sealed[REHEARSAL_BYTES_MOST];
	size_t len;
	int r;

	json_decref(object);
	if (text == NULL)
		return -ENOMEM;
	len = strlen(text);
	if (len + SEALED_EXTRA_BYTES > sizeof(sealed))
		return -E2BIG;
	r = sealing_seal(sealing, REHEARSAL_ABOUT, text, len, sealed);
	return r < 0 ? r : write_file(folder, REHEARSAL_NAME, sealed, len + SEALED_EXTRA_BYTES);
}

static void
copy_text(const json_t *object, const char *key, char *ret_text, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	snprintf(ret_text, size, "%s", text == NULL ? "" : text);
}

void
backup_rehearsal_read(
	const char *folder, const struct sealing *sealing, struct backup_rehearsal *ret_rehearsal)
{
	uint8_t sealed[REHEARSAL_BYTES_MOST];
	char text[REHEARSAL_BYTES_MOST];
	char path[BACKUP_PATH_SIZE];
	auto_fd int fd = -1;
	json_t *object;
	ssize_t len;

	*ret_rehearsal = (struct backup_rehearsal){0};
	if (make_path(path, folder, REHEARSAL_NAME, "", "") < 0)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	len = fd < 0 ? -1 : read(fd, sealed, sizeof(sealed));
	if (len < SEALED_EXTRA_BYTES ||
		sealing_unseal(sealing, REHEARSAL_ABOUT, sealed, (size_t)len, (uint8_t *)text) < 0)
		return;
	memory_scope_begin();
	object = json_loadb(text, (size_t)len - SEALED_EXTRA_BYTES, 0, NULL);
	memory_scope_end();
	ret_rehearsal->at_us = json_integer_value(json_object_get(object, "at"));
	ret_rehearsal->succeeded = json_is_true(json_object_get(object, "succeeded"));
	copy_text(object, "id", ret_rehearsal->id, sizeof(ret_rehearsal->id));
	copy_text(object, "by", ret_rehearsal->by, sizeof(ret_rehearsal->by));
	copy_text(object, "why", ret_rehearsal->why, sizeof(ret_rehearsal->why));
	json_decref(object);
}

static bool
is_error_log(const char *name)
{
	size_t len = strlen(name), end = strlen(ERROR_END);

	return strncmp(name, ERROR_START, strlen(ERROR_START)) == 0 && len > end &&
	       strcmp(name + len - end, ERROR_END) == 0;
}

/* Their names sort by age. */
static void
forget_old_error_logs(const char *folder)
{
	for (;;) {
		DIR *directory = opendir(folder);
		char oldest[NAME_MAX + 1] = "";
		struct dirent *file;
		size_t count = 0;

		if (directory == NULL)
			return;
		while ((file = readdir(directory)) != NULL) {
			if (!is_error_log(file->d_name))
				continue;
			count++;
			if (oldest[0] == '\0' || strcmp(file->d_name, oldest) < 0)
				snprintf(oldest, sizeof(oldest), "%s", file->d_name);
		}
		if (count > BACKUPS_MOST && unlinkat(dirfd(directory), oldest, 0) < 0)
			count = 0;
		(void)closedir(directory);
		if (count <= BACKUPS_MOST)
			return;
	}
}

int
backup_error_log(
	const char *folder, int64_t at_us, const char *text, char ret_path[BACKUP_PATH_SIZE])
{
	char name[sizeof(ERROR_START) + CLOCK_TEXT_SIZE + sizeof(ERROR_END)];
	char at[CLOCK_TEXT_SIZE];
	int r;

	clock_format_utc(at_us, at);
	snprintf(name, sizeof(name), "%s%s%s", ERROR_START, at, ERROR_END);
	r = write_file(folder, name, text, strlen(text));
	if (r < 0)
		return r;
	forget_old_error_logs(folder);
	return make_path(ret_path, folder, name, "", "");
}
