/* gateway/base/bytes.c */
#include "base/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
reader_reads_both_byte_orders(void **state)
{
	const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
	struct bytes_reader reader;

	(void)state;
	bytes_reader_init(&reader, bytes, sizeof(bytes));
	assert_int_equal(bytes_read_u8(&reader), 1);
	assert_int_equal(bytes_read_u16le(&reader), 0x0302);
	assert_int_equal(bytes_read_u16be(&reader), 0x0405);
	assert_int_equal(bytes_read_u32le(&reader), 0x09080706);
	assert_int_equal(bytes_read_u32be(&reader), 0x0a0b0c0d);
	assert_int_equal(bytes_left(&reader), 0);
	assert_false(reader.failed);
}

static void
reader_past_the_end_fails_and_stays_failed(void **state)
{
	const uint8_t bytes[] = {1, 2, 3};
	struct bytes_reader reader;

	(void)state;
	bytes_reader_init(&reader, bytes, sizeof(bytes));
	assert_int_equal(bytes_read_u32le(&reader), 0);
	assert_true(reader.failed);
	assert_int_equal(bytes_read_u8(&reader), 0);
	assert_true(reader.failed);
}

static void
part_is_bounded_by_its_own_end(void **state)
{
	const uint8_t bytes[] = {1, 2, 3, 4};
	struct bytes_reader reader, part;

	(void)state;
	bytes_reader_init(&reader, bytes, sizeof(bytes));
	part = bytes_read_part(&reader, 2);
	assert_int_equal(bytes_read_u16be(&part), 0x0102);
	(void)bytes_read_u8(&part);
	assert_true(part.failed);
	assert_int_equal(bytes_read_u8(&reader), 3);
	part = bytes_read_part(&reader, 2);
	assert_true(part.failed);
	assert_true(reader.failed);
}

static void
writer_never_passes_its_room(void **state)
{
	uint8_t room[8] = {0};
	struct bytes_writer writer;

	(void)state;
	bytes_writer_init(&writer, room, 7);
	bytes_write_u16be(&writer, 0x0102);
	bytes_write_u32le(&writer, 0x06050403);
	bytes_write_u16le(&writer, 0xffff);
	assert_true(writer.failed);
	bytes_write_u8(&writer, 0xff);
	assert_int_equal(writer.len, 6);
	assert_memory_equal(room, "\1\2\3\4\5\6\0\0", 8);
}

static void
hex_goes_both_ways_and_refuses_the_rest(void **state)
{
	uint8_t bytes[3];
	char text[7];

	(void)state;
	assert_int_equal(bytes_from_hex("00fFa1", bytes, 3), 0);
	bytes_to_hex(bytes, 3, text);
	assert_string_equal(text, "00ffa1");
	assert_int_equal(bytes_from_hex("00ffa", bytes, 3), -EINVAL);
	assert_int_equal(bytes_from_hex("00ffag", bytes, 3), -EINVAL);
	assert_int_equal(bytes_from_hex("00ffa1b", bytes, 3), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_reads_both_byte_orders),
		cmocka_unit_test(reader_past_the_end_fails_and_stays_failed),
		cmocka_unit_test(part_is_bounded_by_its_own_end),
		cmocka_unit_test(writer_never_passes_its_room),
		cmocka_unit_test(hex_goes_both_ways_and_refuses_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
