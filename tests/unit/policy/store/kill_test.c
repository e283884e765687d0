/* policy/store/store.c: a process is killed in the middle of its work; whatever it had acknowledged is
 * there when the database is opened again.
 */
#include "../store_fixture.h"

#include "policy/audit.h"
#include "policy/store/event_table.h"
#include "policy/store/sql.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define JOBS_AT_ONCE 50
#define ROUNDS 5
#define ACKNOWLEDGED_BEFORE_KILL 300

struct numbered_job {
	struct store_job job;
	int64_t number;
};

static int pipe_fd;
static int64_t next_number;

static int
numbered_work(struct store_db *db, struct store_job *job)
{
	char payload[32];

	snprintf(payload, sizeof(payload), "{\"n\":%lld}",
		(long long)((struct numbered_job *)job)->number);
	return event_append(db, EVENT_KIND_ADMIN, payload, NULL);
}

/* Tells the number to the parent, then goes on with the next one. */
static void
numbered_done(struct store_job *job, int status)
{
	struct numbered_job *numbered = (struct numbered_job *)job;

	if (status != 0 || write(pipe_fd, &numbered->number, sizeof(numbered->number)) !=
				   sizeof(numbered->number))
		_exit(1);
	numbered->number = next_number++;
	store_write(fixture.store, job);
}

/* In the child, until it is killed. */
static void
work_for_ever(int64_t first)
{
	struct numbered_job jobs[JOBS_AT_ONCE] = {0};
	uint64_t count;

	fixture_start(&fixture);
	next_number = first;
	for (size_t i = 0; i < JOBS_AT_ONCE; i++) {
		jobs[i].job.work = numbered_work;
		jobs[i].job.done = numbered_done;
		jobs[i].number = next_number++;
		store_write(fixture.store, &jobs[i].job);
	}
	for (;;) {
		if (read(fixture.event_fd, &count, sizeof(count)) != sizeof(count))
			_exit(1);
		(void)store_collect(fixture.store);
	}
}

/* Which numbers were acknowledged; grows for ever. */
static struct {
	int64_t *numbers;
	size_t count;
} acknowledged;

static void
remember(int64_t number)
{
	acknowledged.numbers = realloc(
		acknowledged.numbers, (acknowledged.count + 1) * sizeof(*acknowledged.numbers));
	assert_non_null(acknowledged.numbers);
	acknowledged.numbers[acknowledged.count++] = number;
}

static void
kill_in_the_middle(int64_t first)
{
	int ends[2], status;
	int64_t number;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		pipe_fd = ends[1];
		work_for_ever(first);
	}
	close(ends[1]);
	for (int i = 0; read(ends[0], &number, sizeof(number)) == sizeof(number); i++) {
		remember(number);
		if (i == ACKNOWLEDGED_BEFORE_KILL)
			assert_int_equal(kill(child, SIGKILL), 0);
	}
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static int
check_acknowledged(struct store_db *db, void *argument)
{
	char payload[32];
	int64_t found;

	(void)argument;
	for (size_t i = 0; i < acknowledged.count; i++) {
		snprintf(payload, sizeof(payload), "{\"n\":%lld}",
			(long long)acknowledged.numbers[i]);
		found = 0;
		if (sql_number(db, &found, "SELECT count(*) FROM event WHERE payload = ?", "t",
			    payload) != 1 ||
			found != 1)
			fail_msg("job %lld was acknowledged and is lost",
				(long long)acknowledged.numbers[i]);
	}
	return 0;
}

static int
check_chain(struct store_db *db, void *argument)
{
	return audit_verify(db, NULL, NULL, argument);
}

static void
everything_acknowledged_survives_kill_9(void **state)
{
	struct audit_report report = {0};

	(void)state;
	for (int round = 0; round < ROUNDS; round++)
		kill_in_the_middle(round * 1000000);
	assert_true(acknowledged.count > ROUNDS * ACKNOWLEDGED_BEFORE_KILL);
	fixture_start(&fixture);
	fixture_sql(&fixture, "CREATE INDEX by_payload ON event (payload)");
	assert_int_equal(fixture_read(&fixture, check_acknowledged, NULL), 0);
	assert_int_equal(fixture_read(&fixture, check_chain, &report), 0);
	assert_int_equal(report.found, 0);
	assert_true(report.events >= (int64_t)acknowledged.count);
	free(acknowledged.numbers);
}

static int
setup(void **state)
{
	(void)state;
	fixture_init(&fixture);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_done(&fixture);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			everything_acknowledged_survives_kill_9, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
