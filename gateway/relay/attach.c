/* The client's connection sequence, replayed to a back end (MS-RDPBCGR 1.3.1.1): Connect-Initial,
 * Erect Domain, Attach User, one join after the other, Client Info. In the relay worker, in ATTACH.
 *
 * Changed on the way: the protocol that this back end selected, what the gateway does not carry
 * (multitransport, skipped joins, channels without a right), and who the user is: the client's own user,
 * domain, password, shell, folder and auto-reconnect cookie are never forwarded. If ATTACH brought a name and a
 * password, the host gets those, and logs on by itself;
 * if this session has a cookie of the host's, the host is shown that one.
 */
#include "relay/attach.h"

#include "relay/bridge.h"
#include "relay/bridge_channels.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"
#include "relay/phase_greet.h"
#include "relay/take_over.h"

#include "base/cleanup.h"
#include "policy/rights.h"
#include "rdp/client_info.h"
#include "rdp/mcs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The order of the joins: the user's own channel, I/O, message channel, then the static ones. */
enum {
	JOIN_USER,
	JOIN_IO,
	JOIN_MESSAGE,
	JOIN_STATIC,
};

static void
bad_pdu(struct connection *conn, const char *why)
{
	attach_failed(conn, CLOSE_HOST_BAD_PDU, why);
}

static void
send_to_back_end(struct connection *conn, const struct bytes_writer *writer)
{
	leg_send(conn, conn->attachment->side, writer->start, writer->len);
}

static bool
is_second(const struct gcc_client *client, uint16_t at)
{
	for (uint16_t i = 0; i < at; i++)
		if (strcasecmp(client->channels[i].name, client->channels[at].name) == 0)
			return true;
	return false;
}

/* Channels that the rights do not open, as a bit set over CS_NET's order. Each is there once: what its filter holds has its
 * bound. */
static uint32_t
channels_without_right(const struct gcc_client *client, uint32_t rights)
{
	uint32_t denied = 0;

	for (uint16_t i = 0; i < client->channel_count; i++)
		if ((session_rights_of_channel(client->channels[i].name) & rights) == 0 ||
			is_second(client, i))
			denied |= 1u << i;
	return denied;
}

static bool
denies_dynamic_channels(const struct gcc_client *client, uint32_t denied)
{
	for (uint16_t i = 0; i < client->channel_count; i++)
		if ((denied & 1u << i) != 0 && strcasecmp(client->channels[i].name, "drdynvc") == 0)
			return true;
	return false;
}

static struct gcc_client_changes
changes_for(const struct connection *conn, uint32_t denied)
{
	const struct x224_confirm *confirm = &conn->attachment->confirm;
	bool old = (confirm->flags & RDP_CONFIRM_EXTENDED_CLIENT_DATA) == 0;
	/* The sign-in screen is one picture without channels, on the primary monitor. */
	bool plain = old || conn->attachment->side == SIDE_GREETER;
	struct gcc_client_changes changes = {
		.server_selected_protocol = confirm->protocol,
		.clear_early_flags = GCC_CLIENT_SKIP_CHANNEL_JOIN,
		.drop_message_channel = plain,
		.drop_monitors = old,
		.rename_channels = denied,
	};

	if (plain)
		changes.clear_early_flags |= GCC_CLIENT_NETWORK_AUTODETECT | GCC_CLIENT_HEARTBEAT;
	/* Without drdynvc a host that draws on it would leave the screen black. */
	if (denies_dynamic_channels(&conn->introduction->client, denied))
		changes.clear_early_flags |= GCC_CLIENT_DYNVC_GFX;
	return changes;
}

/* Returns 0 or -ENOMEM. */
static int
bridge_know_client(struct bridge *bridge, const struct introduction *introduction,
	const struct attachment *attachment, uint32_t denied)
{
	const struct gcc_client *client = &introduction->client;
	int r = 0;

	bridge->user[SIDE_CLIENT] = introduction->user;
	bridge->io[SIDE_CLIENT] = MCS_IO_CHANNEL;
	bridge->message[SIDE_CLIENT] = introduction->message_channel;
	bridge->look_only = (attachment->rights & SESSION_LOOK_ONLY) != 0;
	bridge->channel_names = strdup(attachment->channels);
	if (bridge->channel_names == NULL)
		return -ENOMEM;
	bridge->channel_count = (uint8_t)client->channel_count;
	for (uint8_t i = 0; i < bridge->channel_count && r == 0; i++) {
		bridge->channels[i].id[SIDE_CLIENT] = (uint16_t)(MCS_FIRST_CHANNEL + i);
		bridge->channels[i].denied = (denied & 1u << i) != 0;
		if (!bridge->channels[i].denied)
			r = bridge_filter_channel(
				bridge, i, &client->channels[i], attachment->rights);
	}
	return r;
}

