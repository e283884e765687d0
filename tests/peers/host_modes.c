/* What a jump host may do other than serve a desktop; see host.h. */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rdp/x224.h"

static int
hang_up(struct host_connection *connection, const char *why)
{
	connection->why = why;
	return -ECONNABORTED;
}

static int
play_dead(struct host_connection *connection)
{
	connection->ignoring = true;
	return 0;
}

static int
speak_http(struct host_connection *connection)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";

	(void)stream_send(&connection->stream, answer, sizeof(answer) - 1);
	return hang_up(connection, "HTTP said");
}

static int
fail_negotiation(struct host_connection *connection, uint32_t code)
{
	uint8_t room[X224_CONFIRM_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	x224_confirm_write(
		&writer, &(struct x224_confirm){.kind = X224_CONFIRM_FAILURE, .failure = code});
	(void)host_send(connection, &writer);
	return hang_up(connection, "negotiation refused");
}

int
host_require_nla(struct host_connection *connection)
{
	return fail_negotiation(connection, RDP_FAILURE_HYBRID_REQUIRED);
}

static int
refuse_tls(struct host_connection *connection)
{
	return fail_negotiation(connection, RDP_FAILURE_SSL_NOT_ALLOWED);
}

/* The longest frame there is: a Connect-Response whose BER lengths all fit, around nothing. */
static int
send_long_response(struct host_connection *connection)
{
	static uint8_t frame[FRAME_LEN_MAX];
	struct bytes_writer writer;
	struct mcs_connect_response response = {.parameters = mcs_usual_parameters};
	static const uint8_t nothing[FRAME_LEN_MAX - 64];
	int r = 0;

	response.user_data = (struct pdu_bytes){nothing, sizeof(nothing)};
	bytes_writer_init(&writer, frame, sizeof(frame));
	mcs_connect_response_write(&writer, &response);
	for (size_t at = 0; at < writer.len && r == 0; at += 16384)
		r = stream_send(&connection->stream, frame + at,
			writer.len - at < 16384 ? writer.len - at : 16384);
	connection->step = HOST_DOMAIN;
	return r;
}

/* Ends in the middle of a PDU that was announced as longer. */
static int
send_half_response(struct host_connection *connection)
{
	static const uint8_t half[] = {3, 0, 1, 0, 2, 0xf0, 0x80, 0x7f, 0x66, 0x81};

	(void)stream_send(&connection->stream, half, sizeof(half));
	return hang_up(connection, "half a PDU sent");
}

static int
send_half_update(struct host_connection *connection)
{
	uint8_t update[1200];
	size_t len = sequence_update_write(update, sizeof(update), 0);

	(void)stream_send(&connection->stream, update, len / 2);
	return hang_up(connection, "half a PDU sent");
}

/* Enhanced Security Server Redirection PDU, 2.2.13.3.1, with LB_TARGET_NET_ADDRESS = 127.0.0.66. */
static void
write_redirection(struct bytes_writer *writer)
{
	static const char address[] = "1\0002\0007\0.\0000\0.\0000\0.\0006\0006\0\0";

	bytes_write_u16le(writer, 0); /* pad2Octets */
	bytes_write_u16le(writer, SEC_REDIRECTION_PKT);
	bytes_write_u16le(writer, 12 + 4 + sizeof(address));
	bytes_write_u32le(writer, 1); /* session id */
	bytes_write_u32le(writer, 1); /* LB_TARGET_NET_ADDRESS */
	bytes_write_u32le(writer, sizeof(address));
	bytes_write(writer, address, sizeof(address));
}

static void
write_redirection_share(struct bytes_writer *writer, uint16_t user)
{
	size_t begin = writer->len;

	bytes_write_u16le(writer, 0);
	bytes_write_u16le(writer, 0x10 | SHARE_REDIRECTION);
	bytes_write_u16le(writer, user);
	write_redirection(writer);
	share_end(writer, begin);
}

/* One frame on the I/O channel around whatever write_payload writes. */
static int
send_payload(struct host_connection *connection, uint16_t channel,
	void (*write_payload)(
		struct bytes_writer *writer, const struct host_connection *connection))
{
	uint8_t room[SEQUENCE_ROOM];
	struct bytes_writer writer;
	size_t begin;

	bytes_writer_init(&writer, room, sizeof(room));
	begin = mcs_send_data_begin(
		&writer, MCS_SEND_DATA_INDICATION, connection->address.user, channel);
	write_payload(&writer, connection);
	mcs_send_data_end(&writer, begin);
	return host_send(connection, &writer);
}

static void
redirection_payload(struct bytes_writer *writer, const struct host_connection *connection)
{
	write_redirection_share(writer, connection->address.user);
}

/* Behind a Synchronize PDU in one payload, as old servers packed PDUs. */
static void
hidden_redirection_payload(struct bytes_writer *writer, const struct host_connection *connection)
{
	size_t begin = share_begin(writer, SHARE_DATA, connection->address.user,
		connection->address.share_id, SHARE_DATA_SYNCHRONIZE);

	bytes_write_u16le(writer, 1);
	bytes_write_u16le(writer, 1007);
	share_end(writer, begin);
	write_redirection_share(writer, connection->address.user);
}

/* The form of RDP security, 2.2.13.2.1. */
static void
plain_redirection_payload(struct bytes_writer *writer, const struct host_connection *connection)
{
	(void)connection;
	bytes_write_u16le(writer, SEC_REDIRECTION_PKT);
	bytes_write_u16le(writer, 0);
	write_redirection(writer);
}

/* A share control header with version bits that no host sends and that xfreerdp does not look
 * at; of a length that reads as the flags of a licensing PDU (2.2.8.1.1.2.1) for whoever takes
 * it for one. */
static void
disguised_redirection_payload(struct bytes_writer *writer, const struct host_connection *connection)
{
	size_t begin = writer->len;

	bytes_write_u16le(writer, SEC_LICENSE_PKT);
	bytes_write_u16le(writer, 0x20 | SHARE_REDIRECTION);
	bytes_write_u16le(writer, connection->address.user);
	write_redirection(writer);
	bytes_write_zeros(writer, begin + SEC_LICENSE_PKT - writer->len);
}

/* Set Error Info "none", as Windows sends it, and Demand Active in the same frame. */
static void
stacked_demand_payload(struct bytes_writer *writer, const struct host_connection *connection)
{
	size_t begin = share_begin(writer, SHARE_DATA, connection->address.user,
		connection->address.share_id, SHARE_DATA_SET_ERROR_INFO);
	uint8_t room[SEQUENCE_ROOM];
	struct bytes_writer demand;
	struct mcs_send_data data;

	bytes_write_u32le(writer, 0);
	share_end(writer, begin);
	bytes_writer_init(&demand, room, sizeof(room));
	sequence_demand_active_write(&demand, &connection->address);
	if (mcs_send_data_parse(room, (uint16_t)demand.len, (uint16_t)demand.len, &data, NULL) ==
		PARSE_OK)
		bytes_write(writer, room + data.payload_at, data.payload_len);
}

/* Licensing is done: the client waits for Demand Active. */
static int
send_licence(struct host_connection *connection)
{
	uint8_t room[SEQUENCE_ROOM];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	sequence_licence_write(&writer, &connection->address);
	return host_send(connection, &writer);
}

static int
stack_demand(struct host_connection *connection)
{
	int r = send_licence(connection);

	connection->step = HOST_ACTIVATION;
	return r < 0 ? r : send_payload(connection, MCS_IO_CHANNEL, stacked_demand_payload);
}

static int
redirect(struct host_connection *connection)
{
	return send_payload(connection, MCS_IO_CHANNEL, redirection_payload);
}

static int
redirect_hidden(struct host_connection *connection)
{
	return send_payload(connection, MCS_IO_CHANNEL, hidden_redirection_payload);
}

static int
redirect_disguised(struct host_connection *connection)
{
	int r = send_licence(connection);

	return r < 0 ? r : send_payload(connection, MCS_IO_CHANNEL, disguised_redirection_payload);
}

static int
redirect_plain(struct host_connection *connection)
{
	return send_payload(connection, MCS_IO_CHANNEL, plain_redirection_payload);
}

/* Initiate Multitransport Request, 2.2.15.1: request id 1, reliable UDP, a cookie. */
static void
transport_payload(struct bytes_writer *writer, const struct host_connection *connection)
{
	(void)connection;
	bytes_write_u16le(writer, SEC_TRANSPORT_REQ);
	bytes_write_u16le(writer, 0);
	bytes_write_u32le(writer, 1);
	bytes_write_u16le(writer, 1);
	bytes_write_u16le(writer, 0);
	bytes_write_zeros(writer, 16);
}

static int
ask_for_transport(struct host_connection *connection)
{
	uint16_t channel =
		connection->message_channel != 0 ? connection->message_channel : MCS_IO_CHANNEL;

	return send_payload(connection, channel, transport_payload);
}

/* A Send Data Indication whose payload is one byte longer than the frame. */
static int
send_wrong_length(struct host_connection *connection)
{
	uint8_t frame[] = {3, 0, 0, 17, 2, 0xf0, 0x80, 0x68, 0, 1, 3, 0xeb, 0x70, 4, 0, 0, 0};

	return stream_send(&connection->stream, frame, sizeof(frame));
}

/* An MCS PDU that no server sends to a client. */
static int
send_foreign_pdu(struct host_connection *connection)
{
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	mcs_channel_join_request_write(&writer, 1007, 1003);
	return host_send(connection, &writer);
}

/* Data on a channel that was never announced. */
static void
empty_payload(struct bytes_writer *writer, const struct host_connection *connection)
{
	(void)connection;
	bytes_write_zeros(writer, 8);
}

static int
send_on_unknown_channel(struct host_connection *connection)
{
	return send_payload(connection, 2000, empty_payload);
}

static int
log_off(struct host_connection *connection)
{
	uint8_t room[SEQUENCE_ROOM];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	sequence_error_info_write(&writer, &connection->address, 0x0c); /* LOGOFF_BY_USER */
	mcs_disconnect_write(&writer, MCS_USER_REQUESTED);
	(void)host_send(connection, &writer);
	return hang_up(connection, "logged off");
}

static int
let_nobody_in(struct host_connection *connection)
{
	return hang_up(connection, "nobody may log on");
}

static const struct host_mode modes[] = {
	{.name = "normal", .help = "serves a desktop"},
	{.name = "silent", .help = "accepts and says nothing", .on_accept = play_dead},
	{.name = "silent-tls",
		.help = "says nothing to the Connection Request",
		.on_request = play_dead},
	{.name = "silent-mcs", .help = "says nothing to Connect-Initial", .on_initial = play_dead},
	{.name = "silent-info", .help = "says nothing to Client Info", .on_info = play_dead},
	{.name = "http", .help = "answers in HTTP", .on_request = speak_http},
	{.name = "nla", .help = "takes NLA only", .on_request = host_require_nla},
	{.name = "no-tls", .help = "takes RDP security only", .on_request = refuse_tls},
	{.name = "long-response",
		.help = "a Connect-Response of 64 KB",
		.on_initial = send_long_response},
	{.name = "half-response",
		.help = "hangs up in its Connect-Response",
		.on_initial = send_half_response},
	{.name = "half-update",
		.help = "hangs up in a fast-path PDU",
		.on_ready = send_half_update},
	{.name = "redirect", .help = "Server Redirection when ready", .on_ready = redirect},
	{.name = "redirect-early",
		.help = "Server Redirection instead of licensing",
		.on_info = redirect},
	{.name = "redirect-hidden",
		.help = "Server Redirection behind another PDU",
		.on_ready = redirect_hidden},
	{.name = "redirect-disguised",
		.help = "Server Redirection that looks like licensing",
		.on_info = redirect_disguised},
	{.name = "redirect-plain",
		.help = "Server Redirection in the form of RDP security",
		.on_ready = redirect_plain},
	{.name = "stacked",
		.help = "Demand Active behind another PDU in its frame",
		.on_info = stack_demand},
	{.name = "multitransport",
		.help = "asks for UDP when ready",
		.on_ready = ask_for_transport},
	{.name = "multitransport-early",
		.help = "asks for UDP instead of licensing",
		.on_info = ask_for_transport},
	{.name = "wrong-length",
		.help = "an MCS length wrong by one",
		.on_ready = send_wrong_length},
	{.name = "foreign-pdu", .help = "a PDU that no host sends", .on_ready = send_foreign_pdu},
	{.name = "unknown-channel",
		.help = "data on a channel never announced",
		.on_ready = send_on_unknown_channel},
	{.name = "no-logon",
		.help = "hangs up at Connect-Initial: behind the credentials, where there is NLA",
		.on_initial = let_nobody_in},
	{.name = "refuse", .help = "logs off instead of licensing", .on_info = log_off},
	{.name = "log-off", .help = "logs off when ready", .on_ready = log_off},
};

enum {
	MODES = sizeof(modes) / sizeof(modes[0]),
};

const struct host_mode *
host_mode_find(const char *name)
{
	for (size_t i = 0; i < MODES; i++) {
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	}
	return NULL;
}

void
host_modes_print(void)
{
	for (size_t i = 0; i < MODES; i++)
		printf("  %-21s %s\n", modes[i].name, modes[i].help);
}
