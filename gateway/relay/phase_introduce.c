/* INTRODUCE - the client says who it is: MCS Connect-Initial, Erect Domain, Attach User, channel
 * joins, and the Client Info PDU. We answer as an RDP server of our own.
 *
 * From:   SECURE.   To: DECIDE.
 * Trust:  none. All of it is parsed by gateway/rdp (pure, fuzzed) and is a claim.
 * Keeps:  Connect-Initial and Client Info as they came, for ATTACH.
 * Limit:  MCS_CONNECT_MAX bytes a frame, and the time limit `introduce`.
 */
#include "relay/connection.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"

#include "rdp/client_info.h"
#include "rdp/mcs.h"
#include "rdp/share.h"

#include <stdlib.h>

struct introduction *
introduction_new(void)
{
	return calloc(1, sizeof(struct introduction));
}

void
introduction_free(struct introduction *introduction)
{
	if (introduction == NULL)
		return;
	secret_done(&introduction->connect_initial);
	secret_done(&introduction->client_info);
	secret_wipe(introduction, sizeof(*introduction));
	free(introduction);
}

static void
refuse(struct connection *conn, const char *why)
{
	connection_close(conn, CLOSE_CLIENT_BAD_PDU, why);
}

/* Channel ids in CS_NET's order: rdesktop joins 1004 + index whatever we say. */
static void
answer_connect(struct connection *conn)
{
	struct introduction *introduction = conn->introduction;
	const struct gcc_client *client = &introduction->client;
	struct gcc_server server = {
		.version = 0x00080004, /* RDP 5.0 and later, 2.2.1.4.2 */
		.has_requested_protocols = true,
		.requested_protocols = introduction->request.protocols,
		.io_channel = MCS_IO_CHANNEL,
		.channel_count = client->channel_count,
	};
	uint8_t room[GCC_CONNECT_RESPONSE_MAX];
	struct bytes_writer writer;
	uint16_t next = MCS_FIRST_CHANNEL;

	for (uint16_t i = 0; i < client->channel_count; i++)
		server.channels[i] = next++;
	if (client->has_message_channel)
		server.message_channel = introduction->message_channel = next++;
	introduction->user = next;

	bytes_writer_init(&writer, room, sizeof(room));
	gcc_connect_response_write(&writer, &server);
	if (conn_expect(conn, !writer.failed))
		leg_send(conn, SIDE_CLIENT, room, writer.len);
}

static void
on_connect_initial(struct connection *conn, const uint8_t *pdu, size_t len)
{
	struct introduction *introduction = conn->introduction;
	const char *why = NULL;

	if (introduction->connect_initial.len > 0) {
		refuse(conn, "a second Connect-Initial");
		return;
	}
	if (gcc_connect_initial_parse(pdu, len, &introduction->client, &why) != PARSE_OK) {
		refuse(conn, why);
		return;
	}
	if (secret_set(&introduction->connect_initial, pdu, len) < 0) {
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for the Connect-Initial");
		return;
	}
	answer_connect(conn);
}

static void
on_attach_user(struct connection *conn, const uint8_t *pdu, size_t len)
{
	struct introduction *introduction = conn->introduction;
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;

	if (mcs_attach_user_request_parse(pdu, len) != PARSE_OK || introduction->attached ||
		!introduction->domain_erected) {
		refuse(conn, "an Attach User Request out of place");
		return;
	}
	introduction->attached = true;
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_attach_user_confirm_write(&writer, introduction->user);
	leg_send(conn, SIDE_CLIENT, room, writer.len);
}

/* Ids from the I/O channel up to the user's own channel are ours, without a gap. */
static void
on_join(struct connection *conn, const uint8_t *pdu, size_t len)
{
	const struct introduction *introduction = conn->introduction;
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;
	uint16_t user, channel;

	if (mcs_channel_join_request_parse(pdu, len, &user, &channel) != PARSE_OK ||
		!introduction->attached || user != introduction->user) {
		refuse(conn, "a Channel Join Request out of place");
		return;
	}
	if (channel < MCS_IO_CHANNEL || channel > introduction->user) {
		refuse(conn, "a Channel Join Request for a channel that does not exist");
		return;
	}
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_channel_join_confirm_write(&writer, user, channel);
	leg_send(conn, SIDE_CLIENT, room, writer.len);
}

static void
on_client_info(struct connection *conn, const uint8_t *pdu, size_t len)
{
	struct introduction *introduction = conn->introduction;
	struct mcs_send_data data;
	struct client_info info;
	const char *why = NULL;

	if (mcs_send_data_parse(pdu, len, (uint16_t)len, &data, &why) != PARSE_OK) {
		refuse(conn, why);
		return;
	}
	if (!introduction->attached || data.channel != MCS_IO_CHANNEL) {
		refuse(conn, "data before the client has said who it is");
		return;
	}
	if (client_info_parse(pdu + data.payload_at, data.payload_len, &info, &why) != PARSE_OK) {
		refuse(conn, why);
		return;
	}
	if (secret_set(&introduction->client_info, pdu + data.payload_at, data.payload_len) < 0) {
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for the Client Info");
		return;
	}
	connection_go(conn, PHASE_DECIDE);
}

static void
introduce_on_pdu(struct connection *conn, enum side side, uint8_t *pdu, size_t len)
{
	struct introduction *introduction = conn->introduction;
	enum mcs_kind kind = mcs_kind_of(pdu, len);

	(void)side;
	if ((kind == MCS_CONNECT_INITIAL) != (introduction->connect_initial.len == 0)) {
		refuse(conn, "the connection sequence does not begin with one Connect-Initial");
		return;
	}
	switch (kind) {
	case MCS_CONNECT_INITIAL:
		on_connect_initial(conn, pdu, len);
		break;
	case MCS_ERECT_DOMAIN_REQUEST:
		introduction->domain_erected = true;
		break;
	case MCS_ATTACH_USER_REQUEST:
		on_attach_user(conn, pdu, len);
		break;
	case MCS_CHANNEL_JOIN_REQUEST:
		on_join(conn, pdu, len);
		break;
	case MCS_SEND_DATA_REQUEST:
		on_client_info(conn, pdu, len);
		break;
	case MCS_DISCONNECT_ULTIMATUM:
		connection_close(conn, CLOSE_CLIENT_LEFT, NULL);
		break;
	default:
		refuse(conn, "a PDU that has no place in the connection sequence");
		break;
	}
}

static void
introduce_on_bad_frame(struct connection *conn, enum side side, bool too_long)
{
	(void)side;
	refuse(conn, too_long ? "a PDU of the connection sequence is too long"
			      : "bytes that are no TPKT frame");
}

const struct phase_ops phase_introduce = {
	.reads = {[SIDE_CLIENT] = READ_PDUS},
	.pdu_max = {[SIDE_CLIENT] = MCS_CONNECT_MAX},
	.on_pdu = introduce_on_pdu,
	.on_bad_frame = introduce_on_bad_frame,
};