void
attach_begin(struct connection *conn)
{
	const struct introduction *introduction = conn->introduction;
	uint32_t denied = channels_without_right(&introduction->client, conn->attachment->rights);
	struct gcc_client_changes changes = changes_for(conn, denied);
	uint8_t room[MCS_CONNECT_MAX + GCC_REENCODE_MORE];
	struct bytes_writer writer;
	int r;

	conn->attachment->bridge = bridge_new(conn->attachment->side);
	if (conn->attachment->bridge == NULL ||
		bridge_know_client(
			conn->attachment->bridge, introduction, conn->attachment, denied) < 0) {
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for a bridge");
		return;
	}
	if (conn->attachment->side == SIDE_HOST && conn->gate != GATE_NONE &&
		bridge_gate(conn->attachment->bridge, conn->gate == GATE_OPEN) < 0) {
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for a gate");
		return;
	}
	conn->attachment->bridge->cookies.given = conn->attachment->resumable;
	conn->attachment->bridge->cookies.ours = conn->attachment->resume;
	bytes_writer_init(&writer, room, sizeof(room));
	r = gcc_connect_initial_rewrite(introduction->connect_initial.bytes,
		introduction->connect_initial.len, &changes, &writer);
	if (!conn_expect(conn, r == 0 && !writer.failed))
		return;
	conn->attachment->step = ATTACH_CONNECT_RESPONSE;
	send_to_back_end(conn, &writer);
}

