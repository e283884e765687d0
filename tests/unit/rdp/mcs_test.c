/* gateway/rdp/mcs.c */
#include "rdp/mcs.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "edge.h"
#include "samples.h"

static const uint8_t erect_domain[] = {3, 0, 0, 12, 2, 0xf0, 0x80, 0x04, 1, 0, 1, 0};
static const uint8_t erect_domain_rdesktop[] = {3, 0, 0, 12, 2, 0xf0, 0x80, 0x04, 0, 1, 0, 1};
static const uint8_t attach_request[] = {3, 0, 0, 8, 2, 0xf0, 0x80, 0x28};
static const uint8_t attach_confirm[] = {3, 0, 0, 11, 2, 0xf0, 0x80, 0x2e, 0, 0, 6};
static const uint8_t join_request[] = {3, 0, 0, 12, 2, 0xf0, 0x80, 0x38, 0, 6, 3, 0xeb};
static const uint8_t join_confirm[] = {3, 0, 0, 15, 2, 0xf0, 0x80, 0x3e, 0, 0, 6, 3, 0xeb, 3, 0xeb};
static const uint8_t disconnect[] = {3, 0, 0, 9, 2, 0xf0, 0x80, 0x21, 0x80};

/* Every row's parser, with results thrown away. */
static enum parse_result
parse_erect(const uint8_t *frame, size_t len)
{
	return mcs_erect_domain_parse(frame, len);
}

static enum parse_result
parse_attach_confirm(const uint8_t *frame, size_t len)
{
	uint16_t user;

	return mcs_attach_user_confirm_parse(frame, len, &user);
}

static enum parse_result
parse_join_request(const uint8_t *frame, size_t len)
{
	uint16_t user, channel;

	return mcs_channel_join_request_parse(frame, len, &user, &channel);
}

static enum parse_result
parse_join_confirm(const uint8_t *frame, size_t len)
{
	struct mcs_channel_join_confirm confirm;

	return mcs_channel_join_confirm_parse(frame, len, &confirm);
}

static enum parse_result
parse_disconnect(const uint8_t *frame, size_t len)
{
	enum mcs_reason reason;

	return mcs_disconnect_parse(frame, len, &reason);
}

static enum parse_result
parse_send_data(const uint8_t *frame, size_t len)
{
	struct mcs_send_data data;

	return mcs_send_data_parse(frame, len, (uint16_t)len, &data, NULL);
}

#define SAMPLE(bytes) bytes, sizeof(bytes)

static const struct {
	const uint8_t *bytes;
	size_t len;
	enum mcs_kind kind;
	enum parse_result (*parse)(const uint8_t *frame, size_t len);
} rows[] = {
	{SAMPLE(erect_domain), MCS_ERECT_DOMAIN_REQUEST, parse_erect},
	{SAMPLE(erect_domain_rdesktop), MCS_ERECT_DOMAIN_REQUEST, parse_erect},
	{SAMPLE(attach_request), MCS_ATTACH_USER_REQUEST, mcs_attach_user_request_parse},
	{SAMPLE(attach_confirm), MCS_ATTACH_USER_CONFIRM, parse_attach_confirm},
	{SAMPLE(join_request), MCS_CHANNEL_JOIN_REQUEST, parse_join_request},
	{SAMPLE(join_confirm), MCS_CHANNEL_JOIN_CONFIRM, parse_join_confirm},
	{SAMPLE(disconnect), MCS_DISCONNECT_ULTIMATUM, parse_disconnect},
	{SAMPLE(sample_send_data), MCS_SEND_DATA_INDICATION, parse_send_data},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
each_pdu_is_read_by_its_own_parser_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		assert_int_equal(mcs_kind_of(rows[i].bytes, rows[i].len), rows[i].kind);
		for (size_t k = 0; k < ROWS; k++)
			assert_int_equal(
				rows[k].parse(edge_copy(rows[i].bytes, rows[i].len), rows[i].len),
				rows[i].kind == rows[k].kind ? PARSE_OK : PARSE_BAD);
	}
}

static void
truncations_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		for (size_t have = 0; have < rows[i].len; have++)
			assert_int_equal(
				rows[i].parse(edge_copy(rows[i].bytes, have), have), PARSE_BAD);
	}
}

/* The same with a TPKT length that fits what is there. */
static void
shorter_and_longer_pdus_are_refused(void **state)
{
	uint8_t frame[64] = {0};

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		for (size_t len = 8; len <= rows[i].len + 8; len++) {
			memcpy(frame, rows[i].bytes, len < rows[i].len ? len : rows[i].len);
			frame[3] = (uint8_t)len;
			if (rows[i].kind == MCS_ERECT_DOMAIN_REQUEST && len >= 12)
				continue; /* its two integers may be longer */
			assert_int_equal(rows[i].parse(edge_copy(frame, len), len),
				len == rows[i].len ? PARSE_OK : PARSE_BAD);
		}
	}
}

