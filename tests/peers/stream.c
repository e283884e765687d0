/* TCP and TLS of a test peer; see stream.h. */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "rdp/pdu.h"

int
stream_init(struct stream *stream, int fd)
{
	*stream = (struct stream){.fd = fd, .in = malloc(STREAM_IN_SIZE)};
	return stream->in == NULL ? -ENOMEM : 0;
}

void
stream_done(struct stream *stream)
{
	SSL_free(stream->ssl);
	free(stream->in);
	free(stream->out);
	if (stream->fd >= 0)
		(void)close(stream->fd);
	*stream = (struct stream){.fd = -1};
}

int
stream_start_tls(struct stream *stream, SSL_CTX *context, bool is_server)
{
	stream->ssl = SSL_new(context);
	if (stream->ssl == NULL || SSL_set_fd(stream->ssl, stream->fd) != 1)
		return -ENOMEM;
	if (is_server)
		SSL_set_accept_state(stream->ssl);
	else
		SSL_set_connect_state(stream->ssl);
	return 0;
}

/* OpenSSL's return values as errno. */
static int
tls_result(struct stream *stream, int r)
{
	switch (SSL_get_error(stream->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		stream->wants_write = true;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return -EPIPE;
	case SSL_ERROR_SYSCALL:
		return errno == 0 ? -EPIPE : -errno;
	default:
		return -EPROTO;
	}
}

int
stream_handshake(struct stream *stream)
{
	int r;

	ERR_clear_error();
	errno = 0;
	stream->wants_write = false;
	r = SSL_do_handshake(stream->ssl);
	if (r != 1)
		return tls_result(stream, r);
	stream->handshake_done = true;
	return 0;
}

/* Returns bytes sent, possibly fewer than len, or an error. */
static int
send_some(struct stream *stream, const uint8_t *bytes, size_t len)
{
	ssize_t r;

	ERR_clear_error();
	errno = 0;
	if (stream->ssl == NULL) {
		r = send(stream->fd, bytes, len, MSG_NOSIGNAL);
		return r < 0 ? -errno : (int)r;
	}
	r = SSL_write(stream->ssl, bytes, (int)len);
	return r > 0 ? (int)r : tls_result(stream, (int)r);
}

static int
keep(struct stream *stream, const uint8_t *bytes, size_t len)
{
	if (stream->out_size - stream->out_len < len) {
		size_t size = (stream->out_len + len) * 2;
		uint8_t *out = realloc(stream->out, size);

		if (out == NULL)
			return -ENOMEM;
		stream->out = out;
		stream->out_size = size;
	}
	memcpy(stream->out + stream->out_len, bytes, len);
	stream->out_len += len;
	stream->wants_write = true;
	return 0;
}

int
stream_send(struct stream *stream, const void *bytes, size_t len)
{
	int r = stream->out_len > 0 ? -EAGAIN : send_some(stream, bytes, len);
	size_t done = r > 0 ? (size_t)r : 0;

	if (r < 0 && r != -EAGAIN)
		return r;
	stream->sent += len;
	return done == len ? 0 : keep(stream, (const uint8_t *)bytes + done, len - done);
}

int
stream_flush(struct stream *stream)
{
	while (stream->out_len > 0) {
		int r = send_some(stream, stream->out, stream->out_len);

		if (r < 0) {
			stream->wants_write = true;
			return r == -EAGAIN ? 0 : r;
		}
		stream->out_len -= (size_t)r;
		memmove(stream->out, stream->out + r, stream->out_len);
	}
	stream->wants_write = false;
	return 0;
}

int
stream_receive(struct stream *stream)
{
	size_t room = STREAM_IN_SIZE - stream->in_len;
	ssize_t r;

	if (room == 0)
		return -ENOBUFS;
	ERR_clear_error();
	errno = 0;
	if (stream->ssl == NULL)
		r = recv(stream->fd, stream->in + stream->in_len, room, 0);
	else
		r = SSL_read(stream->ssl, stream->in + stream->in_len, (int)room);
	if (r <= 0 && stream->ssl != NULL)
		return tls_result(stream, (int)r);
	if (r <= 0)
		return r == 0 ? -EPIPE : -errno;
	stream->in_len += (size_t)r;
	stream->received += (uint64_t)r;
	return (int)r;
}

void
stream_consume(struct stream *stream, size_t len)
{
	stream->in_len -= len;
	memmove(stream->in, stream->in + len, stream->in_len);
}

int
stream_frames(struct stream *stream, int (*handle)(void *owner, const uint8_t *frame, size_t len),
	void *owner, const char **ret_why)
{
	struct frame frame;
	size_t at = 0;
	int r = 0;

	while (r == 0) {
		enum parse_result result =
			frame_parse(stream->in + at, stream->in_len - at, &frame);

		if (result == PARSE_BAD) {
			*ret_why = "neither TPKT nor fast-path";
			return -EPROTO;
		}
		if (result != PARSE_OK || frame.len > stream->in_len - at)
			break;
		r = handle(owner, stream->in + at, frame.len);
		at += frame.len;
	}
	stream_consume(stream, at);
	return r;
}
