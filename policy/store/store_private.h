/* What the files of the store share: its threads and their queues. Private to policy/store. */
#ifndef POLICY_STORE_STORE_PRIVATE_H
#define POLICY_STORE_STORE_PRIVATE_H

#include "policy/sign_in_decoy.h"
#include "policy/store/database.h"
#include "policy/store/store.h"

#include <pthread.h>
#include <time.h>

#define READERS_MAX 8
#define DEFAULT_PATIENCE_MS 5000

struct job_queue {
	struct store_job *first;
	struct store_job **end;
};

/* Who reads: each kind has a queue of its own, so that what is short does not wait for what is long. */
enum lane {
	LANE_READ, /* on the readers' own connections */
	LANE_WALK,
	LANE_SLOW,
	LANE_COUNT,
};

struct store_thread {
	struct store *store;
	enum lane lane; /* of those who read */
	struct store_db db;
	struct policy_settings settings; /* taken over with each group of jobs */
	unsigned given_back; /* the store's, when it gave back what it keeps of the file */
	pthread_t id;
	bool started;
};

struct store {
	struct policy_settings settings; /* under the lock */
	char boot_id[64];
	struct sign_in_decoy decoy;
	void (*notify)(void *argument);
	void *notify_argument;
	int lock_fd; /* keeps a second gateway away from this database */

	pthread_mutex_t lock;
	pthread_cond_t to_write;
	struct job_queue writes;
	struct {
		struct job_queue jobs;
		pthread_cond_t wake;
	} lanes[LANE_COUNT];
	struct job_queue again; /* stubborn jobs that failed, for the next try at retry_at */
	struct timespec retry_at;
	struct job_queue finished;
	size_t pending;
	int64_t changes;
	unsigned give_back; /* times that it was asked for */
	bool closing;

	struct store_thread writer;
	struct store_thread readers[READERS_MAX];
	unsigned reader_count;
	struct store_thread walker;
	struct store_thread slow_one;
};

static inline void
queue_init(struct job_queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

static inline void
queue_put(struct job_queue *queue, struct store_job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static inline struct store_job *
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

/* The threads' own, for pthread_create. */
void *writer_main(void *argument);
void *lane_main(void *argument);

#endif
