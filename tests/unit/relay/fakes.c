/* See fakes.h. */
#include "fakes.h"

#include "base/cleanup.h"
#include "relay/attach.h"
#include "relay/bridge.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/nla_link.h"
#include "relay/phase_attach.h"
#include "relay/phase_greet.h"
#include "relay/phase_nla.h"
#include "relay/phase_redirect.h"
#include "relay/record_link.h"
#include "relay/take_over.h"

#include <assert.h>
#include <string.h>

struct fakes fakes;

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* Weak: each test links the real file that it is about. */
#define FAKE __attribute__((weak))

FAKE void
introduction_free(struct introduction *introduction)
{
	free(introduction);
}

FAKE void
attachment_free(struct attachment *attachment)
{
	if (attachment != NULL)
		secret_done(&attachment->demand_active);
	free(attachment);
}

FAKE void
bridge_free(struct bridge *bridge)
{
	free(bridge);
}

void
fakes_done(void)
{
	introduction_free(fakes.conn.introduction);
	attachment_free(fakes.conn.attachment);
	bridge_free(fakes.conn.bridge);
	early_attach_free(fakes.conn.early);
	redirection_free(fakes.conn.redirection);
	memset(&fakes, 0, sizeof(fakes));
}

void
fakes_reset(enum phase phase, const struct phase_ops *ops)
{
	fakes_done();
	fakes.conn.id = 7;
	fakes.conn.phase = phase;
	fakes.conn.ended_in = phase;
	fakes.conn.ops = ops;
	fakes.conn.worker = &fakes.worker;
}

void
fakes_forget_sent(void)
{
	memset(fakes.sent_len, 0, sizeof(fakes.sent_len));
}

FAKE void
connection_go(struct connection *conn, enum phase next)
{
	assert(!fakes.went);
	fakes.went = true;
	fakes.went_to = next;
	conn->phase = next;
}

FAKE void
connection_close(struct connection *conn, enum close_reason reason, const char *detail)
{
	assert(reason != CLOSE_NONE);
	if (fakes.closed != CLOSE_NONE)
		return;
	fakes.closed = reason;
	fakes.why = detail;
	conn->phase = PHASE_CLOSED;
}

FAKE bool
connection_expect(
	struct connection *conn, bool condition, const char *file, int line, const char *text)
{
	(void)file;
	(void)line;
	if (!condition)
		connection_close(conn, CLOSE_OUR_MISTAKE, text);
	return condition;
}

FAKE void
connection_peer_ended(struct connection *conn, enum side side, int error, bool waited)
{
	(void)error;
	(void)waited;
	connection_close(conn, side == SIDE_CLIENT ? CLOSE_CLIENT_LEFT : CLOSE_HOST_LEFT, NULL);
}

FAKE size_t
connection_on_bytes(struct connection *conn, enum side side, uint8_t *bytes, size_t len)
{
	(void)conn;
	(void)side;
	(void)bytes;
	fakes.bridged += len;
	return len;
}

FAKE void
connection_use(struct connection *conn, const struct phase_ops *ops)
{
	conn->ops = ops;
}

FAKE void
nla_begin(struct connection *conn)
{
	(void)conn;
	fakes.nla_began = true;
}

FAKE void
nla_not_offered(struct connection *conn)
{
	(void)conn;
	fakes.nla_missed = true;
}

FAKE void
nla_link_close(struct connection *conn)
{
	(void)conn;
	fakes.nla_closed = true;
}

FAKE int
nla_link_send(struct connection *conn, enum message number, const void *body)
{
	(void)conn;
	fakes.nla_said = number;
	if (number == MSG_NLA_FROM_HOST)
		fakes.nla_said_len = ((const struct msg_nla_from_host *)body)->bytes_len;
	return fakes.nla_link;
}

FAKE void
io_limit(struct connection *conn, uint32_t limit_ms)
{
	(void)conn;
	fakes.limit_ms = limit_ms;
}

FAKE struct attachment *
attachment_new(enum side side)
{
	struct attachment *attachment = calloc(1, sizeof(*attachment));

	if (attachment != NULL)
		attachment->side = side;
	return attachment;
}

FAKE void
attach_begin(struct connection *conn)
{
	(void)conn;
	fakes.attaching = true;
}

