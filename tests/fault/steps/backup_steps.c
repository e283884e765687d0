/* The gateway is killed, or its disk fills up, at each step of making, rehearsing and restoring a backup. Whatever the
 * step: after the next start the state is the old one or the new one, the log says which and is whole and no shorter,
 * the backups there are can be restored, and nothing that is not sealed lies anywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backup_fixture.h"
#include "base/cleanup.h"
#include "call_chain.h"
#include "steps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* How a child ends that is not killed. */
enum ending {
	ENDING_DONE,    /* and the step was met */
	ENDING_FAILED,  /* with an error */
	ENDING_NOT_MET, /* there are no more steps, and it was done */
	ENDING_WRONG,
};

/* What is tried: a state of the database, and what is done in it. */
struct trial {
	char backup[BACKUP_ID_TEXT_SIZE];
	uint8_t *database; /* as it is before each round */
	size_t database_len;
	int64_t events;
	int64_t accounts;
	int (*work)(const char *backup);
	void (*check)(const struct trial *trial, bool killed, bool done);
};

static void
write_database(const struct trial *trial)
{
	static const char *const beside[] = {"-wal", "-shm"};
	auto_fd int fd = open(fixture.path, O_WRONLY | O_TRUNC);
	char path[200];

	assert_int_equal(write(fd, trial->database, trial->database_len), trial->database_len);
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		snprintf(path, sizeof(path), "%s%s", fixture.path, beside[i]);
		(void)unlink(path);
	}
}

/* The store is closed from here on, and opened by each child for itself. */
static void
keep_database(struct trial *trial)
{
	auto_fd int fd = -1;
	struct stat status;

	trial->events = events();
	trial->accounts = accounts();
	fixture_close(&fixture);
	fd = open(fixture.path, O_RDONLY);
	assert_int_equal(fstat(fd, &status), 0);
	trial->database_len = (size_t)status.st_size;
	trial->database = malloc(trial->database_len);
	assert_non_null(trial->database);
	assert_int_equal(read(fd, trial->database, trial->database_len), trial->database_len);
}

static _Noreturn void
run_child(const struct trial *trial, enum steps_fault fault, long from)
{
	bool met;
	int r;

	fixture_start(&fixture);
	steps_arm(fault, from);
	r = trial->work(trial->backup);
	met = steps_disarm();
	fixture_close(&fixture);
	if (!met)
		_exit(r == 0 ? ENDING_NOT_MET : ENDING_WRONG);
	_exit(r == 0 ? ENDING_DONE : ENDING_FAILED);
}

/* The wait status. */
static int
run(const struct trial *trial, enum steps_fault fault, long from)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		run_child(trial, fault, from);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* Files that belong there apart, a file with a name has nothing in it. */
static void
expect_nothing_clear(void)
{
	static const char *const known[] = {
		"db", "db-wal", "db-shm", "db-lock", "backups", ".", ".."};
	DIR *directory = opendir(fixture.folder);
	struct dirent *file;

	assert_non_null(directory);
	while ((file = readdir(directory)) != NULL) {
		struct stat status;
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			found |= strcmp(file->d_name, known[i]) == 0;
		if (found)
			continue;
		assert_int_equal(fstatat(dirfd(directory), file->d_name, &status, 0), 0);
		if (status.st_size > 0)
			fail_msg("%s has a name, and something in it", file->d_name);
	}
	closedir(directory);
}

static void
count_swept(void *argument, const char *id)
{
	(void)id;
	++*(int *)argument;
}

/* As the gateway starts. What was not killed has left it nothing to sweep. */
static void
start(bool killed)
{
	int swept = 0;

	expect_nothing_clear();
	scratch_sweep(fixture.path);
	backup_folder_sweep(backups_folder, count_swept, &swept);
	assert_in_range(swept, 0, killed);
	fixture_start(&fixture);
}

static void
round_of(const struct trial *trial, enum steps_fault fault, int status)
{
	bool killed = WIFSIGNALED(status);

	if (killed)
		assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(killed, fault == STEPS_KILL);
	start(killed);
	fixture_expect_log_whole(&fixture);
	trial->check(trial, killed, !killed && WEXITSTATUS(status) == ENDING_DONE);
	fixture_close(&fixture);
}

static void
try_each_step(const struct trial *trial, enum steps_fault fault)
{
	long rounds;

	steps_begin();
	for (rounds = 0;; rounds++) {
		int status;

		write_database(trial);
		status = run(trial, fault, rounds == 0 ? 1 : steps_failed_at() + 1);
		if (WIFEXITED(status) && WEXITSTATUS(status) == ENDING_NOT_MET)
			break;
		assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != ENDING_WRONG);
		round_of(trial, fault, status);
	}
	print_message("           %ld rounds for %ld steps: %s\n", rounds, steps_seen(),
		call_chains_tried());
	assert_true(rounds >= 20);
	/* The last one was done without a fault. */
	start(false);
}

/* Making: an account, a backup of it, and another one that is made. */

static int
make_another(const char *backup)
{
	struct backup_making making;

	(void)backup;
	return make_backup(&making, "");
}

/* The list; none of it is half. */
static size_t
sound_backups(char ret_ids[BACKUPS_MOST][BACKUP_ID_TEXT_SIZE])
{
	struct backup_list *list = calloc(1, sizeof(*list));
	size_t count;

	assert_non_null(list);
	assert_int_equal(backup_folder_list(
				 backups_folder, fixture.sealing, &fixture.settings.facility, list),
		0);
	count = list->count;
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(list->entries[i].fault, BACKUP_SOUND);
		strcpy(ret_ids[i], list->entries[i].id);
	}
	free(list);
	return count;
}

