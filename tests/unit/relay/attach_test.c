/* gateway/relay/attach.c: the connection sequence with a jump host by the book, and with others. */
#include "attaching.h"

#include "base/cleanup.h"
#include "policy/rights.h"
#include "rdp/client_info.h"
#include "rdp/mcs.h"
#include "relay/bridge.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"

#include <string.h>
#include <strings.h>

static void
the_hosts_connect_initial_is_the_clients_with_its_changes(void **state)
{
	struct gcc_client shown;
	const struct gcc_client *client;

	(void)state;
	attach_start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
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
	attach_start_on(SIDE_GREETER, 0, RDP_CONFIRM_EXTENDED_CLIENT_DATA);
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

	attach_start(0, RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	client = &fakes.conn.introduction->client;
	for (uint16_t i = 0; i < client->channel_count; i++)
		assert_int_equal(fakes.conn.attachment->bridge->channels[i].denied,
			strcasecmp(client->channels[i].name, "drdynvc") != 0);

	attach_start(~0u, RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	client = &fakes.conn.introduction->client;
	for (uint16_t i = 0; i < client->channel_count; i++) {
		const struct bridge_channel *channel = &fakes.conn.attachment->bridge->channels[i];
		const char *name = client->channels[i].name;

		assert_int_equal(channel->denied, session_rights_of_channel(name) == 0);
		assert_int_equal(channel->filter != NULL, !channel->denied);
	}
}

static void
a_channel_is_there_once(void **state)
{
	struct gcc_client *client;
	const struct bridge *bridge;

	(void)state;
	attach_start(~0u, RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	client = &fakes.conn.introduction->client;
	assert_true(client->channel_count >= 3);
	for (uint16_t i = 0; i < 3; i++)
		strcpy(client->channels[i].name, i == 1 ? "RDPDR" : "rdpdr");
	bridge_free(fakes.conn.attachment->bridge);
	attach_begin(&fakes.conn);
	bridge = fakes.conn.attachment->bridge;
	assert_false(bridge->channels[0].denied);
	assert_true(bridge->channels[1].denied && bridge->channels[1].filter == NULL);
	assert_true(bridge->channels[2].denied && bridge->channels[2].filter == NULL);
}

static void
an_old_host_is_shown_no_extended_data(void **state)
{
	struct gcc_client shown;

	(void)state;
	attach_start(session_rights_default(), 0);
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
	attach_start_on(SIDE_GREETER, 0, RDP_CONFIRM_EXTENDED_CLIENT_DATA);
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

	attach_start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	assert_int_equal(
		host_credentials_set(&fakes.conn.attachment->credentials, user, domain, &secret),
		0);
	server = attach_usual_host();
	GIVE_PDU(attach_give, gcc_connect_response_write, &server);
	GIVE_PDU(attach_give, mcs_attach_user_confirm_write, ATTACH_USER);
	(void)attach_confirm_joins(0);
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
	attach_start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	server = attach_usual_host();
	GIVE_PDU(attach_give, gcc_connect_response_write, &server);
	/* Erect Domain and Attach User together */
	assert_int_equal(mcs_erect_domain_parse(sent, 12), PARSE_OK);
	assert_int_equal(
		mcs_attach_user_request_parse(sent + 12, fakes.sent_len[SIDE_HOST] - 12), PARSE_OK);
	GIVE_PDU(attach_give, mcs_attach_user_confirm_write, ATTACH_USER);
	assert_int_equal(attach_confirm_joins(0), 3 + server.channel_count);

	/* Client Info without anything of who the client is */
	assert_int_equal(mcs_send_data_parse(sent, fakes.sent_len[SIDE_HOST],
				 (uint16_t)fakes.sent_len[SIDE_HOST], &data, NULL),
		PARSE_OK);
	assert_int_equal(data.initiator, ATTACH_USER);
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
	assert_int_equal(bridge->user[SIDE_HOST], ATTACH_USER);
	assert_int_equal(bridge->message[SIDE_HOST], 1040);
	assert_int_equal(bridge->channels[0].id[SIDE_CLIENT], MCS_FIRST_CHANNEL);
	assert_int_equal(bridge->channels[0].id[SIDE_HOST], 1050);

	assert_false(fakes.went);
	GIVE_PDU(attach_give, mcs_send_data_write, MCS_SEND_DATA_INDICATION, 1002, 1003, demand,
		sizeof(demand));
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
	attach_start(~0u, RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	server = attach_usual_host();
	assert_true(server.channel_count >= 3);
	server.channels[0] = 0;
	server.message_channel = 0;
	server.channel_count--; /* the last one is missing */
	GIVE_PDU(attach_give, gcc_connect_response_write, &server);
	GIVE_PDU(attach_give, mcs_attach_user_confirm_write, ATTACH_USER);
	(void)attach_confirm_joins(server.channels[1]);
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
	attach_start(0, 0);
	server = attach_usual_host();
	server.encryption_method = 2;
	server.encryption_level = 2;
	GIVE_PDU(attach_give, gcc_connect_response_write, &server);
	assert_int_equal(fakes.closed, CLOSE_HOST_BAD_PDU);
}

static void
hosts_that_refuse_or_stray_end_it(void **state)
{
	struct gcc_server server;

	(void)state;
	/* an Ultimatum at any step */
	attach_start(0, 0);
	GIVE_PDU(attach_give, mcs_disconnect_write, MCS_PROVIDER_INITIATED);
	assert_int_equal(fakes.closed, CLOSE_HOST_REFUSED);

	/* the I/O channel refused */
	attach_start(0, 0);
	server = attach_usual_host();
	GIVE_PDU(attach_give, gcc_connect_response_write, &server);
	GIVE_PDU(attach_give, mcs_attach_user_confirm_write, ATTACH_USER);
	(void)attach_confirm_joins(1003);
	assert_int_equal(fakes.closed, CLOSE_HOST_REFUSED);

	/* a confirm for another channel than the one asked for */
	attach_start(0, 0);
	GIVE_PDU(attach_give, gcc_connect_response_write, &server);
	GIVE_PDU(attach_give, mcs_attach_user_confirm_write, ATTACH_USER);
	GIVE_PDU(attach_give, mcs_channel_join_confirm_write, ATTACH_USER, 1003);
	assert_int_equal(fakes.closed, CLOSE_HOST_BAD_PDU);

	/* steps out of order */
	attach_start(0, 0);
	GIVE_PDU(attach_give, mcs_attach_user_confirm_write, ATTACH_USER);
	assert_int_equal(fakes.closed, CLOSE_HOST_BAD_PDU);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hosts_connect_initial_is_the_clients_with_its_changes),
		cmocka_unit_test(channels_without_a_right_are_renamed),
		cmocka_unit_test(a_channel_is_there_once),
		cmocka_unit_test(an_old_host_is_shown_no_extended_data),
		cmocka_unit_test(the_sign_in_screen_is_shown_the_monitors_and_no_channel),
		cmocka_unit_test(the_host_gets_the_credentials_that_came_with_attach),
		cmocka_unit_test(the_longest_credentials_fit),
		cmocka_unit_test(a_host_by_the_book_is_attached),
		cmocka_unit_test(channels_that_the_host_lacks_are_dead),
		cmocka_unit_test(a_host_that_wants_rdp_encryption_is_refused),
		cmocka_unit_test(hosts_that_refuse_or_stray_end_it),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	fakes_done();
	return r;
}
