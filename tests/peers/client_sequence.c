/* The connection sequence of the test client, MS-RDPBCGR 1.3.1.1; see client.h. */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rdp/x224.h"

static int
refuse(struct client_connection *connection, const char *why)
{
	connection->why = why;
	return -EPROTO;
}

int
client_send(struct client_connection *connection, struct bytes_writer *writer)
{
	const struct client_change *change = &connection->client->options.change;

	if (writer->failed)
		return refuse(connection, "a PDU of ours has no room");
	connection->sent_pdus++;
	if (connection->sent_pdus == change->pdu && change->at < writer->len)
		writer->start[change->at] = (uint8_t)(writer->start[change->at] + change->by);
	return stream_send(&connection->stream, writer->start, writer->len);
}

/* With a token line of any length, also one that X.224 has no room for. */
int
client_send_request(struct client_connection *connection, uint32_t protocols)
{
	uint8_t room[sizeof(connection->token) + 64];
	const char *token = connection->token;
	size_t line = token[0] != '\0' ? strlen(token) + 2 : 0;
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	bytes_write_u16be(&writer, 0x0300);
	bytes_write_u16be(&writer, (uint16_t)(11 + line + 8));
	bytes_write_u8(&writer, (uint8_t)(6 + line + 8 > 254 ? 254 : 6 + line + 8));
	bytes_write_u8(&writer, 0xe0);
	bytes_write_zeros(&writer, 5);
	if (line > 0) {
		bytes_write(&writer, token, line - 2);
		bytes_write(&writer, "\r\n", 2);
	}
	bytes_write_u16le(&writer, 1);
	bytes_write_u16le(&writer, 8);
	bytes_write_u32le(&writer, protocols);
	connection->step = CLIENT_REQUEST;
	return client_send(connection, &writer);
}

int
client_begin(struct client_connection *connection)
{
	const struct client *client = connection->client;

	connection->step = CLIENT_REQUEST;
	if (client->options.mode->on_connect != NULL)
		return client->options.mode->on_connect(connection);
	if (!client->options.tls_first)
		return client_send_request(connection, RDP_PROTOCOL_SSL);
	connection->step = CLIENT_TLS;
	return stream_start_tls(&connection->stream, client->tls, false);
}

static int
send_initial(struct client_connection *connection)
{
	uint8_t room[SEQUENCE_ROOM];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	sequence_initial_write(
		&writer, RDP_PROTOCOL_SSL, !connection->client->options.no_message_channel);
	connection->step = CLIENT_INITIAL;
	return client_send(connection, &writer);
}

int
client_tls_done(struct client_connection *connection)
{
	if (connection->client->options.tls_first)
		return client_send_request(connection, RDP_PROTOCOL_SSL);
	return send_initial(connection);
}

static int
take_confirm(struct client_connection *connection, const uint8_t *frame, size_t len)
{
	struct x224_confirm confirm;
	size_t used;

	if (x224_confirm_parse(frame, len, &confirm, &used, &connection->why) != PARSE_OK)
		return -EPROTO;
	if (confirm.kind == X224_CONFIRM_FAILURE) {
		connection->error_info = confirm.failure;
		return refuse(connection, "negotiation failed");
	}
	if (confirm.kind != X224_CONFIRM_RESPONSE || confirm.protocol != RDP_PROTOCOL_SSL)
		return refuse(connection, "TLS was not selected");
	if (connection->client->options.tls_first)
		return send_initial(connection);
	connection->step = CLIENT_TLS;
	return stream_start_tls(&connection->stream, connection->client->tls, false);
}

static int
take_response(struct client_connection *connection, const uint8_t *frame, size_t len)
{
	uint8_t room[32];
	struct bytes_writer writer;
	int r;

	if (gcc_connect_response_parse(frame, len, &connection->server, &connection->why) !=
		PARSE_OK)
		return -EPROTO;
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_erect_domain_write(&writer);
	r = client_send(connection, &writer);
	if (r < 0)
		return r;
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_attach_user_request_write(&writer);
	connection->step = CLIENT_DOMAIN;
	return client_send(connection, &writer);
}

/* The channels to join, in order: the user's own, I/O, the message channel, the static ones. */
static uint16_t
channel_to_join(const struct client_connection *connection, unsigned number)
{
	const struct gcc_server *server = &connection->server;

	if (number == 0)
		return connection->address.user;
	if (number == 1)
		return server->io_channel;
	if (server->message_channel != 0 && number == 2)
		return server->message_channel;
	number -= server->message_channel != 0 ? 3 : 2;
	return number < server->channel_count ? server->channels[number] : 0;
}

