/* A store for tests; see store_fixture.h. */
#include "store_fixture.h"

#include "policy/store/sql.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_MS 30000

static void
notify(void *argument)
{
	struct store_fixture *fixture = argument;
	uint64_t one = 1;

	if (write(fixture->event_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		abort();
}

void
fixture_init(struct store_fixture *fixture)
{
	const uint8_t key[FACILITY_KEY_BYTES] = {7};

	memset(fixture, 0, sizeof(*fixture));
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	strcpy(fixture->folder, "/tmp/sekisho-store-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof(fixture->path), "%s/db", fixture->folder);
	fixture->settings = (struct policy_settings){
		.facility = {.prefix = "998-", .domain = "example.jp"},
		.ticket_ms = 60000,
		.grace_ms = 120000,
	};
	fixture->event_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(fixture->event_fd >= 0);
	assert_int_equal(sealing_new(key, &fixture->sealing), 0);
}

void
fixture_done(struct store_fixture *fixture)
{
	static const char *const names[] = {"", "-wal", "-shm", "-lock", "-journal"};
	char name[160];

	fixture_close(fixture);
	sealing_free(fixture->sealing);
	close(fixture->event_fd);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", fixture->path, names[i]);
		(void)unlink(name);
	}
	assert_int_equal(rmdir(fixture->folder), 0);
}

int
fixture_open(struct store_fixture *fixture, const char **ret_why)
{
	const struct store_options options = {
		.path = fixture->path,
		.settings = &fixture->settings,
		.sealing = fixture->sealing,
		.boot_id = fixture->boot_id,
		.patience_ms = fixture->patience_ms != 0 ? fixture->patience_ms : 200,
		.notify = notify,
		.notify_argument = fixture,
	};

	return store_open(&options, &fixture->store, ret_why);
}

void
fixture_close(struct store_fixture *fixture)
{
	store_close(fixture->store);
	fixture->store = NULL;
}

void
fixture_start(struct store_fixture *fixture)
{
	const char *why = NULL;
	int r = fixture_open(fixture, &why);

	if (r < 0)
		fail_msg("store_open: %d, %s", r, why);
}

void
fixture_settle(struct store_fixture *fixture)
{
	struct pollfd fd = {.fd = fixture->event_fd, .events = POLLIN};
	uint64_t count;

	while (store_pending(fixture->store) > 0) {
		if (poll(&fd, 1, LIMIT_MS) != 1)
			fail_msg("%zu jobs were not done in time", store_pending(fixture->store));
		assert_int_equal(read(fixture->event_fd, &count, sizeof(count)), sizeof(count));
		(void)store_collect(fixture->store);
	}
}

struct simple_job {
	struct store_job job;
	fixture_work *work;
	void *argument;
	int status;
};

static int
simple_work(struct store_db *db, struct store_job *job)
{
	struct simple_job *simple = (struct simple_job *)job;

	return simple->work(db, simple->argument);
}

static void
simple_done(struct store_job *job, int status)
{
	((struct simple_job *)job)->status = status;
}

static int
run(struct store_fixture *fixture, void (*hand_in)(struct store *, struct store_job *), bool bare,
	fixture_work *work, void *argument)
{
	struct simple_job simple = {.job = {.work = simple_work, .done = simple_done, .bare = bare},
		.work = work,
		.argument = argument};

	hand_in(fixture->store, &simple.job);
	fixture_settle(fixture);
	return simple.status;
}

int
fixture_write(struct store_fixture *fixture, fixture_work *work, void *argument)
{
	return run(fixture, store_write, false, work, argument);
}

int
fixture_walk(struct store_fixture *fixture, fixture_work *work, void *argument)
{
	return run(fixture, store_walk, false, work, argument);
}

int
fixture_read(struct store_fixture *fixture, fixture_work *work, void *argument)
{
	return run(fixture, store_read, false, work, argument);
}

int
fixture_slow(struct store_fixture *fixture, fixture_work *work, void *argument)
{
	return run(fixture, store_slow, false, work, argument);
}

int
fixture_bare(struct store_fixture *fixture, fixture_work *work, void *argument)
{
	return run(fixture, store_write, true, work, argument);
}

struct question {
	const char *sql;
	int64_t number;
};

static int
answer(struct store_db *db, void *argument)
{
	struct question *question = argument;
	int r = sql_number(db, &question->number, question->sql, "");

	return r < 0 ? r : 0;
}

int64_t
fixture_number(struct store_fixture *fixture, const char *sql)
{
	struct question question = {.sql = sql, .number = -1};

	assert_int_equal(fixture_read(fixture, answer, &question), 0);
	return question.number;
}

static int
verify(struct store_db *db, void *argument)
{
	return audit_verify(db, NULL, NULL, argument);
}

struct audit_report
fixture_verify(struct store_fixture *fixture)
{
	struct audit_report report;

	assert_int_equal(fixture_read(fixture, verify, &report), 0);
	return report;
}

void
fixture_expect_log_whole(struct store_fixture *fixture)
{
	struct audit_report report = fixture_verify(fixture);

	if (report.found > 0)
		fail_msg("event %lld: %s", (long long)report.findings[0].event,
			report.findings[0].why);
}

void
fixture_sql(struct store_fixture *fixture, const char *sql)
{
	sqlite3 *handle;
	char *error = NULL;

	assert_int_equal(sqlite3_open(fixture->path, &handle), SQLITE_OK);
	sqlite3_busy_timeout(handle, 5000);
	if (sqlite3_exec(handle, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
	sqlite3_close(handle);
}
