/* A store for tests; see store_fixture.h. */
#include "store_fixture.h"

#include "base/clock.h"
#include "policy/sessions.h"
#include "policy/store/event_table.h"
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

struct store_fixture fixture;

static void
notify(void *argument)
{
	struct store_fixture *place = argument;
	uint64_t one = 1;

	if (write(place->event_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		abort();
}

void
fixture_init(struct store_fixture *place)
{
	const uint8_t key[FACILITY_KEY_BYTES] = {7};

	memset(place, 0, sizeof(*place));
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	strcpy(place->folder, "/tmp/sekisho-store-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->path, sizeof(place->path), "%s/db", place->folder);
	place->settings = (struct policy_settings){
		.facility = {.prefix = "998-", .domain = "example.jp"},
		.ticket_ms = 60000,
		.grace_ms = 120000,
	};
	place->event_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(place->event_fd >= 0);
	assert_int_equal(sealing_new(key, &place->sealing), 0);
}

void
fixture_done(struct store_fixture *place)
{
	static const char *const names[] = {"", "-wal", "-shm", "-lock", "-journal"};
	char name[160];

	fixture_close(place);
	sealing_free(place->sealing);
	close(place->event_fd);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", place->path, names[i]);
		(void)unlink(name);
	}
	assert_int_equal(rmdir(place->folder), 0);
}

int
fixture_open(struct store_fixture *place, const char **ret_why)
{
	const struct store_options options = {
		.path = place->path,
		.settings = &place->settings,
		.sealing = place->sealing,
		.boot_id = place->boot_id,
		.patience_ms = place->patience_ms != 0 ? place->patience_ms : 200,
		.notify = notify,
		.notify_argument = place,
	};

	return store_open(&options, &place->store, ret_why);
}

void
fixture_close(struct store_fixture *place)
{
	store_close(place->store);
	place->store = NULL;
}

void
fixture_start(struct store_fixture *place)
{
	const char *why = NULL;
	int r = fixture_open(place, &why);

	if (r < 0)
		fail_msg("store_open: %d, %s", r, why);
}

void
fixture_settle(struct store_fixture *place)
{
	struct pollfd fd = {.fd = place->event_fd, .events = POLLIN};
	uint64_t count;

	while (store_pending(place->store) > 0) {
		if (poll(&fd, 1, LIMIT_MS) != 1)
			fail_msg("%zu jobs were not done in time", store_pending(place->store));
		assert_int_equal(read(place->event_fd, &count, sizeof(count)), sizeof(count));
		(void)store_collect(place->store);
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
run(struct store_fixture *place, void (*hand_in)(struct store *, struct store_job *), bool bare,
	fixture_work *work, void *argument)
{
	struct simple_job simple = {.job = {.work = simple_work, .done = simple_done, .bare = bare},
		.work = work,
		.argument = argument};

	hand_in(place->store, &simple.job);
	fixture_settle(place);
	return simple.status;
}

int
fixture_write(struct store_fixture *place, fixture_work *work, void *argument)
{
	return run(place, store_write, false, work, argument);
}

int
fixture_walk(struct store_fixture *place, fixture_work *work, void *argument)
{
	return run(place, store_walk, false, work, argument);
}

int
fixture_read(struct store_fixture *place, fixture_work *work, void *argument)
{
	return run(place, store_read, false, work, argument);
}

int
fixture_slow(struct store_fixture *place, fixture_work *work, void *argument)
{
	return run(place, store_slow, false, work, argument);
}

int
fixture_bare(struct store_fixture *place, fixture_work *work, void *argument)
{
	return run(place, store_write, true, work, argument);
}

int
fixture_add_event(struct store_db *db, void *payload)
{
	return event_append(db, EVENT_KIND_ADMIN, payload, NULL);
}

static int
add_changes(struct store_db *db, void *count)
{
	int r = 0;

	for (int i = 0; i < *(const int *)count && r == 0; i++)
		r = admin_event(db, "unix:yamada", "test", "one of many", NULL, NULL, NULL);
	return r;
}

void
fixture_add_changes(struct store_fixture *place, int count)
{
	assert_int_equal(fixture_write(place, add_changes, &count), 0);
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
fixture_number(struct store_fixture *place, const char *sql)
{
	struct question question = {.sql = sql, .number = -1};

	assert_int_equal(fixture_read(place, answer, &question), 0);
	return question.number;
}

static int
sign(struct store_db *db, void *argument)
{
	struct chain_checkpoint checkpoint;

	return audit_checkpoint(db, &checkpoint, argument);
}

bool
fixture_checkpoint(struct store_fixture *place)
{
	bool made = false;

	assert_int_equal(fixture_write(place, sign, &made), 0);
	return made;
}

static int
verify(struct store_db *db, void *argument)
{
	return audit_verify(db, NULL, NULL, argument);
}

struct audit_report
fixture_verify(struct store_fixture *place)
{
	struct audit_report report;

	assert_int_equal(fixture_read(place, verify, &report), 0);
	return report;
}

void
fixture_expect_only(struct store_fixture *place, int64_t event, const char *words)
{
	struct audit_report report = fixture_verify(place);

	assert_int_equal(report.found, 1);
	assert_int_equal(report.findings[0].event, event);
	assert_non_null(strstr(report.findings[0].why, words));
}

void
fixture_expect_log_whole(struct store_fixture *place)
{
	struct audit_report report = fixture_verify(place);

	if (report.found > 0)
		fail_msg("event %lld: %s", (long long)report.findings[0].event,
			report.findings[0].why);
}

void
fixture_sql(struct store_fixture *place, const char *sql)
{
	sqlite3 *handle;
	char *error = NULL;

	assert_int_equal(sqlite3_open(place->path, &handle), SQLITE_OK);
	sqlite3_busy_timeout(handle, 5000);
	if (sqlite3_exec(handle, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
	sqlite3_close(handle);
}

int
fixture_setup(void **state)
{
	(void)state;
	clock_hold(NOON_US, 1000000);
	fixture_init(&fixture);
	fixture.boot_id = "boot-1";
	fixture_start(&fixture);
	return 0;
}

int
fixture_teardown(void **state)
{
	(void)state;
	fixture_done(&fixture);
	clock_release();
	return 0;
}
