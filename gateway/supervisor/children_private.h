/* What children.c (processes: start, death, starting again) and children_channel.c (what is said
 * with them) share. */
#ifndef SUPERVISOR_CHILDREN_PRIVATE_H
#define SUPERVISOR_CHILDREN_PRIVATE_H

#include "supervisor/child_output.h"
#include "supervisor/children.h"

#include <stdbool.h>
#include <sys/types.h>

/* Why a child is being ended, so that its death is not logged as a surprise. */
enum ended_by { ENDED_BY_ITSELF, ENDED_BY_RULES, ENDED_BY_WATCHDOG, ENDED_BY_BUILD, ENDED_BY_STOP };

enum child_start { CHILD_WARM, CHILD_ON_DEMAND };

/* A row of children_kinds.def. */
struct child_kind_row {
	const char *program;
	enum process process;
	enum child_start start;
	int niceness;
};

/* A place that is filled with one process after the other. The first is sekisho-key's. */
struct slot {
	struct children *children;
	const struct child_kind_row *kind; /* NULL: a worker, or sekisho-key */
	struct child *child;               /* NULL while waiting to be started */
	const char *program;
	enum process process;
	uint64_t wait_ms;
	uv_timer_t timer;
};

struct child {
	struct slot *slot;
	struct channel *channel;
	struct child_output *output;
	uv_poll_t poll;     /* closed with the channel */
	unsigned int holds; /* of the process and of the poll handle: the last one frees */
	pid_t pid;
	uint32_t number;
	uint32_t connections;
	uint32_t asked; /* see child_asked */
	uint64_t started_ms;
	uint64_t owes_since_ms; /* an answer: HELLO, then PONG; 0: none */
	uint64_t ping_serial;
	uint32_t key_number; /* of the sekisho-key that its signing channel leads to; 0: none */
	bool said_hello;
	bool is_ready; /* it has what it needs and takes connections */
	bool reaped;   /* the pid may be another's by now */
	bool taken;    /* of a kind of children_kinds.def, and it serves somebody */
	void *tag;     /* of a taken one; NULL once nobody wants to hear of it */
	enum ended_by ended_by;
};

struct children {
	struct children_setup setup;
	struct msg_configure *configure;
	char *key_path;
	char *directory;
	struct channel_handler *worker_handlers; /* ours and the supervisor's */
	struct channel_handler *kind_handlers[CHILD_KIND_COUNT];
	struct slot *slots;
	unsigned int slot_count;
	uint32_t last_number;
	bool was_ready;
	bool has_failed;
	bool stopping;
	unsigned int open_handles;
	uv_signal_t died;
	uv_timer_t watchdog;
	uv_timer_t stop_limit;
};

/* Ours, for sekisho-key as they are; workers' tables begin with them. */
extern const struct channel_handler child_own_handlers[];
#define CHILD_OWN_HANDLERS 2u

bool child_is_worker(const struct child *child);

/* It has said HELLO and takes work. Accepts NULL. */
bool child_is_running(const struct child *child);

/* Starts the slot's process now. Returns 0 or a negative errno. */
int slot_start(struct slot *slot);

/* Starts the slot's process after a while. */
void slot_fill_in(struct slot *slot, uint64_t wait_ms);

const struct child_kind_row *child_kind_row(enum child_kind kind);

/* How many places a kind has. */
unsigned int child_kind_slots(enum child_kind kind, const struct child_kind_setup *setup);

/* Starts of each warm kind so many that enough wait, or are getting ready. */
void children_warm_up(struct children *children);

/* How nice a process is while it gets ready; one of a warm kind may have more of the processors once it is. */
int child_first_niceness(const struct slot *slot);

/* One of a kind: it takes messages; its process is gone; what it may say. */
void child_kind_ready(struct child *child);
void child_kind_died(struct child *child);
const struct channel_handler *child_kind_handlers(const struct slot *slot);

void child_kill(const struct child *child);

/* Ends a child. What it had is cleaned up when its death is reported. */
void child_end(struct child *child, enum ended_by why);

/* Makes channel and poll handle of a process just started; takes *fd. Returns 0 or a negative
 * errno. */
int child_watch(struct child *child, int *fd);

/* Its process is gone: closes the channel and, from the loop, frees the child. */
void child_unwatch(struct child *child);

/* PING, or the end of one that owes an answer for too long. */
void child_check(struct child *child);

/* A fresh pair between sekisho-key and a worker; the worker's end is returned. Without a running
 * sekisho-key that end is at its end of file, and a worker's handshakes fail until KEY_CHANNEL
 * brings another. */
int child_new_key_channel(struct child *worker, int *ret_fd);

/* Gives every worker a channel to the sekisho-key that runs now. */
void children_renew_key_channels(struct children *children);

/* Before `ready`, a mistake that will not go away is the administrator's to mend. */
void children_say_failed(struct children *children);

/* libuv has let go of a handle. The last one of all, after a stop, is told. */
void children_handle_gone(struct children *children);

#endif
