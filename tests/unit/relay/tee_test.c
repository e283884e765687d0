/* gateway/relay/tee.c */
#include "relay/tee.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rdp/mcs.h"
#include "rdp/share.h"
#include "relay/introduction.h"

#include <stdlib.h>
#include <string.h>

#define IO 1003
#define GRAPHICS 1004
#define CLIPBOARD 1005
#define HOST_IO 1010
#define HOST_USER 1020
#define USER 1007

static struct introduction introduction;
static struct bridge *bridge;
static struct tee *tee;

static void
open_tee(bool required, bool with_input)
{
	const struct tee_setup setup = {.required = required, .with_input = with_input};

	assert_int_equal(tee_new(&setup, &introduction, bridge, 5, &tee), 0);
}

static int
prepare(void **state)
{
	(void)state;
	introduction = (struct introduction){.user = USER, .message_channel = 1006};
	introduction.client.desktop_width = 1024;
	introduction.client.desktop_height = 768;
	introduction.client.color_depth = 32;
	introduction.client.channel_count = 2;
	strcpy(introduction.client.channels[0].name, "DRDYNVC");
	strcpy(introduction.client.channels[1].name, "cliprdr");
	bridge = bridge_new(SIDE_HOST);
	assert_non_null(bridge);
	bridge->io[SIDE_CLIENT] = IO;
	bridge->io[SIDE_HOST] = HOST_IO;
	bridge->user[SIDE_CLIENT] = USER;
	bridge->user[SIDE_HOST] = HOST_USER;
	bridge->channel_count = 2;
	bridge->channels[0].id[SIDE_CLIENT] = GRAPHICS;
	bridge->channels[1].id[SIDE_CLIENT] = CLIPBOARD;
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	tee_free(tee);
	tee = NULL;
	bridge_free(bridge);
	return 0;
}

/* All that waits, as records; bytes of `kind` into room. Returns how many; *ret_records of that kind. */
static size_t
collect(enum recording_kind kind, uint8_t *room, size_t size, size_t *ret_records)
{
	struct recording_record record;
	size_t len, at = 0, have = 0;
	const uint8_t *bytes = tee_waiting(tee, &len);
	const char *why;
	int r;

	*ret_records = 0;
	while (at < len) {
		r = recording_head_get(bytes + at, len - at, &record, &why);
		assert_true(r > 0);
		assert_int_equal(recording_record_check(&record), 0);
		at += (size_t)r;
		if (record.kind != kind)
			continue;
		assert_true(have + record.len <= size);
		memcpy(room + have, record.bytes, record.len);
		have += record.len;
		++*ret_records;
	}
	tee_gone(tee, len);
	return have;
}

static size_t
fast_path(uint8_t *room, uint16_t len, uint8_t fill)
{
	memset(room, fill, len);
	room[0] = 0;
	room[1] = (uint8_t)(0x80 | len >> 8);
	room[2] = (uint8_t)len;
	return len;
}

static size_t
on_channel(uint8_t *room, enum mcs_kind kind, uint16_t user, uint16_t channel, const void *payload,
	size_t len)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, MCS_SEND_DATA_HEAD_MAX + len);
	mcs_send_data_write(&writer, kind, user, channel, payload, len);
	assert_false(writer.failed);
	return writer.len;
}

static void
the_first_record_is_the_segment(void **state)
{
	uint8_t room[RECORDING_SEGMENT_MOST];
	struct recording_segment segment;
	struct recording_record record = {.kind = RECORDING_SEGMENT, .bytes = room};
	size_t records;

	(void)state;
	open_tee(true, false);
	record.len = (uint32_t)collect(RECORDING_SEGMENT, room, sizeof(room), &records);
	assert_int_equal(records, 1);
	assert_int_equal(recording_segment_get(&record, &segment), 0);
	assert_int_equal(segment.width, 1024);
	assert_int_equal(segment.height, 768);
	assert_int_equal(segment.io, IO);
	assert_int_equal(segment.user, USER);
	assert_int_equal(segment.channel_count, 2);
	assert_string_equal(segment.channels[0].name, "DRDYNVC");
	assert_true(segment.channels[0].recorded);
	assert_int_equal(segment.channels[0].id, GRAPHICS);
	assert_false(segment.channels[1].recorded);
}