static void
send_domain_pdus(struct connection *conn)
{
	uint8_t room[2 * MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	mcs_erect_domain_write(&writer);
	mcs_attach_user_request_write(&writer);
	conn->attachment->step = ATTACH_USER_CONFIRM;
	send_to_back_end(conn, &writer);
}

static void
on_connect_response(struct connection *conn, const uint8_t *pdu, size_t len)
{
	struct bridge *bridge = conn->attachment->bridge;
	struct gcc_server server;
	const char *why = NULL;

	if (gcc_connect_response_parse(pdu, len, &server, &why) != PARSE_OK) {
		bad_pdu(conn, why);
		return;
	}
	if (server.encryption_method != 0) {
		bad_pdu(conn, "it asks for RDP encryption inside TLS");
		return;
	}
	bridge->io[SIDE_HOST] = server.io_channel;
	/* A host that answers about a message channel we did not ask for has none. */
	if (bridge->message[SIDE_CLIENT] != 0)
		bridge->message[SIDE_HOST] = server.message_channel;
	for (uint8_t i = 0; i < bridge->channel_count && i < server.channel_count; i++)
		bridge->channels[i].id[SIDE_HOST] = server.channels[i];
	send_domain_pdus(conn);
}

/* The host's id of the channel at a place in the order; 0: it has none. */
static uint16_t
join_channel(const struct bridge *bridge, uint16_t place)
{
	switch (place) {
	case JOIN_USER:
		return bridge->user[SIDE_HOST];
	case JOIN_IO:
		return bridge->io[SIDE_HOST];
	case JOIN_MESSAGE:
		return bridge->message[SIDE_HOST];
	default:
		return bridge->channels[place - JOIN_STATIC].id[SIDE_HOST];
	}
}

/* What is compressed would have to be understood when the client goes over to a jump host. */
static struct client_info_changes
info_changes_for(const struct attachment *attachment)
{
	const struct host_credentials *credentials = &attachment->credentials;
	struct client_info_changes changes = {.clear_flags = attachment->side == SIDE_GREETER
								     ? INFO_RAIL | INFO_COMPRESSION
								     : INFO_RAIL};

	changes.cookie = attachment->host_knows ? &attachment->host_cookie : NULL;
	if (!host_credentials_given(credentials))
		return changes;
	changes.user = credentials->user;
	changes.domain = credentials->domain;
	changes.password = (const char *)credentials->password.bytes;
	changes.autologon = true;
	return changes;
}

/* The password is in the connection's TLS, or waits to be, from then on, and nowhere else. */
static void
send_client_info(struct connection *conn)
{
	const struct introduction *introduction = conn->introduction;
	const struct client_info_changes changes = info_changes_for(conn->attachment);
	uint8_t room[CLIENT_INFO_MAX + MCS_SEND_DATA_HEAD_MAX];
	struct client_info info;
	struct bytes_writer writer;
	size_t begin;
	int r;

	if (!conn_expect(conn, client_info_parse(introduction->client_info.bytes,
				       introduction->client_info.len, &info, NULL) == PARSE_OK))
		return;
	bytes_writer_init(&writer, room, sizeof(room));
	begin = mcs_send_data_begin(&writer, MCS_SEND_DATA_REQUEST,
		conn->attachment->bridge->user[SIDE_HOST], conn->attachment->bridge->io[SIDE_HOST]);
	r = client_info_write(&writer, &info, &changes);
	mcs_send_data_end(&writer, begin);
	host_credentials_done(&conn->attachment->credentials);
	if (conn_expect(conn, r == 0 && !writer.failed)) {
		conn->attachment->step = ATTACH_FIRST_PDU;
		send_to_back_end(conn, &writer);
	}
	secret_wipe(room, sizeof(room));
}

/* Joins the next channel that the host has, or goes on to Client Info behind the last. */
static void
join_next(struct connection *conn)
{
	const struct bridge *bridge = conn->attachment->bridge;
	uint16_t *place = &conn->attachment->joining;
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;

	while (*place < JOIN_STATIC + bridge->channel_count && join_channel(bridge, *place) == 0)
		(*place)++;
	if (*place == JOIN_STATIC + bridge->channel_count) {
		bridge_filters_ready(conn->attachment->bridge);
		send_client_info(conn);
		return;
	}
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_channel_join_request_write(
		&writer, bridge->user[SIDE_HOST], join_channel(bridge, *place));
	send_to_back_end(conn, &writer);
}

static void
on_user_confirm(struct connection *conn, const uint8_t *pdu, size_t len)
{
	if (mcs_attach_user_confirm_parse(pdu, len, &conn->attachment->bridge->user[SIDE_HOST]) !=
		PARSE_OK) {
		attach_failed(conn, CLOSE_HOST_REFUSED, "it refused Attach User");
		return;
	}
	conn->attachment->step = ATTACH_JOINS;
	join_next(conn);
}

static void
on_join_confirm(struct connection *conn, const uint8_t *pdu, size_t len)
{
	struct bridge *bridge = conn->attachment->bridge;
	uint16_t *place = &conn->attachment->joining;
	struct mcs_channel_join_confirm confirm;

	if (mcs_channel_join_confirm_parse(pdu, len, &confirm) != PARSE_OK ||
		confirm.requested != join_channel(bridge, *place)) {
		bad_pdu(conn, "a Channel Join Confirm was expected");
		return;
	}
	if (confirm.result != 0 && *place <= JOIN_IO) {
		attach_failed(conn, CLOSE_HOST_REFUSED, "it refused to join the I/O channel");
		return;
	}
	/* A dead channel: what the client sends on it is discarded. */
	if (confirm.result != 0 && *place == JOIN_MESSAGE)
		bridge->message[SIDE_HOST] = 0;
	else if (confirm.result != 0)
		bridge->channels[*place - JOIN_STATIC].id[SIDE_HOST] = 0;
	(*place)++;
	join_next(conn);
}

/* The back end goes on where one goes on: licensing, auto-detect or Demand Active. */
static void
on_first_pdu(struct connection *conn, uint8_t *pdu, size_t len)
{
	enum side side = conn->attachment->side;
	size_t used;

	if (side == SIDE_HOST && conn->legs[SIDE_GREETER] != NULL) {
		take_over_on_pdu(conn, pdu, len);
		return;
	}
	conn->bridge = take_pointer(&conn->attachment->bridge);
	if (side == SIDE_HOST)
		connection_go(conn, PHASE_BRIDGE);
	else
		greet_begin(conn);
	used = connection_on_bytes(conn, side, pdu, len);
	if (conn->reason == CLOSE_NONE)
		(void)conn_expect(conn, used == len);
}

void
attach_on_pdu(struct connection *conn, uint8_t *pdu, size_t len)
{
	if (mcs_kind_of(pdu, len) == MCS_DISCONNECT_ULTIMATUM) {
		attach_refused(conn, "it sent a Disconnect Provider Ultimatum");
		return;
	}
	switch (conn->attachment->step) {
	case ATTACH_CONNECT_RESPONSE:
		on_connect_response(conn, pdu, len);
		break;
	case ATTACH_USER_CONFIRM:
		on_user_confirm(conn, pdu, len);
		break;
	case ATTACH_JOINS:
		on_join_confirm(conn, pdu, len);
		break;
	case ATTACH_FIRST_PDU:
		on_first_pdu(conn, pdu, len);
		break;
	default:
		(void)conn_expect(conn, false);
		break;
	}
}
