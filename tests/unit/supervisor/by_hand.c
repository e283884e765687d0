/* See by_hand.h. */
#include "by_hand.h"

#include "base/bytes.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct by_hand by_hand;

void __wrap_store_read(struct store *store, struct store_job *job);
void __wrap_store_write(struct store *store, struct store_job *job);
int __wrap_uv_timer_start(
	uv_timer_t *handle, uv_timer_cb callback, uint64_t after_ms, uint64_t repeat_ms);
uint64_t __wrap_uv_now(const uv_loop_t *wanted);

static void
add(struct job_queue *queue, struct store_job *job)
{
	assert_true(queue->count < ARRAY_SIZE(queue->jobs));
	queue->jobs[queue->count++] = job;
}

void
__wrap_store_read(struct store *store, struct store_job *job)
{
	(void)store;
	add(&by_hand.read, job);
}

void
__wrap_store_write(struct store *store, struct store_job *job)
{
	(void)store;
	add(&by_hand.written, job);
}

int
__wrap_uv_timer_start(
	uv_timer_t *handle, uv_timer_cb callback, uint64_t after_ms, uint64_t repeat_ms)
{
	assert_int_equal(repeat_ms, 0);
	by_hand.timer = handle;
	by_hand.due = callback;
	by_hand.after_ms = after_ms;
	return 0;
}

uint64_t
__wrap_uv_now(const uv_loop_t *wanted)
{
	(void)wanted;
	return by_hand.now_ms;
}

void
by_hand_begin(void)
{
	memset(&by_hand, 0, sizeof(by_hand));
	by_hand.now_ms = 1000;
}

struct store_job *
by_hand_take(struct job_queue *queue)
{
	struct store_job *job = queue->jobs[0];

	assert_true(queue->count > 0);
	queue->count--;
	memmove(queue->jobs, queue->jobs + 1, queue->count * sizeof(queue->jobs[0]));
	return job;
}

void
by_hand_run(struct job_queue *queue, int status)
{
	struct store_job *job = by_hand_take(queue);
	int r = job->work(NULL, job);

	job->done(job, r < 0 ? r : status);
}

void
by_hand_wake(void)
{
	uv_timer_cb due = by_hand.due;

	assert_non_null(due);
	by_hand.due = NULL;
	by_hand.now_ms += by_hand.after_ms;
	due(by_hand.timer);
}