/* However the stream is cut, the records hold the same whole PDUs: fast path, I/O channel and graphics; the clipboard never. */
static void
pdus_are_whole_and_the_clipboard_is_not_among_them(void **state)
{
	static const char secret[] = "what was copied";
	uint8_t stream[8192], expected[8192], room[8192];
	size_t len, at = 0, wanted = 0, records, cuts[] = {1, 2, 3, 7, 100, 1999, 8192};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		len = fast_path(stream + at, 900, (uint8_t)(0x80 + i));
		memcpy(expected + wanted, stream + at, len);
		at += len;
		wanted += len;
		at += on_channel(stream + at, MCS_SEND_DATA_INDICATION, 1002, CLIPBOARD, secret,
			sizeof(secret));
		len = on_channel(
			stream + at, MCS_SEND_DATA_INDICATION, 1002, GRAPHICS, "pixels", 6);
		memcpy(expected + wanted, stream + at, len);
		at += len;
		wanted += len;
		len = on_channel(stream + at, MCS_SEND_DATA_INDICATION, 1002, IO, "whatever", 8);
		memcpy(expected + wanted, stream + at, len);
		at += len;
		wanted += len;
	}
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		open_tee(true, false);
		for (size_t from = 0; from < at; from += cuts[i]) {
			size_t take = at - from < cuts[i] ? at - from : cuts[i];

			assert_int_equal(
				tee_take(tee, SIDE_HOST, stream + from, take, (uint32_t)from), 0);
		}
		assert_int_equal(
			collect(RECORDING_FROM_HOST, room, sizeof(room), &records), wanted);
		assert_memory_equal(room, expected, wanted);
		tee_free(tee);
	}
	tee = NULL;
}

static void
input_is_recorded_where_it_is_wanted_in_the_clients_numbers(void **state)
{
	uint8_t stream[512], payload[64], room[512];
	struct bytes_writer writer;
	struct mcs_send_data data;
	size_t len, share, records;
	const char *why;

	(void)state;
	bytes_writer_init(&writer, payload, sizeof(payload));
	share = share_begin(&writer, SHARE_DATA, USER, 7, SHARE_DATA_INPUT);
	bytes_write_zeros(&writer, 16);
	share_end(&writer, share);
	len = on_channel(stream, MCS_SEND_DATA_REQUEST, HOST_USER, HOST_IO, payload, writer.len);
	len += fast_path(stream + len, 200, 0x11);
	/* Other PDUs of a client's are none of the recording's: here its Refresh Rect. */
	bytes_writer_init(&writer, payload, sizeof(payload));
	share = share_begin(&writer, SHARE_DATA, USER, 7, 33);
	bytes_write_zeros(&writer, 16);
	share_end(&writer, share);
	len += on_channel(
		stream + len, MCS_SEND_DATA_REQUEST, HOST_USER, HOST_IO, payload, writer.len);

	open_tee(true, false);
	assert_int_equal(tee_take(tee, SIDE_CLIENT, stream, len, 1), 0);
	assert_int_equal(collect(RECORDING_FROM_CLIENT, room, sizeof(room), &records), 0);
	tee_free(tee);
	open_tee(true, true);
	assert_int_equal(tee_take(tee, SIDE_CLIENT, stream, len, 1), 0);
	len = collect(RECORDING_FROM_CLIENT, room, sizeof(room), &records);
	assert_int_equal(
		mcs_send_data_parse(room, len - 200, (uint16_t)(len - 200), &data, &why), PARSE_OK);
	assert_int_equal(data.channel, IO);
	assert_int_equal(data.initiator, USER);
	assert_int_equal(room[len - 1], 0x11);
}

