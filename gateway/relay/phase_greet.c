/* GREET - the client is shown the sign-in screen, or a recording. A greeter (and a player) is a back end as a jump host is: the client's connection
 * sequence is replayed to it (attach.c), without TLS, channels or compression, and then PDUs are relayed by the same
 * rules. What is typed goes from the greeter to the supervisor and not through here in any other way.
 *
 * From:   DECIDE; ATTACH and REDIRECT, when they failed.   To: ATTACH, REDIRECT, DRAIN.
 * Trust:  none in either: the greeter has a client's bytes to deal with and may be taken over.
 * Limit:  the time limit `attach` until the greeter is attached; then `greet`, the longest that anybody may wait here: the
 *         supervisor ends those who take too long to sign in. Who watches a recording has none.
 */
#include "relay/phase_greet.h"

#include "relay/attach.h"
#include "relay/back_end.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"
#include "relay/phase_redirect.h"
#include "relay/worker.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "rdp/mcs.h"

#include <errno.h>
#include <stdlib.h>

static const struct phase_ops greet_relays;

/* The hospital's consent may be quicker than the sign-in screen that was to wait for it. */
struct early_attach {
	struct msg_attach attach;
	int fd;
};

void
early_attach_free(struct early_attach *early)
{
	if (early == NULL)
		return;
	if (early->fd >= 0)
		(void)close(early->fd);
	secret_wipe(early, sizeof(*early));
	free(early);
}

static void
greet_enter(struct connection *conn)
{
	if (conn->bridge != NULL) {
		connection_use(conn, &greet_relays);
		return;
	}
	if (conn->introduction->client.color_depth < COLOUR_BITS_LEAST) {
		connection_close(conn, CLOSE_FEW_COLOURS, NULL);
		return;
	}
	io_limit(conn, conn->worker->limit_ms[PHASE_ATTACH]);
	conn->attachment = attachment_new(SIDE_GREETER);
	if (conn->attachment == NULL) {
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for a sign-in screen");
		return;
	}
	back_end_request(conn, SIDE_GREETER, RDP_PROTOCOL_SSL);
}

static void
on_confirm(struct connection *conn, const uint8_t *pdu, size_t len)
{
	struct x224_confirm *confirm = &conn->attachment->confirm;
	const char *why = NULL;
	size_t used;

	if (x224_confirm_parse(pdu, len, confirm, &used, &why) != PARSE_OK ||
		confirm->kind != X224_CONFIRM_RESPONSE || confirm->protocol != RDP_PROTOCOL_SSL) {
		attach_failed(
			conn, CLOSE_GREETER_FAULT, "its answer is no Connection Confirm for TLS");
		return;
	}
	attach_begin(conn);
}

static void
greet_on_pdu(struct connection *conn, enum side side, uint8_t *pdu, size_t len)
{
	(void)side;
	back_end_on_pdu(conn, pdu, len, on_confirm);
}

static void
greet_on_bad_frame(struct connection *conn, enum side side, bool too_long)
{
	(void)side;
	connection_close(conn, CLOSE_GREETER_FAULT, back_end_bad_frame(too_long));
}

static void
greet_on_time_limit(struct connection *conn)
{
	connection_close(conn, CLOSE_GREETER_FAULT, "it did not begin in time");
}

static void
early_on_attach(struct connection *conn, const struct msg_attach *attach, int *fd)
{
	if (!conn_expect(conn, conn->early == NULL))
		return;
	conn->early = malloc(sizeof(*conn->early));
	if (conn->early == NULL) {
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for a jump host");
		return;
	}
	conn->early->attach = *attach;
	conn->early->fd = take_fd(fd);
}

void
greet_begin(struct connection *conn)
{
	struct early_attach *early = take_pointer(&conn->early);

	attachment_free(take_pointer(&conn->attachment));
	io_limit(conn, conn->stays ? 0 : conn->worker->limit_ms[PHASE_GREET]);
	connection_use(conn, &greet_relays);
	if (early != NULL)
		greet_on_attach(conn, &early->attach, &early->fd);
	else if (conn->redirection != NULL)
		connection_go(conn, PHASE_REDIRECT);
	early_attach_free(early);
}

void
greet_relay(struct connection *conn, enum side from, uint8_t *bytes, size_t len,
	greet_filter *filter, struct bridge_result *result)
{
	filter(conn->bridge, from == SIDE_GREETER ? SIDE_HOST : SIDE_CLIENT, bytes, len, result);
	leg_send(conn, connection_counterpart(conn, from), bytes, result->out);
}

size_t
greet_on_bytes(struct connection *conn, enum side from, uint8_t *bytes, size_t len)
{
	struct bridge_result result;

	greet_relay(conn, from, bytes, len, bridge_filter, &result);
	if (result.reason == CLOSE_NONE)
		return result.used;
	connection_close(conn, result.reason, result.why);
	return len;
}

void
greet_on_attach(struct connection *conn, const struct msg_attach *attach, int *fd)
{
	int r = attachment_take(conn, attach, fd);

	if (r == 0)
		connection_go(conn, PHASE_ATTACH);
	else if (r == -EKEYREJECTED)
		attach_failed(conn, CLOSE_HOST_CERTIFICATE,
			"the pin, CA or name that it shall be known by cannot be used");
	else
		connection_close(
			conn, CLOSE_OUT_OF_ROOM, "the jump host's socket could not be taken");
}

const struct phase_ops phase_greet = {
	.reads = {[SIDE_GREETER] = READ_PDUS},
	.pdu_max = {[SIDE_GREETER] = MCS_CONNECT_MAX},
	.enter = greet_enter,
	.on_pdu = greet_on_pdu,
	.on_bad_frame = greet_on_bad_frame,
	.on_attach = early_on_attach,
	.on_redirect = redirection_take,
	.on_time_limit = greet_on_time_limit,
};

static const struct phase_ops greet_relays = {
	.reads = {[SIDE_CLIENT] = READ_STREAM, [SIDE_GREETER] = READ_STREAM},
	.on_bytes = greet_on_bytes,
	.on_attach = greet_on_attach,
	.on_redirect = greet_on_redirect,
};
