/* What the logs cost: events appended a second, pages for every filter, verification and retention.
 *
 *	log [-f FILE] [-p PART]... [events] [sync ms]
 *
 * events: default 200000; 10000000 need some 12 GB. sync ms: how much longer each fsync takes where appending is measured.
 * FILE: a database that is made, or filled up to so many events, and kept; without, one in /var/tmp, which is removed. PART: append,
 * pages, verify, retention, indexes; without, all of them.
 *
 * The events are real ones, chained and with their fields, written by the functions that the gateway writes them by. To
 * fill the database 2,000 of them are one transaction, nothing waits for the disk and SQLite has a large cache; what is
 * measured afterwards is as it is in the gateway.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "log_events.h"
#include "policy/audit.h"
#include "policy/logs.h"
#include "policy/store/database.h"
#include "policy/store/event_table.h"
#include "policy/store/log_table.h"
#include "policy/store/store.h"
#include "slow_vfs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NOW_US INT64_C(1795143600000000)
#define DAY_US (24 * 60 * 60 * INT64_C(1000000))
#define PERIOD_DAYS 700
#define STEPS_A_JOB 500
#define PAGE_ROWS 1000
#define PAGE_MOST_S 0.1

struct bench {
	struct store_job job; /* first */
	struct store *store;
	const char *path;
	int event_fd;
	int sync_ms;
	int64_t step, steps; /* made so far; all of them */
	int64_t steps_a_job;
	int status;

	const struct log_filter *filter;
	struct log_cursor cursor;
	size_t rows;
	size_t pages, slow_pages;
	double slowest_page;
	struct audit_report report;
	int64_t erased;
};

