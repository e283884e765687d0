/* gateway/relay/attach.c and phase_attach.c: a jump host by the book, and others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../rdp/samples.h"
#include "base/cleanup.h"
#include "fakes.h"
#include "policy/rights.h"
#include "rdp/client_info.h"
#include "rdp/mcs.h"
#include "relay/attach.h"
#include "relay/bridge.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	HOST_USER = 1044,
};

/* The client's side of things, as INTRODUCE leaves it; the host's confirm has these flags. */
static void
start_on(enum side side, uint32_t rights, uint8_t confirm_flags)
{
	struct introduction *introduction;
	struct msg_attach *attach = calloc(1, sizeof(*attach));
	int fd = open("/dev/null", O_RDONLY);

	fakes_reset(PHASE_ATTACH, &phase_attach);
	introduction = fakes.conn.introduction = introduction_new();
	assert_int_equal(gcc_connect_initial_parse(sample_initial, sizeof(sample_initial),
				 &introduction->client, NULL),
		PARSE_OK);
	introduction->message_channel =
		(uint16_t)(MCS_FIRST_CHANNEL + introduction->client.channel_count);
	introduction->user = (uint16_t)(introduction->message_channel + 1);
	assert_int_equal(
		secret_set(&introduction->connect_initial, sample_initial, sizeof(sample_initial)),
		0);
	assert_int_equal(
		secret_set(&introduction->client_info, sample_info, sizeof(sample_info)), 0);
	assert_non_null(attach);
	attach->pin_len = HOST_PIN_LEN;
	attach->rights = rights;
	assert_int_equal(attachment_take(&fakes.conn, attach, &fd), 0);
	free(attach);
	fakes.conn.attachment->side = side;
	if (side == SIDE_GREETER)
		fakes.conn.attachment->rights = 0; /* as attachment_new has it */
	fakes.conn.attachment->confirm = (struct x224_confirm){.kind = X224_CONFIRM_RESPONSE,
		.flags = confirm_flags,
		.protocol = RDP_PROTOCOL_SSL};
	attach_begin(&fakes.conn);
}

static void
start(uint32_t rights, uint8_t confirm_flags)
{
	start_on(SIDE_HOST, rights, confirm_flags);
}

static void
give(const void *bytes, size_t len)
{
	uint8_t copy[4096];

	assert_true(len <= sizeof(copy));
	memcpy(copy, bytes, len);
	fakes_forget_sent();
	attach_on_pdu(&fakes.conn, copy, len);
}

#define GIVE_PDU(write, ...)                                    \
	do {                                                    \
		uint8_t room[2048];                             \
		struct bytes_writer writer;                     \
                                                                \
		bytes_writer_init(&writer, room, sizeof(room)); \
		write(&writer __VA_OPT__(, ) __VA_ARGS__);      \
		assert_false(writer.failed);                    \
		give(room, writer.len);                         \
	} while (0)

static struct gcc_server
usual_host(void)
{
	struct gcc_server server = {
		.version = 0x00080004,
		.io_channel = 1003,
		.channel_count = fakes.conn.introduction->client.channel_count,
		.message_channel = 1040,
	};

	for (uint16_t i = 0; i < server.channel_count; i++)
		server.channels[i] = (uint16_t)(1050 + i);
	return server;
}

/* Confirms every join that comes; returns how many. */
static unsigned int
confirm_joins(uint16_t refuse)
{
	unsigned int count = 0;
	uint16_t user, channel;

	while (fakes.closed == CLOSE_NONE &&
		mcs_channel_join_request_parse(fakes.sent[SIDE_HOST], fakes.sent_len[SIDE_HOST],
			&user, &channel) == PARSE_OK) {
		assert_int_equal(user, HOST_USER);
		count++;
		if (channel == refuse) {
			uint8_t refusal[] = {3, 0, 0, 0x0d, 2, 0xf0, 0x80, 0x3c, 0x20, 0, 0, 0, 0};

			bytes_put_u16be(refusal + 9, (uint16_t)(user - MCS_USER_BASE));
			bytes_put_u16be(refusal + 11, channel);
			give(refusal, sizeof(refusal));
		} else {
			GIVE_PDU(mcs_channel_join_confirm_write, user, channel);
		}
	}
	return count;
}

