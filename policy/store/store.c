/* The store's threads; see store.h. Opening and closing: store_open.c.
 *
 * Supervisor. Jobs come from its loop, go through a queue to a thread, and come back through
 * `finished`. The lock protects the queues alone: no thread holds it while it talks to SQLite.
 */
#include "policy/store/store_private.h"

#include "base/clock.h"
#include "policy/store/memory.h"
#include "policy/store/sql.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#define GROUP_MAX 256 /* jobs in one transaction */
#define RETRY_SECONDS 1

const struct policy_settings *
store_db_settings(const struct store_db *db)
{
	return db->settings;
}

const struct sealing *
store_db_sealing(const struct store_db *db)
{
	return db->sealing;
}

const struct sign_in_decoy *
store_db_decoy(const struct store_db *db)
{
	return db->decoy;
}

int64_t
store_db_now(const struct store_db *db)
{
	return db->now_us;
}

/* The group: an array, so that the writer can go through it more than once. */
struct group {
	struct store_job *jobs[GROUP_MAX];
	size_t count;
};

/* What waiting, or mending the disk, may cure. */
static bool
may_pass(int status)
{
	return status == -ENOSPC || status == -EBUSY || status == -EIO || status == -ENOMEM ||
	       status == -EROFS || status == -EACCES;
}

static int
run_work(struct store_db *db, struct store_job *job)
{
	unsigned long before = memory_failures();
	int r;

	memory_scope_begin();
	r = job->work(db, job);
	memory_scope_end();

	return r >= 0 && memory_failures() != before ? -ENOMEM : r;
}

static int
leave_transaction(struct store_db *db)
{
	return sqlite3_get_autocommit(db->handle) ? 0 : database_run(db, "ROLLBACK");
}

/* A ROLLBACK needs memory, too: one that failed must not leave the connection in its old transaction. */
static int
begin(struct store_db *db, const char *sql)
{
	int r = leave_transaction(db);

	return r < 0 ? r : database_run(db, sql);
}

/* One job in its savepoint. Returns a negative errno only if the whole transaction is lost: SQLite
 * rolls it back by itself when the disk is full, I/O fails or memory ends. */
static int
run_in_savepoint(struct store_db *db, struct store_job *job)
{
	int r;

	r = database_run(db, "SAVEPOINT job");
	if (r < 0)
		return r;
	job->status = run_work(db, job);
	if (sqlite3_get_autocommit(db->handle))
		return job->status < 0 ? job->status : -EIO;
	if (job->status < 0)
		r = database_run(db, "ROLLBACK TO job; RELEASE job");
	else
		r = database_run(db, "RELEASE job");
	return r;
}

static void
fail_group(struct group *group, int status)
{
	for (size_t i = 0; i < group->count; i++)
		group->jobs[i]->status = status;
}

/* Nothing of a group is acknowledged unless its COMMIT has returned: then it is on the disk. Returns
 * 1 if one job has torn the whole transaction down and the jobs should be tried one by one. */
static int
run_group(struct store_db *db, struct group *group)
{
	int r;

	db->now_us = clock_now();
	r = begin(db, "BEGIN IMMEDIATE");
	if (r < 0) {
		fail_group(group, r);
		return 0;
	}
	for (size_t i = 0; i < group->count && r == 0; i++)
		r = run_in_savepoint(db, group->jobs[i]);
	if (r < 0) {
		(void)database_run(db, "ROLLBACK");
		fail_group(group, r);
		return 1;
	}
	r = database_run(db, "COMMIT");
	if (r == 0)
		return 0;
	(void)database_run(db, "ROLLBACK");
	for (size_t i = 0; i < group->count; i++)
		if (group->jobs[i]->status >= 0)
			group->jobs[i]->status = r;
	return 0;
}

/* The job has its own transactions; none is left open behind it. What it has committed is done: it looks itself, before that,
 * whether memory ran out (memory.h). */
static void
run_bare(struct store_db *db, struct store_job *job)
{
	int r;

	db->now_us = clock_now();
	job->status = leave_transaction(db);
	if (job->status < 0)
		return;
	job->status = job->work(db, job);
	r = leave_transaction(db);
	if (job->status >= 0 && r < 0)
		job->status = r;
}

static void
run_writes(struct store_db *db, struct group *group)
{
	if (group->jobs[0]->bare) {
		run_bare(db, group->jobs[0]);
		return;
	}
	if (run_group(db, group) == 0 || group->count == 1)
		return;
	for (size_t i = 0; i < group->count; i++) {
		struct group alone = {.jobs = {group->jobs[i]}, .count = 1};

		(void)run_group(db, &alone);
	}
}

