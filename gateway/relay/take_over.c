/* The client goes over from the sign-in screen to the jump host (MS-RDPBCGR 1.3.1.3): Deactivate All, and at once the jump
 * host's Demand Active. Until that is here the client is told nothing, so that whatever goes wrong can still be shown on
 * the sign-in screen; licensing and auto-detect, which come before it, are answered in the client's stead. In the
 * relay worker.
 */
#include "relay/take_over.h"

#include "relay/bridge.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"
#include "relay/phase_greet.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "rdp/mcs.h"
#include "rdp/share.h"

#include <errno.h>
#include <stdlib.h>

#define ANSWER_MAX (SHARE_LICENCE_LEN + AUTODETECT_RESPONSE_MAX)
#define LICENCE_TYPE_AT 4 /* behind the security header, 2.2.1.12.1.1 */
#define LICENCE_REQUEST 0x01
#define PLATFORM_CHALLENGE 0x02

static void
answer(struct connection *conn, uint16_t channel, const struct bytes_writer *payload)
{
	uint8_t room[MCS_SEND_DATA_HEAD_MAX + ANSWER_MAX];
	struct bytes_writer writer;

	if (payload->len == 0)
		return;
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(&writer, MCS_SEND_DATA_REQUEST,
		conn->attachment->bridge->user[SIDE_HOST], channel, payload->start, payload->len);
	if (conn_expect(conn, !writer.failed && !payload->failed))
		leg_send(conn, SIDE_HOST, room, writer.len);
}

/* xrdp and FreeRDP go on without one; a host that insists wants a client that it is alone with. */
static void
on_licence(struct connection *conn, const uint8_t *payload, size_t len)
{
	uint8_t room[SHARE_LICENCE_LEN];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	if (len > LICENCE_TYPE_AT && (payload[LICENCE_TYPE_AT] == LICENCE_REQUEST ||
					     payload[LICENCE_TYPE_AT] == PLATFORM_CHALLENGE))
		share_licence_none_write(&writer);
	answer(conn, conn->attachment->bridge->io[SIDE_HOST], &writer);
}

