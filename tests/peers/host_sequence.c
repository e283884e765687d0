/* The connection sequence of the test host, MS-RDPBCGR 1.3.1.1; see host.h. */
#include "host.h"
#include "host_nla.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rdp/x224.h"

enum {
	HOST_USER =
		1007, /* of every client; not the gateway's own, so that ids must be translated */
};

static int
refuse(struct host_connection *connection, const char *why)
{
	connection->why = why;
	return -EPROTO;
}

int
host_send(struct host_connection *connection, struct bytes_writer *writer)
{
	if (writer->failed)
		return refuse(connection, "a PDU of ours has no room");
	return stream_send(&connection->stream, writer->start, writer->len);
}

int
host_send_confirm(struct host_connection *connection)
{
	const struct x224_confirm confirm = {.kind = X224_CONFIRM_RESPONSE,
		.flags = RDP_CONFIRM_EXTENDED_CLIENT_DATA,
		.protocol = connection->protocol};
	uint8_t room[X224_CONFIRM_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	x224_confirm_write(&writer, &confirm);
	return host_send(connection, &writer);
}

static int
take_request(struct host_connection *connection, const uint8_t *frame, size_t len)
{
	const struct host *host = connection->host;
	struct x224_request request;
	size_t used;
	int r;

	if (x224_request_parse(frame, len, &request, &used, &connection->why) != PARSE_OK)
		return -EPROTO;
	connection->requested_protocols = request.protocols;
	if (!host->options.quiet)
		printf("event=request id=%lu protocols=%u token='%s'\n", connection->id,
			(unsigned)request.protocols, request.token);
	if (host->options.mode->on_request != NULL)
		return host->options.mode->on_request(connection);
	connection->protocol = host_nla_protocol(connection);
	if (connection->protocol == 0)
		return host_require_nla(connection);
	r = host_send_confirm(connection);
	if (r < 0 || host->options.tls_first || host->options.plain) {
		connection->step = HOST_INITIAL;
		return r;
	}
	connection->step = HOST_TLS;
	return stream_start_tls(&connection->stream, host->tls, true);
}

int
host_send_response(struct host_connection *connection)
{
	uint8_t room[GCC_CONNECT_RESPONSE_MAX];
	uint16_t base = connection->host->options.channel_base;
	struct gcc_server server = {
		.version = 0x0008000d,
		.requested_protocols = connection->requested_protocols,
		.io_channel = MCS_IO_CHANNEL,
		.channel_count = connection->channel_count,
		.message_channel = connection->message_channel,
	};
	struct bytes_writer writer;

	for (uint16_t i = 0; i < server.channel_count; i++)
		server.channels[i] = (uint16_t)(base + i);
	bytes_writer_init(&writer, room, sizeof(room));
	gcc_connect_response_write(&writer, &server);
	connection->step = HOST_DOMAIN;
	return host_send(connection, &writer);
}

static int
take_initial(struct host_connection *connection, const uint8_t *frame, size_t len)
{
	const struct host_options *options = &connection->host->options;
	struct gcc_client client;

	if (gcc_connect_initial_parse(frame, len, &client, &connection->why) != PARSE_OK)
		return -EPROTO;
	if (client.has_server_selected_protocol &&
		client.server_selected_protocol != connection->protocol)
		return refuse(connection, "serverSelectedProtocol is not what was selected");
	connection->channel_count = client.channel_count;
	connection->message_channel = client.has_message_channel
					      ? (uint16_t)(options->channel_base + GCC_CHANNELS_MAX)
					      : 0;
	if (!options->quiet) {
		printf("event=initial id=%lu size=%ux%u multitransport=%d cluster=%#x channels=",
			connection->id, client.desktop_width, client.desktop_height,
			client.has_multitransport, (unsigned)client.cluster_flags);
		for (uint16_t i = 0; i < client.channel_count; i++)
			printf("%s%s", i == 0 ? "" : ",", client.channels[i].name);
		printf("\n");
	}
	if (options->mode->on_initial != NULL)
		return options->mode->on_initial(connection);
	return host_send_response(connection);
}

int
host_send_licence_and_demand(struct host_connection *connection)
{
	uint8_t room[SEQUENCE_ROOM];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	sequence_licence_write(&writer, &connection->address);
	sequence_demand_active_write(&writer, &connection->address);
	connection->step = HOST_ACTIVATION;
	return host_send(connection, &writer);
}

static int
take_info(struct host_connection *connection, const uint8_t *payload, size_t len)
{
	const struct host_options *options = &connection->host->options;
	char user[CLIENT_INFO_TEXT_UTF8_MAX], domain[CLIENT_INFO_TEXT_UTF8_MAX];
	struct client_info info;

	if (client_info_parse(payload, len, &info, &connection->why) != PARSE_OK)
		return -EPROTO;
	client_info_text(&info, &info.user, user);
	client_info_text(&info, &info.domain, domain);
	/* A test host: what a gateway must not forward is printed, so that a script can look. */
	if (!options->quiet)
		printf("event=info id=%lu user='%s' domain='%s' password_bytes=%zu autologon=%d "
		       "cookie=%d shell_bytes=%zu\n",
			connection->id, user, domain, info.password.len,
			(info.flags & INFO_AUTOLOGON) != 0, info.has_cookie,
			info.alternate_shell.len);
	if (options->mode->on_info != NULL)
		return options->mode->on_info(connection);
	return host_send_licence_and_demand(connection);
}

static int
take_domain_pdu(struct host_connection *connection, const uint8_t *frame, size_t len)
{
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct mcs_send_data data;
	struct bytes_writer writer;
	uint16_t user, channel;

	bytes_writer_init(&writer, room, sizeof(room));
	switch (mcs_kind_of(frame, len)) {
	case MCS_ERECT_DOMAIN_REQUEST:
		return mcs_erect_domain_parse(frame, len) == PARSE_OK ? 0 : -EPROTO;
	case MCS_ATTACH_USER_REQUEST:
		mcs_attach_user_confirm_write(&writer, HOST_USER);
		return host_send(connection, &writer);
	case MCS_CHANNEL_JOIN_REQUEST:
		if (mcs_channel_join_request_parse(frame, len, &user, &channel) != PARSE_OK)
			return refuse(connection, "a channel join request of a wrong form");
		mcs_channel_join_confirm_write(&writer, user, channel);
		return host_send(connection, &writer);
	case MCS_SEND_DATA_REQUEST:
		if (mcs_send_data_parse(frame, len, (uint16_t)len, &data, &connection->why) !=
			PARSE_OK)
			return -EPROTO;
		return take_info(connection, frame + data.payload_at, data.payload_len);
	default:
		return refuse(connection, "not a PDU of the channel connection");
	}
}

static int
become_ready(struct host_connection *connection)
{
	const struct host_mode *mode = connection->host->options.mode;

	connection->step = HOST_READY;
	connection->ready_ns = loop_now_ns();
	connection->host->ready++;
	if (!connection->host->options.quiet)
		printf("event=ready id=%lu\n", connection->id);
	return mode->on_ready != NULL ? mode->on_ready(connection) : 0;
}

/* Each PDU of the client's finalization gets its own answer, since some clients wait for it. */
static int
answer_activation(struct host_connection *connection, uint8_t data_type, uint16_t action)
{
	const struct sequence_address *address = &connection->address;
	uint8_t room[SEQUENCE_ROOM];
	struct bytes_writer writer;
	int r;

	bytes_writer_init(&writer, room, sizeof(room));
	if (data_type == SHARE_DATA_SYNCHRONIZE)
		sequence_synchronize_write(&writer, address);
	else if (data_type == SHARE_DATA_FONT_LIST)
		sequence_font_write(&writer, address, SHARE_DATA_FONT_MAP);
	else if (data_type == SHARE_DATA_CONTROL && action == SHARE_CONTROL_REQUEST)
		sequence_control_write(&writer, address, SHARE_CONTROL_GRANTED, HOST_USER);
	else if (data_type == SHARE_DATA_CONTROL && action == SHARE_CONTROL_COOPERATE)
		sequence_control_write(&writer, address, SHARE_CONTROL_COOPERATE, 0);
	r = writer.len > 0 ? host_send(connection, &writer) : 0;
	if (r < 0 || data_type != SHARE_DATA_FONT_LIST)
		return r;
	return become_ready(connection);
}

static int
take_share(struct host_connection *connection, const uint8_t *payload, size_t len)
{
	struct share_pdu pdu;

	if (share_parse(payload, len, len, &pdu, &connection->why) != PARSE_OK)
		return -EPROTO;
	if (pdu.has_share_id && pdu.share_id != connection->address.share_id)
		return refuse(connection, "wrong share id");
	if (pdu.source != HOST_USER)
		return refuse(connection, "pduSource is not the client's user id");
	if (connection->step != HOST_ACTIVATION || pdu.total_len < SHARE_DATA_LEN + 2)
		return 0;
	return answer_activation(
		connection, pdu.data_type, bytes_get_u16le(payload + SHARE_DATA_LEN));
}

/* Confirm Active and everything after it; static channels' data is thrown away. */
static int
take_data(struct host_connection *connection, const uint8_t *frame, size_t len)
{
	struct mcs_send_data data;
	enum mcs_reason reason;

	if (mcs_disconnect_parse(frame, len, &reason) == PARSE_OK)
		return refuse(connection, "the client disconnected");
	if (mcs_send_data_parse(frame, len, (uint16_t)len, &data, &connection->why) != PARSE_OK)
		return -EPROTO;
	if (data.kind != MCS_SEND_DATA_REQUEST || data.initiator != HOST_USER)
		return refuse(connection, "initiator is not the client's user id");
	if (data.channel != MCS_IO_CHANNEL)
		return 0;
	return take_share(connection, frame + data.payload_at, data.payload_len);
}

static int
take_fast_path(struct host_connection *connection, const uint8_t *frame, size_t len)
{
	uint8_t room[FAST_PATH_PING_LEN];
	struct bytes_writer writer;
	uint32_t number;

	if (connection->step != HOST_READY)
		return refuse(connection, "fast-path before the desktop is ready");
	if (!sequence_ping_parse(frame, len, &number))
		return 0;
	connection->host->pings++;
	bytes_writer_init(&writer, room, sizeof(room));
	sequence_pong_write(&writer, number);
	return host_send(connection, &writer);
}

int
host_frame(struct host_connection *connection, const uint8_t *frame, size_t len)
{
	static int (*const takers[HOST_STEPS])(
		struct host_connection * connection, const uint8_t *frame, size_t len) = {
		[HOST_REQUEST] = take_request,
		[HOST_INITIAL] = take_initial,
		[HOST_DOMAIN] = take_domain_pdu,
		[HOST_ACTIVATION] = take_data,
		[HOST_READY] = take_data,
	};

	if ((frame[0] & 3) == 0)
		return take_fast_path(connection, frame, len);
	if (takers[connection->step] == NULL)
		return refuse(connection, "a PDU where none belongs");
	return takers[connection->step](connection, frame, len);
}
