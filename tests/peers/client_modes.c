/* Hostile clients, and such as are merely broken; see client.h. */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rdp/x224.h"

static int
send_plain(struct client_connection *connection, const void *bytes, size_t len)
{
	return stream_send(&connection->stream, bytes, len);
}

static int
stay_silent(struct client_connection *connection)
{
	(void)connection;
	return 0;
}

static int
send_ssh(struct client_connection *connection)
{
	static const char banner[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";

	return send_plain(connection, banner, sizeof(banner) - 1);
}

static int
send_http(struct client_connection *connection)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: gateway\r\nAccept: */*\r\n\r\n";

	return send_plain(connection, request, sizeof(request) - 1);
}

/* A TLS ClientHello's first bytes, as a scanner sends them without X.224. */
static int
send_hello(struct client_connection *connection)
{
	static const uint8_t hello[] = {0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3};

	return send_plain(connection, hello, sizeof(hello));
}

/* Looks like RDP for as long as possible: a fast-path header of the greatest length. */
static int
send_fast_path(struct client_connection *connection)
{
	static const uint8_t head[] = {0x04, 0xff, 0xff, 0};

	return send_plain(connection, head, sizeof(head));
}

enum {
	TRICKLE_NS = 1000000000,
};

/* A byte a second of a Connection Request that would be valid. */
static int
trickle(struct client_connection *connection, uint64_t now_ns)
{
	static const uint8_t request[] = {
		3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 1, 0, 0, 0};

	if (connection->step != CLIENT_REQUEST || now_ns < connection->next_ns ||
		connection->progress == sizeof(request) - 1)
		return 0;
	connection->next_ns = now_ns + TRICKLE_NS;
	return send_plain(connection, request + connection->progress++, 1);
}

/* Asks for TLS, and says more before the answer has come. */
static int
send_early_bytes(struct client_connection *connection)
{
	static const uint8_t bytes[] = {3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 1, 0, 0,
		0, /* and now */ 0x16, 3, 1, 2, 0, 1};

	return send_plain(connection, bytes, sizeof(bytes));
}

static int
send_long_token(struct client_connection *connection)
{
	static const char cookie[] = "Cookie: msts=";

	memset(connection->token, 'x', 5000);
	memcpy(connection->token, cookie, sizeof(cookie) - 1);
	connection->token[5000] = '\0';
	return client_send_request(connection, RDP_PROTOCOL_SSL);
}

static int
ask_without_tls(struct client_connection *connection)
{
	return client_send_request(connection, RDP_PROTOCOL_RDP);
}

static int
ask_without_negotiation(struct client_connection *connection)
{
	static const uint8_t request[] = {3, 0, 0, 11, 6, 0xe0, 0, 0, 0, 0, 0};

	return send_plain(connection, request, sizeof(request));
}

static void
allow_old_tls_only(SSL_CTX *tls)
{
	SSL_CTX_set_min_proto_version(tls, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(tls, TLS1_1_VERSION);
	SSL_CTX_set_security_level(tls, 0);
	if (SSL_CTX_set_cipher_list(tls, "ALL:@SECLEVEL=0") != 1)
		loop_die("TLS 1.1", "not in this OpenSSL");
}

static int
stop_reading(struct client_connection *connection)
{
	connection->not_reading = true;
	return 0;
}

static int
leave(struct client_connection *connection)
{
	connection->why = "left";
	return -ECANCELED;
}

/* Half a mouse event. */
static int
hang_up_in_a_pdu(struct client_connection *connection)
{
	static const uint8_t half[] = {4, 9, 0x20, 0};

	(void)send_plain(connection, half, sizeof(half));
	return leave(connection);
}

/* The first half of a mouse event for the first desktop, and the other one when the next desktop is announced. */
static const uint8_t torn[] = {4, 9, 0x20, 0, 8, 1, 0, 1, 0};

static int
tear_a_pdu(struct client_connection *connection)
{
	connection->progress = 1;
	return send_plain(connection, torn, 5);
}

static int
end_the_torn_pdu(struct client_connection *connection)
{
	return connection->progress == 1 ? send_plain(connection, torn + 5, sizeof(torn) - 5) : 0;
}

static int
log_off(struct client_connection *connection)
{
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	mcs_disconnect_write(&writer, MCS_USER_REQUESTED);
	(void)client_send(connection, &writer);
	return leave(connection);
}

static int
send_on_channel(struct client_connection *connection, uint16_t user, uint16_t channel)
{
	static const uint8_t payload[8] = {0};
	uint8_t room[64];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(
		&writer, MCS_SEND_DATA_REQUEST, user, channel, payload, sizeof(payload));
	return client_send(connection, &writer);
}

static int
send_on_unknown_channel(struct client_connection *connection)
{
	return send_on_channel(connection, connection->address.user, 2000);
}

static int
send_as_other_user(struct client_connection *connection)
{
	return send_on_channel(connection, (uint16_t)(connection->address.user + 1),
		connection->server.io_channel);
}

/* A second Client Info, with which a client might try to be somebody else. */
static int
send_info_again(struct client_connection *connection)
{
	uint8_t room[SEQUENCE_ROOM];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	if (sequence_info_write(&writer, &connection->address, "other", "other") < 0)
		return -EINVAL;
	return client_send(connection, &writer);
}

static int
send_foreign_pdu(struct client_connection *connection)
{
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	mcs_channel_join_request_write(&writer, connection->address.user, 1004);
	return client_send(connection, &writer);
}

static int
send_garbage(struct client_connection *connection)
{
	static const uint8_t garbage[] = {0x7f, 0x7e, 0x7d, 0x7c};

	return send_plain(connection, garbage, sizeof(garbage));
}

static const struct client_mode modes[] = {
	{.name = "normal", .help = "connects, and stays for --seconds"},
	{.name = "silent", .help = "connects and says nothing", .on_connect = stay_silent},
	{.name = "ssh", .help = "says it is ssh", .on_connect = send_ssh},
	{.name = "http", .help = "asks for a web page", .on_connect = send_http},
	{.name = "hello", .help = "begins TLS without X.224", .on_connect = send_hello},
	{.name = "fast-path", .help = "begins with a fast-path PDU", .on_connect = send_fast_path},
	{.name = "trickle",
		.help = "a byte of its Connection Request a second",
		.on_connect = stay_silent,
		.on_tick = trickle},
	{.name = "early-bytes",
		.help = "bytes behind its Connection Request",
		.on_connect = send_early_bytes},
	{.name = "long-token",
		.help = "a routing token of 5,000 bytes",
		.on_connect = send_long_token},
	{.name = "no-tls", .help = "asks for RDP security", .on_connect = ask_without_tls},
	{.name = "no-negotiation",
		.help = "does not negotiate",
		.on_connect = ask_without_negotiation},
	{.name = "tls11", .help = "TLS 1.1 at most", .prepare = allow_old_tls_only},
	{.name = "stop-reading", .help = "ready, reads no more", .on_ready = stop_reading},
	{.name = "leave", .help = "ready, closes", .on_ready = leave},
	{.name = "half", .help = "ready, closes in a PDU", .on_ready = hang_up_in_a_pdu},
	{.name = "torn",
		.help = "a PDU torn by the next Demand Active",
		.on_desktop = tear_a_pdu,
		.on_demand = end_the_torn_pdu},
	{.name = "stays", .help = "follows no Server Redirection", .stays = true},
	{.name = "patient", .help = "as xfreerdp is with FreeRDP's proxy", .patient = true},
	{.name = "log-off", .help = "ready, says good-bye", .on_ready = log_off},
	{.name = "unknown-channel",
		.help = "ready, data on a channel that is none",
		.on_ready = send_on_unknown_channel},
	{.name = "other-user",
		.help = "ready, data as another MCS user",
		.on_ready = send_as_other_user},
	{.name = "info-again", .help = "ready, a second Client Info", .on_ready = send_info_again},
	{.name = "foreign-pdu",
		.help = "ready, a PDU that does not belong there",
		.on_ready = send_foreign_pdu},
	{.name = "garbage", .help = "ready, no RDP any more", .on_ready = send_garbage},
};

enum {
	MODES = sizeof(modes) / sizeof(modes[0]),
};

const struct client_mode *
client_mode_find(const char *name)
{
	for (size_t i = 0; i < MODES; i++) {
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	}
	return NULL;
}

void
client_modes_print(void)
{
	for (size_t i = 0; i < MODES; i++)
		printf("  %-16s %s\n", modes[i].name, modes[i].help);
}