static int
send_info(struct client_connection *connection)
{
	uint8_t room[SEQUENCE_ROOM];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	if (sequence_info_write(
		    &writer, &connection->address, connection->user, connection->password) < 0)
		return refuse(connection, "user or password does not fit");
	connection->step = CLIENT_INFO;
	return client_send(connection, &writer);
}

static int
join_next(struct client_connection *connection)
{
	uint16_t channel = channel_to_join(connection, connection->joined);
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;

	if (channel == 0)
		return send_info(connection);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_channel_join_request_write(&writer, connection->address.user, channel);
	return client_send(connection, &writer);
}

static int
take_domain_pdu(struct client_connection *connection, const uint8_t *frame, size_t len)
{
	struct mcs_channel_join_confirm confirm;
	uint16_t user;

	if (mcs_attach_user_confirm_parse(frame, len, &user) == PARSE_OK) {
		connection->address = (struct sequence_address){.kind = MCS_SEND_DATA_REQUEST,
			.user = user,
			.channel = connection->server.io_channel};
		return join_next(connection);
	}
	if (mcs_channel_join_confirm_parse(frame, len, &confirm) != PARSE_OK)
		return refuse(connection, "neither attach nor join confirm");
	if (confirm.result != 0 ||
		confirm.channel != channel_to_join(connection, connection->joined))
		return refuse(connection, "channel not joined");
	connection->joined++;
	return join_next(connection);
}

static int
answer_demand(struct client_connection *connection, uint32_t share_id)
{
	const struct sequence_address *address = &connection->address;
	uint8_t room[SEQUENCE_ROOM];
	struct bytes_writer writer;

	/* xfreerdp looks at none of these. */
	if (connection->activations > 0 && !connection->deactivated &&
		connection->client->options.mode->patient)
		return 0;
	if (connection->activations > 0 && !connection->deactivated)
		return refuse(connection, "another Demand Active without Deactivate All");
	connection->deactivated = false;
	connection->address.share_id = share_id;
	connection->activations++;
	/* No input before Font Map; the answer to an open one will not come any more. */
	connection->ping_open = true;
	connection->ping_ns = 0;
	connection->ping_number++;
	if (connection->activations > 1 && connection->client->options.mode->on_demand != NULL &&
		connection->client->options.mode->on_demand(connection) < 0)
		return -EPROTO;
	if (connection->step < CLIENT_READY)
		connection->step = CLIENT_ACTIVATION;
	bytes_writer_init(&writer, room, sizeof(room));
	sequence_confirm_active_write(&writer, address);
	sequence_synchronize_write(&writer, address);
	sequence_control_write(&writer, address, SHARE_CONTROL_COOPERATE, 0);
	sequence_control_write(&writer, address, SHARE_CONTROL_REQUEST, 0);
	sequence_font_write(&writer, address, SHARE_DATA_FONT_LIST);
	return client_send(connection, &writer);
}

static int
become_ready(struct client_connection *connection)
{
	struct client *client = connection->client;

	connection->ping_open = false;
	if (!client->options.quiet && client->options.desktops > 1)
		printf("event=desktop id=%lu activations=%u\n", connection->id,
			connection->activations);
	if (connection->step == CLIENT_READY)
		return 0;
	if (connection->activations < client->options.desktops)
		return client->options.mode->on_desktop != NULL
			       ? client->options.mode->on_desktop(connection)
			       : 0;
	connection->step = CLIENT_READY;
	connection->ready_ns = loop_now_ns();
	client->setting_up--;
	client->ready++;
	client_numbers_add(&client->setups, connection->ready_ns - connection->began_ns);
	if (!client->options.quiet)
		printf("event=ready id=%lu ms=%.2f\n", connection->id,
			(double)(connection->ready_ns - connection->began_ns) / 1e6);
	if (client->options.mode->on_ready != NULL)
		return client->options.mode->on_ready(connection);
	return client->options.again ? -ECANCELED : 0;
}

static int
take_share_pdu(
	struct client_connection *connection, const uint8_t *payload, const struct share_pdu *pdu)
{
	if (pdu->type == SHARE_REDIRECTION && connection->client->options.mode->stays)
		return printf("event=redirected id=%lu\n", connection->id) < 0 ? -EIO : 0;
	if (pdu->type == SHARE_REDIRECTION)
		return refuse(connection, "redirected to another host");
	if (pdu->type == SHARE_DEMAND_ACTIVE)
		return answer_demand(connection, pdu->share_id);
	if (connection->deactivated && !connection->client->options.mode->patient)
		return refuse(connection, "a PDU between Deactivate All and Demand Active");
	if (pdu->type == SHARE_DEACTIVATE_ALL && connection->in_fragments)
		return refuse(connection, "taken away inside a fragmented update");
	connection->deactivated = pdu->type == SHARE_DEACTIVATE_ALL;
	if (pdu->type != SHARE_DATA)
		return 0;
	if (pdu->data_type == SHARE_DATA_SET_ERROR_INFO && pdu->total_len >= SHARE_ERROR_INFO_LEN)
		connection->error_info = bytes_get_u32le(payload + SHARE_DATA_LEN);
	if (pdu->data_type == SHARE_DATA_FONT_MAP)
		return become_ready(connection);
	return 0;
}

