/* The supervisor's children: relay workers, sekisho-key, and the kinds of children_kinds.def. Starts them (fork and exec, numbered
 * descriptors), checks their build hash, gives workers their CONFIGURE and signing channel, watches
 * them with PING, ends what misbehaves, starts again what died (with a growing wait), and says so
 * to the supervisor.
 *
 *	fd 0 /dev/null   1, 2 a pipe of its own to us, see child_output.h   3 channel
 *	   4 of a worker: signing channel, of sekisho-key: the PEM, of others: /dev/null
 *
 * Children of the kinds serve one client and are thrown away: one that was taken is never started again when it ends. Of a warm
 * kind so many wait, started and unused, and one that is taken has its place filled; the others are started when they are
 * taken, and get ready while the jump host is dialled.
 */
#ifndef SUPERVISOR_CHILDREN_H
#define SUPERVISOR_CHILDREN_H

#include "messages/channel.h"

#include <stdint.h>
#include <uv.h>

struct children;
struct child; /* one process, from its start to worker_died */

/* A child that cannot run, whatever is tried, exits with this. */
#define CHILD_EXIT_UNUSABLE 3

enum child_kind {
#define CHILD_KIND(name, program, start, niceness) CHILD_##name,
#include "supervisor/children_kinds.def"
#undef CHILD_KIND
	CHILD_KIND_COUNT
};

struct child_kind_setup {
	unsigned int most; /* taken ones, at once; 0: none is ever started */
	unsigned int warm; /* that wait; of a warm kind alone, 0: none is ever started */
	const struct channel_handler *handlers; /* as worker_handlers; may be NULL */

	/* A taken one takes messages: for kinds on demand; may be NULL. */
	void (*ready)(void *owner, struct child *child);

	/* A taken one is gone; as worker_died. */
	void (*died)(void *owner, struct child *child);
};

struct children_setup {
	uv_loop_t *loop;
	unsigned int workers;                  /* 1-64 */
	const struct msg_configure *configure; /* copied; sent to every worker */
	const char *key_path; /* PEM; opened for each start of sekisho-key, only there it is read */
	const char *directory; /* where the programs are; NULL: the directory of /proc/self/exe */
	uint64_t ping_ms;      /* 0: 1000; a child that owes an answer for hung_ms is killed */
	uint64_t hung_ms;      /* 0: 5000 */

	/* Messages of workers but HELLO and PONG, which stay here. channel_owner() is the struct
	 * child. */
	const struct channel_handler *worker_handlers;
	void *owner;

	/* See channel.h; NULL for a connection that is not this worker's. */
	struct permits_seen *(*connection_seen)(
		void *owner, struct child *worker, uint64_t connection);

	struct child_kind_setup kinds[CHILD_KIND_COUNT];

	/* Every worker is running for the first time: listeners may be opened. */
	void (*ready)(void *owner);

	/* Before `ready`: a child cannot run and starting it again would not help (the key is
	 * unusable, the certificate does not belong to it, programs of another build; logged). May
	 * be NULL. Stop. */
	void (*failed)(void *owner);

	/* A worker is gone: end its sessions as CLOSE_WORKER_DIED; `worker` is freed after this
	 * returns. Called from the loop, never from inside children_send. */
	void (*worker_died)(void *owner, struct child *worker);

	/* All children have gone after children_stop; children_free may be called from here on,
	 * outside this callback. */
	void (*stopped)(void *owner);
};

/* Starts all of them. Returns 0 or a negative errno (logged), e.g. if a program is not there or
 * key_path cannot be opened; *ret_children is then NULL, or must be stopped as a good one before it
 * is freed. `setup` is copied. */
int children_start(const struct children_setup *setup, struct children **ret_children);

/* Closes the channels: children exit, those who do not within limit_ms are killed. Nothing more is
 * heard of a worker but worker_died: kill its sessions and wait for ENDED before. */
void children_stop(struct children *children, uint64_t limit_ms);

/* After `stopped`, or never started. Accepts NULL. */
void children_free(struct children *children);

/* The worker with the fewest connections; NULL if none runs (close with CLOSE_NO_WORKER). */
struct child *children_pick_worker(struct children *children);

/* The caller's from now on, until its kind's `died`; `tag` (not NULL) is what child_tag gives back. Of a warm kind it takes
 * messages at once, of another one when `ready` says so. Returns 0, -EUSERS if `most` are taken, -EAGAIN if none is warm, or
 * another negative errno if it cannot be started (logged). */
int children_take(
	struct children *children, enum child_kind kind, void *tag, struct child **ret_child);

/* A taken one is not needed any more: `died` is not called for it. */
void children_end_taken(struct child *child);

/* Hears what it has said already, before the loop would. */
void children_hear(struct child *child);

void *child_tag(const struct child *child);
unsigned int children_warm(const struct children *children, enum child_kind kind);
unsigned int children_taken(const struct children *children, enum child_kind kind);
unsigned int children_most(const struct children *children, enum child_kind kind);

/* Call on_worker for each running worker. */
void children_each_worker(struct children *children,
	void (*on_worker)(void *context, struct child *worker), void *context);

/* Sends a message to a worker; the descriptor is borrowed, -1 for none. As channel_send; if the
 * channel ended by this, worker_died comes later, from the loop. -ENOTCONN if it had ended
 * before. */
int children_send(struct child *worker, enum message number, const void *body, int fd);

/* The counting that children_pick_worker goes by: with TAKE_CLIENT or LOOK_AT_HOST, and with
 * ENDED. */
void child_add_connection(struct child *worker);
void child_remove_connection(struct child *worker);

/* The question of idle.c that it has not answered yet; 0: none. */
void child_set_asked(struct child *worker, uint32_t serial);
uint32_t child_asked(const struct child *worker);

/* For the log and `gateway status`. The number is never used again in the life of the
 * supervisor. */
uint32_t child_number(const struct child *child);
int child_pid(const struct child *child);
uint32_t child_connections(const struct child *child);
void *child_owner(const struct child *child); /* setup.owner */

/* sekisho-key's; 0 while it does not run. */
int children_key_pid(const struct children *children);

#endif
