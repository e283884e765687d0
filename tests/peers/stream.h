/* A TCP connection of a test peer, in clear first and then in TLS, non-blocking. */
#ifndef TESTS_PEERS_STREAM_H
#define TESTS_PEERS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

enum {
	STREAM_IN_SIZE = 65536 + 16384, /* the longest PDU, and room for one more TLS record */
};

struct stream {
	int fd;
	SSL *ssl;
	bool handshake_done;
	bool wants_write; /* bytes or a handshake step wait for the socket */
	uint8_t *in;
	size_t in_len;
	uint8_t *out; /* what could not be sent yet */
	size_t out_len;
	size_t out_size;
	uint64_t received; /* bytes of payload, both ways */
	uint64_t sent;
};

/* Takes fd. Returns 0 or -ENOMEM. */
int stream_init(struct stream *stream, int fd);
void stream_done(struct stream *stream);

/* Begins TLS; stream_handshake goes on with it. is_server: we are the server. */
int stream_start_tls(struct stream *stream, SSL_CTX *context, bool is_server);

/* 0: done. -EAGAIN: wait for the socket. Other errors: TLS failed. */
int stream_handshake(struct stream *stream);

/* Sends now what the socket takes and keeps the rest. Each call is one TLS record (len up to 16
 * KB). */
int stream_send(struct stream *stream, const void *bytes, size_t len);
int stream_flush(struct stream *stream);

/* Reads once into stream->in. Returns the number of bytes, -EAGAIN, -EPIPE at the end, or another
 * error. -ENOBUFS if in is full. */
int stream_receive(struct stream *stream);
/* Hands every whole frame of `in` to the owner, as long as it returns 0; what is left stays. Returns what it
 * returned last, or -EPROTO with *ret_why set for bytes that begin no frame. */
int stream_frames(struct stream *stream,
	int (*handle)(void *owner, const uint8_t *frame, size_t len), void *owner,
	const char **ret_why);

/* Drops the first len bytes of in. */
void stream_consume(struct stream *stream, size_t len);

#endif
