/* What the logs cost: events appended a second, pages for every filter, verification and retention.
 *
 *	log [events] [sync ms]     events: default 200000; 10000000 needs some 12 GB
 *
 * sync ms: how much longer each fsync takes; -1: the events are made without any, and what is measured afterwards is the
 * same. The database is made in /var/tmp and removed.
 *
 * The events are real ones, chained and with their fields: of ten, three are the start, the end and the login of
 * a session, so that there are as many sessions as in two years of a large hospital.
 */
#include "base/clock.h"
#include "policy/audit.h"
#include "policy/logins.h"
#include "policy/logs.h"
#include "policy/record.h"
#include "policy/sessions.h"
#include "policy/store/log_table.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"
#include "slow_vfs.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define NOW_US INT64_C(1795143600000000)
#define DAY_US (24 * 60 * 60 * INT64_C(1000000))
#define PERIOD_DAYS 700
#define GROUP 4 /* events of a step: start, end, login, admin */
#define STEPS_A_JOB 500

struct bench {
	struct store_job job; /* first */
	struct store *store;
	int event_fd;
	int64_t step, steps; /* made so far; all of them */
	int status;
	int64_t at_us;

	const struct log_filter *filter;
	struct log_cursor cursor;
	size_t rows;
	bool more;
	struct audit_report report;
	int64_t erased;
};

static double
now_s(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
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
	double begun = now_s();
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
	return now_s() - begun;
}

/* 1,000 accounts, 50 terminals, 2,000 addresses; one refusal in 50. */
static int
make_session(struct store_db *db, int64_t step)
{
	struct session_record session = {.account = 1 + step % 1000,
		.terminal = 1 + step % 50,
		.connection = step,
		.device = {.known = true, .mac = {{2, 0, 0, 0, (uint8_t)(step % 100), 1}}}};
	struct session_ending ending = {.connection = (uint64_t)step,
		.reason = step % 50 == 7 ? CLOSE_ADMIN_KILLED : CLOSE_CLIENT_LEFT,
		.phase = PHASE_BRIDGE,
		.bytes_from_client = 1000,
		.bytes_to_client = 1000000};
	int r;

	for (size_t i = 0; i < 8; i++)
		session.id[i] =
			(uint8_t)((uint64_t)(step * INT64_C(0x9e3779b97f4a7c15)) >> (8 * i));
	memcpy(session.id + 8, &step, sizeof(step));
	memcpy(ending.session, session.id, sizeof(session.id));
	snprintf(session.ticket, sizeof(session.ticket), "+%016" PRIx64, (uint64_t)step);
	snprintf(session.account_id, sizeof(session.account_id), "engineer.%03d",
		(int)(step % 1000));
	snprintf(session.account_full, sizeof(session.account_full), "998-%.40s@example.jp",
		session.account_id);
	snprintf(session.account_name, sizeof(session.account_name), "山田 太郎%d",
		(int)(step % 1000));
	snprintf(session.terminal_name, sizeof(session.terminal_name), "998-踏み台端末%02d",
		(int)(step % 50));
	snprintf(session.source, sizeof(session.source), "203.0.%d.%d", (int)(step / 250 % 8),
		(int)(step % 250));
	snprintf(session.device.kind, sizeof(session.device.kind), "vpn");
	if (ending.reason == CLOSE_ADMIN_KILLED)
		snprintf(ending.by, sizeof(ending.by), "unix:yamada");
	r = session_insert(db, &session);
	if (r == 0)
		r = record_session(db, EVENT_KIND_SESSION_START, session.id);
	if (r == 0) {
		const struct login login = {.application = "RDP",
			.account = session.account_id,
			.name = session.account_name,
			.source = session.source,
			.reason = step % 50 == 3 ? "TICKET_SECRET" : NULL};

		r = login_record(db, &login);
	}
	return r < 0 ? r : session_end(db, &ending, NULL);
}

