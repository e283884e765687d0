/* gateway/relay/phase_introduce.c and phase_decide.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../rdp/samples.h"
#include "base/cleanup.h"
#include "fakes.h"
#include "rdp/client_info.h"
#include "rdp/mcs.h"
#include "relay/introduction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
start(void)
{
	fakes_reset(PHASE_INTRODUCE, &phase_introduce);
	fakes.conn.introduction = introduction_new();
	assert_non_null(fakes.conn.introduction);
}

static void
give(const void *bytes, size_t len)
{
	uint8_t copy[4096];

	assert_true(len <= sizeof(copy));
	memcpy(copy, bytes, len);
	fakes_forget_sent();
	phase_introduce.on_pdu(&fakes.conn, SIDE_CLIENT, copy, len);
}

static void
attach_user(void)
{
	give(sample_initial, sizeof(sample_initial));
	GIVE_PDU(give, mcs_erect_domain_write);
	GIVE_PDU(give, mcs_attach_user_request_write);
}

static void
give_client_info(void)
{
	GIVE_PDU(give, mcs_send_data_write, MCS_SEND_DATA_REQUEST, fakes.conn.introduction->user,
		MCS_IO_CHANNEL, sample_info, sizeof(sample_info));
}

static void
introduce_answers_as_a_server_of_our_own(void **state)
{
	struct gcc_server server;
	struct introduction *introduction;
	uint16_t user;

	(void)state;
	start();
	introduction = fakes.conn.introduction;
	introduction->request.protocols = 0x0b;
	give(sample_initial, sizeof(sample_initial));
	assert_int_equal(gcc_connect_response_parse(fakes.sent[SIDE_CLIENT],
				 fakes.sent_len[SIDE_CLIENT], &server, NULL),
		PARSE_OK);
	assert_int_equal(server.requested_protocols, 0x0b);
	assert_int_equal(server.early_flags, 0); /* so every client joins its channels */
	assert_int_equal(server.encryption_method, 0);
	assert_int_equal(server.io_channel, MCS_IO_CHANNEL);
	assert_false(server.has_multitransport);
	assert_int_equal(server.channel_count, introduction->client.channel_count);
	for (uint16_t i = 0; i < server.channel_count; i++)
		assert_int_equal(server.channels[i], MCS_FIRST_CHANNEL + i);
	assert_int_equal(server.message_channel, introduction->message_channel);
	assert_true(introduction->client.has_message_channel);
	assert_int_equal(introduction->user, introduction->message_channel + 1);

	GIVE_PDU(give, mcs_erect_domain_write);
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0);
	GIVE_PDU(give, mcs_attach_user_request_write);
	assert_int_equal(mcs_attach_user_confirm_parse(
				 fakes.sent[SIDE_CLIENT], fakes.sent_len[SIDE_CLIENT], &user),
		PARSE_OK);
	assert_int_equal(user, introduction->user);
	assert_int_equal(fakes.closed, CLOSE_NONE);
}

static void
introduce_confirms_each_channel_that_exists(void **state)
{
	struct mcs_channel_join_confirm confirm;
	uint16_t user;

	(void)state;
	start();
	attach_user();
	user = fakes.conn.introduction->user;
	for (uint16_t channel = MCS_IO_CHANNEL; channel <= user; channel++) {
		GIVE_PDU(give, mcs_channel_join_request_write, user, channel);
		assert_int_equal(mcs_channel_join_confirm_parse(fakes.sent[SIDE_CLIENT],
					 fakes.sent_len[SIDE_CLIENT], &confirm),
			PARSE_OK);
		assert_int_equal(confirm.result, 0);
		assert_int_equal(confirm.channel, channel);
	}
	GIVE_PDU(give, mcs_channel_join_request_write, user, (uint16_t)(user + 1));
	assert_int_equal(fakes.closed, CLOSE_CLIENT_BAD_PDU);
}

static void
introduce_goes_on_with_client_info(void **state)
{
	(void)state;
	start();
	attach_user();
	give_client_info();
	assert_int_equal(fakes.closed, CLOSE_NONE);
	assert_int_equal(fakes.went_to, PHASE_DECIDE);
	assert_int_equal(fakes.conn.introduction->client_info.len, sizeof(sample_info));
	assert_int_equal(fakes.conn.introduction->connect_initial.len, sizeof(sample_initial));
}

/* Steps out of order, twice, or with somebody else's user id. */
static void
introduce_refuses_what_is_out_of_place(void **state)
{
	(void)state;
	start();
	GIVE_PDU(give, mcs_attach_user_request_write);
	assert_int_equal(fakes.closed, CLOSE_CLIENT_BAD_PDU);

	start();
	give(sample_initial, sizeof(sample_initial));
	give(sample_initial, sizeof(sample_initial));
	assert_int_equal(fakes.closed, CLOSE_CLIENT_BAD_PDU);

	start();
	give(sample_initial, sizeof(sample_initial));
	GIVE_PDU(give, mcs_attach_user_request_write);
	assert_int_equal(fakes.closed, CLOSE_CLIENT_BAD_PDU);

	start();
	attach_user();
	GIVE_PDU(give, mcs_attach_user_request_write);
	assert_int_equal(fakes.closed, CLOSE_CLIENT_BAD_PDU);

	start();
	attach_user();
	GIVE_PDU(give, mcs_channel_join_request_write,
		(uint16_t)(fakes.conn.introduction->user + 1), MCS_IO_CHANNEL);
	assert_int_equal(fakes.closed, CLOSE_CLIENT_BAD_PDU);

	start();
	give(sample_initial, sizeof(sample_initial));
	give_client_info();
	assert_int_equal(fakes.closed, CLOSE_CLIENT_BAD_PDU);

	start();
	attach_user();
	GIVE_PDU(give, mcs_send_data_write, MCS_SEND_DATA_REQUEST, fakes.conn.introduction->user,
		MCS_FIRST_CHANNEL, sample_info, sizeof(sample_info));
	assert_int_equal(fakes.closed, CLOSE_CLIENT_BAD_PDU);

	start();
	attach_user();
	GIVE_PDU(give, mcs_send_data_write, MCS_SEND_DATA_INDICATION, fakes.conn.introduction->user,
		MCS_IO_CHANNEL, sample_info, sizeof(sample_info));
	assert_int_equal(fakes.closed, CLOSE_CLIENT_BAD_PDU);
}

