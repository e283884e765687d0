/* The store's threads; see store.h.
 *
 * Supervisor. Jobs come from its loop, go through one of two queues to a thread, and come back through
 * `finished`. The lock protects the queues alone: no thread holds it while it talks to SQLite.
 */
#include "policy/store/store.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/store/database.h"
#include "policy/store/memory.h"
#include "policy/store/sql.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define GROUP_MAX 256 /* jobs in one transaction */
#define READERS_MAX 8
#define RETRY_SECONDS 1
#define DEFAULT_PATIENCE_MS 5000

struct job_queue {
	struct store_job *first;
	struct store_job **end;
};

struct store_thread {
	struct store *store;
	struct store_db db;
	struct policy_settings settings; /* taken over with each group of jobs */
	pthread_t id;
	bool started;
};

struct store {
	struct policy_settings settings; /* under the lock */
	char boot_id[64];
	void (*notify)(void *argument);
	void *notify_argument;
	int lock_fd; /* keeps a second gateway away from this database */

	pthread_mutex_t lock;
	pthread_cond_t to_write;
	pthread_cond_t to_read;
	pthread_cond_t to_walk;
	struct job_queue writes;
	struct job_queue reads;
	struct job_queue walks;
	struct job_queue again; /* stubborn jobs that failed, for the next try at retry_at */
	struct timespec retry_at;
	struct job_queue finished;
	size_t pending;
	bool closing;

	struct store_thread writer;
	struct store_thread readers[READERS_MAX];
	unsigned reader_count;
	struct store_thread walker;
};

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

int64_t
store_db_now(const struct store_db *db)
{
	return db->now_us;
}

