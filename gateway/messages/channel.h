/* One end of a channel between two of our processes: a SOCK_SEQPACKET socket, one message a packet,
 * at most one descriptor with it. Checks every incoming message with permits.c, decodes it, calls
 * its handler. No libuv inside: the process polls channel_fd() for channel_events() and calls
 * channel_receive() or channel_flush().
 *
 * A channel that has failed once (peer gone, a message not permitted, MSG_TRUNC, MSG_CTRUNC, more
 * than CHANNEL_QUEUE_MOST bytes waiting for a peer that does not read) is closed and stays so; the
 * owner ends the peer and frees the channel.
 */
#ifndef MESSAGES_CHANNEL_H
#define MESSAGES_CHANNEL_H

#include "messages/messages.h"
#include "messages/permits.h"

#include <stddef.h>
#include <stdint.h>

/* A peer that lets more than this wait is ended. Room for some thousand small messages. */
#define CHANNEL_QUEUE_MOST (4u << 20)

struct channel;

/* Takes one message. `message` may be changed and is wiped afterwards; copy what is to be kept.
 * Returns 0, or a negative errno that ends the channel (a peer's mistake: -EPROTO). May call
 * channel_close, never channel_free. */
typedef int channel_function(struct channel *channel, union message_body *message);

/* A process has one table for each kind of peer, ended by a row without function. A message without
 * a row is not permitted. */
struct channel_handler {
	enum message number;
	channel_function *function;
};

struct channel_setup {
	enum process self;
	enum process peer;
	const struct channel_handler *handlers;
	void *owner;

	/* What has been seen for a connection, or NULL if there is none with this id; the message
	 * then goes to its handler, which decides. Asked for incoming and outgoing messages whose
	 * first field is `connection`. So the supervisor must know a connection *before* it sends
	 * TAKE_CLIENT for it; a worker's handler of TAKE_CLIENT makes it known (the channel asks
	 * again afterwards) and must refuse an id it has already. May be NULL if no row of the
	 * table has a connection. */
	struct permits_seen *(*connection_seen)(void *owner, uint64_t connection);

	/* No message of the rows between these two carries a descriptor: send and recv in the place of sendmsg and recvmsg,
	 * which a sandbox allows on the supervisor's channel alone. A surprise descriptor is the kernel's to drop. */
	bool without_descriptors;

	/* Called when channel_events() has changed, so that the process can poll for POLLOUT too.
	 * May be NULL in a process that sends only what fits in the socket: a full socket then ends
	 * the channel. */
	void (*events_changed)(struct channel *channel);
};

/* Takes *fd (leaves -1), also on failure, and makes it non-blocking. `setup` is copied. Returns 0
 * or a negative errno. */
int channel_new(const struct channel_setup *setup, int *fd, struct channel **ret_channel);

/* Closes if open, wipes, frees. Accepts NULL. Not from inside a handler. */
void channel_free(struct channel *channel);

/* Closes the socket; everything afterwards answers -ENOTCONN. May be called at any time, any number
 * of times. */
void channel_close(struct channel *channel);

/* A pair of connected, close-on-exec ends. Returns 0 or a negative errno. */
int channel_pair(int ret_fds[2]);

int channel_fd(const struct channel *channel); /* -1 when closed */

/* Bytes that the peer has not made room for. */
size_t channel_waiting(const struct channel *channel);
void *channel_owner(const struct channel *channel);

/* POLLIN, and POLLOUT while messages wait; 0 when closed. */
int channel_events(const struct channel *channel);

/* Sends struct msg_... `body`; fd is borrowed, -1 if the row carries none. What does not fit in the
 * socket waits in a queue. Returns 0; -EALREADY if a ONCE or PER_CONNECTION message was sent
 * before; -EMSGSIZE or -EINVAL for a field over its bound (nothing is sent, the channel lives); any
 * other negative errno: the channel is closed. A row that this process may not send to that peer,
 * or the wrong number of descriptors, is asserted. */
int channel_send(struct channel *channel, enum message number, const void *body, int fd);

/* Reads and handles at most `most` messages. Returns 0 when there is none left or `most` were
 * handled; negative: the channel is closed, -ECONNRESET if the peer went. *ret_why (may be NULL) is
 * then a fixed text for the log. */
int channel_receive(struct channel *channel, unsigned int most, const char **ret_why);

/* Sends what waits. Call on POLLOUT. Returns 0 or a negative errno: the channel is closed. */
int channel_flush(struct channel *channel);

/* In a handler: the descriptor that came with the message, now the caller's to close; -1 if it has
 * none or it was taken before. Not taken, it is closed after the handler. */
int channel_take_fd(struct channel *channel);

#endif