static int
take_io(struct client_connection *connection, const uint8_t *payload, size_t len)
{
	struct share_pdu pdu;
	int r = 0;

	switch (share_kind_of(payload, len, len)) {
	case SHARE_KIND_LICENCE:
		return 0;
	case SHARE_KIND_SHARE:
	case SHARE_KIND_REDIRECTION:
		break;
	default:
		return refuse(connection, "neither licensing nor a share PDU");
	}
	while (len > 0 && r == 0) {
		if (share_parse(payload, len, len, &pdu, &connection->why) != PARSE_OK)
			return -EPROTO;
		r = take_share_pdu(connection, payload, &pdu);
		payload += pdu.total_len;
		len -= pdu.total_len;
	}
	return r;
}

static int
take_data(struct client_connection *connection, const uint8_t *frame, size_t len)
{
	struct mcs_send_data data;
	enum mcs_reason reason;

	if (mcs_disconnect_parse(frame, len, &reason) == PARSE_OK) {
		connection->reason = reason;
		return refuse(connection, "disconnected");
	}
	if (mcs_send_data_parse(frame, len, (uint16_t)len, &data, &connection->why) != PARSE_OK)
		return -EPROTO;
	if (data.kind != MCS_SEND_DATA_INDICATION)
		return refuse(connection, "a request from a server");
	if (data.channel == connection->server.io_channel)
		return take_io(connection, frame + data.payload_at, data.payload_len);
	if (data.channel == connection->server.message_channel &&
		share_kind_of(frame + data.payload_at, data.payload_len, data.payload_len) ==
			SHARE_KIND_TRANSPORT_REQ)
		return refuse(connection, "asked to open a second transport");
	return 0;
}

/* MS-RDPBCGR 2.2.9.1.2 comes only after activation. */
static int
take_fast_path(struct client_connection *connection, const uint8_t *frame, size_t len)
{
	uint32_t number;

	uint8_t place =
		frame[(frame[1] & 0x80) != 0 ? 3 : 2] & 0x30; /* fragmentation, 2.2.9.1.2.1 */

	if (connection->step < CLIENT_ACTIVATION)
		return refuse(connection, "fast-path before the desktop is ready");
	if (connection->deactivated && !connection->client->options.mode->patient)
		return refuse(connection, "fast-path while there is no desktop");
	if (connection->in_fragments != (place == 0x30 || place == 0x10))
		return refuse(connection, "fragments out of order");
	connection->in_fragments = place == 0x20 || place == 0x30;
	if (!sequence_pong_parse(frame, len, &number)) {
		connection->updates++;
		return 0;
	}
	if (!connection->ping_open || number != connection->ping_number)
		return 0;
	connection->ping_open = false;
	connection->client->pings++;
	connection->answered = true;
	client_numbers_add(&connection->client->round_trips, loop_now_ns() - connection->ping_ns);
	return 0;
}

int
client_ping(struct client_connection *connection)
{
	uint8_t room[FAST_PATH_PING_LEN];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	connection->ping_number = (connection->ping_number + 1) & 0x3fffffff;
	sequence_ping_write(&writer, connection->ping_number);
	connection->ping_open = true;
	connection->ping_ns = loop_now_ns();
	return client_send(connection, &writer);
}

int
client_frame(struct client_connection *connection, const uint8_t *frame, size_t len)
{
	static int (*const takers[CLIENT_STEPS])(
		struct client_connection * connection, const uint8_t *frame, size_t len) = {
		[CLIENT_REQUEST] = take_confirm,
		[CLIENT_INITIAL] = take_response,
		[CLIENT_DOMAIN] = take_domain_pdu,
		[CLIENT_INFO] = take_data,
		[CLIENT_ACTIVATION] = take_data,
		[CLIENT_READY] = take_data,
	};

	if ((frame[0] & 3) == 0)
		return take_fast_path(connection, frame, len);
	if (takers[connection->step] == NULL)
		return refuse(connection, "a PDU where none belongs");
	return takers[connection->step](connection, frame, len);
}