static void
expect_made_or_not(const struct trial *trial, bool killed, bool done)
{
	char ids[BACKUPS_MOST][BACKUP_ID_TEXT_SIZE];
	size_t count = sound_backups(ids);

	assert_in_range(count, 1, 2);
	if (!killed)
		assert_int_equal(count, done ? 2 : 1);
	assert_int_equal(accounts(), trial->accounts);
	assert_int_equal(events(), trial->events);
	for (size_t i = 0; i < count; i++) {
		struct backup_restoring *restoring = restoring_new(ids[i]);

		assert_int_equal(fixture_slow(&fixture, do_unpack, restoring), 0);
		restoring_free(restoring);
		if (strcmp(ids[i], trial->backup) != 0)
			assert_int_equal(backup_remove(backups_folder, ids[i]), 0);
	}
}

/* Restoring */

static int
restore_it(const char *backup)
{
	struct backup_restoring *restoring = restoring_new(backup);
	int r = restore_backup(restoring);

	restoring_free(restoring);
	return r;
}

static int64_t
restores_recorded(void)
{
	return fixture_number(&fixture,
		"SELECT count(*) FROM event_field WHERE field = 'admin.action' AND value = "
		"'backup.restore'");
}

static void
expect_old_or_new(const struct trial *trial, bool killed, bool done)
{
	bool is_new = restores_recorded() == 1;

	if (!killed)
		assert_int_equal(is_new, done);
	assert_int_equal(accounts(), is_new ? 1 : trial->accounts);
	assert_int_equal(events(), trial->events + is_new);
	expect_sql("SELECT group_concat(id) FROM (SELECT id FROM account ORDER BY id) AS a",
		is_new ? "taro" : "jiro,saburo,taro");
}

static void
expect_old_or_another(const struct trial *trial, bool killed, bool done)
{
	bool is_new = restores_recorded() == 1;

	if (!killed)
		assert_int_equal(is_new, done);
	/* The log of the other one is as long as its backup was, and the restore is its newest event. */
	assert_int_equal(events(), is_new ? 3 : trial->events);
	expect_sql("SELECT group_concat(id) FROM (SELECT id FROM account ORDER BY id) AS a",
		is_new ? "taro" : "a,b");
}

/* Rehearsing */

static int
rehearse_it(const char *backup)
{
	struct backup_restoring *restoring = restoring_new(backup);
	int r = fixture_slow(&fixture, do_rehearse, restoring);

	restoring_free(restoring);
	return r;
}

static void
expect_unchanged(const struct trial *trial, bool killed, bool done)
{
	struct backup_rehearsal rehearsal;
	char path[BACKUP_PATH_SIZE];

	backup_rehearsal_read(backups_folder, fixture.sealing, &rehearsal);
	if (done)
		assert_true(rehearsal.succeeded);
	/* Whole, too, or none. */
	if (killed && rehearsal.at_us != 0)
		assert_true(rehearsal.succeeded);
	if (rehearsal.at_us != 0)
		assert_string_equal(rehearsal.id, trial->backup);
	assert_int_equal(accounts(), trial->accounts);
	assert_int_equal(events(), trial->events);
	snprintf(path, sizeof(path), "%s/rehearsal", backups_folder);
	(void)unlink(path);
}

static void
begin_with_one_account(struct trial *trial)
{
	struct backup_making making;

	change(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make_backup(&making, ""), 0);
	strcpy(trial->backup, making.entry.id);
}

static void
try_all(struct trial *trial)
{
	static const enum steps_fault faults[] = {STEPS_KILL, STEPS_FULL_ONCE, STEPS_FULL};

	keep_database(trial);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		try_each_step(trial, faults[i]);
		trial->check(trial, false, true);
		fixture_close(&fixture);
	}
	fixture_start(&fixture);
	free(trial->database);
}

static void
a_backup_is_whole_or_not_there(void **state)
{
	struct trial trial = {.work = make_another, .check = expect_made_or_not};

	(void)state;
	begin_with_one_account(&trial);
	try_all(&trial);
}

static void
a_restored_state_is_the_old_or_the_new_one(void **state)
{
	struct trial trial = {.work = restore_it, .check = expect_old_or_new};

	(void)state;
	begin_with_one_account(&trial);
	change(method_account_add, NEW_ACCOUNT("jiro"));
	change(method_account_add, NEW_ACCOUNT("saburo"));
	try_all(&trial);
}

static void
a_database_taken_over_is_the_old_or_the_other_one(void **state)
{
	struct trial trial = {.work = restore_it, .check = expect_old_or_another};

	(void)state;
	begin_with_one_account(&trial);
	start_afresh();
	change(method_account_add, NEW_ACCOUNT("a"));
	change(method_account_add, NEW_ACCOUNT("b"));
	try_all(&trial);
}

static void
a_rehearsal_changes_nothing(void **state)
{
	struct trial trial = {.work = rehearse_it, .check = expect_unchanged};

	(void)state;
	begin_with_one_account(&trial);
	change(method_account_add, NEW_ACCOUNT("jiro"));
	try_all(&trial);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, backup_setup, backup_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(a_backup_is_whole_or_not_there),
		IN_OUT(a_restored_state_is_the_old_or_the_new_one),
		IN_OUT(a_database_taken_over_is_the_old_or_the_other_one),
		IN_OUT(a_rehearsal_changes_nothing),
	};

	steps_watch_sqlite();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
