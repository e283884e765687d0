/* A child that stands between a worker and a session's jump host (sekisho-nla, sekisho-mediator): it is started with the dial, gets the
 * host's password in its first message, and is joined to the worker by a socketpair. What it says of itself and of the host is for its
 * owner, nla_logons.c or mediations.c. */
#ifndef SUPERVISOR_HOST_CHILD_H
#define SUPERVISOR_HOST_CHILD_H

#include "relay/close_reasons.h"
#include "supervisor/children.h"

#include <stddef.h>

#define HOST_CHILD_DETAIL 256 /* more than any text of ENDED and the number before it */

/* What kind it is. */
struct host_child_kind {
	enum child_kind kind;
	int socket_type;    /* of the socketpair: SOCK_SEQPACKET, SOCK_STREAM */
	enum message begin; /* brings it the password, and its end */
	size_t begin_size;
};

struct host_child {
	const struct host_child_kind *kind;
	struct child *child; /* NULL once it is gone */
	int theirs;          /* its end, until it has it */
	int workers;
	void *begin; /* the message, until it has it */
	enum close_reason reason;
	char detail[HOST_CHILD_DETAIL];
};

/* host->begin is all zeros, for the caller to fill in; it is wiped with the rest. Returns 0 or -ENOMEM: host_child_done is allowed in both
 * cases. */
int host_child_init(struct host_child *host, const struct host_child_kind *kind);

/* Makes the ends and takes a child. Returns 0 or a negative errno, as children_take. */
int host_child_start(struct host_child *host, struct children *children, void *tag);

/* Ends the process, wipes, closes. */
void host_child_done(struct host_child *host);

/* It takes messages: the password goes out, once. */
void host_child_ready(struct host_child *host);

/* It has died: nothing goes there any more. What it has said stays. */
void host_child_died(struct host_child *host);

/* The worker has its end, or does not need it. */
void host_child_close_workers(struct host_child *host);

/* Why the session has no host. For administrators: the number `status`, if it is not 0, Windows' name for it (or ""), and what the child
 * had to say (or ""). */
void host_child_note(struct host_child *host, enum close_reason reason, uint32_t status,
	const char *name, const char *why);

#endif
