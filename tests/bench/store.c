/* How many sessions a second the store can begin, on this disk and on one that syncs as a hospital's
 * (20 ms). Each decision is a whole one: ticket redeemed, policy asked, session row and event written,
 * durable before it is acknowledged.
 *
 *	store [clients] [seconds]     clients: decisions under way at once (default 64), seconds: 3
 *
 * Prints for each disk: decisions a second, time to the answer (p50, p99), decisions per sync.
 */
#include "policy/store/store.h"
#include "policy/methods.h"
#include "policy/sessions.h"
#include "slow_vfs.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 1000
#define SAMPLES_MAX 1000000

struct client {
	struct store_job job;
	struct bench *bench;
	struct ticket_answer ticket;
	struct session_grant grant;
	bool has_ticket;
	int64_t begun_ns;
};

struct bench {
	struct store *store;
	int event_fd;
	int64_t until_ns;
	int64_t *samples;
	size_t count;
};

static int64_t
now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

static void
die(const char *what)
{
	fprintf(stderr, "store: %s\n", what);
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
collect_until_idle(struct bench *bench)
{
	uint64_t count;

	while (store_pending(bench->store) > 0) {
		if (read(bench->event_fd, &count, sizeof(count)) < 0)
			die("eventfd");
		(void)store_collect(bench->store);
	}
}

/* What a facility has before anybody connects. */
static int
set_up_work(struct store_db *db, struct store_job *job)
{
	static const char *const params[] = {
		"{\"name\":\"pacs-01\",\"address\":\"192.168.10.21\"}",
		"{\"id\":\"taro\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		"\"macs\":[\"02:00:00:00:00:01\"],\"terminals\":[\"pacs-01\"]}",
	};
	method_function *const methods[] = {method_terminal_add, method_account_add};
	int r = 0;

	(void)job;
	for (size_t i = 0; i < 2 && r == 0; i++) {
		struct method_call call = {
			.actor = "bench", .params = json_loads(params[i], 0, NULL)};

		r = methods[i](db, &call);
		json_decref(call.params);
		method_call_reset(&call);
	}
	return r;
}

static void
set_up_done(struct store_job *job, int status)
{
	(void)job;
	if (status < 0)
		die(store_error_text(status));
}

static int
issue_work(struct store_db *db, struct store_job *job)
{
	struct client *client = (struct client *)job;
	const struct ticket_request request = {
		.actor = "bench", .account = "taro", .terminal = "pacs-01"};

	return ticket_issue(db, &request, &client->ticket);
}

static int
begin_work(struct store_db *db, struct store_job *job)
{
	struct client *client = (struct client *)job;
	const struct session_request request = {
		.connection = 1,
		.handle = client->ticket.handle,
		.secret = client->ticket.secret,
		.source = "10.0.0.5",
		.device = {.known = true, .mac = {{2, 0, 0, 0, 0, 1}}, .kind = "lease"},
	};

	return session_begin(db, &request, &client->grant);
}

static void client_done(struct store_job *job, int status);

static void
client_step(struct client *client)
{
	client->job.work = client->has_ticket ? begin_work : issue_work;
	client->job.done = client_done;
	client->begun_ns = now_ns();
	store_write(client->bench->store, &client->job);
}

static void
client_done(struct store_job *job, int status)
{
	struct client *client = (struct client *)job;
	struct bench *bench = client->bench;
	int64_t now = now_ns();

	if (status < 0 || client->ticket.reason != CLOSE_NONE || client->grant.reason != CLOSE_NONE)
		die("a decision was not yes");
	if (client->has_ticket && bench->count < SAMPLES_MAX)
		bench->samples[bench->count++] = now - client->begun_ns;
	session_grant_done(&client->grant);
	client->has_ticket = !client->has_ticket;
	if (now < bench->until_ns)
		client_step(client);
}

static int
compare(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;

	return a < b ? -1 : a > b;
}

static void
print_result(struct bench *bench, int sync_ms, double seconds, int syncs)
{
	qsort(bench->samples, bench->count, sizeof(*bench->samples), compare);
	printf("sync takes %2d ms more: %8.0f decisions/s  p50 %7.2f ms  p99 %7.2f ms  %6.1f per "
	       "sync\n",
		sync_ms, (double)bench->count / seconds,
		(double)bench->samples[bench->count / 2] / 1e6,
		(double)bench->samples[bench->count * 99 / 100] / 1e6,
		syncs > 0 ? (double)bench->count / syncs : 0.0);
}

static void
run(struct bench *bench, struct client *clients, size_t count, double seconds, int sync_ms)
{
	int64_t begun = now_ns();
	int syncs = slow_vfs.syncs;

	slow_vfs.sync_ms = sync_ms;
	bench->count = 0;
	bench->until_ns = begun + (int64_t)(seconds * 1e9);
	memset(clients, 0, count * sizeof(*clients));
	for (size_t i = 0; i < count; i++) {
		clients[i].bench = bench;
		client_step(&clients[i]);
	}
	collect_until_idle(bench);
	if (bench->count == 0)
		die("no decision was made in time");
	print_result(bench, sync_ms, (double)(now_ns() - begun) / 1e9, slow_vfs.syncs - syncs);
}

static void
open_store(struct bench *bench, const char *path)
{
	static const uint8_t key[FACILITY_KEY_BYTES] = {1};
	static const struct policy_settings settings = {.ticket_ms = 60000};
	struct store_options options = {
		.path = path, .settings = &settings, .notify = notify, .notify_argument = bench};
	struct store_job job = {.work = set_up_work, .done = set_up_done};
	struct sealing *sealing;
	const char *why;

	if (sealing_new(key, &sealing) < 0)
		die("no key");
	options.sealing = sealing;
	if (store_open(&options, &bench->store, &why) < 0)
		die(why);
	store_write(bench->store, &job);
	collect_until_idle(bench);
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {"db", "db-wal", "db-shm", "db-lock"};
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 64;
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 3;
	char folder[] = "/tmp/sekisho-bench-XXXXXX";
	struct bench bench = {.event_fd = eventfd(0, EFD_CLOEXEC)};
	struct client *clients;
	char path[64];

	if (count < 1 || count > CLIENTS_MAX)
		die("1 to 1000 clients");
	clients = calloc(count, sizeof(*clients));
	bench.samples = calloc(SAMPLES_MAX, sizeof(*bench.samples));
	if (clients == NULL || bench.samples == NULL || mkdtemp(folder) == NULL)
		die("no room");
	snprintf(path, sizeof(path), "%s/db", folder);
	slow_vfs_register();
	open_store(&bench, path);
	printf("%zu decisions under way at once\n", count);
	run(&bench, clients, count, seconds, 0);
	run(&bench, clients, count, seconds, 20);
	store_close(bench.store);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
	free(clients);
	free(bench.samples);
	return 0;
}