static void
the_hosts_connect_initial_is_the_clients_with_its_changes(void **state)
{
	struct gcc_client shown;
	const struct gcc_client *client;

	(void)state;
	start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	client = &fakes.conn.introduction->client;
	assert_int_equal(gcc_connect_initial_parse(
				 fakes.sent[SIDE_HOST], fakes.sent_len[SIDE_HOST], &shown, NULL),
		PARSE_OK);
	assert_int_equal(shown.server_selected_protocol, RDP_PROTOCOL_SSL);
	assert_int_equal(shown.early_flags & GCC_CLIENT_SKIP_CHANNEL_JOIN, 0);
	assert_false(shown.has_multitransport);
	assert_true(shown.has_message_channel);
	assert_int_equal(shown.desktop_width, client->desktop_width);
	assert_int_equal(shown.channel_count, client->channel_count);
	assert_int_equal(shown.redirected_session_id, 0);
}

static bool
has_channel(const struct gcc_client *client, const char *name)
{
	for (uint16_t i = 0; i < client->channel_count; i++)
		if (strcasecmp(client->channels[i].name, name) == 0)
			return true;
	return false;
}

static void
channels_without_a_right_are_renamed(void **state)
{
	struct gcc_client shown;
	const struct gcc_client *client;

	(void)state;
	start_on(SIDE_GREETER, 0, RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	client = &fakes.conn.introduction->client;
	assert_true(client->channel_count > 0);
	assert_int_equal(gcc_connect_initial_parse(fakes.sent[SIDE_GREETER],
				 fakes.sent_len[SIDE_GREETER], &shown, NULL),
		PARSE_OK);
	for (uint16_t i = 0; i < client->channel_count; i++) {
		assert_false(has_channel(&shown, client->channels[i].name));
		assert_true(fakes.conn.attachment->bridge->channels[i].denied);
	}
	/* Without drdynvc the graphics pipeline would leave the screen black. */
	if (has_channel(client, "drdynvc"))
		assert_int_equal(shown.early_flags & GCC_CLIENT_DYNVC_GFX, 0);

	start(0, RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	client = &fakes.conn.introduction->client;
	for (uint16_t i = 0; i < client->channel_count; i++)
		assert_int_equal(fakes.conn.attachment->bridge->channels[i].denied,
			strcasecmp(client->channels[i].name, "drdynvc") != 0);

	start(~0u, RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	client = &fakes.conn.introduction->client;
	for (uint16_t i = 0; i < client->channel_count; i++) {
		const struct bridge_channel *channel = &fakes.conn.attachment->bridge->channels[i];
		const char *name = client->channels[i].name;

		assert_int_equal(channel->denied, session_rights_of_channel(name) == 0);
		/* What carries one thing in one direction needs none. */
		assert_int_equal(channel->filter != NULL,
			!channel->denied && strcasecmp(name, "rdpsnd") != 0);
	}
}

static void
an_old_host_is_shown_no_extended_data(void **state)
{
	struct gcc_client shown;

	(void)state;
	start(session_rights_default(), 0);
	assert_int_equal(gcc_connect_initial_parse(
				 fakes.sent[SIDE_HOST], fakes.sent_len[SIDE_HOST], &shown, NULL),
		PARSE_OK);
	assert_false(shown.has_message_channel);
	assert_false(shown.has_monitors);
	assert_int_equal(
		shown.early_flags & (GCC_CLIENT_NETWORK_AUTODETECT | GCC_CLIENT_HEARTBEAT), 0);
}

static void
the_sign_in_screen_is_shown_the_monitors_and_no_channel(void **state)
{
	struct gcc_client shown;

	(void)state;
	start_on(SIDE_GREETER, 0, RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	assert_int_equal(gcc_connect_initial_parse(fakes.sent[SIDE_GREETER],
				 fakes.sent_len[SIDE_GREETER], &shown, NULL),
		PARSE_OK);
	assert_true(shown.has_monitors);
	assert_false(shown.has_message_channel);
	for (uint16_t i = 0; i < shown.channel_count; i++)
		assert_false(has_channel(&fakes.conn.introduction->client, shown.channels[i].name));
}

/* Through the connection sequence, up to Client Info as the host gets it: it points into what was sent. */
static struct client_info
info_with(const char *user, const char *domain, const char *password)
{
	const struct secret secret = {(uint8_t *)password, strlen(password)};
	struct mcs_send_data data;
	struct client_info info;
	struct gcc_server server;

	start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	assert_int_equal(
		host_credentials_set(&fakes.conn.attachment->credentials, user, domain, &secret),
		0);
	server = usual_host();
	GIVE_PDU(gcc_connect_response_write, &server);
	GIVE_PDU(mcs_attach_user_confirm_write, HOST_USER);
	(void)confirm_joins(0);
	assert_int_equal(mcs_send_data_parse(fakes.sent[SIDE_HOST], fakes.sent_len[SIDE_HOST],
				 (uint16_t)fakes.sent_len[SIDE_HOST], &data, NULL),
		PARSE_OK);
	assert_int_equal(client_info_parse(fakes.sent[SIDE_HOST] + data.payload_at,
				 data.payload_len, &info, NULL),
		PARSE_OK);
	return info;
}

static void
expect_info(const struct client_info *info, const struct pdu_bytes *text, const char *expected)
{
	char found[CLIENT_INFO_TEXT_UTF8_MAX];

	client_info_text(info, text, found);
	assert_string_equal(found, expected);
}

/* Those that the supervisor sent, and nothing of the client's; then they are forgotten. */
static void
the_host_gets_the_credentials_that_came_with_attach(void **state)
{
	struct client_info info = info_with("保守", "HOSP", "p\"ワード");

	(void)state;
	expect_info(&info, &info.user, "保守");
	expect_info(&info, &info.domain, "HOSP");
	expect_info(&info, &info.password, "p\"ワード");
	assert_int_equal(info.alternate_shell.len + info.working_directory.len, 0);
	assert_int_equal(info.flags & INFO_AUTOLOGON, INFO_AUTOLOGON);
	assert_false(info.has_cookie);
	assert_null(fakes.conn.attachment->credentials.password.bytes);
	assert_int_equal(fakes.conn.attachment->credentials.user[0], 0);
	fakes_done();
}

/* Client Info has room for 512 bytes of each text, and so have the credentials. */
static void
the_longest_credentials_fit(void **state)
{
	char longest[HOST_TEXT_MAX + 1];
	struct client_info info;

	(void)state;
	memset(longest, 'x', HOST_TEXT_MAX);
	longest[HOST_TEXT_MAX] = '\0';
	info = info_with(longest, longest, longest);
	expect_info(&info, &info.password, longest);
	assert_int_equal(fakes.closed, CLOSE_NONE);
	fakes_done();
}

static void
a_host_by_the_book_is_attached(void **state)
{
	static const uint8_t demand[] = {1, 2, 3, 4};
	struct gcc_server server;
	struct mcs_send_data data;
	struct client_info info;
	const struct bridge *bridge;
	const uint8_t *sent = fakes.sent[SIDE_HOST];

	(void)state;
	start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	server = usual_host();
	GIVE_PDU(gcc_connect_response_write, &server);
	/* Erect Domain and Attach User together */
	assert_int_equal(mcs_erect_domain_parse(sent, 12), PARSE_OK);
	assert_int_equal(
		mcs_attach_user_request_parse(sent + 12, fakes.sent_len[SIDE_HOST] - 12), PARSE_OK);
	GIVE_PDU(mcs_attach_user_confirm_write, HOST_USER);
	assert_int_equal(confirm_joins(0), 3 + server.channel_count);

	/* Client Info without anything of who the client is */
	assert_int_equal(mcs_send_data_parse(sent, fakes.sent_len[SIDE_HOST],
				 (uint16_t)fakes.sent_len[SIDE_HOST], &data, NULL),
		PARSE_OK);
	assert_int_equal(data.initiator, HOST_USER);
	assert_int_equal(data.channel, 1003);
	assert_int_equal(
		client_info_parse(sent + data.payload_at, data.payload_len, &info, NULL), PARSE_OK);
	assert_int_equal(info.user.len + info.domain.len + info.password.len +
				 info.alternate_shell.len + info.working_directory.len,
		0);
	assert_false(info.has_cookie);
	assert_int_equal(info.flags & (INFO_AUTOLOGON | INFO_RAIL), 0);
	assert_int_equal(info.flags & INFO_ALWAYS, INFO_ALWAYS);

	bridge = fakes.conn.attachment->bridge;
	assert_int_equal(bridge->user[SIDE_HOST], HOST_USER);
	assert_int_equal(bridge->message[SIDE_HOST], 1040);
	assert_int_equal(bridge->channels[0].id[SIDE_CLIENT], MCS_FIRST_CHANNEL);
	assert_int_equal(bridge->channels[0].id[SIDE_HOST], 1050);

	assert_false(fakes.went);
	GIVE_PDU(mcs_send_data_write, MCS_SEND_DATA_INDICATION, 1002, 1003, demand, sizeof(demand));
	assert_int_equal(fakes.went_to, PHASE_BRIDGE);
	assert_true(fakes.bridged > sizeof(demand)); /* the first PDU is the client's */
	assert_int_equal(fakes.closed, CLOSE_NONE);
}

static void
channels_that_the_host_lacks_are_dead(void **state)
{
	struct gcc_server server;
	const struct bridge *bridge;

	(void)state;
	start(~0u, RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	server = usual_host();
	assert_true(server.channel_count >= 3);
	server.channels[0] = 0;
	server.message_channel = 0;
	server.channel_count--; /* the last one is missing */
	GIVE_PDU(gcc_connect_response_write, &server);
	GIVE_PDU(mcs_attach_user_confirm_write, HOST_USER);
	(void)confirm_joins(server.channels[1]);
	bridge = fakes.conn.attachment->bridge;
	assert_int_equal(fakes.closed, CLOSE_NONE);
	assert_int_equal(fakes.conn.attachment->step, ATTACH_FIRST_PDU);
	assert_int_equal(bridge->message[SIDE_HOST], 0);
	assert_int_equal(bridge->channels[0].id[SIDE_HOST], 0);
	assert_int_equal(bridge->channels[1].id[SIDE_HOST], 0);
	assert_int_equal(bridge->channels[server.channel_count].id[SIDE_HOST], 0);
}

static void
a_host_that_wants_rdp_encryption_is_refused(void **state)
{
	struct gcc_server server;

	(void)state;
	start(0, 0);
	server = usual_host();
	server.encryption_method = 2;
	server.encryption_level = 2;
	GIVE_PDU(gcc_connect_response_write, &server);
	assert_int_equal(fakes.closed, CLOSE_HOST_BAD_PDU);
}

static void
hosts_that_refuse_or_stray_end_it(void **state)
{
	struct gcc_server server;

	(void)state;
	/* an Ultimatum at any step */
	start(0, 0);
	GIVE_PDU(mcs_disconnect_write, MCS_PROVIDER_INITIATED);
	assert_int_equal(fakes.closed, CLOSE_HOST_REFUSED);

	/* the I/O channel refused */
	start(0, 0);
	server = usual_host();
	GIVE_PDU(gcc_connect_response_write, &server);
	GIVE_PDU(mcs_attach_user_confirm_write, HOST_USER);
	(void)confirm_joins(1003);
	assert_int_equal(fakes.closed, CLOSE_HOST_REFUSED);

	/* a confirm for another channel than the one asked for */
	start(0, 0);
	GIVE_PDU(gcc_connect_response_write, &server);
	GIVE_PDU(mcs_attach_user_confirm_write, HOST_USER);
	GIVE_PDU(mcs_channel_join_confirm_write, HOST_USER, 1003);
	assert_int_equal(fakes.closed, CLOSE_HOST_BAD_PDU);

	/* steps out of order */
	start(0, 0);
	GIVE_PDU(mcs_attach_user_confirm_write, HOST_USER);
	assert_int_equal(fakes.closed, CLOSE_HOST_BAD_PDU);
}

static void
give_confirm(enum attach_nla nla, const struct x224_confirm *confirm)
{
	uint8_t room[64];
	struct bytes_writer writer;

	start(0, 0);
	fakes.conn.attachment->step = ATTACH_CONFIRM;
	fakes.conn.attachment->nla = nla;
	bytes_writer_init(&writer, room, sizeof(room));
	x224_confirm_write(&writer, confirm);
	phase_attach.on_pdu(&fakes.conn, SIDE_HOST, room, writer.len);
}

struct confirm_case {
	enum attach_nla nla;
	struct x224_confirm confirm;
	enum close_reason closed; /* CLOSE_NONE: TLS begins */
};

#define SELECTS(selected)                                                          \
	{                                                                          \
		.kind = X224_CONFIRM_RESPONSE, .protocol = RDP_PROTOCOL_##selected \
	}
#define FAILS(code)                                                         \
	{                                                                   \
		.kind = X224_CONFIRM_FAILURE, .failure = RDP_FAILURE_##code \
	}

static void
only_a_host_that_selects_what_it_may_is_secured(void **state)
{
	static const struct confirm_case cases[] = {
		{ATTACH_WITHOUT_NLA, SELECTS(SSL), CLOSE_NONE},
		{ATTACH_WITHOUT_NLA, {.kind = X224_CONFIRM_PLAIN}, CLOSE_HOST_NO_TLS},
		{ATTACH_WITHOUT_NLA, SELECTS(RDP), CLOSE_HOST_NO_TLS},
		{ATTACH_WITHOUT_NLA, SELECTS(HYBRID), CLOSE_HOST_NO_TLS},
		{ATTACH_WITHOUT_NLA, FAILS(HYBRID_REQUIRED), CLOSE_HOST_WANTS_NLA},
		{ATTACH_NLA_IF_OFFERED, SELECTS(SSL), CLOSE_NONE},
		{ATTACH_NLA_IF_OFFERED, SELECTS(HYBRID), CLOSE_NONE},
		{ATTACH_NLA_IF_OFFERED, SELECTS(RDSTLS), CLOSE_HOST_NO_TLS},
		{ATTACH_NLA_REQUIRED, SELECTS(HYBRID_EX), CLOSE_NONE},
		{ATTACH_NLA_REQUIRED, SELECTS(SSL), CLOSE_HOST_WITHOUT_NLA},
		{ATTACH_NLA_REQUIRED, {.kind = X224_CONFIRM_PLAIN}, CLOSE_HOST_NO_TLS},
		{ATTACH_NLA_REQUIRED, FAILS(SSL_NOT_ALLOWED), CLOSE_HOST_NO_TLS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		give_confirm(cases[i].nla, &cases[i].confirm);
		assert_int_equal(fakes.closed, cases[i].closed);
		assert_true(fakes.secured[SIDE_HOST] == (cases[i].closed == CLOSE_NONE));
	}
}

static void
ends_of_attach_have_their_own_reasons(void **state)
{
	(void)state;
	start(0, 0);
	phase_attach.on_end(&fakes.conn, SIDE_HOST, 0, false);
	assert_int_equal(fakes.closed, CLOSE_HOST_REFUSED);
	start(0, 0);
	phase_attach.on_end(&fakes.conn, SIDE_CLIENT, 0, false);
	assert_int_equal(fakes.closed, CLOSE_CLIENT_LEFT);
	start(0, 0);
	phase_attach.on_time_limit(&fakes.conn);
	assert_int_equal(fakes.closed, CLOSE_HOST_TOO_SLOW);
	start(0, 0);
	fakes.conn.attachment->step = ATTACH_CONFIRM;
	phase_attach.on_bad_frame(&fakes.conn, SIDE_HOST, false);
	assert_int_equal(fakes.closed, CLOSE_HOST_NOT_RDP);
	start(0, 0);
	phase_attach.on_bad_frame(&fakes.conn, SIDE_HOST, true);
	assert_int_equal(fakes.closed, CLOSE_HOST_BAD_PDU);
}

static void
what_the_host_shall_be_known_by_must_be_usable(void **state)
{
	static const struct {
		uint8_t trust;
		uint32_t pin_len, ca_bundle_len;
		int r;
	} rows[] = {
		{HOST_TRUST_PIN, HOST_PIN_LEN, 0, 0},
		{HOST_TRUST_PIN, HOST_PIN_LEN - 1, 0, -EKEYREJECTED},
		{HOST_TRUST_CA, 0, 1, 0},
		{HOST_TRUST_CA, 0, 0, -EKEYREJECTED},
		{99, HOST_PIN_LEN, 1, -EKEYREJECTED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct msg_attach *attach = calloc(1, sizeof(*attach));
		int fd = open("/dev/null", O_RDONLY);

		assert_non_null(attach);
		fakes_reset(PHASE_DECIDE, &phase_attach);
		attach->trust = rows[i].trust;
		attach->pin_len = rows[i].pin_len;
		attach->ca_bundle_len = rows[i].ca_bundle_len;
		strcpy(attach->host_name, "host.example");
		assert_int_equal(attachment_take(&fakes.conn, attach, &fd), rows[i].r);
		free(attach);
	}
}

/* The sign-in screen shows why; the supervisor is told the reason, and another host may follow. */
static void
behind_the_screen_a_failure_leads_back_to_it(void **state)
{
	static max_align_t leg;

	(void)state;
	start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	fakes.conn.legs[SIDE_GREETER] = fakes.conn.legs[SIDE_HOST] = (struct leg *)&leg;
	attach_failed(&fakes.conn, CLOSE_HOST_TOO_SLOW, "a detail");
	assert_int_equal(fakes.closed, CLOSE_NONE);
	assert_true(fakes.dropped[SIDE_HOST]);
	assert_false(fakes.dropped[SIDE_GREETER]);
	assert_null(fakes.conn.attachment);
	assert_int_equal(fakes.went_to, PHASE_GREET);
	assert_int_equal(fakes.told, MSG_RETURNED);
	assert_int_equal(fakes.message.returned.connection, 7);
	assert_int_equal(fakes.message.returned.reason, CLOSE_HOST_TOO_SLOW);
	assert_string_equal(fakes.message.returned.detail, "a detail");

	/* A pin that cannot be used is found before the screen is left. */
	start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	fakes.conn.phase = PHASE_GREET;
	fakes.conn.legs[SIDE_GREETER] = fakes.conn.legs[SIDE_HOST] = (struct leg *)&leg;
	attach_failed(&fakes.conn, CLOSE_HOST_CERTIFICATE, NULL);
	assert_false(fakes.went);
	assert_int_equal(fakes.message.returned.reason, CLOSE_HOST_CERTIFICATE);
	fakes_done();
}

/* Behind the screen the host's first PDU is for take_over.c: the client hears nothing of it. */
static void
behind_the_screen_the_client_waits_for_the_desktop(void **state)
{
	static max_align_t leg;
	struct gcc_server host;

	(void)state;
	start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	fakes.conn.legs[SIDE_GREETER] = fakes.conn.legs[SIDE_HOST] = (struct leg *)&leg;
	host = usual_host();
	GIVE_PDU(gcc_connect_response_write, &host);
	GIVE_PDU(mcs_attach_user_confirm_write, HOST_USER);
	(void)confirm_joins(0);
	GIVE_PDU(mcs_disconnect_write, MCS_USER_REQUESTED);
	assert_int_equal(fakes.message.returned.reason, CLOSE_HOST_REFUSED);

	start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	fakes.conn.legs[SIDE_GREETER] = fakes.conn.legs[SIDE_HOST] = (struct leg *)&leg;
	fakes.conn.attachment->step = ATTACH_FIRST_PDU;
	give(sample_demand, sizeof(sample_demand));
	assert_int_equal(fakes.behind_greeter, sizeof(sample_demand));
	assert_false(fakes.went);
	assert_null(fakes.conn.bridge);
	fakes_done();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hosts_connect_initial_is_the_clients_with_its_changes),
		cmocka_unit_test(channels_without_a_right_are_renamed),
		cmocka_unit_test(an_old_host_is_shown_no_extended_data),
		cmocka_unit_test(the_sign_in_screen_is_shown_the_monitors_and_no_channel),
		cmocka_unit_test(the_host_gets_the_credentials_that_came_with_attach),
		cmocka_unit_test(the_longest_credentials_fit),
		cmocka_unit_test(a_host_by_the_book_is_attached),
		cmocka_unit_test(channels_that_the_host_lacks_are_dead),
		cmocka_unit_test(a_host_that_wants_rdp_encryption_is_refused),
		cmocka_unit_test(hosts_that_refuse_or_stray_end_it),
		cmocka_unit_test(only_a_host_that_selects_what_it_may_is_secured),
		cmocka_unit_test(ends_of_attach_have_their_own_reasons),
		cmocka_unit_test(what_the_host_shall_be_known_by_must_be_usable),
		cmocka_unit_test(behind_the_screen_a_failure_leads_back_to_it),
		cmocka_unit_test(behind_the_screen_the_client_waits_for_the_desktop),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	fakes_done();
	return r;
}
