/* Ends of channels for tests, and what their handlers saw. */
#ifndef TESTS_MESSAGES_ENDS_H
#define TESTS_MESSAGES_ENDS_H

#include "messages/channel.h"

#include <stdbool.h>

/* One end, and what its handlers saw. */
struct end {
	struct channel *channel;
	bool knows_connection;
	uint64_t connection;
	struct permits_seen seen;
	unsigned int handled;
	enum message last;
	bool last_had_fd;
	bool keep_fd;
	int kept_fd;
	int answer; /* of every handler */
	int events;
};

/* The last message that encode made, as struct and on the wire. */
extern union message_body body;
extern uint8_t wire[MESSAGE_MOST_BYTES + 8];

/* Takes *fd. Every message has a handler, which notes it in `end`. */
void end_open(struct end *end, int *fd, enum process self, enum process peer);
void end_done(struct end *end);
void pair_open(struct end *one, enum process first, struct end *other, enum process second);

unsigned int open_descriptors(void);

/* What a peer that is not bound to our code may send, with any number of descriptors. */
void send_raw(int socket, const void *bytes, size_t len, unsigned int fd_count);

/* The receiving end of a row's channel, and a raw socket in the sender's place. */
struct receiver {
	struct end end;
	enum process self;
	int peer;
};

#define CONNECTION 7u

/* A small message of this kind, of that connection; its length on the wire. */
size_t encode(const struct message_row *row);

/* The receiving end of a row's channel, between processes of which the row speaks. */
void receiver_open(struct receiver *receiver, const struct message_row *row);
void receiver_done(struct receiver *receiver);

/* Lets everything pass that has to come before `row`, in its order and its direction. */
void pass_what_comes_before(struct receiver *receiver, const struct message_row *row);

/* Receives one message and expects that it is refused for this reason, and the channel closed. */
void assert_refused(struct receiver *receiver, const char *why);

#endif
