/* How long the decision takes at 100,000 accounts of 20 devices each: facts gathered from the store and policy
 * asked, each in a transaction of its own on a reader thread, for accounts and terminals drawn at random.
 *
 *	decision [accounts] [decisions]     default: 100000 and 20000
 *
 * Prints the time inside the transaction (facts and verdict), what of it the thread had a processor, and the time from
 * handing the job in to its answer. 1,000
 * sessions run meanwhile, on terminals with a limit, and 200,000 have ended.
 */
#include "policy/facts.h"
#include "policy/store/account_table.h"
#include "policy/store/assignment_table.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TERMINALS 500
#define TERMINALS_EACH 3
#define ACTIVE 1000
#define ENDED 200000
#define BATCH 1000 /* accounts or sessions in one transaction */

struct bench {
	struct store *store;
	int event_fd;
	int64_t accounts;
	uint64_t random;
	int64_t *inside;
	int64_t *cpu;
	int64_t *whole;
};

struct fill {
	struct store_job job;
	int64_t first; /* number of the first to be made */
	int64_t count;
};

struct decision {
	struct store_job job;
	int64_t account;
	int64_t terminal;
	struct device_evidence device;
	int64_t inside_ns;
	int64_t cpu_ns;
	bool allowed;
};

static int64_t
clock_ns(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

static void
die(const char *what)
{
	fprintf(stderr, "decision: %s\n", what);
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

static uint64_t
draw(struct bench *bench, uint64_t below)
{
	bench->random = bench->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (bench->random >> 33) % below;
}

static struct mac_address
mac_of(int64_t account, size_t position)
{
	return (struct mac_address){{2, (uint8_t)position, (uint8_t)(account >> 24),
		(uint8_t)(account >> 16), (uint8_t)(account >> 8), (uint8_t)account}};
}

static int64_t
terminal_of(int64_t account, int64_t which)
{
	return 1 + (account * 7 + which * 113) % TERMINALS;
}

static void
must_be_done(struct store_job *job, int status)
{
	(void)job;
	if (status < 0)
		die(store_error_text(status));
}

static int
make_terminals(struct store_db *db, struct store_job *job)
{
	int r = 0;

	(void)job;
	for (int i = 1; i <= TERMINALS && r >= 0; i++) {
		struct terminal terminal = {
			.port = 3389, .in_service = true, .capacity = 50, .rights = 0xf};

		snprintf(terminal.name, sizeof(terminal.name), "998-端末%03d", i);
		snprintf(terminal.address, sizeof(terminal.address), "10.0.0.%d", i % 250);
		r = terminal_insert(db, &terminal);
	}
	return r;
}

static int
make_account(struct store_db *db, int64_t number)
{
	struct account account = {
		.kind = ACCOUNT_ENGINEER,
		.valid_from = {2020, 1, 1},
		.valid_until = {9999, 1, 1},
		.hours = {.always = true},
		.allowlist_enforced = true,
		.mac_count = ACCOUNT_MACS_MAX,
	};
	const struct assignments none = {0};
	struct assignments assignments = {0};
	int r;

	snprintf(account.id, sizeof(account.id), "engineer.%06lld", (long long)number);
	snprintf(account.family_name, sizeof(account.family_name), "山田%lld", (long long)number);
	snprintf(account.given_name, sizeof(account.given_name), "太郎");
	snprintf(account.email, sizeof(account.email), "%s@vendor.example", account.id);
	for (size_t i = 0; i < account.mac_count; i++)
		account.macs[i] = mac_of(number, i);
	r = account_insert(db, &account);
	for (int64_t i = 0; i < TERMINALS_EACH && r >= 0; i++)
		r = assignments_add(&assignments, terminal_of(number, i), "");
	if (r >= 0)
		r = assignments_write(db, account.number, &none, &assignments);
	assignments_done(&assignments);
	return r;
}

static int
make_session(struct store_db *db, int64_t number)
{
	struct session_record session = {.account = 1 + number % 1000,
		.terminal = terminal_of(number, 0),
		.terminal_name = "t",
		.account_id = "a",
		.account_full = "a",
		.account_name = "a",
		.source = "10.0.0.5"};
	int r;

	memcpy(session.id, &number, sizeof(number));
	snprintf(session.ticket, sizeof(session.ticket), "+%016llx", (long long)number);
	snprintf(session.device.kind, sizeof(session.device.kind), "none");
	r = session_insert(db, &session);
	if (r >= 0 && number > ACTIVE)
		r = session_set_ended(db, session.id, "ended", "CLIENT_LEFT", "CB", "", "");
	return r;
}

static int
make_accounts(struct store_db *db, struct store_job *job)
{
	struct fill *fill = (struct fill *)job;
	int r = 0;

	for (int64_t i = 0; i < fill->count && r >= 0; i++)
		r = make_account(db, fill->first + i);
	return r;
}

static int
make_sessions(struct store_db *db, struct store_job *job)
{
	struct fill *fill = (struct fill *)job;
	int r = 0;

	for (int64_t i = 0; i < fill->count && r >= 0; i++)
		r = make_session(db, fill->first + i);
	return r;
}

static void
fill_with(
	struct bench *bench, int (*work)(struct store_db *db, struct store_job *job), int64_t total)
{
	for (int64_t first = 1; first <= total; first += BATCH) {
		struct fill fill = {.job = {.work = work, .done = must_be_done},
			.first = first,
			.count = total - first + 1 < BATCH ? total - first + 1 : BATCH};

		store_write(bench->store, &fill.job);
		collect_until_idle(bench);
	}
}

static int
decide(struct store_db *db, struct store_job *job)
{
	struct decision *decision = (struct decision *)job;
	struct gathered_facts gathered;
	struct policy_verdict verdict;
	int64_t begun = clock_ns(CLOCK_MONOTONIC);
	int64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	int r;

	r = facts_gather(db, decision->account, decision->terminal, MOMENT_REDEEM,
		&decision->device, NULL, &gathered);
	if (r == 0)
		policy_decide(&gathered.facts, &verdict);
	decision->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
	decision->inside_ns = clock_ns(CLOCK_MONOTONIC) - begun;
	decision->allowed = r == 0 && verdict.allowed;
	gathered_facts_done(&gathered);
	return r;
}

static int
compare(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;

	return a < b ? -1 : a > b;
}

static void
print_times(const char *what, int64_t *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), compare);
	printf("%-28s p50 %6.1f us  p99 %6.1f us  longest %8.1f us\n", what,
		(double)samples[count / 2] / 1e3, (double)samples[count * 99 / 100] / 1e3,
		(double)samples[count - 1] / 1e3);
}

