/* A leg's bytes: plain or TLS, collected to frames, kept while the socket takes no more. In the relay
 * worker; the bytes come from clients and jump hosts and are parsed by OpenSSL, or kept unread. OpenSSL's
 * error queue is emptied before each call, because one connection's errors would count for another's.
 */
#include "relay/leg.h"

#include "base/keepalive.h"
#include "base/secret.h"
#include "relay/connection_io.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SOCKET_BUFFER (256 * 1024) /* the kernel counts it twice: 512 KB of its memory at most */
#define UNSENT_MAX (128 * 1024)    /* beyond this the socket does not count as writable */

/* Reading and writing, plain or TLS */

/* Asking first is much cheaper than clearing what is empty, which it nearly always is. */
static void
clear_errors(void)
{
	if (ERR_peek_error() != 0)
		ERR_clear_error();
}

static int
ssl_result(struct leg *leg, int r)
{
	switch (SSL_get_error(leg->ssl, r)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return END_OF_STREAM;
	case SSL_ERROR_SYSCALL:
		return errno != 0 ? -errno : END_OF_STREAM;
	default:
		return -EPROTO;
	}
}

int
leg_read(struct leg *leg, uint8_t *bytes, size_t len)
{
	ssize_t n;

	if (leg->ssl != NULL) {
		clear_errors();
		errno = 0;
		n = SSL_read(leg->ssl, bytes, (int)len);
		/* Without SSL_MODE_AUTO_RETRY a key update ends the call before the socket is asked for
		 * more. OpenSSL 3.2 and later keep what came behind it where SSL_has_pending does not
		 * look: without another read it would lie there until the peer speaks again. */
		leg->stopped = n <= 0 && SSL_want_read(leg->ssl) && errno != EAGAIN;
		leg->drained = n <= 0 && !leg->stopped;
		return n > 0 ? (int)n : ssl_result(leg, (int)n);
	}
	n = recv(leg->fd, bytes, len, 0);
	if (n > 0)
		return (int)n;
	if (n == 0)
		return END_OF_STREAM;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

int
leg_write(struct leg *leg, const uint8_t *bytes, size_t len)
{
	ssize_t n;
	int r;

	if (leg->ssl != NULL) {
		clear_errors();
		errno = 0;
		n = SSL_write(leg->ssl, bytes, (int)len);
		if (n > 0)
			return (int)n;
		r = ssl_result(leg, (int)n);
		return r == END_OF_STREAM ? -EPIPE : r;
	}
	n = send(leg->fd, bytes, len, MSG_NOSIGNAL);
	if (n >= 0)
		return (int)n;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* The beginning of a record counts as pending, too: only what a read may still give is meant here. */
bool
leg_holds_bytes(const struct leg *leg)
{
	return leg->ssl != NULL && leg->state == LEG_SECURE && !leg->drained &&
	       (leg->stopped || SSL_has_pending(leg->ssl) == 1);
}

void
leg_shut(struct leg *leg)
{
	if (leg->state == LEG_SECURE && leg->broken == 0) {
		ERR_clear_error();
		(void)SSL_shutdown(leg->ssl);
	}
	(void)shutdown(leg->fd, SHUT_WR);
}

SSL *
leg_ssl(struct connection *conn, enum side side)
{
	return conn->legs[side] != NULL ? conn->legs[side]->ssl : NULL;
}

bool
leg_has_early_bytes(struct connection *conn, enum side side)
{
	struct leg *leg = conn->legs[side];
	uint8_t byte;

	return leg->ssl == NULL && recv(leg->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

/* Handshake */

static const char *
tls_error_text(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text != NULL ? text : "the peer hung up";
}

int
leg_shake(struct leg *leg, const char **ret_why)
{
	int r, error;

	ERR_clear_error();
	r = SSL_do_handshake(leg->ssl);
	if (r == 1)
		return 1;
	error = SSL_get_error(leg->ssl, r);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		leg->shake_wants = error == SSL_ERROR_WANT_READ ? UV_READABLE : UV_WRITABLE;
		return 0;
	}
	*ret_why = tls_error_text();
	return -EPROTO;
}

/* Output that waits */

void
out_drop(struct leg *leg)
{
	if (leg->out != NULL)
		secret_wipe(leg->out, leg->out_size);
	free(leg->out);
	leg->out = NULL;
	leg->out_at = leg->out_len = leg->out_size = 0;
}

int
out_append(struct leg *leg, const uint8_t *bytes, size_t len)
{
	size_t size = leg->out_at + leg->out_len + len;
	uint8_t *grown;

	if (size > leg->out_size) {
		grown = malloc(size);
		if (grown == NULL)
			return -ENOMEM;
		if (leg->out_len > 0)
			memcpy(grown, leg->out + leg->out_at, leg->out_len);
		size = leg->out_len + len;
		secret_wipe(leg->out, leg->out_at + leg->out_len);
		free(leg->out);
		leg->out = grown;
		leg->out_at = 0;
		leg->out_size = size;
	}
	memcpy(leg->out + leg->out_at + leg->out_len, bytes, len);
	leg->out_len += len;
	return 0;
}

/* Frames */

void
frame_drop(struct leg *leg)
{
	if (leg->frame != NULL)
		secret_wipe(leg->frame, leg->need);
	free(leg->frame);
	leg->frame = NULL;
	leg->have = leg->need = 0;
}

static enum parse_result
measure_tpkt(const struct leg *leg, size_t *ret_len)
{
	struct frame frame;
	enum parse_result result = frame_parse(leg->head, leg->have, &frame);

	if (result != PARSE_OK)
		return result;
	*ret_len = frame.len;
	return frame.kind == FRAME_TPKT ? PARSE_OK : PARSE_BAD;
}

/* The frame's first bytes are in head: finds its length. Returns 0 or -EBADMSG, -EMSGSIZE, -ENOMEM;
 * need stays 0 while the header is not whole. */
static int
frame_begin(struct leg *leg)
{
	struct connection *conn = leg->conn;
	size_t len = 0;

	switch (conn->ops->measure != NULL ? conn->ops->measure(conn, leg->head, leg->have, &len)
					   : measure_tpkt(leg, &len)) {
	case PARSE_NEED_MORE:
		return leg->have < sizeof(leg->head) ? 0 : -EBADMSG;
	case PARSE_BAD:
		return -EBADMSG;
	case PARSE_OK:
		break;
	}
	if (len > conn->ops->pdu_max[leg->side])
		return -EMSGSIZE;
	if (len < leg->have)
		return -EBADMSG;
	leg->frame = malloc(len);
	if (leg->frame == NULL)
		return -ENOMEM;
	memcpy(leg->frame, leg->head, leg->have);
	leg->need = len;
	return 0;
}

/* No byte behind the frame is taken. */
static size_t
frame_wants(const struct leg *leg)
{
	if (leg->need > 0)
		return leg->need - leg->have;
	return leg->have < LEG_HEADER_LEAST ? LEG_HEADER_LEAST - leg->have : 1;
}

int
frame_collect(struct leg *leg)
{
	uint8_t *at;
	int n;

	while (leg->need == 0 || leg->have < leg->need) {
		at = (leg->need == 0 ? leg->head : leg->frame) + leg->have;
		n = leg_read(leg, at, frame_wants(leg));
		if (n <= 0)
			return n;
		leg->conn->bytes_from[leg->side] += (size_t)n;
		leg->have += (size_t)n;
		if (leg->need == 0) {
			n = frame_begin(leg);
			if (n < 0)
				return n;
		}
	}
	return 1;
}

/* Socket options */

static void
set_option(int fd, int level, int option, int value)
{
	/* Sockets between our own processes know only some of these. */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

void
leg_set_options(int fd, uint32_t stall_ms)
{
	set_option(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
	set_option(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_MAX);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle(stall_ms));
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval(stall_ms));
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)stall_ms);
}
