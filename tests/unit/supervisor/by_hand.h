/* The store's queues and the loop's timer, moved by the test: what was asked waits here until the test runs it. Who wants them wraps
 * store_read, store_write, uv_timer_start, uv_now (meson.build). */
#ifndef BY_HAND_H
#define BY_HAND_H

#include "policy/store/store.h"

#include <stdint.h>
#include <uv.h>

struct job_queue {
	struct store_job *jobs[32];
	size_t count;
};

extern struct by_hand {
	struct job_queue read, written;
	uv_timer_t *timer; /* the one that was started last */
	uv_timer_cb due;   /* its callback, NULL once it was called */
	uint64_t now_ms, after_ms;
} by_hand;

/* Nothing was asked, no timer started. */
void by_hand_begin(void);

/* The oldest job; there must be one. */
struct store_job *by_hand_take(struct job_queue *queue);

/* Runs the oldest as the store does: if its work is done, keeping it ended so. */
void by_hand_run(struct job_queue *queue, int status);

/* The timer's moment has come; one must have been started since. */
void by_hand_wake(void);

#endif
