/* The folder of recordings where something fails: memory, SQLite's included, and what is asked of the file system. It is there or the
 * gateway does not start; a recording is in the log with what became of its file, or as it was, and what could not be done is
 * said, and done the next time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "fail_nth.h"
#include "settings/settings.h"
#include "store_fixture.h"
#include "supervisor/recording_files.h"
#include "supervisor/supervisor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The store keeps statements by the address of their text: a literal. */
#define ROWS_IN(state) \
	fixture_number(&fixture, "SELECT count(*) FROM recording WHERE state = '" state "'")
#define OLD_DAYS 91
#define KEPT_DAYS 1

static struct settings settings;
static struct supervisor supervisor;
static char said[1024];

/* The nth call fails; from the store's threads, too, one at a time. */
static unsigned int nth, calls;
static const char *failed; /* which it was */

void __wrap_log_event(enum event event, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_fstat64(int fd, struct stat *status);
int __wrap_fstat64(int fd, struct stat *status);
DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);

static bool
fails(const char *name, int error)
{
	if (nth == 0 || ++calls != nth)
		return false;
	failed = name;
	errno = error;
	return true;
}

int
__wrap_mkdir(const char *path, mode_t mode)
{
	return fails("mkdir", EACCES) ? -1 : __real_mkdir(path, mode);
}

int
__wrap_open64(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	return fails("open", EMFILE) ? -1 : __real_open64(path, flags, mode);
}

int
__wrap_fstat64(int fd, struct stat *status)
{
	return fails("fstat", EIO) ? -1 : __real_fstat64(fd, status);
}

DIR *
__wrap_opendir(const char *path)
{
	return fails("opendir", EMFILE) ? NULL : __real_opendir(path);
}

int
__wrap_unlink(const char *path)
{
	return fails("unlink", EACCES) ? -1 : __real_unlink(path);
}

void
__wrap_log_event(enum event event, const char *format, ...)
{
	size_t len = strlen(said);
	va_list arguments;

	len += (size_t)snprintf(said + len, sizeof(said) - len, "%s ", event_row(event)->id);
	va_start(arguments, format);
	len += (size_t)vsnprintf(said + len, sizeof(said) - len, format, arguments);
	va_end(arguments);
	assert_true(len + 2 < sizeof(said));
	strcpy(said + len, "\n");
}

static bool
is_said(const char *words)
{
	return strstr(said, words) != NULL;
}

static char *
path_of(char digit)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/recordings/%c%031d.skr", fixture.folder, digit, 0);
	return path;
}

static bool
is_there(char digit)
{
	struct stat status;

	return lstat(path_of(digit), &status) == 0;
}

static void
put_file(char digit)
{
	int fd = open(path_of(digit), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static void
put_row(char digit, const char *state, int64_t days)
{
	bool running = strcmp(state, "running") == 0, erased = strcmp(state, "erased") == 0;
	char sql[1024], ended[32];

	(void)snprintf(ended, sizeof(ended), "%lld", (long long)(NOON_US - days * DAY_US));
	(void)snprintf(sql, sizeof(sql),
		"INSERT INTO recording (session, part, account, account_id, account_full, "
		"account_name, terminal, terminal_name, state, started, ended, bytes, auditors, "
		"erased) VALUES (x'%c%031d', 1, 1, 'taro', '998-taro', 'Taro', 1, 'pacs-01', '%s', "
		"1, %s, 10, 'tanaka', %s)",
		digit, 0, state, running ? "NULL" : ended, erased ? ended : "NULL");
	fixture_sql(&fixture, sql);
}

static int
lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)close(fd);
	return fd;
}

static void
forget_all(void)
{
	static const char digits[] = "abce";

	recording_files_free(supervisor.recording_files);
	supervisor.recording_files = NULL;
	for (const char *digit = digits; *digit != '\0'; digit++)
		(void)unlink(path_of(*digit));
	fixture_sql(&fixture, "DELETE FROM recording");
	said[0] = '\0';
}

static int
try_to_start(char ret_why[RECORDING_FILES_WHY_SIZE])
{
	int r = recording_files_open(&supervisor, &supervisor.recording_files, ret_why);

	fixture_settle(&fixture);
	return r;
}

static void
start(void)
{
	char why[RECORDING_FILES_WHY_SIZE];

	said[0] = '\0';
	assert_int_equal(try_to_start(why), 0);
}

/* A crash has left one open, and one whose row says that it is erased. Of another one nobody knows. */
static void
crash(void)
{
	forget_all();
	put_row('a', "running", 0);
	put_row('c', "erased", KEPT_DAYS);
	put_file('a');
	put_file('c');
	put_file('e');
}

/* Nothing fails any more. */
static void
expect_good_start(void)
{
	recording_files_free(supervisor.recording_files);
	start();
	assert_true(is_said("SK2785 files=1\n"));
	assert_int_equal(ROWS_IN("not-closed"), 1);
	assert_false(is_there('c'));
	assert_true(is_there('a') && is_there('e'));
}