static void
on_autodetect(struct connection *conn, const struct mcs_send_data *data, const uint8_t *payload)
{
	uint8_t room[AUTODETECT_RESPONSE_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	if (autodetect_answer(&conn->attachment->autodetect, payload, data->payload_len,
		    clock_boottime_ms(), &writer) < 0)
		attach_failed(conn, CLOSE_HOST_BAD_PDU, "an auto-detect request that is none");
	else
		answer(conn, data->channel, &writer);
}

static void
send_deactivate_all(struct connection *conn, uint32_t share_id)
{
	uint8_t payload[SHARE_DEACTIVATE_ALL_LEN], room[MCS_SEND_DATA_HEAD_MAX + sizeof(payload)];
	struct bytes_writer inner, writer;

	bytes_writer_init(&inner, payload, sizeof(payload));
	share_deactivate_all_write(&inner, share_id, INTRODUCTION_SERVER_USER);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(&writer, MCS_SEND_DATA_INDICATION, INTRODUCTION_SERVER_USER,
		MCS_IO_CHANNEL, payload, inner.len);
	leg_send(conn, SIDE_CLIENT, room, writer.len);
}

static void
take_over(struct connection *conn)
{
	struct attachment *attachment = conn->attachment;
	struct bridge *before = conn->bridge;
	auto_secret struct secret demand_active = attachment->demand_active;
	uint32_t share_id = before->share_id;

	attachment->demand_active = (struct secret){0};
	bridge_take_over(attachment->bridge, before);
	conn->bridge = take_pointer(&attachment->bridge);
	bridge_free(before);
	leg_drop(conn, SIDE_GREETER);
	/* What went to the sign-in screen is not the session's. */
	conn->bytes_from[SIDE_CLIENT] = conn->bytes_to[SIDE_CLIENT] = 0;
	send_deactivate_all(conn, share_id);
	connection_go(conn, PHASE_BRIDGE);
	(void)connection_on_bytes(conn, SIDE_HOST, demand_active.bytes, demand_active.len);
}

/* The rest of the greeter's last update. */
static size_t
waiting_on_bytes(struct connection *conn, enum side from, uint8_t *bytes, size_t len)
{
	struct bridge_result result;

	greet_relay(conn, from, bytes, len, bridge_filter_until_rest, &result);
	if (result.reason != CLOSE_NONE) {
		connection_close(conn, result.reason, result.why);
		return len;
	}
	if (from != SIDE_GREETER || !bridge_is_at_rest(conn->bridge))
		return result.used;
	take_over(conn);
	return len;
}

static void
waiting_on_end(struct connection *conn, enum side side, int error, bool waited)
{
	if (side == SIDE_HOST)
		attach_failed(conn, CLOSE_HOST_REFUSED, "it closed the connection");
	else
		connection_peer_ended(conn, side, error, waited);
}

static void
waiting_on_time_limit(struct connection *conn)
{
	if (conn->bridge->stage == BRIDGE_ACTIVE)
		connection_close(conn, CLOSE_GREETER_FAULT, "its last update does not end");
	else
		connection_close(conn, CLOSE_TOO_SLOW, "the sign-in screen is not active");
}

static const struct phase_ops attach_waits = {
	.reads = {[SIDE_CLIENT] = READ_STREAM, [SIDE_GREETER] = READ_STREAM},
	.on_bytes = waiting_on_bytes,
	.on_end = waiting_on_end,
	.on_time_limit = waiting_on_time_limit,
};

/* Keeps the frame from its Demand Active on: whatever stood before it in the same one was for a client that the host
 * took to be there, and nothing may come between Deactivate All and Demand Active. */
static int
keep_demand_active(struct attachment *attachment, const struct mcs_send_data *data,
	const uint8_t *payload, size_t len)
{
	auto_free uint8_t *room = malloc(len + MCS_SEND_DATA_HEAD_MAX);
	struct bytes_writer writer;

	if (room == NULL)
		return -ENOMEM;
	bytes_writer_init(&writer, room, len + MCS_SEND_DATA_HEAD_MAX);
	mcs_send_data_write(&writer, data->kind, data->initiator, data->channel, payload, len);
	if (writer.failed)
		return -EMSGSIZE;
	return secret_set(&attachment->demand_active, room, writer.len);
}

static void
on_demand_active(struct connection *conn, const struct mcs_send_data *data, const uint8_t *payload,
	size_t len)
{
	struct attachment *attachment = conn->attachment;
	int r = keep_demand_active(attachment, data, payload, len);

	if (r == -EMSGSIZE) {
		attach_failed(conn, CLOSE_HOST_BAD_PDU, "a Demand Active that is too long");
		return;
	}
	if (r < 0) {
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for a Demand Active");
		return;
	}
	attachment->step = ATTACH_TAKE_OVER;
	if (bridge_is_at_rest(conn->bridge))
		take_over(conn);
	else
		connection_use(conn, &attach_waits);
}

/* Some hosts put several PDUs into one frame. Each has its own length, of at least its header: the loop ends with the
 * frame. What follows Demand Active is looked at in BRIDGE. */
static void
on_share(struct connection *conn, const struct mcs_send_data *data, const uint8_t *payload)
{
	struct share_pdu share;
	const char *why = NULL;

	for (size_t left = data->payload_len; left > 0;
		payload += share.total_len, left -= share.total_len) {
		if (share_parse(payload, left, left, &share, &why) != PARSE_OK) {
			attach_failed(conn, CLOSE_HOST_BAD_PDU, why);
			return;
		}
		if (share.type == SHARE_DEMAND_ACTIVE) {
			on_demand_active(conn, data, payload, left);
			return;
		}
		if (share.type == SHARE_DATA)
			continue; /* such as Set Error Info: it says no more than its leaving will */
		if (share.type == SHARE_REDIRECTION)
			attach_failed(conn, CLOSE_HOST_REDIRECTS, NULL);
		else
			attach_failed(conn, CLOSE_HOST_BAD_PDU,
				"a PDU out of place before Demand Active");
		return;
	}
}

void
take_over_on_pdu(struct connection *conn, uint8_t *pdu, size_t len)
{
	const struct bridge *bridge = conn->attachment->bridge;
	struct mcs_send_data data;
	const char *why = NULL;

	if (mcs_kind_of(pdu, len) != MCS_SEND_DATA_INDICATION ||
		mcs_send_data_parse(pdu, len, (uint16_t)len, &data, &why) != PARSE_OK) {
		attach_failed(conn, CLOSE_HOST_BAD_PDU, why != NULL ? why : "a PDU out of place");
		return;
	}
	if (data.channel != bridge->io[SIDE_HOST] &&
		(data.channel != bridge->message[SIDE_HOST] || bridge->message[SIDE_HOST] == 0))
		return; /* no client is there yet that a channel could speak to */
	switch (share_kind_of(pdu + data.payload_at, data.payload_len, data.payload_len)) {
	case SHARE_KIND_LICENCE:
		on_licence(conn, pdu + data.payload_at, data.payload_len);
		break;
	case SHARE_KIND_AUTODETECT_REQ:
		on_autodetect(conn, &data, pdu + data.payload_at);
		break;
	case SHARE_KIND_HEARTBEAT:
		break;
	case SHARE_KIND_SHARE:
		on_share(conn, &data, pdu + data.payload_at);
		break;
	case SHARE_KIND_REDIRECTION:
		attach_failed(conn, CLOSE_HOST_REDIRECTS, NULL);
		break;
	case SHARE_KIND_TRANSPORT_REQ:
		attach_failed(conn, CLOSE_HOST_MULTITRANSPORT, NULL);
		break;
	default:
		attach_failed(conn, CLOSE_HOST_BAD_PDU, "a PDU that may not come here");
		break;
	}
}
