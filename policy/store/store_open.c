/* Opening and closing the store; see store.h. */
#include "policy/store/store_private.h"

#include "base/cleanup.h"
#include "policy/store/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

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
	for (size_t i = 0; i < LANE_COUNT; i++) {
		pthread_cond_init(&store->lanes[i].wake, &attributes);
		queue_init(&store->lanes[i].jobs);
	}
	pthread_condattr_destroy(&attributes);
	queue_init(&store->writes);
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
prepare_thread(struct store *store, struct store_thread *thread, enum lane lane,
	const struct store_options *options)
{
	thread->store = store;
	thread->lane = lane;
	thread->db.settings = &thread->settings;
	thread->db.sealing = options->sealing;
	thread->db.decoy = &store->decoy;
	thread->db.boot_id = store->boot_id;
}

static int
open_connection(struct store *store, struct store_thread *thread,
	const struct store_options *options, enum database_access access, const char **ret_why)
{
	uint32_t patience = options->patience_ms != 0 ? options->patience_ms : DEFAULT_PATIENCE_MS;

	prepare_thread(store, thread, LANE_READ, options);
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
		r = sign_in_decoy_make(options->sealing, &store->decoy);
	if (r == 0)
		r = lock_database(store, options->path, ret_why);
	if (r == 0)
		r = open_connection(store, &store->writer, options, DATABASE_WRITE, ret_why);
	for (unsigned i = 0; i < store->reader_count && r == 0; i++)
		r = open_connection(store, &store->readers[i], options, DATABASE_READ, ret_why);
	if (r == 0)
		r = start_thread(&store->writer, writer_main);
	for (unsigned i = 0; i < store->reader_count && r == 0; i++)
		r = start_thread(&store->readers[i], lane_main);
	prepare_thread(store, &store->walker, LANE_WALK, options);
	prepare_thread(store, &store->slow_one, LANE_SLOW, options);
	if (r == 0)
		r = start_thread(&store->walker, lane_main);
	if (r == 0)
		r = start_thread(&store->slow_one, lane_main);
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
	struct job_queue *queues[] = {&store->writes, &store->lanes[LANE_READ].jobs,
		&store->lanes[LANE_WALK].jobs, &store->lanes[LANE_SLOW].jobs};
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
	for (size_t i = 0; i < LANE_COUNT; i++)
		pthread_cond_broadcast(&store->lanes[i].wake);
	pthread_mutex_unlock(&store->lock);
	end_thread(&store->writer);
	for (unsigned i = 0; i < store->reader_count; i++)
		end_thread(&store->readers[i]);
	end_thread(&store->walker);
	end_thread(&store->slow_one);
	refuse_the_rest(store);
	for (unsigned i = 0; i < store->reader_count; i++)
		database_close(&store->readers[i].db);
	database_close(&store->writer.db);
	if (store->lock_fd >= 0)
		(void)close(store->lock_fd);
	pthread_cond_destroy(&store->to_write);
	for (size_t i = 0; i < LANE_COUNT; i++)
		pthread_cond_destroy(&store->lanes[i].wake);
	pthread_mutex_destroy(&store->lock);
	free(store);
}
