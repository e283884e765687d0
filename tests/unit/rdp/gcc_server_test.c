/* gateway/rdp/gcc_server.c, and the server's side of mcs_connect.c */
#include "rdp/gcc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "edge.h"
#include "samples.h"

/* Places in sample_response. */
enum {
	CORE_AT = 68,
	NET_AT = 84,
	SECURITY_AT = 100,
	MESSAGE_AT = 112,
};

static enum parse_result
parse(const uint8_t *frame, size_t len)
{
	struct gcc_server server;

	return gcc_connect_response_parse(frame, len, &server, NULL);
}

static void
server_is_read(void **state)
{
	struct gcc_server server;

	(void)state;
	assert_int_equal(
		gcc_connect_response_parse(edge_copy(sample_response, sizeof(sample_response)),
			sizeof(sample_response), &server, NULL),
		PARSE_OK);
	assert_int_equal(server.version, 0x0008000d);
	assert_true(server.has_requested_protocols);
	assert_int_equal(server.requested_protocols, 3);
	assert_int_equal(server.early_flags, 7);
	assert_int_equal(server.encryption_method, 0);
	assert_int_equal(server.io_channel, 1003);
	assert_int_equal(server.channel_count, 3);
	assert_int_equal(server.channels[2], 1006);
	assert_int_equal(server.message_channel, 1007);
	assert_true(server.has_multitransport);
}

static void
truncations_are_refused(void **state)
{
	uint8_t frame[sizeof(sample_response)];

	(void)state;
	assert_every_truncation_is_refused(sample_response, parse(copy, have));
	memcpy(frame, sample_response, sizeof(frame));
	for (size_t len = 7; len < sizeof(frame); len++) {
		bytes_put_u16be(frame + 2, (uint16_t)len);
		assert_int_equal(parse(edge_copy(frame, len), len), PARSE_BAD);
	}
}

/* All but that of connectPDU, which servers themselves get wrong. */
static void
lengths_wrong_by_one_are_refused(void **state)
{
	static const size_t places[] = {3, 9, 11, 14, 17, 19, 45, 57, 67, CORE_AT + 2, NET_AT + 2,
		SECURITY_AT + 2, MESSAGE_AT + 2, 120};
	uint8_t frame[sizeof(sample_response)];

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (int by = -1; by <= 1; by += 2) {
			memcpy(frame, sample_response, sizeof(frame));
			frame[places[i]] = (uint8_t)(frame[places[i]] + by);
			assert_int_equal(
				parse(edge_copy(frame, sizeof(frame)), sizeof(frame)), PARSE_BAD);
		}
	}
}

static void
channel_counts_that_do_not_fit_are_refused(void **state)
{
	uint8_t frame[sizeof(sample_response)];

	(void)state;
	memcpy(frame, sample_response, sizeof(frame));
	for (unsigned count = 0; count < 65536; count++) {
		bytes_put_u16le(frame + NET_AT + 6, (uint16_t)count);
		/* 3 and a pad; or 4, the last of which is dead */
		assert_int_equal(parse(edge_copy(frame, sizeof(frame)), sizeof(frame)),
			count == 3 || count == 4 ? PARSE_OK : PARSE_BAD);
	}
}

static void
no_changed_byte_makes_the_parser_read_past_the_end(void **state)
{
	uint8_t frame[sizeof(sample_response)];

	(void)state;
	for (size_t at = 0; at < sizeof(frame); at++) {
		for (unsigned value = 0; value < 256; value++) {
			memcpy(frame, sample_response, sizeof(frame));
			frame[at] = (uint8_t)value;
			(void)parse(edge_copy(frame, sizeof(frame)), sizeof(frame));
		}
	}
}

/* A channel under two ids would carry the rights of one and the data of the other. */
static void
one_id_for_two_channels_is_refused(void **state)
{
	static const struct {
		size_t at;
		uint16_t id;
		enum parse_result result;
	} rows[] = {
		{NET_AT + 8, 1003, PARSE_BAD},  /* the I/O channel's */
		{NET_AT + 10, 1004, PARSE_BAD}, /* the first one's */
		{MESSAGE_AT + 4, 1003, PARSE_BAD},
		{MESSAGE_AT + 4, 1006, PARSE_BAD},
		{NET_AT + 4, 0, PARSE_BAD}, /* no I/O channel */
		{NET_AT + 10, 0, PARSE_OK}, /* dead */
		{MESSAGE_AT + 4, 0, PARSE_OK},
	};
	uint8_t frame[sizeof(sample_response)];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(frame, sample_response, sizeof(frame));
		bytes_put_u16le(frame + rows[i].at, rows[i].id);
		assert_int_equal(parse(frame, sizeof(frame)), rows[i].result);
	}
}