static double
now_s(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void
die(const char *what)
{
	fprintf(stderr, "log: %s\n", what);
	exit(1);
}

static void
notify(void *argument)
{
	uint64_t one = 1;

	if (write(((struct bench *)argument)->event_fd, &one, sizeof(one)) < 0)
		die("eventfd");
}

static void
done(struct store_job *job, int status)
{
	((struct bench *)job)->status = status;
}

static double
run(struct bench *bench, void (*hand_in)(struct store *, struct store_job *),
	int (*work)(struct store_db *, struct store_job *))
{
	double begun = now_s(CLOCK_MONOTONIC);
	uint64_t count;

	bench->job.work = work;
	bench->job.done = done;
	hand_in(bench->store, &bench->job);
	while (store_pending(bench->store) > 0) {
		if (read(bench->event_fd, &count, sizeof(count)) < 0)
			die("eventfd");
		(void)store_collect(bench->store);
	}
	if (bench->status < 0)
		die(store_error_text(bench->status));
	return now_s(CLOCK_MONOTONIC) - begun;
}

static void
open_store(struct bench *bench)
{
	static const uint8_t key[FACILITY_KEY_BYTES] = {1};
	static const struct policy_settings settings = {.ticket_ms = 60000};
	static struct sealing *sealing;
	struct store_options options = {.path = bench->path,
		.settings = &settings,
		.notify = notify,
		.notify_argument = bench};
	const char *why;

	if (sealing == NULL && sealing_new(key, &sealing) < 0)
		die("no key");
	options.sealing = sealing;
	if (store_open(&options, &bench->store, &why) < 0)
		die(why);
}

/* Filling and appending */

static int
make_work(struct store_db *db, struct store_job *job)
{
	struct bench *bench = (struct bench *)job;
	int r = 0;

	for (int64_t i = 0; i < bench->steps_a_job && r == 0; i++)
		r = make_step(db, bench->step + i);
	return r;
}

static int
checkpoint_work(struct store_db *db, struct store_job *job)
{
	struct chain_checkpoint checkpoint;
	bool made;

	(void)job;
	return audit_checkpoint(db, &checkpoint, &made);
}

/* As the gateway never runs: a power cut would lose all of it. */
static int
hurry_work(struct store_db *db, struct store_job *job)
{
	(void)job;
	return database_run(db, "PRAGMA synchronous = OFF; PRAGMA cache_size = -1048576; "
				"PRAGMA wal_autocheckpoint = 50000");
}

static void
make_steps(struct bench *bench, int64_t until)
{
	int64_t most = bench->steps_a_job;

	while (bench->step < until) {
		if (until - bench->step < bench->steps_a_job)
			bench->steps_a_job = until - bench->step;
		clock_hold(bench->step < bench->steps
				   ? NOW_US - PERIOD_DAYS * DAY_US +
					     bench->step * (PERIOD_DAYS * DAY_US / bench->steps)
				   : NOW_US,
			1000000);
		(void)run(bench, store_write, make_work);
		bench->step += bench->steps_a_job;
	}
	bench->steps_a_job = most;
}

static void
fill(struct bench *bench)
{
	double begun = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
	int64_t events = EVENTS_OF_STEPS(bench->steps - bench->step);

	bench->job.bare = true;
	(void)run(bench, store_write, hurry_work);
	bench->job.bare = false;
	bench->steps_a_job = STEPS_A_JOB;
	make_steps(bench, bench->steps);
	clock_hold(NOW_US, 1000000);
	(void)run(bench, store_write, checkpoint_work);
	printf("filled with %" PRId64 " events: %.0f a second, %.1f us of CPU each\n", events,
		(double)events / (now_s(CLOCK_MONOTONIC) - begun),
		(now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / (double)events);
	store_close(bench->store);
	open_store(bench);
}

static int
head_work(struct store_db *db, struct store_job *job)
{
	struct chain_event head = {0};
	int r = event_head(db, &head);

	((struct bench *)job)->report.events = head.id;
	return r == -ENOENT ? 0 : r;
}

static int64_t
count_events(struct bench *bench)
{
	(void)run(bench, store_read, head_work);
	return bench->report.events;
}

/* steps_a_job steps in a transaction: what comes in while a COMMIT waits for the disk is one group. */
static void
append(struct bench *bench, const char *what, int64_t steps, int64_t steps_a_job)
{
	double begun = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID), seconds;
	int64_t before = count_events(bench), events;

	bench->steps_a_job = steps_a_job;
	slow_vfs.sync_ms = bench->sync_ms;
	make_steps(bench, bench->step + steps);
	slow_vfs.sync_ms = 0;
	seconds = now_s(CLOCK_MONOTONIC) - begun;
	cpu = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	events = count_events(bench) - before;
	printf("appended %6" PRId64 " events, %s, %3" PRId64 " a transaction, fsync + %d ms: "
	       "%7.0f a second, %5.1f us of CPU each\n",
		events, what, steps_a_job * 4, bench->sync_ms, (double)events / seconds,
		cpu * 1e6 / (double)events);
}

static void
measure_append(struct bench *bench)
{
	append(bench, "all indexes", 100, 1);
	append(bench, "all indexes", 2500, 25);
	append(bench, "all indexes", 5000, 250);
	clock_hold(NOW_US, 1000000);
	(void)run(bench, store_write, checkpoint_work);
}

/* Nothing but the chain and the tables; fields as a heap that nothing is found in. What was made before is found by no filter any more: comes last. */
static int
drop_work(struct store_db *db, struct store_job *job)
{
	(void)job;
	return database_run(db,
		"DROP INDEX event_kind; DROP INDEX session_started; DROP INDEX session_account; "
		"DROP INDEX session_terminal; DROP INDEX session_state; DROP INDEX session_reason; "
		"DROP INDEX session_ended_by; DROP INDEX session_source; DROP INDEX "
		"session_device; "
		"DROP INDEX session_ended; ALTER TABLE event_field RENAME TO old_field; "
		"CREATE TABLE event_field (field TEXT, value TEXT, time INTEGER, event INTEGER)");
}

static void
measure_indexes(struct bench *bench)
{
	append(bench, "all indexes", 5000, 250);
	(void)run(bench, store_write, drop_work);
	append(bench, "no secondary index", 5000, 250);
}

/* Pages */

static int
page_work(struct store_db *db, struct store_job *job)
{
	struct bench *bench = (struct bench *)job;
	struct log_cursor next;
	json_t *rows;
	int r;

	r = log_page(db, bench->filter, &bench->cursor, PAGE_ROWS, &rows, &next);
	if (r < 0)
		return r;
	bench->rows = json_array_size(rows);
	bench->cursor = next;
	json_decref(rows);
	return 0;
}

/* The first page from an instant on, and the slowest of it and the next nine. */
static double
measure_pages(struct bench *bench, struct log_filter *filter, int64_t from_us, double *ret_first,
	size_t *ret_rows)
{
	double slowest = 0;

	filter->from_us = from_us;
	bench->filter = filter;
	bench->cursor = (struct log_cursor){0};
	for (int i = 0; i < 10 && (i == 0 || bench->cursor.id != 0); i++) {
		double seconds = run(bench, store_read, page_work);

		if (i == 0) {
			*ret_first = seconds;
			*ret_rows = bench->rows;
		}
		slowest = seconds > slowest ? seconds : slowest;
		bench->pages++;
		bench->slow_pages += seconds > PAGE_MOST_S;
	}
	if (slowest > bench->slowest_page)
		bench->slowest_page = slowest;
	return slowest;
}

/* From the oldest row on, and from the middle of all. */
static void
measure_filter(struct bench *bench, const char *log, const json_t *params, bool say)
{
	static const struct facility facility = {.prefix = "998-", .domain = "example.jp"};
	auto_free char *text = json_dumps(params, JSON_COMPACT);
	struct log_filter filter;
	struct field_error error;
	double oldest, middle, slowest, again;
	size_t rows, unused;

	if (log_filter_read(log_name_find(log), &facility, params, &filter, &error) < 0)
		die(error.rule);
	slowest = measure_pages(bench, &filter, INT64_MIN, &oldest, &unused);
	again = measure_pages(bench, &filter, NOW_US - PERIOD_DAYS / 2 * DAY_US, &middle, &rows);
	slowest = again > slowest ? again : slowest;
	if (say || slowest > PAGE_MOST_S)
		printf("%-12s %-46s %5zu rows, first pages %6.1f, %6.1f ms, slowest %6.1f ms\n",
			log, text, rows, oldest * 1000, middle * 1000, slowest * 1000);
}

/* What finds many rows, and rows that are rare. */
static const struct {
	const char *log;
	const char *params;
} pages[] = {
	{"connections", "{}"},
	{"connections", "{\"account\":\"engineer.123\"}"},
	{"connections", "{\"terminal\":\"998-踏み台端末07\"}"},
	{"connections", "{\"state\":\"lost\"}"},
	{"connections", "{\"state\":\"killed\"}"},
	{"connections", "{\"reason\":\"CLIENT_LEFT\"}"},
	{"connections", "{\"by\":\"unix:yamada\"}"},
	{"connections", "{\"source\":\"203.0.5.17\"}"},
	{"connections", "{\"device\":\"02:00:00:00:07:01\"}"},
	{"connections", "{\"evidence\":\"vpn\"}"},
	{"connections", "{\"duration_seconds\":\"3600-\"}"},
	{"connections", "{\"search\":\"nothing\"}"},
	{"logins", "{}"},
	{"logins", "{\"account\":\"engineer.123\"}"},
	{"logins", "{\"application\":\"RDP\"}"},
	{"logins", "{\"result\":\"refused\"}"},
	{"logins", "{\"reason\":\"TICKET_SECRET\"}"},
	{"logins", "{\"source\":\"203.0.5.17\"}"},
	{"logins", "{\"search\":\"nothing\"}"},
	{"files", "{}"},
	{"files", "{\"account\":\"engineer.120\"}"},
	{"files", "{\"files\":\"patch-4990.zip\"}"},
	{"files", "{\"search\":\"nothing\"}"},
	{"admin", "{}"},
	{"admin", "{\"actor\":\"unix:clerk3\"}"},
	{"admin", "{\"action\":\"account.edit\"}"},
	{"admin", "{\"action\":\"account.lock\"}"},
	{"admin", "{\"target\":\"engineer.123\"}"},
	{"admin", "{\"search\":\"nothing\"}"},
};

/* What the filter of a column takes and no row has, or few; NULL for a column without a filter. */
static const char *
matches_nothing(const struct log_column *column)
{
	static const struct {
		const char *key, *word;
	} worded[] = {{"state", "active"}, {"evidence", "vouched"}, {"allowlist", "off"},
		{"application", "portal"}, {"result", "refused"}};

	for (size_t i = 0; i < ARRAY_SIZE(worded); i++)
		if (strcmp(column->key, worded[i].key) == 0)
			return worded[i].word;
	if (column->filter == LOG_FILTER_PERIOD || column->filter == LOG_FILTER_NONE)
		return NULL;
	if (column->filter == LOG_FILTER_NUMBER)
		return "999999999999-";
	if (column->filter == LOG_FILTER_SPAN)
		return "1990-01-01T00:00:00Z/1991-01-01T00:00:00Z";
	return "nothing";
}

/* Each of the above together with one more filter that nothing passes: every filter of every log alone, and in pairs. */
static void
measure_pairs(struct bench *bench, const char *log, const char *params_text)
{
	const struct log_column *column = NULL;

	while ((column = log_next_column(log_name_find(log), column)) != NULL) {
		const char *nothing = matches_nothing(column);
		json_t *params = json_loads(params_text, 0, NULL);

		if (nothing != NULL && json_object_get(params, column->key) == NULL) {
			(void)json_object_set_new(params, column->key, json_string(nothing));
			measure_filter(bench, log, params, json_object_size(params) == 1);
		}
		json_decref(params);
	}
}

static void
measure_all_pages(struct bench *bench)
{
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		json_t *params = json_loads(pages[i].params, 0, NULL);

		measure_filter(bench, pages[i].log, params, true);
		measure_pairs(bench, pages[i].log, pages[i].params);
		json_decref(params);
	}
	printf("%zu pages, %zu of them over %.0f ms, the slowest %.1f ms\n", bench->pages,
		bench->slow_pages, PAGE_MOST_S * 1000, bench->slowest_page * 1000);
}