/* Who has the cookie may take the session over: a recording is no place for it. */
static void
cookies_are_blanked(void **state)
{
	const struct auto_reconnect_cookie cookie = {
		.logon_id = 77, .random = {0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9}};
	uint8_t payload[AUTO_RECONNECT_INFO_LEN], stream[1024], room[1024];
	struct bytes_writer writer;
	size_t len, have, records;

	(void)state;
	bytes_writer_init(&writer, payload, sizeof(payload));
	auto_reconnect_info_write(&writer, 1, 1002, &cookie);
	len = on_channel(stream, MCS_SEND_DATA_INDICATION, 1002, IO, payload, writer.len);
	assert_non_null(memmem(stream, len, cookie.random, 8));
	open_tee(true, false);
	assert_int_equal(tee_take(tee, SIDE_HOST, stream, len, 1), 0);
	have = collect(RECORDING_FROM_HOST, room, sizeof(room), &records);
	assert_int_equal(have, len);
	assert_null(memmem(room, have, cookie.random, 8));
}

static void
what_has_no_room_is_left_out_whole_and_counted_once(void **state)
{
	static uint8_t pdu[16000], room[2 * TEE_MOST];
	struct recording_gap gap, told;
	struct recording_record record = {.kind = RECORDING_GAP};
	size_t len = fast_path(pdu, sizeof(pdu), 0x44), kept, records, sent = 0;

	(void)state;
	open_tee(false, false);
	for (; sent < 1000; sent++)
		assert_int_equal(tee_take(tee, SIDE_HOST, pdu, len, (uint32_t)sent), 0);
	assert_false(tee_take_gap(tee, &told));
	(void)tee_waiting(tee, &kept);
	assert_true(kept <= TEE_MOST + 2 * sizeof(pdu));
	kept = collect(RECORDING_FROM_HOST, room, sizeof(room), &records);
	assert_int_equal(kept % len, 0);
	assert_true(kept >= TEE_MOST);
	/* There is room again: the gap stands before what comes. */
	assert_int_equal(tee_take(tee, SIDE_HOST, pdu, len, 5000), 0);
	assert_true(tee_take_gap(tee, &told));
	assert_false(tee_take_gap(tee, &told));
	record.len = (uint32_t)collect(RECORDING_GAP, room, sizeof(room), &records);
	record.bytes = room;
	assert_int_equal(records, 1);
	assert_int_equal(recording_gap_get(&record, &gap), 0);
	assert_int_equal(gap.why, RECORDING_GAP_RELAY_FULL);
	assert_int_equal(gap.bytes + kept, 1000 * len);
	assert_int_equal(told.bytes, gap.bytes);
	assert_true(gap.since_ms < 1000);
}

static void
of_a_required_recording_nothing_is_left_out(void **state)
{
	static uint8_t pdu[16000], room[3 * TEE_MOST];
	size_t len = fast_path(pdu, sizeof(pdu), 0x44), records;

	(void)state;
	open_tee(true, false);
	assert_false(tee_is_full(tee));
	for (uint32_t i = 0; i < 500; i++)
		assert_int_equal(tee_take(tee, SIDE_HOST, pdu, len, i), 0);
	assert_true(tee_is_full(tee));
	assert_int_equal(collect(RECORDING_FROM_HOST, room, sizeof(room), &records), 500 * len);
	assert_false(tee_is_full(tee));
	tee_finish(tee, 1000);
	assert_int_equal(collect(RECORDING_GAP, room, sizeof(room), &records), 0);
}

static void
a_gap_at_the_end_is_written_all_the_same(void **state)
{
	static uint8_t pdu[16000], room[2 * TEE_MOST];
	size_t len = fast_path(pdu, sizeof(pdu), 0x44), records;

	(void)state;
	open_tee(false, false);
	for (uint32_t i = 0; i < 400; i++)
		assert_int_equal(tee_take(tee, SIDE_HOST, pdu, len, i), 0);
	tee_finish(tee, 1000);
	assert_int_equal(collect(RECORDING_GAP, room, sizeof(room), &records), RECORDING_GAP_BYTES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_record_is_the_segment),
		TEST(pdus_are_whole_and_the_clipboard_is_not_among_them),
		TEST(input_is_recorded_where_it_is_wanted_in_the_clients_numbers),
		TEST(cookies_are_blanked),
		TEST(what_has_no_room_is_left_out_whole_and_counted_once),
		TEST(of_a_required_recording_nothing_is_left_out),
		TEST(a_gap_at_the_end_is_written_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
