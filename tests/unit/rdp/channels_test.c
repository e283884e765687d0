/* gateway/rdp/channel_chunk.c, capability_scan.c, cliprdr.c, drdynvc.c, rdpdr.c: what tests/fuzz/channels_fuzz.c and the
 * scenarios of rights do not say by name. */
#include "rdp/capability_scan.h"
#include "rdp/channel_chunk.h"
#include "rdp/cliprdr.h"
#include "rdp/rdpdr.h"
#include "rdp/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define FLAGS 0x55 /* four of them are the flags of the Virtual Channel set */

/* A Demand Active (2.2.1.13.1) with three sets, of which the second or the last is the one. */
static size_t
write_active(uint8_t *room, bool confirm, bool last)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, 256);
	bytes_write_u16le(&writer, 0); /* totalLength is not looked at */
	bytes_write_u16le(&writer, confirm ? 0x13 : 0x11);
	bytes_write_u16le(&writer, 1002);
	bytes_write_u32le(&writer, 0x103ea);
	if (confirm)
		bytes_write_u16le(&writer, 1002);
	bytes_write_u16le(&writer, 5);
	bytes_write_u16le(&writer, 0);
	bytes_write(&writer, "MSTSC", 5);
	bytes_write_u16le(&writer, 3);
	bytes_write_u16le(&writer, 0x1414);
	for (int i = 0; i < 3; i++) {
		bool wanted = i == (last ? 2 : 1);

		bytes_write_u16le(&writer, wanted ? 0x14 : 0x13);
		bytes_write_u16le(&writer, wanted ? 12 : 8);
		for (int flag = 0; flag < 4; flag++)
			bytes_write_u8(&writer, wanted ? FLAGS : 0x14);
		if (wanted)
			bytes_write_u32le(&writer, 1600);
	}
	assert_false(writer.failed);
	return writer.len;
}

static void
compression_is_taken_out_of_the_capabilities_however_they_are_cut(void **state)
{
	uint8_t given[256], got[256];

	(void)state;
	for (int shape = 0; shape < 4; shape++) {
		size_t len = write_active(given, (shape & 1) != 0, (shape & 2) != 0);

		for (size_t cut = 1; cut <= len; cut++) {
			struct capability_scan scan;
			unsigned int changed = 0;

			memcpy(got, given, len);
			if ((shape & 1) != 0)
				capability_scan_confirm(&scan);
			else
				capability_scan_demand(&scan);
			for (size_t at = 0; at < len; at += cut)
				changed += capability_scan_bytes(
					&scan, got + at, len - at < cut ? len - at : cut);
			assert_int_equal(changed, 1);
			for (size_t i = 0; i < len; i++)
				assert_int_equal(got[i], given[i] == FLAGS ? 0 : given[i]);
		}
	}
}

static void
nothing_else_is_changed(void **state)
{
	uint8_t bytes[300];
	struct capability_scan scan;

	(void)state;
	memset(bytes, 0x14, sizeof(bytes));
	capability_scan_stop(&scan);
	assert_int_equal(capability_scan_bytes(&scan, bytes, sizeof(bytes)), 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0x14);
}

static enum parse_result
chunk(struct chunk_order *order, uint32_t total, uint32_t flags, size_t data_len)
{
	uint8_t payload[2048] = {0};
	struct channel_chunk chunk;

	bytes_put_u32le(payload, total);
	bytes_put_u32le(payload + 4, flags);
	return chunk_next(order, payload, CHUNK_HEADER_LEN + data_len, &chunk, NULL);
}

