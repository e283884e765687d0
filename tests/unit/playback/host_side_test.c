/* gateway/playback/host_side.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "playback/host_side.h"
#include "rdp/gcc.h"
#include "rdp/mcs.h"
#include "rdp/pdu.h"
#include "rdp/share.h"

#include <string.h>

static const struct recording_segment segment = {
	.width = 800,
	.height = 600,
	.bits_per_pixel = 32,
	.user = 1009,
	.server = 1002,
	.io = 1003,
	.message = 1008,
	.channel_count = 2,
	.channels = {{"rdpsnd", 0, 1004, false}, {"drdynvc", 0, 1007, true}},
};

/* A client that asks for drdynvc alone gets that channel's recorded id. */
static void
the_answers_are_a_whole_connection_sequence(void **state)
{
	uint8_t room[HOST_SIDE_ANSWERS_MOST];
	struct bytes_writer writer;
	struct gcc_server server;
	struct mcs_channel_join_confirm join;
	struct frame frame = {0};
	uint16_t user = 0, joined[3], count = 0;
	size_t at;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	host_side_answer(&segment, &writer);
	assert_false(writer.failed);
	assert_int_equal(frame_parse(room, writer.len, &frame), PARSE_OK);
	assert_int_equal(gcc_connect_response_parse(room, frame.len, &server, NULL), PARSE_OK);
	assert_int_equal(server.io_channel, 1003);
	assert_int_equal(server.channel_count, 1);
	assert_int_equal(server.channels[0], 1007);
	at = frame.len;
	assert_int_equal(frame_parse(room + at, writer.len - at, &frame), PARSE_OK);
	assert_int_equal(mcs_attach_user_confirm_parse(room + at, frame.len, &user), PARSE_OK);
	assert_int_equal(user, 1009);
	for (at += frame.len; count < 3; at += frame.len) {
		assert_int_equal(frame_parse(room + at, writer.len - at, &frame), PARSE_OK);
		assert_int_equal(
			mcs_channel_join_confirm_parse(room + at, frame.len, &join), PARSE_OK);
		joined[count++] = join.channel;
	}
	assert_int_equal(joined[0], 1009);
	assert_int_equal(joined[1], 1003);
	assert_int_equal(joined[2], 1007);
	assert_int_equal(mcs_kind_of(room + at, writer.len - at), MCS_SEND_DATA_INDICATION);
}

static enum host_side_use
judge(uint16_t channel, const void *payload, size_t len)
{
	uint8_t room[256];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(&writer, MCS_SEND_DATA_INDICATION, 1002, channel, payload, len);
	assert_false(writer.failed);
	return host_side_judge(&segment, room, writer.len);
}

static enum host_side_use
judge_share(enum share_type type, uint8_t data_type)
{
	uint8_t room[128];
	struct bytes_writer writer;
	size_t begin;

	bytes_writer_init(&writer, room, sizeof(room));
	begin = share_begin(&writer, type, 1002, 0x103ea, data_type);
	bytes_write(&writer, "\0\0\0\0\0\0\0\0", 8);
	share_end(&writer, begin);
	return judge(1003, room, writer.len);
}

static void
what_draws_is_shown(void **state)
{
	static const uint8_t fast_path[] = {0, 5, 0, 0, 0};
	static const uint8_t chunk[] = {4, 0, 0, 0, 3, 0, 0, 0, 0x10, 1, 2, 3};

	(void)state;
	assert_int_equal(host_side_judge(&segment, fast_path, 5), HOST_SIDE_SHOW);
	assert_int_equal(judge(1007, chunk, sizeof(chunk)), HOST_SIDE_SHOW);
	assert_int_equal(judge_share(SHARE_DATA, SHARE_DATA_UPDATE), HOST_SIDE_SHOW);
	assert_int_equal(judge_share(SHARE_DEACTIVATE_ALL, 0), HOST_SIDE_SHOW);
	assert_int_equal(judge_share(SHARE_DEMAND_ACTIVE, 0), HOST_SIDE_DEMAND);
	assert_int_equal(judge_share(SHARE_DATA, SHARE_DATA_FONT_MAP), HOST_SIDE_FONT_MAP);
}

/* Sound, licences, and whatever would lead a client away or end it. */
static void
what_does_not_is_dropped(void **state)
{
	uint8_t room[SHARE_LICENCE_LEN];
	struct bytes_writer writer;
	static const uint8_t ultimatum[] = {3, 0, 0, 9, 2, 0xf0, 0x80, 0x21, 0x80};

	(void)state;
	assert_int_equal(judge(1004, "\4\0\0\0\3\0\0\0abcd", 12), HOST_SIDE_DROP);
	assert_int_equal(judge(1008, "\0\x10\0\0\6\0\0\0", 8), HOST_SIDE_DROP);
	bytes_writer_init(&writer, room, sizeof(room));
	share_licence_valid_write(&writer);
	assert_int_equal(judge(1003, room, writer.len), HOST_SIDE_DROP);
	assert_int_equal(judge_share(SHARE_REDIRECTION, 0), HOST_SIDE_DROP);
	assert_int_equal(judge_share(SHARE_DATA, SHARE_DATA_SET_ERROR_INFO), HOST_SIDE_DROP);
	assert_int_equal(judge_share(SHARE_DATA, SHARE_DATA_SAVE_SESSION_INFO), HOST_SIDE_DROP);
	assert_int_equal(host_side_judge(&segment, ultimatum, sizeof(ultimatum)), HOST_SIDE_DROP);
}

/* Behind another one in the same payload a redirection is one as well. */
static void
a_redirection_is_found_behind_another_pdu(void **state)
{
	uint8_t room[128];
	struct bytes_writer writer;
	size_t begin;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	begin = share_begin(&writer, SHARE_DATA, 1002, 0x103ea, SHARE_DATA_UPDATE);
	bytes_write(&writer, "\0\0\0\0", 4);
	share_end(&writer, begin);
	begin = share_begin(&writer, SHARE_REDIRECTION, 1002, 0x103ea, 0);
	bytes_write(&writer, "\0\0\0\0\0\0\0\0", 8);
	share_end(&writer, begin);
	assert_int_equal(judge(1003, room, writer.len), HOST_SIDE_DROP);
}

static void
a_channel_that_was_not_recorded_is_none(void **state)
{
	struct recording_segment other = segment;

	(void)state;
	assert_non_null(host_side_channel(&segment));
	other.channels[1].recorded = false;
	assert_null(host_side_channel(&other));
	other.channels[1].recorded = true;
	other.channels[1].id = 0;
	assert_null(host_side_channel(&other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answers_are_a_whole_connection_sequence),
		cmocka_unit_test(what_draws_is_shown),
		cmocka_unit_test(what_does_not_is_dropped),
		cmocka_unit_test(a_redirection_is_found_behind_another_pdu),
		cmocka_unit_test(a_channel_that_was_not_recorded_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
