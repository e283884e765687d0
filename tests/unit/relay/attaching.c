/* See attaching.h. */
#include "attaching.h"

#include "../rdp/samples.h"
#include "rdp/mcs.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

void
attach_start_on(enum side side, uint32_t rights, uint8_t confirm_flags)
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

void
attach_start(uint32_t rights, uint8_t confirm_flags)
{
	attach_start_on(SIDE_HOST, rights, confirm_flags);
}

void
attach_give(const void *bytes, size_t len)
{
	uint8_t copy[4096];

	assert_true(len <= sizeof(copy));
	memcpy(copy, bytes, len);
	fakes_forget_sent();
	attach_on_pdu(&fakes.conn, copy, len);
}

struct gcc_server
attach_usual_host(void)
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

unsigned int
attach_confirm_joins(uint16_t refuse)
{
	unsigned int count = 0;
	uint16_t user, channel;

	while (fakes.closed == CLOSE_NONE &&
		mcs_channel_join_request_parse(fakes.sent[SIDE_HOST], fakes.sent_len[SIDE_HOST],
			&user, &channel) == PARSE_OK) {
		assert_int_equal(user, ATTACH_USER);
		count++;
		if (channel == refuse) {
			uint8_t refusal[] = {3, 0, 0, 0x0d, 2, 0xf0, 0x80, 0x3c, 0x20, 0, 0, 0, 0};

			bytes_put_u16be(refusal + 9, (uint16_t)(user - MCS_USER_BASE));
			bytes_put_u16be(refusal + 11, channel);
			attach_give(refusal, sizeof(refusal));
		} else {
			GIVE_PDU(attach_give, mcs_channel_join_confirm_write, user, channel);
		}
	}
	return count;
}