FAKE void
attach_on_pdu(struct connection *conn, uint8_t *pdu, size_t len)
{
	(void)conn;
	(void)pdu;
	fakes.attached += len;
}

/* Back to the sign-in screen or closed: the tests look at the reason alone. */
FAKE void
attach_failed(struct connection *conn, enum close_reason reason, const char *detail)
{
	connection_close(conn, reason, detail);
}

FAKE void
attach_refused(struct connection *conn, const char *detail)
{
	connection_close(conn, CLOSE_HOST_REFUSED, detail);
}

FAKE void
redirection_take(struct connection *conn, const struct msg_redirect *redirect)
{
	(void)conn;
	(void)redirect;
}

FAKE void
greet_on_redirect(struct connection *conn, const struct msg_redirect *redirect)
{
	(void)conn;
	(void)redirect;
}

FAKE void
early_attach_free(struct early_attach *early)
{
	free(early);
}

FAKE void
redirection_free(struct redirection *redirection)
{
	free(redirection);
}

FAKE void
leg_drop(struct connection *conn, enum side side)
{
	conn->legs[side] = NULL;
	fakes.dropped[side] = true;
}

FAKE void
greet_begin(struct connection *conn)
{
	attachment_free(conn->attachment);
	conn->attachment = NULL;
	fakes.greeted = true;
}

FAKE size_t
greet_on_bytes(struct connection *conn, enum side from, uint8_t *bytes, size_t len)
{
	return connection_on_bytes(conn, from, bytes, len);
}

FAKE void
take_over_on_pdu(struct connection *conn, uint8_t *pdu, size_t len)
{
	(void)conn;
	(void)pdu;
	fakes.behind_greeter += len;
}

FAKE void
leg_send(struct connection *conn, enum side side, const void *bytes, size_t len)
{
	(void)conn;
	assert(fakes.sent_len[side] + len <= sizeof(fakes.sent[side]));
	memcpy(fakes.sent[side] + fakes.sent_len[side], bytes, len);
	fakes.sent_len[side] += len;
}

FAKE bool
leg_is_waiting(const struct connection *conn, enum side side)
{
	(void)conn;
	return fakes.waiting[side];
}

FAKE bool
leg_is_open(const struct connection *conn, enum side side)
{
	(void)conn;
	return side == SIDE_CLIENT || !fakes.host_ended;
}

FAKE void
leg_finish(struct connection *conn, enum side side)
{
	(void)conn;
	fakes.finished[side] = true;
}

FAKE int
leg_secure(struct connection *conn, enum side side, struct ssl_ctx_st *context,
	int (*prepare)(struct connection *conn, struct ssl_st *ssl))
{
	(void)conn;
	(void)context;
	(void)prepare;
	fakes.secured[side] = true;
	return 0;
}

FAKE struct ssl_st *
leg_ssl(struct connection *conn, enum side side)
{
	(void)conn;
	(void)side;
	return NULL;
}

FAKE bool
leg_has_early_bytes(struct connection *conn, enum side side)
{
	(void)conn;
	(void)side;
	return fakes.early_bytes;
}

FAKE int
leg_open(struct connection *conn, enum side side, int *fd)
{
	(void)conn;
	(void)side;
	(void)take_fd(fd);
	fakes.opened_host = true;
	return 0;
}

FAKE bool
worker_is_unheard(const struct worker *worker)
{
	(void)worker;
	return fakes.unheard;
}

FAKE size_t
leg_waiting(const struct connection *conn, enum side side)
{
	(void)conn;
	(void)side;
	return 0;
}

FAKE void
worker_tell(struct worker *worker, enum message number, const void *body)
{
	(void)worker;
	fakes.told = number;
	fakes.told_count++;
	memcpy(&fakes.message, body, message_row(number)->body_bytes);
}

FAKE int
attachment_take(struct connection *conn, const struct msg_attach *attach, int *fd)
{
	(void)attach;
	return fakes.attachment < 0 ? fakes.attachment : leg_open(conn, SIDE_HOST, fd);
}

/* No session is recorded. */

void
record_link_begin(struct connection *conn)
{
	(void)conn;
}

void
record_link_take(struct connection *conn, enum side from, const uint8_t *bytes, size_t len)
{
	(void)conn;
	(void)from;
	(void)bytes;
	(void)len;
}

void
record_link_close(struct connection *conn)
{
	(void)conn;
}