static void
run(struct bench *bench, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t account = 1 + (int64_t)draw(bench, (uint64_t)bench->accounts);
		struct decision decision = {
			.job = {.work = decide, .done = must_be_done},
			.account = account,
			.terminal = terminal_of(account, (int64_t)draw(bench, TERMINALS_EACH)),
			.device = {.known = true,
				.mac = mac_of(account, draw(bench, ACCOUNT_MACS_MAX)),
				.kind = "lease"},
		};
		int64_t begun = clock_ns(CLOCK_MONOTONIC);

		store_read(bench->store, &decision.job);
		collect_until_idle(bench);
		bench->whole[i] = clock_ns(CLOCK_MONOTONIC) - begun;
		bench->inside[i] = decision.inside_ns;
		bench->cpu[i] = decision.cpu_ns;
		if (!decision.allowed)
			die("a decision was not yes");
	}
	print_times("facts and verdict", bench->inside, count);
	print_times("  of which on a processor", bench->cpu, count);
	print_times("job handed in, answer taken", bench->whole, count);
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
	size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
	char folder[] = "/tmp/sekisho-bench-XXXXXX";
	struct bench bench = {.event_fd = eventfd(0, EFD_CLOEXEC),
		.accounts = argc > 1 ? strtol(argv[1], NULL, 10) : 100000,
		.random = 1};
	struct store_job job = {.work = make_terminals, .done = must_be_done};
	struct stat status;
	char path[64];

	if (bench.accounts < 1 || count < 1)
		die("at least one account and one decision");
	bench.inside = calloc(count, sizeof(*bench.inside));
	bench.cpu = calloc(count, sizeof(*bench.cpu));
	bench.whole = calloc(count, sizeof(*bench.whole));
	if (bench.inside == NULL || bench.cpu == NULL || bench.whole == NULL ||
		mkdtemp(folder) == NULL)
		die("no room");
	snprintf(path, sizeof(path), "%s/db", folder);
	open_store(&bench, path);
	store_write(bench.store, &job);
	collect_until_idle(&bench);
	fill_with(&bench, make_accounts, bench.accounts);
	fill_with(&bench, make_sessions, ACTIVE + ENDED);
	if (stat(path, &status) == 0)
		printf("%lld accounts of %d devices, %d terminals, %d sessions; %lld MB\n",
			(long long)bench.accounts, ACCOUNT_MACS_MAX, TERMINALS, ACTIVE + ENDED,
			(long long)status.st_size / 1000000);
	run(&bench, count);
	store_close(bench.store);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
	free(bench.inside);
	free(bench.cpu);
	free(bench.whole);
	return 0;
}