static int
make_change(struct store_db *db, int64_t step)
{
	json_t *before = json_pack("{s:s, s:i}", "hours", "always", "version", (int)(step % 9));
	json_t *after =
		json_pack("{s:s, s:i}", "hours", "08:30-17:30", "version", 1 + (int)(step % 9));
	char target[40], actor[20];
	int r;

	snprintf(target, sizeof(target), "engineer.%03d", (int)(step % 1000));
	snprintf(actor, sizeof(actor), "unix:clerk%d", (int)(step % 7));
	r = admin_event(db, actor, step % 20 == 0 ? "account.lock" : "account.edit", target, before,
		after, step % 20 == 0 ? "left the company" : NULL);
	json_decref(before);
	json_decref(after);
	return r;
}

static int
make_work(struct store_db *db, struct store_job *job)
{
	struct bench *bench = (struct bench *)job;
	int r = 0;

	for (int64_t i = 0; i < STEPS_A_JOB && bench->step + i < bench->steps && r == 0; i++) {
		r = make_session(db, bench->step + i);
		if (r == 0)
			r = make_change(db, bench->step + i);
	}
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

static void
make_events(struct bench *bench)
{
	double begun = now_s();

	for (; bench->step < bench->steps; bench->step += STEPS_A_JOB) {
		clock_hold(NOW_US - PERIOD_DAYS * DAY_US +
				   bench->step * (PERIOD_DAYS * DAY_US / bench->steps),
			1000000);
		(void)run(bench, store_write, make_work);
	}
	clock_hold(NOW_US, 1000000);
	(void)run(bench, store_write, checkpoint_work);
	printf("appended %10" PRId64 " events: %8.0f a second\n", bench->steps * GROUP,
		(double)(bench->steps * GROUP) / (now_s() - begun));
}

static int
page_work(struct store_db *db, struct store_job *job)
{
	struct bench *bench = (struct bench *)job;
	struct log_cursor next;
	json_t *rows;
	int r;

	r = log_page(db, bench->filter, &bench->cursor, 1000, &rows, &next);
	if (r < 0)
		return r;
	bench->rows = json_array_size(rows);
	bench->more = next.id != 0;
	bench->cursor = next;
	json_decref(rows);
	return 0;
}

/* A page in the middle of everything, and the slowest of the next nine. */
static void
measure_page(struct bench *bench, const char *name, const char *params_text)
{
	static const struct facility facility = {.prefix = "998-", .domain = "example.jp"};
	json_t *params = json_loads(params_text, 0, NULL);
	struct log_filter filter;
	struct field_error error;
	double first, slowest = 0;
	size_t rows;

	if (log_filter_read(log_name_find(name), &facility, params, &filter, &error) < 0)
		die(error.rule);
	if (strstr(params_text, "\"until\"") == NULL)
		filter.from_us = NOW_US - PERIOD_DAYS / 2 * DAY_US;
	bench->filter = &filter;
	bench->cursor = (struct log_cursor){0};
	first = run(bench, store_read, page_work);
	rows = bench->rows;
	for (int i = 0; i < 9 && bench->more; i++) {
		double next = run(bench, store_read, page_work);

		slowest = next > slowest ? next : slowest;
	}
	printf("%-12s %-52s %5zu rows %7.1f ms  next %7.1f ms\n", name, params_text, rows,
		first * 1000, slowest * 1000);
	json_decref(params);
}

static const struct {
	const char *log;
	const char *params;
} pages[] = {
	{"connections", "{}"},
	{"connections", "{\"account\":\"engineer.123\"}"},
	{"connections", "{\"terminal\":\"998-踏み台端末07\"}"},
	{"connections", "{\"state\":\"killed\"}"},
	{"connections", "{\"state\":\"active\"}"},
	{"connections", "{\"reason\":\"ADMIN_KILLED\"}"},
	{"connections", "{\"by\":\"unix:yamada\"}"},
	{"connections", "{\"source\":\"203.0.5.17\"}"},
	{"connections", "{\"device\":\"02:00:00:00:07:01\"}"},
	{"connections", "{\"evidence\":\"vpn\"}"},
	{"connections", "{\"duration_seconds\":\"3600-\"}"},
	{"connections", "{\"because\":\"nothing\"}"},
	{"connections", "{\"search\":\"nothing\"}"},
	{"logins", "{}"},
	{"logins", "{\"account\":\"engineer.123\"}"},
	{"logins", "{\"application\":\"admin\"}"},
	{"logins", "{\"result\":\"refused\"}"},
	{"logins", "{\"reason\":\"TICKET_SECRET\"}"},
	{"logins", "{\"source\":\"203.0.5.17\"}"},
	{"logins", "{\"name\":\"nobody\"}"},
	{"logins", "{\"search\":\"nothing\"}"},
	{"admin", "{}"},
	{"admin", "{\"actor\":\"unix:clerk3\"}"},
	{"admin", "{\"action\":\"account.lock\"}"},
	{"admin", "{\"target\":\"engineer.123\"}"},
	{"admin", "{\"after\":\"nothing\"}"},
	{"admin", "{\"search\":\"nothing\"}"},
};

static int
verify_work(struct store_db *db, struct store_job *job)
{
	return audit_verify(db, NULL, NULL, &((struct bench *)job)->report);
}

static int
retention_work(struct store_db *db, struct store_job *job)
{
	return audit_retention(db, "bench", &((struct bench *)job)->erased);
}

static void
measure_retention(struct bench *bench)
{
	double begun = now_s(), slowest = 0;
	int64_t erased = 0, portions = 0;

	do {
		double portion = run(bench, store_write, retention_work);

		slowest = portion > slowest ? portion : slowest;
		erased += bench->erased;
		portions++;
	} while (bench->erased > 0 && portions < 200);
	printf("retention: %" PRId64 " records in %" PRId64
	       " portions, %.0f a second, longest %.1f ms\n",
		erased, portions, (double)erased / (now_s() - begun), slowest * 1000);
}

static double
cpu_s(void)
{
	struct timespec at;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void
measure_verify(struct bench *bench)
{
	double cpu = cpu_s();
	double seconds = run(bench, store_walk, verify_work);

	if (bench->report.found > 0)
		die(bench->report.findings[0].why);
	printf("verified %10" PRId64 " events and %" PRId64
	       " sessions: %8.0f events a second, %.1f s, %.1f s of CPU\n",
		bench->report.events, bench->report.sessions,
		(double)bench->report.events / seconds, seconds, cpu_s() - cpu);
}

static void
open_store(struct bench *bench, const char *path)
{
	static const uint8_t key[FACILITY_KEY_BYTES] = {1};
	static const struct policy_settings settings = {.ticket_ms = 60000};
	struct store_options options = {
		.path = path, .settings = &settings, .notify = notify, .notify_argument = bench};
	struct sealing *sealing;
	const char *why;

	if (sealing_new(key, &sealing) < 0)
		die("no key");
	options.sealing = sealing;
	if (store_open(&options, &bench->store, &why) < 0)
		die(why);
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {"db", "db-wal", "db-shm", "db-lock"};
	int64_t events = argc > 1 ? strtoll(argv[1], NULL, 10) : 200000;
	char folder[] = "/var/tmp/sekisho-bench-XXXXXX";
	struct bench bench = {.event_fd = eventfd(0, EFD_CLOEXEC), .steps = events / GROUP};
	char path[64];

	if (events < 1000 || mkdtemp(folder) == NULL)
		die("at least 1000 events");
	snprintf(path, sizeof(path), "%s/db", folder);
	slow_vfs_register();
	slow_vfs.sync_ms = argc > 2 ? atoi(argv[2]) : 0;
	open_store(&bench, path);
	make_events(&bench);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		measure_page(&bench, pages[i].log, pages[i].params);
	measure_verify(&bench);
	measure_retention(&bench);
	store_close(bench.store);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
	return 0;
}
