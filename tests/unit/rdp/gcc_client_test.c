/* gateway/rdp/gcc_client.c, and the client's side of mcs_connect.c and gcc_blocks.c */
#include "rdp/gcc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "edge.h"
#include "samples.h"

/* Places in sample_initial. */
enum {
	CORE_AT = 137,
	CLUSTER_AT = 353,
	NET_AT = 377,
	MONITOR_AT = 421,
	MESSAGE_AT = 473,
	MULTITRANSPORT_AT = 481,
	UNKNOWN_AT = 489,
};

static enum parse_result
parse(const uint8_t *frame, size_t len)
{
	struct gcc_client client;

	return gcc_connect_initial_parse(frame, len, &client, NULL);
}

static void
client_is_read(void **state)
{
	struct gcc_client client;

	(void)state;
	assert_int_equal(
		gcc_connect_initial_parse(edge_copy(sample_initial, sizeof(sample_initial)),
			sizeof(sample_initial), &client, NULL),
		PARSE_OK);
	assert_int_equal(client.version, 0x00080004);
	assert_int_equal(client.desktop_width, 1280);
	assert_int_equal(client.desktop_height, 800);
	assert_int_equal(client.keyboard_layout, 0x411);
	assert_int_equal(client.client_build, 19041);
	assert_string_equal(client.client_name, "SEKISHO-PC");
	assert_int_equal(client.color_depth, 32);
	assert_int_equal(client.early_flags, 0x0da7);
	assert_int_equal(client.connection_type, 7);
	assert_true(client.has_server_selected_protocol);
	assert_int_equal(client.server_selected_protocol, 1);
	assert_int_equal(client.encryption_methods, 0x1b);
	assert_int_equal(client.channel_count, 3);
	assert_string_equal(client.channels[0].name, "rdpsnd");
	assert_string_equal(client.channels[1].name, "cliprdr");
	assert_int_equal(client.channels[1].options, 0xc0a00000);
	assert_string_equal(client.channels[2].name, "drdynvc");
	assert_true(client.has_cluster);
	assert_true((client.cluster_flags & GCC_CLUSTER_SESSION_ID_VALID) != 0);
	assert_int_equal(client.redirected_session_id, 0x01020304);
	assert_true(client.has_monitors);
	assert_int_equal(client.monitor_count, 2);
	assert_true(client.has_message_channel);
	assert_true(client.has_multitransport);
}

static void
truncations_are_refused(void **state)
{
	uint8_t frame[sizeof(sample_initial)];

	(void)state;
	assert_every_truncation_is_refused(sample_initial, parse(copy, have));
	/* the same with a TPKT length that fits */
	memcpy(frame, sample_initial, sizeof(frame));
	for (size_t len = 7; len < sizeof(frame); len++) {
		bytes_put_u16be(frame + 2, (uint16_t)len);
		assert_int_equal(parse(edge_copy(frame, len), len), PARSE_BAD);
	}
}

/* Low octets of every length in the sample: TPKT, BER, PER, blocks, counts. */
static const size_t length_places[] = {3, 11, 13, 16, 19, 22, 24, 50, 77, 113, 122, 136,
	CORE_AT + 2, CLUSTER_AT + 2, 367, NET_AT + 2, NET_AT + 4, MONITOR_AT + 2, MONITOR_AT + 8,
	MESSAGE_AT + 2, MULTITRANSPORT_AT + 2, UNKNOWN_AT + 2};

static void
lengths_wrong_by_one_are_refused(void **state)
{
	uint8_t frame[sizeof(sample_initial)];

	(void)state;
	for (size_t i = 0; i < sizeof(length_places) / sizeof(length_places[0]); i++) {
		for (int by = -1; by <= 1; by += 2) {
			memcpy(frame, sample_initial, sizeof(frame));
			frame[length_places[i]] = (uint8_t)(frame[length_places[i]] + by);
			assert_int_equal(
				parse(edge_copy(frame, sizeof(frame)), sizeof(frame)), PARSE_BAD);
		}
	}
}

static void
no_changed_byte_makes_the_parser_read_past_the_end(void **state)
{
	uint8_t frame[sizeof(sample_initial)];

	(void)state;
	for (size_t at = 0; at < sizeof(frame); at++) {
		for (unsigned value = 0; value < 256; value++) {
			memcpy(frame, sample_initial, sizeof(frame));
			frame[at] = (uint8_t)value;
			(void)parse(edge_copy(frame, sizeof(frame)), sizeof(frame));
		}
	}
}

