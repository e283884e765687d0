/* SECURE - our X.224 Connection Confirm, then the TLS handshake with the client.
 *
 * From:   SNIFF.   To: INTRODUCE.
 * Trust:  none yet; OpenSSL reads what comes. The private key is sekisho-key's (key_method.h).
 * Limit:  the time limit `secure`.
 */
#include "relay/connection.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/worker.h"

static void
secure_enter(struct connection *conn)
{
	const struct x224_confirm confirm = {
		.kind = X224_CONFIRM_RESPONSE,
		.flags = INTRODUCTION_CONFIRM_FLAGS,
		.protocol = RDP_PROTOCOL_SSL,
	};
	uint8_t room[X224_CONFIRM_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	x224_confirm_write(&writer, &confirm);
	leg_send(conn, SIDE_CLIENT, room, writer.len);
	/* 19 bytes always fit in the buffer of a new socket; TLS would overtake any that wait. */
	if (leg_is_waiting(conn, SIDE_CLIENT))
		connection_close(conn, CLOSE_CLIENT_LOST, "its socket takes no bytes");
	else if (leg_secure(conn, SIDE_CLIENT, conn->worker->client_tls, NULL) < 0)
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for TLS");
}

static void
secure_on_secured(struct connection *conn, enum side side)
{
	(void)side;
	connection_go(conn, PHASE_INTRODUCE);
}

static void
secure_on_tls_failed(struct connection *conn, enum side side, const char *why)
{
	(void)side;
	connection_close(conn, CLOSE_TLS_FAILED, why);
}

const struct phase_ops phase_secure = {
	.enter = secure_enter,
	.on_secured = secure_on_secured,
	.on_tls_failed = secure_on_tls_failed,
};