static void
a_start_that_fails_is_said_and_made_up_for(void **state)
{
	unsigned int refused = 0, gone_on = 0;
	int lowest;

	(void)state;
	crash();
	expect_good_start(); /* SQLite opens files when they are needed first */
	lowest = lowest_free();
	for (unsigned int turn = 1;; turn++) {
		char why[RECORDING_FILES_WHY_SIZE] = "";
		bool hit;
		int r;

		crash();
		failed = NULL;
		calls = 0;
		nth = turn;
		r = try_to_start(why);
		hit = failed != NULL;
		nth = 0;
		assert_int_equal(lowest_free(), lowest);
		if (r < 0) {
			assert_null(supervisor.recording_files);
			assert_non_null(strstr(why, "recording.directory), /tmp/"));
			assert_int_equal(ROWS_IN("running"), 1);
			assert_string_equal(said, "");
			refused++;
		} else if (hit) {
			assert_int_equal(ROWS_IN("not-closed"), 1);
			assert_true(strcmp(failed, "unlink") == 0
					    ? is_said("SK2760 erased=0 bytes=0 stayed=1 ")
					    : is_said("SK1201 what='the folder for recordings' "));
			gone_on++;
		}
		expect_good_start();
		if (!hit)
			break;
	}
	assert_int_equal(refused, 3);
	assert_int_equal(gone_on, 2);
}

static void
memory_that_fails_at_the_start_does_so_too(void **state)
{
	struct fail_run run;

	(void)state;
	forget_all();
	fail_begin(&run);
	while (fail_next(&run)) {
		char why[RECORDING_FILES_WHY_SIZE] = "";
		int r;

		crash();
		fail_arm(&run);
		r = try_to_start(why);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		if (r < 0)
			assert_true(strlen(why) > 0 && supervisor.recording_files == NULL);
		else if (ROWS_IN("running") == 1)
			assert_true(is_said("SK1201 what='recordings' "));
		else
			assert_true(is_said("SK2761 recordings=1\n"));
		expect_good_start();
		forget_all();
	}
	assert_true(run.tried > 100);
}

/* Two whose time is over, and one of yesterday. */
static void
evening(void)
{
	forget_all();
	start();
	put_row('a', "closed", OLD_DAYS);
	put_row('b', "not-closed", OLD_DAYS);
	put_row('c', "closed", KEPT_DAYS);
	put_file('a');
	put_file('b');
	put_file('c');
	said[0] = '\0';
}

static void
night(void)
{
	recording_files_nightly(&supervisor);
	fixture_settle(&fixture);
}

/* Erased with their files, or said that those stayed, or as they were, and said. */
static void
expect_whole(void)
{
	int64_t erased = ROWS_IN("erased");
	int files = is_there('a') + is_there('b');
	char stayed[40];

	assert_true(is_there('c'));
	if (erased == 0) {
		assert_int_equal(files, 2);
		assert_true(is_said("SK1201 what='recordings' "));
		return;
	}
	assert_int_equal(erased, 2);
	(void)snprintf(stayed, sizeof(stayed), "SK2760 erased=2 bytes=%d stayed=%d ",
		files == 2 ? 0 : 20, files);
	if (!is_said(stayed))
		fail_msg("not '%s': %s", stayed, said);
}

/* The night after, and the start after that. */
static void
expect_made_up_for(void)
{
	night();
	assert_int_equal(ROWS_IN("erased"), 2);
	recording_files_free(supervisor.recording_files);
	start();
	assert_false(is_there('a') || is_there('b'));
	assert_true(is_there('c'));
}

static void
a_night_that_fails_is_said_and_made_up_for(void **state)
{
	(void)state;
	for (nth = 1; nth <= 3; nth++) {
		unsigned int turn = nth;

		nth = 0;
		evening();
		calls = 0;
		nth = turn;
		night();
		nth = 0;
		expect_whole();
		assert_int_equal(is_there('a') + is_there('b'), turn <= 2);
		expect_made_up_for();
		nth = turn;
	}
	nth = 0;
}

static void
memory_that_fails_at_night_does_so_too(void **state)
{
	struct fail_run run;

	(void)state;
	forget_all();
	fail_begin(&run);
	while (fail_next(&run)) {
		evening();
		fail_arm(&run);
		night();
		fail_disarm(&run);
		expect_whole();
		expect_made_up_for();
		forget_all();
	}
	assert_true(run.tried > 100);
}

/* A file that is there must not be called one that is not. */
static void
a_file_that_cannot_be_opened_for_want_of_descriptors_is_there(void **state)
{
	const uint8_t session[SESSION_ID_BYTES] = {0xa0};
	int fd;

	(void)state;
	evening();
	calls = 0;
	nth = 1;
	assert_int_equal(recording_files_read(supervisor.recording_files, session, 1), -ENOMEM);
	nth = 0;
	fd = recording_files_read(supervisor.recording_files, session, 1);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(recording_files_read(supervisor.recording_files, session, 2), -ENOENT);
}

static int
setup(void **state)
{
	(void)fixture_setup(state);
	settings = (struct settings){.database = fixture.path, .recording.keep_days = 90};
	supervisor = (struct supervisor){.store = fixture.store, .settings = &settings};
	start();
	return 0;
}

static int
teardown(void **state)
{
	char path[256];

	forget_all();
	(void)snprintf(path, sizeof(path), "%s/recordings", fixture.folder);
	assert_int_equal(rmdir(path), 0);
	return fixture_teardown(state);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(a_start_that_fails_is_said_and_made_up_for),
		IN_OUT(memory_that_fails_at_the_start_does_so_too),
		IN_OUT(a_night_that_fails_is_said_and_made_up_for),
		IN_OUT(memory_that_fails_at_night_does_so_too),
		IN_OUT(a_file_that_cannot_be_opened_for_want_of_descriptors_is_there),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