static void
a_block_twice_is_refused(void **state)
{
	uint8_t frame[sizeof(sample_initial)];

	(void)state;
	memcpy(frame, sample_initial, sizeof(frame));
	bytes_put_u16le(frame + MESSAGE_AT, GCC_CS_MULTITRANSPORT);
	assert_int_equal(parse(frame, sizeof(frame)), PARSE_BAD);
	bytes_put_u16le(frame + MESSAGE_AT, 0xc0ff);
	assert_int_equal(parse(frame, sizeof(frame)), PARSE_BAD);
}

static void
without_core_it_is_refused(void **state)
{
	uint8_t frame[sizeof(sample_initial)];

	(void)state;
	memcpy(frame, sample_initial, sizeof(frame));
	bytes_put_u16le(frame + CORE_AT, 0xc0fe);
	assert_int_equal(parse(frame, sizeof(frame)), PARSE_BAD);
}

static void
channel_names_are_cleaned(void **state)
{
	uint8_t frame[sizeof(sample_initial)];
	struct gcc_client client;

	(void)state;
	memcpy(frame, sample_initial, sizeof(frame));
	memcpy(frame + NET_AT + 8, "a\n\x1b\xff b%%", 8); /* no NUL at the end */
	memcpy(frame + NET_AT + 20, "x\0yyyyyy", 8);
	assert_int_equal(gcc_connect_initial_parse(frame, sizeof(frame), &client, NULL), PARSE_OK);
	assert_string_equal(client.channels[0].name, "a????b%%");
	assert_string_equal(client.channels[1].name, "x");
}

/* Counts of 32 bits: 12 bytes times 2^32 / 12 channels must not wrap round to a small length. */
static void
huge_counts_are_refused(void **state)
{
	uint8_t frame[sizeof(sample_initial)];

	(void)state;
	memcpy(frame, sample_initial, sizeof(frame));
	bytes_put_u32le(frame + NET_AT + 4, 0x15555555 + 3 + 1);
	assert_int_equal(parse(frame, sizeof(frame)), PARSE_BAD);
	memcpy(frame, sample_initial, sizeof(frame));
	bytes_put_u32le(frame + MONITOR_AT + 8, 0x33333333 + 2);
	assert_int_equal(parse(frame, sizeof(frame)), PARSE_BAD);
}

static const struct gcc_client_changes all_changes = {
	.server_selected_protocol = 0x12345678,
	.clear_early_flags = GCC_CLIENT_SKIP_CHANNEL_JOIN | GCC_CLIENT_HEARTBEAT,
	.drop_message_channel = true,
	.drop_monitors = true,
	.rename_channels = 1u << 1,
};

static void
rewrite_changes_what_it_should(void **state)
{
	uint8_t room[1024];
	struct bytes_writer writer;
	struct gcc_client client;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	assert_int_equal(gcc_connect_initial_rewrite(
				 sample_initial, sizeof(sample_initial), &all_changes, &writer),
		0);
	assert_int_equal(
		gcc_connect_initial_parse(edge_copy(room, writer.len), writer.len, &client, NULL),
		PARSE_OK);
	assert_int_equal(client.server_selected_protocol, 0x12345678);
	assert_int_equal(client.early_flags,
		0x0da7 & ~(GCC_CLIENT_SKIP_CHANNEL_JOIN | GCC_CLIENT_HEARTBEAT));
	assert_false(client.has_message_channel);
	assert_false(client.has_multitransport);
	assert_false(client.has_monitors);
	assert_true(client.has_cluster);
	assert_int_equal(client.cluster_flags, 0x11);
	assert_int_equal(client.redirected_session_id, 0);
	assert_string_equal(client.channels[0].name, "rdpsnd");
	assert_string_equal(client.channels[1].name, "skoff01");
	assert_int_equal(client.channels[1].options, 0);
	assert_string_equal(client.channels[2].name, "drdynvc");
	assert_int_equal(client.desktop_width, 1280);
	assert_string_equal(client.client_name, "SEKISHO-PC");
	assert_non_null(memmem(room, writer.len, "\xff\xc0\x06\x00\xaa\xbb", 6));
	assert_null(memmem(room, writer.len, "\x04\x03\x02\x01", 4));
	assert_null(memmem(room, writer.len, "cliprdr", 7));
}