/* Verification and retention */

static int
verify_work(struct store_db *db, struct store_job *job)
{
	return audit_verify(db, NULL, NULL, &((struct bench *)job)->report);
}

static void
measure_verify(struct bench *bench)
{
	double cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
	double seconds = run(bench, store_walk, verify_work);
	struct rusage usage;

	cpu = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	(void)getrusage(RUSAGE_SELF, &usage);
	if (bench->report.found > 0)
		die(bench->report.findings[0].why);
	printf("verified %" PRId64 " events and %" PRId64
	       " sessions: %.0f events a second, %.1f s, %.1f s of CPU, %.1f us an event; "
	       "the process had %ld MB at most\n",
		bench->report.events, bench->report.sessions,
		(double)bench->report.events / seconds, seconds, cpu,
		cpu * 1e6 / (double)bench->report.events, usage.ru_maxrss / 1024);
}

static int
retention_work(struct store_db *db, struct store_job *job)
{
	return audit_retention(db, "bench", &((struct bench *)job)->erased);
}

static void
measure_retention(struct bench *bench)
{
	double begun = now_s(CLOCK_MONOTONIC), slowest = 0;
	int64_t erased = 0, portions = 0;

	do {
		double portion = run(bench, store_write, retention_work);

		slowest = portion > slowest ? portion : slowest;
		erased += bench->erased;
		portions++;
	} while (bench->erased > 0 && portions < 200);
	printf("retention: %" PRId64 " records in %" PRId64
	       " portions, %.0f a second, longest %.1f ms\n",
		erased, portions, (double)erased / (now_s(CLOCK_MONOTONIC) - begun),
		slowest * 1000);
}