static void
retry_later(struct store *store, struct store_job *job)
{
	if (store->again.first == NULL) {
		clock_gettime(CLOCK_MONOTONIC, &store->retry_at);
		store->retry_at.tv_sec += RETRY_SECONDS;
	}
	queue_put(&store->again, job);
}

/* With the lock held. */
static void
hand_back(struct store *store, struct group *group)
{
	bool any = false;

	for (size_t i = 0; i < group->count; i++) {
		struct store_job *job = group->jobs[i];

		if (job->stubborn && may_pass(job->status) && !store->closing) {
			retry_later(store, job);
			continue;
		}
		queue_put(&store->finished, job);
		any = true;
	}
	if (any)
		store->notify(store->notify_argument);
}

static bool
retry_is_due(const struct store *store)
{
	struct timespec now;

	if (store->again.first == NULL)
		return false;
	if (store->closing)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > store->retry_at.tv_sec ||
	       (now.tv_sec == store->retry_at.tv_sec && now.tv_nsec >= store->retry_at.tv_nsec);
}

/* Under the lock, which it lets go meanwhile. False: that was not asked for. */
static bool
give_back(struct store_thread *thread)
{
	struct store *store = thread->store;

	if (thread->given_back == store->give_back)
		return false;
	thread->given_back = store->give_back;
	pthread_mutex_unlock(&store->lock);
	if (thread->db.handle != NULL)
		(void)sqlite3_db_release_memory(thread->db.handle);
	(void)malloc_trim(0);
	pthread_mutex_lock(&store->lock);
	return true;
}

/* Waits for jobs and takes a group of them. False: the store is closing and nothing is left. */
static bool
take_writes(struct store *store, struct group *group)
{
	struct job_queue *from = &store->writes;

	while (store->writes.first == NULL && !retry_is_due(store)) {
		if (store->closing)
			return false;
		if (give_back(&store->writer))
			continue;
		if (store->again.first != NULL)
			pthread_cond_timedwait(&store->to_write, &store->lock, &store->retry_at);
		else
			pthread_cond_wait(&store->to_write, &store->lock);
	}
	/* Jobs that failed before go in a group of their own: what ails them must not delay others. */
	if (retry_is_due(store))
		from = &store->again;
	group->count = 0;
	do
		group->jobs[group->count++] = queue_take(from);
	while (group->count < GROUP_MAX && from->first != NULL && !from->first->bare &&
		!group->jobs[0]->bare);
	return true;
}

void *
writer_main(void *argument)
{
	struct store_thread *thread = argument;
	struct store *store = thread->store;
	struct group group;

	pthread_mutex_lock(&store->lock);
	while (take_writes(store, &group)) {
		thread->settings = store->settings;
		pthread_mutex_unlock(&store->lock);
		run_writes(&thread->db, &group);
		pthread_mutex_lock(&store->lock);
		store->changes = sqlite3_total_changes64(thread->db.handle);
		hand_back(store, &group);
	}
	pthread_mutex_unlock(&store->lock);
	return NULL;
}

static void
run_read(struct store_db *db, struct store_job *job)
{
	int r;

	db->now_us = clock_now();
	job->status = begin(db, "BEGIN");
	if (job->status < 0)
		return;
	job->status = run_work(db, job);
	r = database_run(db, "ROLLBACK");
	if (job->status >= 0 && r < 0)
		job->status = r;
}

int
store_db_renew(struct store_db *db)
{
	int r;

	/* Nobody else writes to a scratch database, which has no transaction. */
	if (sqlite3_get_autocommit(db->handle))
		return 0;
	r = database_run(db, "ROLLBACK");
	db->now_us = clock_now();
	return r < 0 ? r : database_run(db, "BEGIN");
}

int
store_db_again(const struct store_db *db, struct store_db **ret_again)
{
	struct store_db *again;
	const char *why;
	int r;

	if (db->nameless)
		return -EOPNOTSUPP;
	again = calloc(1, sizeof(*again));
	if (again == NULL)
		return -ENOMEM;
	again->settings = db->settings;
	again->sealing = db->sealing;
	again->decoy = db->decoy;
	again->boot_id = db->boot_id;
	again->now_us = db->now_us;
	r = database_open(again, sqlite3_db_filename(db->handle, "main"), DATABASE_READ,
		DEFAULT_PATIENCE_MS, &why);
	if (r == 0)
		r = database_run(again, "BEGIN");
	if (r < 0) {
		store_db_done(again);
		return r;
	}
	*ret_again = again;
	return 0;
}

