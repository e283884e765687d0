/* gateway/supervisor/recording_files.c on a real store and folder: what a crash has left, and what is erased at night. What is logged
 * is caught (meson.build). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../policy/store_fixture.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "settings/settings.h"
#include "supervisor/recording_files.h"
#include "supervisor/supervisor.h"

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

static struct settings settings;
static struct supervisor supervisor;
static char said[1024]; /* "SK2760 erased=1 …" and a line end for each event */

void __wrap_log_event(enum event event, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

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

/* The file of session <digit>000…; part 1. */
static char *
path_of(char digit)
{
	static char paths[4][256];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/recordings/%c%031d.skr", fixture.folder, digit, 0);
	return path;
}

static bool
is_there(char digit)
{
	struct stat status;

	return lstat(path_of(digit), &status) == 0;
}

static void
put_file(char digit, size_t len)
{
	int fd = open(path_of(digit), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	close(fd);
}

/* A row of `bytes`, that ended (or was erased) so many days before noon. */
static void
put_row(char digit, const char *state, int64_t days, int64_t bytes)
{
	bool running = strcmp(state, "running") == 0, erased = strcmp(state, "erased") == 0;
	char sql[1024], ended[32], at[32];

	snprintf(ended, sizeof(ended), "%lld", (long long)(NOON_US - days * DAY_US));
	snprintf(at, sizeof(at), "%s", erased ? ended : "NULL");
	snprintf(sql, sizeof(sql),
		"INSERT INTO recording (session, part, account, account_id, account_full, "
		"account_name, terminal, terminal_name, state, started, ended, bytes, auditors, "
		"erased) VALUES (x'%c%031d', 1, 1, 'taro', '998-taro', 'Taro', 1, 'pacs-01', '%s', "
		"1, %s, %lld, 'tanaka', %s)",
		digit, 0, state, running ? "NULL" : ended, (long long)bytes, at);
	fixture_sql(&fixture, sql);
}

static void
start(void)
{
	char why[RECORDING_FILES_WHY_SIZE];

	said[0] = '\0';
	assert_int_equal(recording_files_open(&supervisor, &supervisor.recording_files, why), 0);
	fixture_settle(&fixture);
}

static void
stop(void)
{
	recording_files_free(supervisor.recording_files);
	supervisor.recording_files = NULL;
}

static void
night(void)
{
	said[0] = '\0';
	recording_files_nightly(&supervisor);
	fixture_settle(&fixture);
}

static int
setup(void **state)
{
	(void)fixture_setup(state);
	settings = (struct settings){0};
	settings.database = fixture.path;
	settings.recording.keep_days = 90;
	supervisor = (struct supervisor){.store = fixture.store, .settings = &settings};
	start();
	return 0;
}

static int
teardown(void **state)
{
	char command[512];

	stop();
	snprintf(command, sizeof(command), "rm -r '%s/recordings'", fixture.folder);
	assert_int_equal(system(command), 0);
	return fixture_teardown(state);
}

static void
the_folder_is_the_gateways_alone(void **state)
{
	struct stat status;
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/recordings", fixture.folder);
	assert_string_equal(recording_files_folder(supervisor.recording_files), path);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_string_equal(said, "");
}

static void
what_a_crash_left_open_ends_with_the_size_of_its_file(void **state)
{
	(void)state;
	stop();
	put_row('a', "running", 0, 10);
	put_row('b', "running", 0, 20);
	put_row('c', "erased", 1, 30);
	put_file('a', 12345);
	put_file('c', 30);
	start();
	assert_string_equal(said, "SK2761 recordings=2\n");
	assert_int_equal(ROWS_IN("not-closed"), 2);
	assert_int_equal(fixture_number(&fixture, "SELECT sum(bytes) FROM recording"), 12395);
	/* Its row was on disk, and the machine went before the file did. */
	assert_false(is_there('c'));
	assert_true(is_there('a'));
}

static void
what_is_old_is_erased_with_its_file_and_nothing_else(void **state)
{
	(void)state;
	put_row('a', "closed", 91, 10);
	put_row('b', "closed", 89, 20);
	put_row('c', "running", 0, 30);
	put_row('d', "not-closed", 200, 40);
	fixture_sql(&fixture,
		"UPDATE recording SET held = 1, held_by = 'unix:tanaka', held_because "
		"= 'a trial' WHERE bytes = 40");
	for (char digit = 'a'; digit <= 'd'; digit++)
		put_file(digit, 1);
	night();
	assert_string_equal(said, "SK2760 erased=1 bytes=10 stayed=0 missing=0\n");
	assert_false(is_there('a'));
	assert_true(is_there('b') && is_there('c') && is_there('d'));
	assert_int_equal(ROWS_IN("erased"), 1);
	night();
	assert_string_equal(said, "");
}

static void
more_than_a_portion_is_erased_in_one_night(void **state)
{
	const char digits[] = "0123456789abcdefABCDEF";
	size_t count = 0;

	(void)state;
	for (const char *digit = digits; *digit != '\0' && count < 16; digit++, count++) {
		put_row(*digit, "closed", 100, 1);
		put_file(*digit, 1);
	}
	fixture_sql(&fixture,
		"INSERT INTO recording (session, part, account, account_id, account_full, "
		"account_name, terminal, terminal_name, state, started, ended, bytes, auditors) "
		"SELECT session, 2, account, account_id, account_full, account_name, terminal, "
		"terminal_name, state, started, ended, bytes, auditors FROM recording");
	night();
	assert_string_equal(said, "SK2760 erased=32 bytes=32 stayed=0 missing=16\n");
	assert_int_equal(ROWS_IN("erased"), 32);
	for (size_t i = 0; i < count; i++)
		assert_false(is_there(digits[i]));
}

/* A file that is not where it should be has not been erased: it may lie in the folder that was said before. */
static void
a_file_that_is_not_there_or_cannot_go_is_said(void **state)
{
	(void)state;
	put_row('a', "closed", 91, 10);
	put_row('b', "closed", 91, 20);
	assert_int_equal(mkdir(path_of('b'), 0700), 0); /* unlink says EISDIR */
	night();
	assert_string_equal(said, "SK2760 erased=2 bytes=30 stayed=1 missing=1\n");
	assert_int_equal(rmdir(path_of('b')), 0);
}

/* After a restore from a backup that is older than they are: nobody would ever erase them. */
static void
files_that_no_row_knows_are_counted_at_the_start(void **state)
{
	char path[300];
	int fd;

	(void)state;
	stop();
	put_row('a', "closed", 1, 10);
	put_file('a', 10);
	put_file('b', 10);
	put_file('c', 10);
	snprintf(path, sizeof(path), "%s/recordings/readme", fixture.folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	start();
	assert_string_equal(said, "SK2785 files=2\n");
	assert_true(is_there('b') && is_there('c'));
}

static void
expect_refused(const char *expected)
{
	struct recording_files *files = NULL;
	char why[RECORDING_FILES_WHY_SIZE];

	assert_true(recording_files_open(&supervisor, &files, why) < 0);
	if (strstr(why, expected) == NULL)
		fail_msg("%s", why);
	assert_null(files);
}

static void
a_folder_that_cannot_be_made_is_said(void **state)
{
	(void)state;
	settings.recording.directory = (char *)"/proc/recordings";
	expect_refused("recording.directory), /proc/recordings, cannot be made or opened: No such");
}

/* The one that is made if nothing is said, too. */
static void
a_folder_that_others_reach_is_refused(void **state)
{
	static const mode_t modes[] = {0750, 0705, 0710, 0720, 0701, 0777, 01777};
	char folder[300], expected[64];

	(void)state;
	snprintf(folder, sizeof(folder), "%s/recordings", fixture.folder);
	stop();
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(chmod(folder, modes[i]), 0);
		snprintf(expected, sizeof(expected), "has mode %04o, so others", modes[i]);
		expect_refused(expected);
		expect_refused("allowed is 0700");
	}
	assert_int_equal(chmod(folder, 0700), 0);
	start();
}

static void
a_folder_of_another_user_is_refused(void **state)
{
	char folder[300];

	(void)state;
	snprintf(folder, sizeof(folder), "%s/recordings", fixture.folder);
	if (geteuid() == 0)
		assert_int_equal(chown(folder, 12345, (gid_t)-1), 0);
	else
		settings.recording.directory = (char *)"/usr";
	expect_refused("belongs to user ");
	if (geteuid() == 0)
		assert_int_equal(chown(folder, 0, (gid_t)-1), 0);
}

/* Whoever can change what a link points to would choose where recordings go. */
static void
a_link_or_a_file_is_no_folder(void **state)
{
	char link[300], place[300];
	int fd;

	(void)state;
	snprintf(place, sizeof(place), "%s/place", fixture.folder);
	snprintf(link, sizeof(link), "%s/link", fixture.folder);
	assert_int_equal(mkdir(place, 0700), 0);
	assert_int_equal(symlink(place, link), 0);
	settings.recording.directory = link;
	expect_refused("link, cannot be used, it is a symbolic link or no folder");
	settings.recording.directory = place;
	stop();
	start();
	stop();
	settings.recording.directory = link;
	assert_int_equal(unlink(link), 0);
	fd = open(link, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_true(fd >= 0);
	close(fd);
	expect_refused("link, cannot be used, it is a symbolic link or no folder");
	assert_int_equal(unlink(link), 0);
	assert_int_equal(rmdir(place), 0);
	settings.recording.directory = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_folder_is_the_gateways_alone),
		TEST(what_a_crash_left_open_ends_with_the_size_of_its_file),
		TEST(what_is_old_is_erased_with_its_file_and_nothing_else),
		TEST(more_than_a_portion_is_erased_in_one_night),
		TEST(a_file_that_is_not_there_or_cannot_go_is_said),
		TEST(files_that_no_row_knows_are_counted_at_the_start),
		TEST(a_folder_that_cannot_be_made_is_said),
		TEST(a_folder_that_others_reach_is_refused),
		TEST(a_folder_of_another_user_is_refused),
		TEST(a_link_or_a_file_is_no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
