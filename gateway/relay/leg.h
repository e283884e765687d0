/* The inside of a leg, shared by connection_io.c (the loop: when), leg_input.c (reading: how much, for whom),
 * leg_bytes.c (the bytes: how) and limit_timer.c. Nobody else looks in here.
 */
#ifndef RELAY_LEG_H
#define RELAY_LEG_H

#include "rdp/pdu.h"
#include "relay/connection.h"

#include <limits.h>
#include <openssl/ssl.h>
#include <sys/queue.h>
#include <uv.h>

#define STREAM_BUFFER (16 * 1024) /* what fits into one TLS record */

/* What every frame has at least is read at once; a header that needs more is read byte by byte. */
#define LEG_HEADER_LEAST FRAME_HEADER_MAX
#define LEG_HEADER_MAX 6

#define END_OF_STREAM INT_MIN /* an orderly end, among leg_read's negative results */

enum leg_state {
	LEG_PLAIN,
	LEG_SHAKING,
	LEG_SECURE,
};

enum queue_place {
	QUEUE_NONE,
	QUEUE_READY,
	QUEUE_SHAKING,
};

struct leg {
	uv_poll_t poll;
	struct io *io;
	struct connection *conn;
	SSL *ssl; /* NULL while plain */
	int fd;
	enum side side;
	enum leg_state state;
	enum queue_place queued;
	TAILQ_ENTRY(leg) queue;
	int polled;      /* events asked of libuv */
	int shake_wants; /* event that the handshake waits for */
	bool drained;    /* the last read took all that OpenSSL could give: poll tells of more */
	bool stopped;    /* the last read ended after a TLS message without data: ask again */
	int broken;      /* negative errno of a failed write or poll; to be reported */
	bool waited;     /* output was waiting when it broke */
	bool ended;      /* on_end was called: nothing more is read */
	bool finished;   /* nothing more is written */

	uint8_t *out; /* what the socket did not take yet; NULL when there is none */
	size_t out_at;
	size_t out_len;
	size_t out_size;

	uint8_t head[LEG_HEADER_MAX]; /* READ_PDUS: the frame being collected */
	uint8_t *frame;
	size_t have;
	size_t need;

	uint8_t tail[STREAM_TAIL_MAX]; /* READ_STREAM: left over by on_bytes */
	size_t tail_len;
};

/* Returns bytes read, 0 when there are none now, END_OF_STREAM, or a negative errno. */
int leg_read(struct leg *leg, uint8_t *bytes, size_t len);

/* Returns bytes taken by the socket, 0 when it takes none now, or a negative errno. */
int leg_write(struct leg *leg, const uint8_t *bytes, size_t len);

/* No more output: close_notify and the TCP half close. */
void leg_shut(struct leg *leg);

/* OpenSSL holds bytes that poll will not report. */
bool leg_holds_bytes(const struct leg *leg);

/* One step of the handshake. Returns 1 when it is done, 0 when shake_wants must come first, or -EPROTO;
 * *ret_why is then OpenSSL's constant text. */
int leg_shake(struct leg *leg, const char **ret_why);

/* What the socket did not take. Returns 0 or -ENOMEM. */
int out_append(struct leg *leg, const uint8_t *bytes, size_t len);
void out_drop(struct leg *leg);

/* Reads on until the frame is whole and no byte further. Returns 1 when it is, 0 when bytes are still to
 * come, -EBADMSG, -EMSGSIZE, -ENOMEM, END_OF_STREAM or another negative errno. */
int frame_collect(struct leg *leg);

/* Wipes. */
void frame_drop(struct leg *leg);

/* A slow client must not hold megabytes in the kernel, and a dead peer must be found. */
void leg_set_options(int fd, uint32_t stall_ms);

/* What its phase wants of the leg's bytes. */
enum reading leg_reading(const struct leg *leg);

/* May be read now: somebody wants the bytes, and there is a place for them. */
bool leg_may_read(const struct leg *leg);

/* Reads for one turn, as leg_reading says; it is not READ_NOTHING. */
void leg_serve_reading(struct leg *leg);

/* Nothing more is read: on_end, once. END_OF_STREAM or a negative errno. */
void leg_end(struct leg *leg, int error);

/* Asks libuv for what the leg can use now. */
void leg_update(struct leg *leg);

/* STREAM_BUFFER bytes that all legs read into, one after the other. */
uint8_t *io_buffer(struct io *io);

void limit_timer_close(struct limit_timer *limit);
uv_loop_t *io_loop(struct io *io);

/* One of the connection's handles is closed; with the last one the connection is gone. */
void io_handle_gone(struct connection *conn);

#endif