/* With no changes asked for, only the multitransport block and the session id go. */
static void
rewrite_keeps_the_rest_byte_by_byte(void **state)
{
	const struct gcc_client_changes changes = {.server_selected_protocol = 1};
	uint8_t expected[sizeof(sample_initial)], room[1024];
	struct bytes_writer writer;
	size_t tail = sizeof(sample_initial) - UNKNOWN_AT;
	size_t len = sizeof(sample_initial) - 8;

	(void)state;
	memcpy(expected, sample_initial, UNKNOWN_AT);
	memcpy(expected + MULTITRANSPORT_AT, sample_initial + UNKNOWN_AT, tail);
	bytes_put_u16be(expected + 2, (uint16_t)len);
	bytes_put_u16be(expected + 10, (uint16_t)(len - 12));
	bytes_put_u16be(expected + 112, (uint16_t)(len - 114));
	bytes_put_u16be(expected + 121, (uint16_t)((len - 123) | 0x8000));
	bytes_put_u16be(expected + 135, (uint16_t)((len - 137) | 0x8000));
	bytes_put_u32le(expected + CLUSTER_AT + 4, 0x11);
	bytes_put_u32le(expected + CLUSTER_AT + 8, 0);
	bytes_writer_init(&writer, room, sizeof(room));
	assert_int_equal(gcc_connect_initial_rewrite(
				 sample_initial, sizeof(sample_initial), &changes, &writer),
		0);
	assert_int_equal(writer.len, len);
	assert_memory_equal(room, expected, len);
}

static void
rewrite_needs_room_and_a_good_frame(void **state)
{
	uint8_t room[1024];
	struct bytes_writer writer;

	(void)state;
	for (size_t size = 0; size < sizeof(sample_initial) - 100; size += 7) {
		bytes_writer_init(&writer, room, size);
		assert_int_equal(gcc_connect_initial_rewrite(sample_initial, sizeof(sample_initial),
					 &all_changes, &writer),
			-ENOSPC);
		assert_true(writer.len <= size);
	}
	bytes_writer_init(&writer, room, sizeof(room));
	assert_int_equal(gcc_connect_initial_rewrite(
				 sample_initial, sizeof(sample_initial) - 1, &all_changes, &writer),
		-EBADMSG);
}

/* CS_CLUSTER as these clients send it, and their build. */
static void
redirection_is_for_clients_that_follow_it(void **state)
{
	static const struct {
		bool has_cluster;
		uint32_t flags, build;
		bool follows;
	} rows[] = {
		{true, 0x15, 18363, true},  /* xfreerdp 3 */
		{true, 0x0d, 18363, true},  /* xfreerdp 2 */
		{true, 0x11, 22621, true},  /* mstsc */
		{true, 0x0d, 2600, false},  /* rdesktop 1.9 */
		{true, 0x09, 18363, false}, /* version 3 */
		{true, 0x14, 18363, false}, /* not supported */
		{false, 0x15, 18363, false},
		{false, 0, 0,
			false}, /* IronRDP, which takes a redirection for a fault, and says nothing of it */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct gcc_client client = {.has_cluster = rows[i].has_cluster,
			.cluster_flags = rows[i].flags,
			.client_build = rows[i].build};

		if (gcc_client_follows_redirection(&client) != rows[i].follows)
			fail_msg("row %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_is_read),
		cmocka_unit_test(truncations_are_refused),
		cmocka_unit_test(lengths_wrong_by_one_are_refused),
		cmocka_unit_test(no_changed_byte_makes_the_parser_read_past_the_end),
		cmocka_unit_test(a_block_twice_is_refused),
		cmocka_unit_test(without_core_it_is_refused),
		cmocka_unit_test(channel_names_are_cleaned),
		cmocka_unit_test(huge_counts_are_refused),
		cmocka_unit_test(rewrite_changes_what_it_should),
		cmocka_unit_test(rewrite_keeps_the_rest_byte_by_byte),
		cmocka_unit_test(rewrite_needs_room_and_a_good_frame),
		cmocka_unit_test(redirection_is_for_clients_that_follow_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
