/* What a phase file calls, recorded instead of done: connection_go and connection_close, the legs, the
 * supervisor. One connection at a time; fakes_reset between tests.
 */
#ifndef TESTS_RELAY_FAKES_H
#define TESTS_RELAY_FAKES_H

#include "messages/messages.h"
#include "relay/connection.h"
#include "relay/worker.h"

struct fakes {
	struct connection conn;
	struct worker worker;

	bool went; /* connection_go was called … */
	enum phase went_to;
	enum close_reason closed; /* the first reason; CLOSE_NONE: none */
	const char *why;

	uint8_t sent[SIDE_COUNT][65536]; /* since fakes_forget_sent */
	size_t sent_len[SIDE_COUNT];
	bool finished[SIDE_COUNT];
	bool secured[SIDE_COUNT]; /* leg_secure was called */
	bool opened_host;
	bool dropped[SIDE_COUNT]; /* leg_drop was called */
	bool greeted;             /* greet_begin was called */
	size_t behind_greeter;    /* bytes given to take_over_on_pdu */
	bool attaching;           /* attach_begin was called … */
	size_t attached;          /* … and attach_on_pdu, with so many bytes */
	uint32_t limit_ms;        /* of io_limit */

	bool nla_began, nla_missed,
		nla_closed;    /* nla_begin, nla_not_offered, nla_link_close were called */
	enum message nla_said; /* the last message to sekisho-nla; MSG_NOTHING: none */
	size_t nla_said_len;   /* of its bytes */

	enum message told; /* last message to the supervisor; MSG_NOTHING: none */
	size_t told_count; /* how many there were */
	union message_body message;

	/* What the fakes answer. */
	bool early_bytes;
	bool unheard;   /* of worker_is_unheard */
	int nla_link;   /* of nla_link_send */
	int attachment; /* of attachment_take */
	bool waiting[SIDE_COUNT];
	bool host_ended;
	size_t bridged; /* bytes given to connection_on_bytes */
};

extern struct fakes fakes;

/* A connection in a phase, nothing recorded. */
void fakes_reset(enum phase phase, const struct phase_ops *ops);
void fakes_forget_sent(void);
void fakes_done(void);

/* A PDU made by write(&writer, ...) goes to give(bytes, len). */
#define GIVE_PDU(give, write, ...)                              \
	do {                                                    \
		uint8_t room[2048];                             \
		struct bytes_writer writer;                     \
                                                                \
		bytes_writer_init(&writer, room, sizeof(room)); \
		write(&writer __VA_OPT__(, ) __VA_ARGS__);      \
		assert_false(writer.failed);                    \
		give(room, writer.len);                         \
	} while (0)

#endif
