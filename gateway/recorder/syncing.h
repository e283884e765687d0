/* Brings a recording to the disk while it is being made, so that a loss of power takes seconds of it and not minutes. fdatasync is called by a
 * thread of its own: a slow disk must not keep the loop from reading what the relay has for it. In sekisho-recorder.
 */
#ifndef RECORDER_SYNCING_H
#define RECORDER_SYNCING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define SYNCING_EVERY_MS 5000    /* bytes are waiting for the disk no longer … */
#define SYNCING_BYTES (4u << 20) /* … and not more of them, before it is asked */

struct syncing {
	int fd; /* from and to the thread; -1: there is none */
	pthread_t thread;
	bool runs; /* the thread is at it … */
	bool late; /* … for too long, and that was said */
	uint32_t asked_ms;
	uint64_t from,
		asked;     /* these bytes of the file it brings there, or has been asked to last */
	bool is_dirty;     /* there are more … */
	uint32_t dirty_ms; /* … since then */
};

/* Starts the thread, which is past what threads do first when this returns: before the sandbox closes. Returns 0 or a negative
 * errno. */
int syncing_start(struct syncing *syncing);

/* The thread ends, or stays with a disk that does not answer. */
void syncing_done(struct syncing *syncing);

/* To be polled for reading, then syncing_turn. */
int syncing_fd(const struct syncing *syncing);

/* From the loop: so many bytes have been written to the file. Returns 0; a negative errno: the disk has not taken what lies between
 * syncing->from and syncing->asked; -ETIME, once: it has not answered for `stall_ms`. */
int syncing_turn(
	struct syncing *syncing, int file, uint64_t written, uint32_t ms, uint32_t stall_ms);

/* How long poll may wait, in ms; -1: nothing is due. */
int syncing_wait_ms(const struct syncing *syncing, uint32_t ms, uint32_t stall_ms);

#endif
