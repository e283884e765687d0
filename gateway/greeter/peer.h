/* The greeter's RDP server: libfreerdp's peer on a socketpair, whose other end is the relay worker's and carries one client. TLS is
 * the worker's; here a client is always already inside. Pictures go out as bitmap updates of 64 x 64 tiles, keys
 * and clicks go to the screen.
 */
#ifndef GREETER_PEER_H
#define GREETER_PEER_H

#include "messages/messages.h"

#include <stdbool.h>
#include <stdint.h>

struct peer;
struct keyboard;

struct peer_setup {
	const char *facility;
	const char *language;
	struct keyboard *keyboard; /* borrowed; lives longer */
	int64_t (*now_ms)(void);
	void (*answered)(void *owner, const struct msg_answer *answer);
	void (*shown)(void *owner, uint32_t serial); /* the picture of a SHOW is in the socket */
	void *owner;
};

/* What of libfreerdp takes time or opens files: once, before the sandbox closes. Returns 0 or a negative errno. */
int peer_warm_up(void);

/* libfreerdp's server, ready for a client: made while nobody waits. Returns 0 or a negative errno. */
int peer_new(struct peer **ret_peer);

/* The client has come: takes *fd, once in the life of a peer. Returns 0 or a negative errno. */
int peer_begin(struct peer *peer, const struct peer_setup *setup, int *fd);
void peer_free(struct peer *peer); /* accepts NULL */

/* What poll(2) is to wait for. */
int peer_fd(const struct peer *peer);
short peer_events(const struct peer *peer);

/* After poll, or when peer_wait_ms is over. Returns 0, or a negative errno: it is over (-ECONNRESET: the client has gone). */
int peer_serve(struct peer *peer, short revents);
int peer_wait_ms(const struct peer *peer); /* -1: nothing is to be done by time */

/* CHOICE and SHOW; may come before the client is ready for pictures. */
int peer_choice(struct peer *peer, const struct msg_choice *choice);
int peer_show(struct peer *peer, const struct msg_show *show);

/* Every callback of libfreerdp that the greeter relies on is set: a missing Logon means "authenticated". For the unit test, and
 * asserted at each start. */
bool peer_callbacks_are_set(const struct peer *peer);

#endif
