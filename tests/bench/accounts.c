/* How long lists of accounts take (A13): a page, and the whole list page by page, as sekisho-admin asks for
 * them; sorted, filtered and searched.
 *
 *	accounts [accounts]     default 100000, each with two devices and two of 200 terminals
 */
#include "policy/methods.h"
#include "policy/store/account_table.h"
#include "policy/store/assignment_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define TERMINALS 200
#define CHUNK 5000

struct work {
	struct store_job job;
	struct method_call call;
	int first, count;
};

static struct store *store;
static int event_fd;

static double
now_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static void
die(const char *what)
{
	fprintf(stderr, "accounts: %s\n", what);
	exit(1);
}

static void
notify(void *argument)
{
	uint64_t one = 1;

	(void)argument;
	if (write(event_fd, &one, sizeof(one)) < 0)
		die("eventfd");
}

static void
done(struct store_job *job, int status)
{
	(void)job;
	if (status < 0)
		die(store_error_text(status));
}

static void
run(struct work *work, void (*hand_in)(struct store *, struct store_job *))
{
	uint64_t count;

	work->job.done = done;
	hand_in(store, &work->job);
	while (store_pending(store) > 0) {
		if (read(event_fd, &count, sizeof(count)) < 0)
			die("eventfd");
		(void)store_collect(store);
	}
}

static int
add_terminals(struct store_db *db, struct store_job *job)
{
	int r = 0;

	(void)job;
	for (int i = 0; i < TERMINALS && r == 0; i++) {
		struct terminal terminal = {.port = 3389, .in_service = true};

		snprintf(terminal.name, sizeof(terminal.name), "998-踏み台端末%03d", i);
		snprintf(terminal.address, sizeof(terminal.address), "10.0.0.%d", i);
		r = terminal_insert(db, &terminal);
	}
	return r;
}

static int
add_account(struct store_db *db, int i)
{
	static const char *const families[] = {"山田", "佐藤", "鈴木", "高橋", "田中", "Müller"};
	static const char *const givens[] = {"太郎", "花子", "一郎", "次郎", "Ömer"};
	static const struct assignments none;
	struct account account = {.hours.always = true, .allowlist_enforced = i % 50 != 0};
	struct assignments assignments = {0};
	struct field_error unused;
	char mac[MAC_TEXT_SIZE];
	int r = 0;

	snprintf(account.id, sizeof(account.id), "vendor%02d.engineer%06d", i % 37, i);
	snprintf(account.family_name, sizeof(account.family_name), "%s", families[i % 6]);
	snprintf(account.given_name, sizeof(account.given_name), "%s", givens[i % 5]);
	snprintf(account.email, sizeof(account.email), "engineer%06d@vendor%02d.example.jp", i,
		i % 37);
	account.valid_from = (struct civil_date){2026, 1, 1};
	account.valid_until = (struct civil_date){
		(int16_t)(2026 + i % 3), (uint8_t)(1 + i % 12), (uint8_t)(1 + i % 28)};
	for (int m = 0; m < 2; m++) {
		snprintf(mac, sizeof(mac), "02:00:%02X:%02X:%02X:%02X", i >> 16 & 255, i >> 8 & 255,
			i & 255, m);
		(void)account_mac_add(&account, mac, &unused);
	}
	for (int t = 0; t < 2 && r == 0; t++)
		r = assignments_add(&assignments, 1 + (i + t * 7) % TERMINALS, "x");
	if (r == 0)
		r = account_insert(db, &account);
	if (r == 0)
		r = assignments_write(db, account.number, &none, &assignments);
	assignments_done(&assignments);
	return r;
}

static int
add_accounts(struct store_db *db, struct store_job *job)
{
	const struct work *work = (struct work *)job;
	int r = 0;

	for (int i = 0; i < work->count && r == 0; i++)
		r = add_account(db, work->first + i);
	return r;
}

static int
list_work(struct store_db *db, struct store_job *job)
{
	struct work *work = (struct work *)job;

	method_call_reset(&work->call);
	return method_account_list(db, &work->call);
}

/* Every page; each is also written as JSON, as for the socket. */
static void
measure(const char *params)
{
	struct work work = {.job.work = list_work,
		.call = {.actor = "bench", .params = json_loads(params, 0, NULL)}};
	double begun = now_ms(), first = 0, slowest = 0;
	size_t accounts = 0, pages = 0, bytes = 0;
	json_t *next;

	do {
		double page = now_ms();
		char *text;

		run(&work, store_read);
		text = json_dumps(work.call.result, JSON_COMPACT);
		page = now_ms() - page;
		bytes += strlen(text);
		free(text);
		accounts += json_array_size(json_object_get(work.call.result, "accounts"));
		first = pages == 0 ? page : first;
		slowest = page > slowest ? page : slowest;
		pages++;
		next = json_object_get(work.call.result, "next");
		(void)json_object_set(work.call.params, "after", next);
	} while (json_is_string(next));
	printf("%-62s %6zu accounts %4zu pages  first %7.1f ms  slowest %7.1f ms  all %8.0f ms  "
	       "%zu MB\n",
		params, accounts, pages, first, slowest, now_ms() - begun, bytes >> 20);
	json_decref(work.call.params);
	method_call_reset(&work.call);
}

static void
open_store(const char *path, int accounts)
{
	static const uint8_t key[FACILITY_KEY_BYTES] = {1};
	static const struct policy_settings settings = {.ticket_ms = 60000};
	struct store_options options = {.path = path, .settings = &settings, .notify = notify};
	struct work work = {.job.work = add_terminals};
	struct sealing *sealing;
	const char *why;

	if (sealing_new(key, &sealing) < 0)
		die("no key");
	options.sealing = sealing;
	if (store_open(&options, &store, &why) < 0)
		die(why);
	run(&work, store_write);
	for (int first = 0; first < accounts; first += CHUNK) {
		struct work chunk = {.job.work = add_accounts, .first = first, .count = CHUNK};

		run(&chunk, store_write);
	}
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {"db", "db-wal", "db-shm", "db-lock"};
	static const char *const lists[] = {
		"{\"most\": 100}",
		"{}",
		"{\"most\": 2000}",
		"{\"most\": 2000, \"sort\": \"valid_until\"}",
		"{\"most\": 2000, \"sort\": \"name\", \"descending\": true}",
		"{\"most\": 2000, \"sort\": \"macs\"}",
		"{\"most\": 2000, \"terminal\": \"998-踏み台端末007\"}",
		"{\"most\": 2000, \"state\": \"expired\"}",
		"{\"most\": 2000, \"search\": \"engineer01234\"}",
		"{\"most\": 2000, \"search\": \"ＭÜLLER\", \"sort\": \"email\"}",
		"{\"most\": 2000, \"search\": \"nobody at all\"}",
	};
	int accounts = argc > 1 ? atoi(argv[1]) : 100000;
	char folder[] = "/tmp/sekisho-bench-XXXXXX";
	char path[64];

	event_fd = eventfd(0, EFD_CLOEXEC);
	if (mkdtemp(folder) == NULL)
		die("no room");
	snprintf(path, sizeof(path), "%s/db", folder);
	open_store(path, accounts);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		measure(lists[i]);
	store_close(store);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
	return 0;
}
