/* How long it takes to load what a sign-in is checked against, at 100,000 accounts and 100,000 remembered failures.
 *
 *	sign_in [accounts] [loads]     default: 100000 and 20000
 *
 * Prints the time inside the transaction for names drawn at random: accounts, and names that nobody has.
 */
#include "policy/sign_in.h"
#include "policy/store/sql.h"
#include "policy/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct bench {
	struct store_job job;
	int64_t accounts, loads;
	int64_t *ns;
	bool unknown;
};

static void
die(const char *what)
{
	fprintf(stderr, "sign_in: %s\n", what);
	exit(1);
}

static void
notify(void *fd)
{
	uint64_t one = 1;

	if (write(*(int *)fd, &one, sizeof(one)) < 0)
		die("eventfd");
}

static int
fill(struct store_db *db, struct store_job *job)
{
	int64_t accounts = ((struct bench *)job)->accounts;
	int r;

	r = sql_run(db,
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
		"INSERT INTO account (number, id, id_key, family_name, given_name, email, kind, "
		"valid_from, valid_until, created, updated) SELECT i, 'a' || i, 'a' || i, 'f', "
		"'g', "
		"'e', 'engineer', '2026-01-01', '2027-01-01', 0, 0 FROM n",
		"i", accounts);
	if (r == 0)
		r = sql_run(db,
			"INSERT INTO password (account, kind, hash, must_change, delivered, "
			"set_at) "
			"SELECT number, 'first', '$y$j9T$AAAAAAAAAAAAAAAAAAAA$BBBB', 0, 1, 0 FROM "
			"account",
			"");
	if (r == 0)
		r = sql_run(db,
			"INSERT INTO sign_in_failure (name, source, failures, newest, serial) "
			"SELECT id_key, '10.0.0.1', 5, ?, number FROM account LIMIT 100000",
			"i", store_db_now(db));
	return r;
}

static int
load(struct store_db *db, struct store_job *job)
{
	struct bench *bench = (struct bench *)job;
	struct sign_in_account account;
	struct timespec from, until;
	char name[32];
	int r = 0;

	for (int64_t i = 0; i < bench->loads && r == 0; i++) {
		snprintf(name, sizeof(name), "%c%lld", bench->unknown ? 'z' : 'a',
			(long long)(1 + i * 7919 % bench->accounts));
		clock_gettime(CLOCK_MONOTONIC, &from);
		r = sign_in_load(db, name, "10.0.0.1", &account);
		clock_gettime(CLOCK_MONOTONIC, &until);
		bench->ns[i] = (until.tv_sec - from.tv_sec) * INT64_C(1000000000) + until.tv_nsec -
			       from.tv_nsec;
	}
	return r;
}

static void
must_be_done(struct store_job *job, int status)
{
	(void)job;
	if (status < 0)
		die(store_error_text(status));
}

static int
compare(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;

	return a < b ? -1 : a > b;
}

static void
run(struct store *store, int fd, struct bench *bench)
{
	uint64_t count;

	bench->job = (struct store_job){.work = load, .done = must_be_done};
	store_read(store, &bench->job);
	while (store_pending(store) > 0) {
		if (read(fd, &count, sizeof(count)) < 0)
			die("eventfd");
		(void)store_collect(store);
	}
	qsort(bench->ns, (size_t)bench->loads, sizeof(bench->ns[0]), compare);
	printf("%-8s p50 %.1f us, p99 %.1f us\n", bench->unknown ? "unknown" : "known",
		(double)bench->ns[bench->loads / 2] / 1e3,
		(double)bench->ns[bench->loads * 99 / 100] / 1e3);
}

int
main(int argc, char **argv)
{
	static const struct policy_settings settings = {.sign_in = {.earlier_passwords = 5}};
	static const uint8_t key[FACILITY_KEY_BYTES] = {7};
	char folder[] = "/tmp/sekisho-sign-in-XXXXXX", path[64];
	int fd = eventfd(0, EFD_CLOEXEC);
	struct store_options options = {
		.path = path, .settings = &settings, .notify = notify, .notify_argument = &fd};
	struct bench bench = {.accounts = argc > 1 ? atoll(argv[1]) : 100000,
		.loads = argc > 2 ? atoll(argv[2]) : 20000};
	struct sealing *sealing = NULL;
	struct store *store;
	const char *why = "";

	bench.ns = calloc((size_t)bench.loads, sizeof(bench.ns[0]));
	if (bench.ns == NULL || mkdtemp(folder) == NULL || sealing_new(key, &sealing) < 0)
		die("no room");
	snprintf(path, sizeof(path), "%s/db", folder);
	options.sealing = sealing;
	if (store_open(&options, &store, &why) < 0)
		die(why);
	bench.job = (struct store_job){.work = fill, .done = must_be_done};
	store_write(store, &bench.job);
	while (store_pending(store) > 0)
		(void)store_collect(store);
	run(store, fd, &bench);
	bench.unknown = true;
	run(store, fd, &bench);
	store_close(store);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/db-lock", folder);
	(void)unlink(path);
	(void)rmdir(folder);
	sealing_free(sealing);
	free(bench.ns);
	return 0;
}
