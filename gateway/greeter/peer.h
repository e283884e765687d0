/* A client in front of the sign-in screen: the desk (desk/desk.h) serves it, the screen (screen.h) is what it sees, and pages that
 * come before the client is ready for pictures wait here.
 */
#ifndef GREETER_PEER_H
#define GREETER_PEER_H

#include "desk/desk.h"
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

/* Ready for a client: made while nobody waits, after desk_warm_up. Returns 0 or a negative errno. */
int peer_new(struct peer **ret_peer);

/* The client has come: takes *fd, once in the life of a peer. Returns 0 or a negative errno. */
int peer_begin(struct peer *peer, const struct peer_setup *setup, int *fd);
void peer_free(struct peer *peer); /* accepts NULL */

/* What serves the client (desk_fd, desk_events, desk_wait_ms, desk_serve). Borrowed. */
struct desk *peer_desk(struct peer *peer);

/* CHOICE and SHOW; may come before the client is ready for pictures. */
int peer_choice(struct peer *peer, const struct msg_choice *choice);
int peer_show(struct peer *peer, const struct msg_show *show);

#endif