void
store_db_done(struct store_db *again)
{
	if (again == NULL)
		return;
	database_close(again);
	free(again);
}

/* A connection for each job: it sees what is in the file, not what a cache has kept of it, and its memory is
 * given back. */
static void
run_with_fresh_connection(struct store_thread *thread, struct store_job *job)
{
	const char *path = sqlite3_db_filename(thread->store->writer.db.handle, "main");
	const char *why;

	job->status = database_open(&thread->db, path, DATABASE_READ, DEFAULT_PATIENCE_MS, &why);
	if (job->status < 0)
		return;
	if (thread->lane == LANE_WALK)
		run_read(&thread->db, job);
	else
		run_bare(&thread->db, job);
	database_close(&thread->db);
}

void *
lane_main(void *argument)
{
	struct store_thread *thread = argument;
	struct store *store = thread->store;
	struct job_queue *jobs = &store->lanes[thread->lane].jobs;
	struct store_job *job;

	pthread_mutex_lock(&store->lock);
	for (;;) {
		while (jobs->first == NULL && !store->closing)
			if (!give_back(thread))
				pthread_cond_wait(&store->lanes[thread->lane].wake, &store->lock);
		job = queue_take(jobs);
		if (job == NULL)
			break;
		thread->settings = store->settings;
		pthread_mutex_unlock(&store->lock);
		if (thread->lane == LANE_READ)
			run_read(&thread->db, job);
		else
			run_with_fresh_connection(thread, job);
		pthread_mutex_lock(&store->lock);
		queue_put(&store->finished, job);
		store->notify(store->notify_argument);
	}
	pthread_mutex_unlock(&store->lock);
	return NULL;
}

void
store_give_memory_back(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	store->give_back++;
	pthread_cond_signal(&store->to_write);
	for (int lane = 0; lane < LANE_COUNT; lane++)
		pthread_cond_broadcast(&store->lanes[lane].wake);
	pthread_mutex_unlock(&store->lock);
}

void
store_change_settings(struct store *store, const struct policy_settings *settings)
{
	pthread_mutex_lock(&store->lock);
	store->settings = *settings;
	pthread_mutex_unlock(&store->lock);
}

static void
enqueue(struct store *store, struct job_queue *queue, pthread_cond_t *wake, struct store_job *job)
{
	assert(job->work != NULL && job->done != NULL);
	pthread_mutex_lock(&store->lock);
	queue_put(queue, job);
	store->pending++;
	pthread_cond_signal(wake);
	pthread_mutex_unlock(&store->lock);
}

void
store_write(struct store *store, struct store_job *job)
{
	enqueue(store, &store->writes, &store->to_write, job);
}

void
store_write_all(struct store *store, struct store_job *const *jobs, size_t count)
{
	pthread_mutex_lock(&store->lock);
	for (size_t i = 0; i < count; i++) {
		assert(jobs[i]->work != NULL && jobs[i]->done != NULL);
		queue_put(&store->writes, jobs[i]);
	}
	store->pending += count;
	pthread_cond_signal(&store->to_write);
	pthread_mutex_unlock(&store->lock);
}

static void
enqueue_read(struct store *store, enum lane lane, struct store_job *job)
{
	enqueue(store, &store->lanes[lane].jobs, &store->lanes[lane].wake, job);
}

void
store_read(struct store *store, struct store_job *job)
{
	enqueue_read(store, LANE_READ, job);
}

void
store_walk(struct store *store, struct store_job *job)
{
	enqueue_read(store, LANE_WALK, job);
}

void
store_slow(struct store *store, struct store_job *job)
{
	enqueue_read(store, LANE_SLOW, job);
}

size_t
store_collect(struct store *store)
{
	struct job_queue finished;
	struct store_job *job;
	size_t count = 0;

	queue_init(&finished);
	pthread_mutex_lock(&store->lock);
	while ((job = queue_take(&store->finished)) != NULL) {
		queue_put(&finished, job);
		store->pending--;
	}
	pthread_mutex_unlock(&store->lock);
	/* done may free its job, and hand in others. */
	while ((job = queue_take(&finished)) != NULL) {
		job->done(job, job->status);
		count++;
	}
	return count;
}

int64_t
store_changes(struct store *store)
{
	int64_t changes;

	pthread_mutex_lock(&store->lock);
	changes = store->changes;
	pthread_mutex_unlock(&store->lock);
	return changes;
}

size_t
store_pending(struct store *store)
{
	size_t pending;

	pthread_mutex_lock(&store->lock);
	pending = store->pending;
	pthread_mutex_unlock(&store->lock);
	return pending;
}
