/* Recordings that lie in their folder; see recording_files.h. */
#include "supervisor/recording_files.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/supervisor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_SIZE (RECORDING_PATH_SIZE - RECORDING_FILE_SIZE - 1)

struct recording_files {
	char folder[FOLDER_SIZE];
	struct fetches fetches;
	bool erasing;
};

const char *
recording_files_folder(const struct recording_files *files)
{
	return files->folder;
}

struct fetches *
recording_files_fetches(struct recording_files *files)
{
	return &files->fetches;
}

static void
path_in(const char *folder, const uint8_t *session, int64_t part,
	char ret_path[RECORDING_PATH_SIZE])
{
	char name[RECORDING_FILE_SIZE];

	recording_file_name(session, part, name);
	snprintf(ret_path, RECORDING_PATH_SIZE, "%s/%s", folder, name);
}

void
recording_files_path(const struct recording_files *files, const uint8_t *session, int64_t part,
	char ret_path[RECORDING_PATH_SIZE])
{
	path_in(files->folder, session, part, ret_path);
}

int
recording_files_read(const struct recording_files *files, const uint8_t *session, int64_t part)
{
	char path[RECORDING_PATH_SIZE];
	int fd;

	recording_files_path(files, session, part, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? -ENOMEM : -errno;
	return fd;
}

static void
say_failed(int error)
{
	if (error < 0 && error != -ESHUTDOWN)
		log_event(EV_STORE_FAILED, "what='recordings' why='%s'", store_error_text(error));
}

/* What its time is over for. */
struct erasing {
	struct store_job job;
	struct supervisor *supervisor;
	char folder[FOLDER_SIZE];
	uint32_t keep_days;
	uint64_t most_bytes;
	struct recording_row rows[RECORDINGS_PORTION];
	size_t count;
	int64_t bytes;
	int64_t erased;
	int64_t stayed;  /* files that are still there */
	int64_t missing; /* that were not there */
};

static int
erase_work(struct store_db *db, struct store_job *job)
{
	struct erasing *erasing = (struct erasing *)job;

	return recordings_erase_due(
		db, erasing->keep_days, erasing->most_bytes, erasing->rows, &erasing->count);
}

static void erase_done(struct store_job *job, int status);

/* Their rows are on the disk: now the files. Removing gigabytes takes its time, so not on the loop. */
static int
remove_work(struct store_db *db, struct store_job *job)
{
	struct erasing *erasing = (struct erasing *)job;
	char path[RECORDING_PATH_SIZE];
	int error;

	(void)db;
	for (size_t i = 0; i < erasing->count; i++) {
		erasing->bytes += erasing->rows[i].bytes;
		path_in(erasing->folder, erasing->rows[i].session, erasing->rows[i].part, path);
		error = unlink(path) < 0 ? errno : 0;
		erasing->missing += error == ENOENT;
		erasing->stayed -= error == ENOENT || error == 0;
	}
	return 0;
}

static void
end_erasing(struct erasing *erasing)
{
	struct recording_files *files = erasing->supervisor->recording_files;

	if (erasing->erased > 0)
		log_event(EV_RECORDINGS_ERASED,
			"erased=%" PRId64 " bytes=%" PRId64 " stayed=%" PRId64 " missing=%" PRId64,
			erasing->erased, erasing->bytes, erasing->stayed, erasing->missing);
	if (files != NULL)
		files->erasing = false;
	free(erasing);
}

static void
remove_done(struct store_job *job, int status)
{
	struct erasing *erasing = (struct erasing *)job;

	erasing->erased += (int64_t)erasing->count;
	if (status < 0 || erasing->supervisor->state == SUPERVISOR_STOPPING) {
		end_erasing(erasing);
		return;
	}
	erasing->job.work = erase_work;
	erasing->job.done = erase_done;
	store_write(erasing->supervisor->store, &erasing->job);
}

static void
erase_done(struct store_job *job, int status)
{
	struct erasing *erasing = (struct erasing *)job;

	if (status < 0 || erasing->count == 0) {
		say_failed(status);
		end_erasing(erasing);
		return;
	}
	erasing->stayed += (int64_t)erasing->count; /* until they are removed */
	erasing->job.work = remove_work;
	erasing->job.done = remove_done;
	store_read(erasing->supervisor->store, &erasing->job);
}

void
recording_files_nightly(struct supervisor *supervisor)
{
	struct recording_files *files = supervisor->recording_files;
	struct erasing *erasing;

	if (files == NULL || files->erasing)
		return;
	erasing = calloc(1, sizeof(*erasing));
	if (erasing == NULL) {
		say_failed(-ENOMEM);
		return;
	}
	files->erasing = true;
	erasing->supervisor = supervisor;
	erasing->keep_days = supervisor->settings->recording.keep_days;
	erasing->most_bytes = supervisor->settings->recording.most_bytes_altogether;
	strcpy(erasing->folder, files->folder);
	erasing->job.work = erase_work;
	erasing->job.done = erase_done;
	store_write(supervisor->store, &erasing->job);
}

/* What a crash has left. */
struct left_open {
	struct store_job job;
	char folder[FOLDER_SIZE];
	int64_t ended;
	int64_t stayed;  /* files that could not be removed */
	int64_t unknown; /* files */
	int error;       /* for which they could not be counted */
};

static int64_t
size_of(const uint8_t *session, int64_t part, void *argument)
{
	const struct left_open *left = argument;
	char path[RECORDING_PATH_SIZE];
	struct stat status;

	path_in(left->folder, session, part, path);
	return stat(path, &status) < 0 ? -1 : (int64_t)status.st_size;
}

/* A row that says erased, and a file that is there: the machine went in between. */
static int
remove_erased(const struct recording_row *row, void *argument)
{
	struct left_open *left = argument;
	char path[RECORDING_PATH_SIZE];

	if (row->state != RECORDING_ROW_ERASED)
		return 0;
	path_in(left->folder, row->session, row->part, path);
	if (unlink(path) < 0 && errno != ENOENT)
		left->stayed++;
	return 0;
}

/* 1: the name of a recording that has no row. */
static int
is_unknown(struct store_db *db, const char *name)
{
	uint8_t session[SESSION_ID_BYTES];
	char file[RECORDING_FILE_SIZE];
	struct recording_row row;
	char id[RECORDING_ID_SIZE];
	int64_t part;
	int r;

	(void)snprintf(id, sizeof(id), "%.*s", (int)strcspn(name, "."), name);
	if (recording_id_read(id, session, &part) < 0)
		return 0;
	recording_file_name(session, part, file);
	if (strcmp(file, name) != 0)
		return 0;
	r = recording_load(db, session, part, &row);
	return r == -ENOENT ? 1 : r;
}

static int
count_unknown(struct store_db *db, struct left_open *left)
{
	DIR *folder = opendir(left->folder);
	const struct dirent *entry;
	int r = 0;

	left->unknown = 0;
	left->error = folder == NULL ? errno : 0;
	while (folder != NULL && r >= 0 && (entry = readdir(folder)) != NULL) {
		r = is_unknown(db, entry->d_name);
		left->unknown += r == 1;
	}
	if (folder != NULL)
		(void)closedir(folder);
	return r < 0 ? r : 0;
}

static int
left_open_work(struct store_db *db, struct store_job *job)
{
	struct left_open *left = (struct left_open *)job;
	int r;

	left->stayed = 0;
	r = recordings_end_left_open(db, size_of, left, &left->ended);
	if (r == 0)
		r = recording_each(db, INT64_MAX, INT64_MIN, INT64_MAX, remove_erased, left);
	return r < 0 ? r : count_unknown(db, left);
}

static void
left_open_done(struct store_job *job, int status)
{
	struct left_open *left = (struct left_open *)job;

	say_failed(status);
	if (status == 0 && left->ended > 0)
		log_event(EV_RECORDINGS_LEFT_OPEN, "recordings=%" PRId64, left->ended);
	if (status == 0 && left->unknown > 0)
		log_event(EV_RECORDINGS_UNKNOWN, "files=%" PRId64, left->unknown);
	if (status == 0 && left->stayed > 0)
		log_event(EV_RECORDINGS_ERASED, "erased=0 bytes=0 stayed=%" PRId64 " missing=0",
			left->stayed);
	if (status == 0 && left->error != 0)
		log_event(EV_STORE_FAILED, "what='the folder for recordings' why='%s'",
			strerror(left->error));
	free(left);
}

static int
choose_folder(const struct settings *settings, char ret_folder[FOLDER_SIZE])
{
	const char *slash = strrchr(settings->database, '/');
	int len;

	if (settings->recording.directory != NULL)
		len = snprintf(ret_folder, FOLDER_SIZE, "%s", settings->recording.directory);
	else
		len = snprintf(ret_folder, FOLDER_SIZE, "%.*s/recordings",
			slash == NULL ? 1 : (int)(slash - settings->database),
			slash == NULL ? "." : settings->database);
	return len < FOLDER_SIZE ? 0 : -ENAMETOOLONG;
}

/* Who else can read it learns who was recorded and when; who else can write in it can take recordings away, or put others there. */
static int
refuse_folder(const struct stat *status, const char *folder, char *ret_why)
{
	if (status->st_uid != geteuid())
		(void)snprintf(ret_why, RECORDING_FILES_WHY_SIZE,
			"the folder for recordings (recording.directory), %s, belongs to user %u; "
			"allowed is the gateway's own, %u",
			folder, status->st_uid, geteuid());
	else if ((status->st_mode & 0077) != 0)
		(void)snprintf(ret_why, RECORDING_FILES_WHY_SIZE,
			"the folder for recordings (recording.directory), %s, has mode %04o, so "
			"others than the gateway can reach it; allowed is 0700",
			folder, status->st_mode & 07777);
	else
		return 0;
	return -EPERM;
}

static int
make_folder(const char *folder, char *ret_why)
{
	auto_fd int fd = -1;
	struct stat status;
	int error;

	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &status) == 0)
		return refuse_folder(&status, folder, ret_why);
	error = errno;
	(void)snprintf(ret_why, RECORDING_FILES_WHY_SIZE,
		"the folder for recordings (recording.directory), %s, cannot be %s: %s", folder,
		error == ENOTDIR || error == ELOOP ? "used, it is a symbolic link or no folder"
						   : "made or opened",
		strerror(error));
	return -error;
}

int
recording_files_open(struct supervisor *supervisor, struct recording_files **ret_files,
	char ret_why[RECORDING_FILES_WHY_SIZE])
{
	auto_free struct recording_files *files = calloc(1, sizeof(*files));
	auto_free struct left_open *left = calloc(1, sizeof(*left));
	int r = files == NULL || left == NULL ? -ENOMEM : 0;

	strcpy(ret_why, "memory is short, or its path is too long");
	if (r == 0)
		r = choose_folder(supervisor->settings, files->folder);
	if (r == 0)
		r = make_folder(files->folder, ret_why);
	if (r < 0)
		return r;
	strcpy(left->folder, files->folder);
	left->job.work = left_open_work;
	left->job.done = left_open_done;
	store_write(supervisor->store, &left->job);
	(void)take_pointer(&left);
	*ret_files = take_pointer(&files);
	return 0;
}

void
recording_files_free(struct recording_files *files)
{
	free(files);
}