static void
no_changed_byte_makes_a_parser_read_past_the_end(void **state)
{
	uint8_t frame[64];

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		for (size_t at = 0; at < rows[i].len; at++) {
			for (unsigned value = 0; value < 256; value++) {
				memcpy(frame, rows[i].bytes, rows[i].len);
				frame[at] = (uint8_t)value;
				(void)rows[i].parse(edge_copy(frame, rows[i].len), rows[i].len);
			}
		}
	}
}

static void
values_of_the_set_up(void **state)
{
	struct mcs_channel_join_confirm confirm;
	enum mcs_reason reason;
	uint16_t user = 0, channel = 0;

	(void)state;
	assert_int_equal(mcs_attach_user_confirm_parse(SAMPLE(attach_confirm), &user), PARSE_OK);
	assert_int_equal(user, 1007);
	assert_int_equal(
		mcs_channel_join_request_parse(SAMPLE(join_request), &user, &channel), PARSE_OK);
	assert_int_equal(channel, 1003);
	assert_int_equal(mcs_channel_join_confirm_parse(SAMPLE(join_confirm), &confirm), PARSE_OK);
	assert_int_equal(confirm.result, 0);
	assert_int_equal(confirm.user, 1007);
	assert_int_equal(confirm.requested, 1003);
	assert_int_equal(confirm.channel, 1003);
	assert_int_equal(mcs_disconnect_parse(SAMPLE(disconnect), &reason), PARSE_OK);
	assert_int_equal(reason, MCS_USER_REQUESTED);
}

static void
refusals_of_a_host_are_seen(void **state)
{
	/* result rt-too-many-users (14), with and without the optional fields */
	const uint8_t no_user[] = {3, 0, 0, 9, 2, 0xf0, 0x80, 0x2d, 0xc0};
	const uint8_t not_joined[] = {3, 0, 0, 13, 2, 0xf0, 0x80, 0x3d, 0xc0, 0, 6, 3, 0xeb};
	struct mcs_channel_join_confirm confirm;
	uint16_t user;

	(void)state;
	assert_int_equal(mcs_attach_user_confirm_parse(SAMPLE(no_user), &user), PARSE_BAD);
	assert_int_equal(mcs_channel_join_confirm_parse(SAMPLE(not_joined), &confirm), PARSE_OK);
	assert_int_equal(confirm.result, 14);
	assert_int_equal(confirm.channel, 0);
}

static void
user_ids_beyond_16_bits_are_refused(void **state)
{
	uint8_t frame[sizeof(sample_send_data)];

	(void)state;
	memcpy(frame, sample_send_data, sizeof(frame));
	bytes_put_u16be(frame + MCS_INITIATOR_AT, UINT16_MAX - MCS_USER_BASE);
	assert_int_equal(parse_send_data(frame, sizeof(frame)), PARSE_OK);
	bytes_put_u16be(frame + MCS_INITIATOR_AT, UINT16_MAX - MCS_USER_BASE + 1);
	assert_int_equal(parse_send_data(frame, sizeof(frame)), PARSE_BAD);
}

static void
everything_written_is_read(void **state)
{
	uint8_t room[64];
	struct bytes_writer writer;
	struct mcs_channel_join_confirm confirm;
	uint16_t user, channel;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_erect_domain_write(&writer);
	assert_int_equal(writer.len, sizeof(erect_domain));
	assert_memory_equal(room, erect_domain, writer.len);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_attach_user_request_write(&writer);
	assert_int_equal(mcs_attach_user_request_parse(room, writer.len), PARSE_OK);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_attach_user_confirm_write(&writer, 1042);
	assert_int_equal(mcs_attach_user_confirm_parse(room, writer.len, &user), PARSE_OK);
	assert_int_equal(user, 1042);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_channel_join_request_write(&writer, 1042, 1005);
	assert_int_equal(
		mcs_channel_join_request_parse(room, writer.len, &user, &channel), PARSE_OK);
	assert_int_equal(user, 1042);
	assert_int_equal(channel, 1005);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_channel_join_confirm_write(&writer, 1042, 1005);
	assert_int_equal(mcs_channel_join_confirm_parse(room, writer.len, &confirm), PARSE_OK);
	assert_int_equal(confirm.channel, 1005);
}

static void
disconnect_reasons_round_trip(void **state)
{
	uint8_t room[16];
	struct bytes_writer writer;

	(void)state;
	for (int i = MCS_DOMAIN_DISCONNECTED; i <= MCS_CHANNEL_PURGED; i++) {
		enum mcs_reason reason;

		bytes_writer_init(&writer, room, sizeof(room));
		mcs_disconnect_write(&writer, (enum mcs_reason)i);
		assert_int_equal(mcs_disconnect_parse(room, writer.len, &reason), PARSE_OK);
		assert_int_equal(reason, i);
	}
	room[7] = 0x23; /* reason 6 */
	room[8] = 0;
	assert_int_equal(parse_disconnect(room, writer.len), PARSE_BAD);
}