static void
queue_init(struct job_queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

static void
queue_put(struct job_queue *queue, struct store_job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static struct store_job *
queue_take(struct job_queue *queue)
{
	struct store_job *job = queue->first;

	if (job == NULL)
		return NULL;
	queue->first = job->next;
	if (queue->first == NULL)
		queue->end = &queue->first;
	return job;
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
	int r = job->work(db, job);

	return r >= 0 && memory_failures() != before ? -ENOMEM : r;
}

/* A ROLLBACK needs memory, too: one that failed must not leave the connection in its old transaction. */
static int
begin(struct store_db *db, const char *sql)
{
	int r = 0;

	if (!sqlite3_get_autocommit(db->handle))
		r = database_run(db, "ROLLBACK");
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

static void
run_writes(struct store_db *db, struct group *group)
{
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

/* Waits for jobs and takes a group of them. False: the store is closing and nothing is left. */
static bool
take_writes(struct store *store, struct group *group)
{
	struct job_queue *from = &store->writes;

	while (store->writes.first == NULL && !retry_is_due(store)) {
		if (store->closing)
			return false;
		if (store->again.first != NULL)
			pthread_cond_timedwait(&store->to_write, &store->lock, &store->retry_at);
		else
			pthread_cond_wait(&store->to_write, &store->lock);
	}
	/* Jobs that failed before go in a group of their own: what ails them must not delay others. */
	if (retry_is_due(store))
		from = &store->again;
	for (group->count = 0; group->count < GROUP_MAX && from->first != NULL; group->count++)
		group->jobs[group->count] = queue_take(from);
	return true;
}

static void *
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

	r = database_run(db, "ROLLBACK");
	db->now_us = clock_now();
	return r < 0 ? r : database_run(db, "BEGIN");
}

int
store_db_again(const struct store_db *db, struct store_db **ret_again)
{
	struct store_db *again = calloc(1, sizeof(*again));
	const char *why;
	int r;

	if (again == NULL)
		return -ENOMEM;
	again->settings = db->settings;
	again->sealing = db->sealing;
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

static void *
reader_main(void *argument)
{
	struct store_thread *thread = argument;
	struct store *store = thread->store;
	struct group group = {.count = 1};

	pthread_mutex_lock(&store->lock);
	for (;;) {
		while (store->reads.first == NULL && !store->closing)
			pthread_cond_wait(&store->to_read, &store->lock);
		group.jobs[0] = queue_take(&store->reads);
		if (group.jobs[0] == NULL)
			break;
		thread->settings = store->settings;
		pthread_mutex_unlock(&store->lock);
		run_read(&thread->db, group.jobs[0]);
		pthread_mutex_lock(&store->lock);
		queue_put(&store->finished, group.jobs[0]);
		store->notify(store->notify_argument);
	}
	pthread_mutex_unlock(&store->lock);
	return NULL;
}

/* A connection for each job: it sees what is in the file, not what a cache has kept of it, and its memory is
 * given back. */
static void
run_walk(struct store_thread *thread, struct store_job *job, const char *path)
{
	const char *why;

	job->status = database_open(&thread->db, path, DATABASE_READ, DEFAULT_PATIENCE_MS, &why);
	if (job->status < 0)
		return;
	run_read(&thread->db, job);
	database_close(&thread->db);
}

static void *
walker_main(void *argument)
{
	struct store_thread *thread = argument;
	struct store *store = thread->store;
	const char *path = sqlite3_db_filename(store->writer.db.handle, "main");
	struct store_job *job;

	pthread_mutex_lock(&store->lock);
	for (;;) {
		while (store->walks.first == NULL && !store->closing)
			pthread_cond_wait(&store->to_walk, &store->lock);
		job = queue_take(&store->walks);
		if (job == NULL)
			break;
		thread->settings = store->settings;
		pthread_mutex_unlock(&store->lock);
		run_walk(thread, job, path);
		pthread_mutex_lock(&store->lock);
		queue_put(&store->finished, job);
		store->notify(store->notify_argument);
	}
	pthread_mutex_unlock(&store->lock);
	return NULL;
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
store_read(struct store *store, struct store_job *job)
{
	enqueue(store, &store->reads, &store->to_read, job);
}

void
store_walk(struct store *store, struct store_job *job)
{
	enqueue(store, &store->walks, &store->to_walk, job);
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

size_t
store_pending(struct store *store)
{
	size_t pending;

	pthread_mutex_lock(&store->lock);
	pending = store->pending;
	pthread_mutex_unlock(&store->lock);
	return pending;
}

/* Two gateways on one database would each count sessions and end the other's as lost. */
static int
lock_database(struct store *store, const char *path, const char **ret_why)
{
	char name[4096];

	if (snprintf(name, sizeof(name), "%s-lock", path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	store->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (store->lock_fd < 0)
		return -errno;
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	*ret_why = "another gateway uses this database";
	return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

static void
init_locks(struct store *store)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&store->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&store->to_write, &attributes);
	pthread_cond_init(&store->to_read, &attributes);
	pthread_cond_init(&store->to_walk, &attributes);
	pthread_condattr_destroy(&attributes);
	queue_init(&store->writes);
	queue_init(&store->reads);
	queue_init(&store->walks);
	queue_init(&store->again);
	queue_init(&store->finished);
}

static int
start_thread(struct store_thread *thread, void *(*run)(void *))
{
	int r;

	r = -pthread_create(&thread->id, NULL, run, thread);
	thread->started = r == 0;
	return r;
}

static void
prepare_thread(
	struct store *store, struct store_thread *thread, const struct store_options *options)
{
	thread->store = store;
	thread->db.settings = &thread->settings;
	thread->db.sealing = options->sealing;
	thread->db.boot_id = store->boot_id;
}

static int
open_connection(struct store *store, struct store_thread *thread,
	const struct store_options *options, enum database_access access, const char **ret_why)
{
	uint32_t patience = options->patience_ms != 0 ? options->patience_ms : DEFAULT_PATIENCE_MS;

	prepare_thread(store, thread, options);
	return database_open(&thread->db, options->path, access, patience, ret_why);
}

static int
find_boot_id(struct store *store, const char *given)
{
	auto_fd int fd = -1;
	ssize_t got;

	if (given != NULL) {
		snprintf(store->boot_id, sizeof(store->boot_id), "%s", given);
		return 0;
	}
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, store->boot_id, sizeof(store->boot_id) - 1);
	if (got <= 0)
		return -EIO;
	store->boot_id[strcspn(store->boot_id, "\n")] = '\0';
	return 0;
}

static int
open_all(struct store *store, const struct store_options *options, const char **ret_why)
{
	int r;

	r = find_boot_id(store, options->boot_id);
	if (r == 0)
		r = lock_database(store, options->path, ret_why);
	if (r == 0)
		r = open_connection(store, &store->writer, options, DATABASE_WRITE, ret_why);
	for (unsigned i = 0; i < store->reader_count && r == 0; i++)
		r = open_connection(store, &store->readers[i], options, DATABASE_READ, ret_why);
	if (r == 0)
		r = start_thread(&store->writer, writer_main);
	for (unsigned i = 0; i < store->reader_count && r == 0; i++)
		r = start_thread(&store->readers[i], reader_main);
	prepare_thread(store, &store->walker, options);
	if (r == 0)
		r = start_thread(&store->walker, walker_main);
	return r;
}

int
store_open(const struct store_options *options, struct store **ret_store, const char **ret_why)
{
	struct store *store = calloc(1, sizeof(*store));
	int r;

	*ret_why = NULL;
	memory_watch_json();
	if (store == NULL) {
		*ret_why = store_error_text(-ENOMEM);
		return -ENOMEM;
	}
	store->settings = *options->settings;
	store->notify = options->notify;
	store->notify_argument = options->notify_argument;
	store->lock_fd = -1;
	store->reader_count = options->readers == 0 ? 1 : options->readers;
	if (store->reader_count > READERS_MAX)
		store->reader_count = READERS_MAX;
	init_locks(store);
	r = open_all(store, options, ret_why);
	if (r < 0) {
		if (*ret_why == NULL)
			*ret_why = store_error_text(r);
		store_close(store);
		return r;
	}
	*ret_store = store;
	return 0;
}

static void
end_thread(struct store_thread *thread)
{
	if (thread->started)
		pthread_join(thread->id, NULL);
}

/* The last done callbacks may have handed in more; nobody is left to do it. */
static void
refuse_the_rest(struct store *store)
{
	struct job_queue *queues[] = {&store->writes, &store->reads, &store->walks};
	struct store_job *job;

	while (store_collect(store) > 0) {
		for (size_t i = 0; i < ARRAY_SIZE(queues); i++) {
			while ((job = queue_take(queues[i])) != NULL) {
				job->status = -ESHUTDOWN;
				queue_put(&store->finished, job);
			}
		}
	}
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	pthread_mutex_lock(&store->lock);
	store->closing = true;
	pthread_cond_broadcast(&store->to_write);
	pthread_cond_broadcast(&store->to_read);
	pthread_cond_broadcast(&store->to_walk);
	pthread_mutex_unlock(&store->lock);
	end_thread(&store->writer);
	for (unsigned i = 0; i < store->reader_count; i++)
		end_thread(&store->readers[i]);
	end_thread(&store->walker);
	refuse_the_rest(store);
	for (unsigned i = 0; i < store->reader_count; i++)
		database_close(&store->readers[i].db);
	database_close(&store->writer.db);
	if (store->lock_fd >= 0)
		(void)close(store->lock_fd);
	pthread_cond_destroy(&store->to_write);
	pthread_cond_destroy(&store->to_read);
	pthread_cond_destroy(&store->to_walk);
	pthread_mutex_destroy(&store->lock);
	free(store);
}