static void
refusals_and_missing_blocks_are_bad(void **state)
{
	static const size_t blocks[] = {CORE_AT, NET_AT, SECURITY_AT};
	uint8_t frame[sizeof(sample_response)];

	(void)state;
	memcpy(frame, sample_response, sizeof(frame));
	frame[12] = 14; /* rt-too-many-users */
	assert_int_equal(parse(frame, sizeof(frame)), PARSE_BAD);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		memcpy(frame, sample_response, sizeof(frame));
		bytes_put_u16le(frame + blocks[i], 0x0cff);
		assert_int_equal(parse(frame, sizeof(frame)), PARSE_BAD);
	}
}

static void
a_response_of_64_kb_is_refused(void **state)
{
	static uint8_t frame[65535];
	const char *why = NULL;
	struct gcc_server server;

	(void)state;
	memcpy(frame, sample_response, sizeof(sample_response));
	bytes_put_u16be(frame + 2, sizeof(frame));
	assert_int_equal(
		gcc_connect_response_parse(frame, sizeof(frame), &server, &why), PARSE_BAD);
	assert_string_equal(why, "MCS Connect PDU is too long");
}

static void
assert_round_trip(uint16_t channels, uint16_t message_channel)
{
	struct gcc_server written = {
		.version = 0x00080004,
		.requested_protocols = 11,
		.io_channel = MCS_IO_CHANNEL,
		.channel_count = channels,
		.message_channel = message_channel,
	};
	uint8_t room[GCC_CONNECT_RESPONSE_MAX];
	struct bytes_writer writer;
	struct gcc_server read;

	for (uint16_t i = 0; i < channels; i++)
		written.channels[i] = (uint16_t)(MCS_FIRST_CHANNEL + i);
	bytes_writer_init(&writer, room, sizeof(room));
	gcc_connect_response_write(&writer, &written);
	assert_false(writer.failed);
	assert_int_equal(
		gcc_connect_response_parse(edge_copy(room, writer.len), writer.len, &read, NULL),
		PARSE_OK);
	assert_int_equal(read.version, written.version);
	assert_int_equal(read.requested_protocols, 11);
	assert_int_equal(read.io_channel, MCS_IO_CHANNEL);
	assert_int_equal(read.channel_count, channels);
	assert_memory_equal(read.channels, written.channels, sizeof(read.channels));
	assert_int_equal(read.message_channel, message_channel);
	assert_false(read.has_multitransport);
	/* rdesktop: connectPDU's length is one octet, the blocks' length is 21 behind the beginning */
	assert_int_equal(
		*((uint8_t *)memmem(room, writer.len, "\x00\x05\x00\x14\x7c\x00\x01", 7) + 7),
		0x2a);
}

static void
ours_is_read_again(void **state)
{
	(void)state;
	for (uint16_t channels = 0; channels <= GCC_CHANNELS_MAX; channels++) {
		assert_round_trip(channels, 0);
		assert_round_trip(channels, (uint16_t)(MCS_FIRST_CHANNEL + channels));
	}
}

static void
ours_needs_room(void **state)
{
	const struct gcc_server server = {.io_channel = MCS_IO_CHANNEL};
	uint8_t room[GCC_CONNECT_RESPONSE_MAX];
	struct bytes_writer writer;

	(void)state;
	for (size_t size = 0; size < 90; size++) {
		bytes_writer_init(&writer, room, size);
		gcc_connect_response_write(&writer, &server);
		assert_true(writer.failed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_is_read),
		cmocka_unit_test(truncations_are_refused),
		cmocka_unit_test(lengths_wrong_by_one_are_refused),
		cmocka_unit_test(channel_counts_that_do_not_fit_are_refused),
		cmocka_unit_test(no_changed_byte_makes_the_parser_read_past_the_end),
		cmocka_unit_test(one_id_for_two_channels_is_refused),
		cmocka_unit_test(refusals_and_missing_blocks_are_bad),
		cmocka_unit_test(a_response_of_64_kb_is_refused),
		cmocka_unit_test(ours_is_read_again),
		cmocka_unit_test(ours_needs_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
