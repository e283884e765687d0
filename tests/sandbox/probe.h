/* Probes of the sandboxes. Each runs in a child that has entered a profile of lock_down.def as the
 * real process does, and must end as its row in probes.def says: killed by the filter, refused with
 * one errno, or working.
 */
#ifndef TESTS_SANDBOX_PROBE_H
#define TESTS_SANDBOX_PROBE_H

#include "base/lock_down.h"

#include <uv.h>

/* What a probe must come to, besides errno numbers. */
#define WORKS 0
#define KILLED (-1)    /* SIGSYS */
#define ABORTED (-2)   /* SIGABRT */
#define NOT_ASKED (-3) /* says nothing about this profile */

/* What the process holds when its sandbox closes. The channels are CHILD_FD_CHANNEL and
 * CHILD_FD_KEY. */
struct probe_hands {
	int stream[2]; /* a connected pair, as a client's socket is to a worker */
	int listener;  /* TCP; only the supervisor ever has one: here it is handed in on purpose */
	int unbound;   /* a TCP socket that nobody has connected */
	int datagram;  /* UDP */
	int port;      /* of the listener */
	int parent;    /* pid of the process outside */
	uv_loop_t *loop;
};

/* Does one thing; returns 0 or the errno it got. */
typedef int probe_function(const struct probe_hands *hands);

#define PROBE(name, worker, key, greeter, nla, mediator, player, recorder, supervisor, what) \
	probe_function probe_##name;
#include "probes.def"
#undef PROBE

#endif