static void
chunks_must_add_up(void **state)
{
	static const struct {
		uint32_t total;
		uint32_t flags;
		size_t len;
	} bad[] = {
		{10, CHUNK_FIRST | CHUNK_LAST, 9},
		{10, CHUNK_FIRST | CHUNK_LAST, 11},
		{10, CHUNK_FIRST, 10},
		{10, CHUNK_LAST, 10},
		{10, 0, 5},
		{10, CHUNK_FIRST, 0},
		{10, CHUNK_FIRST | CHUNK_LAST | 0x00200000, 10},
	};
	struct chunk_order order = {0};

	(void)state;
	assert_int_equal(chunk(&order, 10, CHUNK_FIRST | CHUNK_SHOW_PROTOCOL, 6), PARSE_OK);
	assert_int_equal(chunk(&order, 10, 0, 3), PARSE_OK);
	/* What is bad changes nothing. */
	assert_int_equal(chunk(&order, 11, CHUNK_LAST, 1), PARSE_BAD);
	assert_int_equal(chunk(&order, 10, CHUNK_FIRST, 1), PARSE_BAD);
	assert_int_equal(chunk(&order, 10, CHUNK_LAST, 1), PARSE_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		order = (struct chunk_order){0};
		assert_int_equal(chunk(&order, bad[i].total, bad[i].flags, bad[i].len), PARSE_BAD);
	}
}

static void
text_on_the_clipboard_is_text_by_its_number_and_never_by_a_name(void **state)
{
	static const uint8_t offer[] = {2, 0, 0, 0, 20, 0, 0, 0, 13, 0, 0, 0, 'F', 0, 0, 0, 0x10,
		0xc0, 0, 0, 't', 0, 'x', 0, 0, 0, 1, 0};
	struct cliprdr_format format;
	struct cliprdr_head head;
	struct cliprdr_list list;
	struct bytes_writer writer;
	uint8_t room[32];

	(void)state;
	assert_int_equal(
		cliprdr_head_parse(offer, sizeof(offer), sizeof(offer), &head, NULL), PARSE_OK);
	cliprdr_list_begin(&list, offer, &head, true);
	assert_true(cliprdr_list_next(&list, &format));
	assert_true(format.text);
	/* It goes on without what was called its name. */
	bytes_writer_init(&writer, room, sizeof(room));
	cliprdr_format_write(&writer, &format, true);
	assert_int_equal(writer.len, 6);
	assert_memory_equal(room, "\x0d\0\0\0\0\0", 6);
	assert_true(cliprdr_list_next(&list, &format));
	assert_false(format.text);
	assert_int_equal(format.id, 0xc010);
	/* Cut off: nothing. */
	assert_false(cliprdr_list_next(&list, &format));
}

static void
reading_a_drive_is_told_from_writing(void **state)
{
	static const struct {
		uint32_t access, disposition, options;
		bool writes;
	} opens[] = {
		{0x80100080, 1, 0, false}, /* GENERIC_READ, open */
		{0x02000000, 1, 0, false}, /* MAXIMUM_ALLOWED: writes are refused as they come */
		{0x00120089, 1, 0x20, false},
		{0x40000000, 1, 0, true},
		{0x10000000, 1, 0, true},
		{0x00000002, 1, 0, true},
		{0x00000100, 1, 0, true},
		{0x00010000, 1, 0, true},
		{0x80000000, 0, 0, true},
		{0x80000000, 2, 0, true},
		{0x80000000, 3, 0, true},
		{0x80000000, 4, 0, true},
		{0x80000000, 5, 0, true},
		{0x80000000, 1, 0x1000, true},
	};
	uint8_t pdu[RDPDR_REQUEST_LEN + 32 + 4] = {0};
	struct rdpdr_create create;

	(void)state;
	bytes_put_u32le(pdu + 52, 4);
	memcpy(pdu + 56, "\\\0a\0", 4);
	for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
		bytes_put_u32le(pdu + 24, opens[i].access);
		bytes_put_u32le(pdu + 44, opens[i].disposition);
		bytes_put_u32le(pdu + 48, opens[i].options);
		assert_int_equal(rdpdr_create_parse(pdu, sizeof(pdu), &create, NULL), PARSE_OK);
		assert_int_equal(create.writes, opens[i].writes);
		assert_string_equal(create.path, "\\a");
	}
	for (size_t len = 0; len < sizeof(pdu); len++)
		assert_int_equal(rdpdr_create_parse(pdu, len, &create, NULL), PARSE_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compression_is_taken_out_of_the_capabilities_however_they_are_cut),
		cmocka_unit_test(nothing_else_is_changed),
		cmocka_unit_test(chunks_must_add_up),
		cmocka_unit_test(text_on_the_clipboard_is_text_by_its_number_and_never_by_a_name),
		cmocka_unit_test(reading_a_drive_is_told_from_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