static void
introduce_refuses_a_cut_client_info(void **state)
{
	(void)state;
	for (size_t len = 0; len < 4 + 18; len++) {
		start();
		attach_user();
		GIVE_PDU(give, mcs_send_data_write, MCS_SEND_DATA_REQUEST,
			fakes.conn.introduction->user, MCS_IO_CHANNEL, sample_info, len);
		assert_int_equal(fakes.closed, CLOSE_CLIENT_BAD_PDU);
		assert_false(fakes.went);
	}
}

static void
a_client_that_says_goodbye_has_left(void **state)
{
	(void)state;
	start();
	attach_user();
	GIVE_PDU(give, mcs_disconnect_write, MCS_USER_REQUESTED);
	assert_int_equal(fakes.closed, CLOSE_CLIENT_LEFT);
}

static void
decide_tells_what_the_client_said(void **state)
{
	const struct msg_introduced *introduced = &fakes.message.introduced;
	const struct gcc_client *client;
	struct client_info info;
	char text[CLIENT_INFO_TEXT_UTF8_MAX];

	(void)state;
	start();
	(void)strcpy(fakes.conn.introduction->request.token, "Cookie: msts=+h\xff\x01z");
	fakes.conn.introduction->request.value_at = 13;
	attach_user();
	give_client_info();
	client = &fakes.conn.introduction->client;
	phase_decide.enter(&fakes.conn);
	assert_int_equal(fakes.closed, CLOSE_NONE);
	assert_int_equal(fakes.told, MSG_INTRODUCED);
	assert_int_equal(introduced->connection, 7);
	assert_string_equal(introduced->routing_token, "+h??z"); /* any byte may stand in a token */
	assert_int_equal(
		client_info_parse(sample_info, sizeof(sample_info), &info, NULL), PARSE_OK);
	client_info_text(&info, &info.user, text);
	assert_string_equal(introduced->user, text);
	client_info_text(&info, &info.password, text);
	assert_string_equal((const char *)introduced->password, text);
	assert_int_equal(introduced->password_len, strlen(text));
	assert_int_equal(introduced->width, client->desktop_width);
	assert_int_equal(introduced->keyboard_layout, client->keyboard_layout);
	assert_memory_equal(
		introduced->channels, client->channels[0].name, strlen(client->channels[0].name));
	/* What is kept for the back end is a Client Info still, of nobody. */
	assert_int_equal(client_info_parse(fakes.conn.introduction->client_info.bytes,
				 fakes.conn.introduction->client_info.len, &info, NULL),
		PARSE_OK);
	client_info_text(&info, &info.password, text);
	assert_string_equal(text, "");
	client_info_text(&info, &info.user, text);
	assert_string_equal(text, "");
}

static void
decide_waits_for_attach_and_not_for_ever(void **state)
{
	(void)state;
	assert_int_equal(phase_decide.reads[SIDE_CLIENT], READ_NOTHING);
	assert_non_null(phase_decide.on_attach);
	fakes_reset(PHASE_DECIDE, &phase_decide);
	phase_decide.on_time_limit(&fakes.conn);
	assert_int_equal(fakes.closed, CLOSE_DECISION_LATE);
}

static void
decide_tells_a_pin_that_cannot_be_used_from_a_lack_of_memory(void **state)
{
	auto_free struct msg_attach *attach = calloc(1, sizeof(*attach));
	int fd = -1;

	(void)state;
	fakes_reset(PHASE_DECIDE, &phase_decide);
	fakes.attachment = -EKEYREJECTED;
	phase_decide.on_attach(&fakes.conn, attach, &fd);
	assert_int_equal(fakes.closed, CLOSE_HOST_CERTIFICATE);
	fakes_reset(PHASE_DECIDE, &phase_decide);
	fakes.attachment = -ENOMEM;
	phase_decide.on_attach(&fakes.conn, attach, &fd);
	assert_int_equal(fakes.closed, CLOSE_OUT_OF_ROOM);
	fakes_reset(PHASE_DECIDE, &phase_decide);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(introduce_answers_as_a_server_of_our_own),
		cmocka_unit_test(introduce_confirms_each_channel_that_exists),
		cmocka_unit_test(introduce_goes_on_with_client_info),
		cmocka_unit_test(introduce_refuses_what_is_out_of_place),
		cmocka_unit_test(introduce_refuses_a_cut_client_info),
		cmocka_unit_test(a_client_that_says_goodbye_has_left),
		cmocka_unit_test(decide_tells_what_the_client_said),
		cmocka_unit_test(decide_waits_for_attach_and_not_for_ever),
		cmocka_unit_test(decide_tells_a_pin_that_cannot_be_used_from_a_lack_of_memory),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	fakes_done();
	return r;
}