static void
send_data_header_from_its_first_bytes(void **state)
{
	struct mcs_send_data data;
	uint8_t frame[sizeof(sample_send_data)];

	(void)state;
	for (size_t have = 0; have < MCS_SEND_DATA_HEAD_MAX; have++)
		assert_int_equal(mcs_send_data_parse(edge_copy(sample_send_data, have), have,
					 sizeof(sample_send_data), &data, NULL),
			PARSE_BAD);
	assert_int_equal(mcs_send_data_parse(edge_copy(sample_send_data, MCS_SEND_DATA_HEAD_MAX),
				 MCS_SEND_DATA_HEAD_MAX, sizeof(sample_send_data), &data, NULL),
		PARSE_OK);
	assert_int_equal(data.kind, MCS_SEND_DATA_INDICATION);
	assert_int_equal(data.initiator, 1002);
	assert_int_equal(data.channel, 1003);
	assert_int_equal(data.payload_at, 15);
	assert_int_equal(data.payload_len, 10);
	memcpy(frame, sample_send_data, sizeof(frame));
	mcs_put_initiator(frame, 1099);
	mcs_put_channel(frame, 1010);
	assert_int_equal(
		mcs_send_data_parse(frame, sizeof(frame), sizeof(frame), &data, NULL), PARSE_OK);
	assert_int_equal(data.initiator, 1099);
	assert_int_equal(data.channel, 1010);
}

static void
send_data_takes_both_length_forms(void **state)
{
	static const size_t lengths[] = {0, 1, 127, 128, 255, 256, 16383, 16384, 32767};
	static uint8_t frame[15 + 32767];
	struct mcs_send_data data;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t head = lengths[i] < 128 ? 14 : 15;
		size_t len = head + lengths[i];

		memcpy(frame, sample_send_data, 13);
		frame[13] = (uint8_t)(lengths[i] < 128 ? lengths[i] : 0x80 | lengths[i] >> 8);
		frame[14] = lengths[i] < 128 ? 0 : (uint8_t)lengths[i];
		bytes_put_u16be(frame + 2, (uint16_t)len);
		assert_int_equal(
			mcs_send_data_parse(frame, len, (uint16_t)len, &data, NULL), PARSE_OK);
		assert_int_equal(data.payload_at, head);
		assert_int_equal(data.payload_len, lengths[i]);
		assert_int_equal(mcs_send_data_parse(frame, len, (uint16_t)(len + 1), &data, NULL),
			PARSE_BAD);
		assert_int_equal(mcs_send_data_parse(frame, len, (uint16_t)(len - 1), &data, NULL),
			PARSE_BAD);
	}
}

static void
send_data_refuses_segments(void **state)
{
	uint8_t frame[sizeof(sample_send_data)];

	(void)state;
	memcpy(frame, sample_send_data, sizeof(frame));
	frame[12] = 0x60; /* begin without end */
	assert_int_equal(parse_send_data(frame, sizeof(frame)), PARSE_BAD);
	frame[12] = 0x50; /* end without begin */
	assert_int_equal(parse_send_data(frame, sizeof(frame)), PARSE_BAD);
}

static void
send_data_written_is_read(void **state)
{
	static uint8_t payload[16384], room[16384 + 15];
	struct bytes_writer writer;
	struct mcs_send_data data;

	(void)state;
	memset(payload, 0x5a, sizeof(payload));
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(&writer, MCS_SEND_DATA_REQUEST, 1007, 1004, payload, 16383);
	assert_false(writer.failed);
	assert_int_equal(
		mcs_send_data_parse(room, writer.len, (uint16_t)writer.len, &data, NULL), PARSE_OK);
	assert_int_equal(data.kind, MCS_SEND_DATA_REQUEST);
	assert_int_equal(data.initiator, 1007);
	assert_int_equal(data.channel, 1004);
	assert_int_equal(data.payload_len, 16383);
	assert_memory_equal(room + data.payload_at, payload, 16383);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(&writer, MCS_SEND_DATA_REQUEST, 1007, 1004, payload, 16384);
	assert_true(writer.failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pdu_is_read_by_its_own_parser_alone),
		cmocka_unit_test(truncations_are_refused),
		cmocka_unit_test(shorter_and_longer_pdus_are_refused),
		cmocka_unit_test(no_changed_byte_makes_a_parser_read_past_the_end),
		cmocka_unit_test(values_of_the_set_up),
		cmocka_unit_test(refusals_of_a_host_are_seen),
		cmocka_unit_test(user_ids_beyond_16_bits_are_refused),
		cmocka_unit_test(everything_written_is_read),
		cmocka_unit_test(disconnect_reasons_round_trip),
		cmocka_unit_test(send_data_header_from_its_first_bytes),
		cmocka_unit_test(send_data_takes_both_length_forms),
		cmocka_unit_test(send_data_refuses_segments),
		cmocka_unit_test(send_data_written_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