static const struct {
	const char *name;
	void (*measure)(struct bench *bench);
} parts[] = {
	{"append", measure_append},
	{"verify", measure_verify},
	{"pages", measure_all_pages},
	{"retention", measure_retention},
	{"indexes", measure_indexes},
};

static void
remove_database(const char *folder, const char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-lock"};
	char name[80];

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)unlink(name);
	}
	(void)rmdir(folder);
}

static unsigned int
find_part(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strcmp(parts[i].name, name) == 0)
			return 1u << i;
	die("no such part");
	return 0;
}

int
main(int argc, char **argv)
{
	char folder[] = "/var/tmp/sekisho-bench-XXXXXX", path[64];
	struct bench bench = {.event_fd = eventfd(0, EFD_CLOEXEC)};
	unsigned int wanted = 0;
	int64_t events;
	int option;

	while ((option = getopt(argc, argv, "f:p:")) != -1) {
		if (option == 'f')
			bench.path = optarg;
		else if (option == 'p')
			wanted |= find_part(optarg);
		else
			die("[-f FILE] [-p PART]... [events] [sync ms]");
	}
	events = optind < argc ? strtoll(argv[optind], NULL, 10) : 200000;
	bench.sync_ms = optind + 1 < argc ? atoi(argv[optind + 1]) : 0;
	bench.steps = events / 41 * 10;
	if (bench.steps < STEPS_A_JOB)
		die("at least 2500 events");
	if (bench.path == NULL) {
		if (mkdtemp(folder) == NULL)
			die("/var/tmp");
		snprintf(path, sizeof(path), "%s/db", folder);
	}
	slow_vfs_register();
	bench.path = bench.path == NULL ? path : bench.path;
	setvbuf(stdout, NULL, _IOLBF, 0);
	clock_hold(NOW_US, 1000000);
	open_store(&bench);
	bench.step = count_events(&bench) * 10 / 41;
	if (bench.step < bench.steps)
		fill(&bench);
	/* What appending has added to a database that was kept has steps of its own behind these. */
	bench.step = bench.steps + count_events(&bench);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (wanted == 0 || (wanted & 1u << i) != 0)
			parts[i].measure(&bench);
	store_close(bench.store);
	if (bench.path == path)
		remove_database(folder, path);
	return 0;
}
