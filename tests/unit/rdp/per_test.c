/* gateway/rdp/per.c */
#include "rdp/per.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "edge.h"

static void
per_lengths_are_read(void **state)
{
	static const struct {
		uint8_t bytes[2];
		size_t have;
		size_t value; /* SIZE_MAX: refused */
	} rows[] = {
		{{0}, 1, 0},
		{{0x7f}, 1, 127},
		{{0x80, 0x05}, 2, 5}, /* longer than needed, as rdesktop writes it */
		{{0xbf, 0xff}, 2, PER_LENGTH_MAX},
		{{0xc1, 0x00}, 2, SIZE_MAX}, /* fragmented */
		{{0x81}, 1, SIZE_MAX},
		{{0}, 0, SIZE_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes_reader reader;
		size_t value;

		bytes_reader_init(&reader, edge_copy(rows[i].bytes, rows[i].have), rows[i].have);
		value = per_read_length(&reader);
		assert_int_equal(reader.failed, rows[i].value == SIZE_MAX);
		if (!reader.failed)
			assert_int_equal(value, rows[i].value);
	}
}

static void
per_lengths_round_trip(void **state)
{
	uint8_t room[2];
	struct bytes_writer writer;
	struct bytes_reader reader;

	(void)state;
	for (size_t len = 0; len <= PER_LENGTH_MAX; len++) {
		bytes_writer_init(&writer, room, sizeof(room));
		per_write_length(&writer, len);
		bytes_reader_init(&reader, room, sizeof(room));
		assert_int_equal(per_read_length(&reader), len);
		assert_false(writer.failed || reader.failed);
	}
	bytes_writer_init(&writer, room, sizeof(room));
	per_write_length(&writer, PER_LENGTH_MAX + 1);
	assert_true(writer.failed);
}

static void
ber_numbers_round_trip(void **state)
{
	static const uint32_t values[] = {
		0, 1, 127, 128, 255, 256, 32767, 32768, 65535, 0x7fffffff, 0x80000000, 0xffffffff};
	uint8_t room[8];
	struct bytes_writer writer;
	struct bytes_reader reader;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		bytes_writer_init(&writer, room, sizeof(room));
		ber_write_number(&writer, BER_INTEGER, values[i]);
		assert_true((room[2] & 0x80) == 0); /* not negative */
		bytes_reader_init(&reader, room, writer.len);
		assert_int_equal(ber_read_number(&reader, BER_INTEGER), values[i]);
		assert_false(reader.failed);
	}
}

static void
ber_numbers_of_odd_forms(void **state)
{
	static const struct {
		uint8_t bytes[8];
		size_t have;
		bool refused;
		uint32_t value;
	} rows[] = {
		{{2, 2, 0xff, 0xff}, 4, false, 65535},
		{{2, 5, 0, 0xff, 0xff, 0xff, 0xff}, 7, false, UINT32_MAX},
		{{2, 5, 1, 0xff, 0xff, 0xff, 0xff}, 7, true, 0},
		{{2, 6, 0, 0, 0, 0, 0, 1}, 8, true, 0},
		{{2, 0}, 2, true, 0},
		{{2, 0x81, 1, 9}, 4, false, 9},
		{{2, 0x80, 9, 0}, 4, true, 0},
		{{2, 0x83, 0, 0, 1, 9}, 6, true, 0},
		{{10, 1, 9}, 3, true, 0},
		{{2, 2, 9}, 3, true, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes_reader reader;
		uint32_t value;

		bytes_reader_init(&reader, edge_copy(rows[i].bytes, rows[i].have), rows[i].have);
		value = ber_read_number(&reader, BER_INTEGER);
		assert_int_equal(reader.failed, rows[i].refused);
		assert_int_equal(value, rows[i].value);
	}
}

static void
ber_elements_round_trip(void **state)
{
	static const size_t lengths[] = {0, 1, 127, 128, 255, 256, 65535};
	static uint8_t contents[65536], room[65536 + 8];
	struct bytes_writer writer;
	struct bytes_reader reader, part;
	size_t too_long;

	(void)state;
	for (size_t i = 0; i < sizeof(contents); i++)
		contents[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t begin;

		bytes_writer_init(&writer, room, sizeof(room));
		begin = ber_begin(&writer, 0x7f65);
		bytes_write(&writer, contents, lengths[i]);
		ber_end(&writer, begin);
		assert_false(writer.failed);
		assert_int_equal(writer.len, lengths[i] + (lengths[i] < 128 ? 3 : 5));
		bytes_reader_init(&reader, room, writer.len);
		part = ber_read(&reader, 0x7f65);
		assert_int_equal(bytes_left(&part), lengths[i]);
		assert_int_equal(bytes_left(&reader), 0);
		assert_memory_equal(part.at, contents, lengths[i]);
	}
	bytes_writer_init(&writer, room, sizeof(room));
	too_long = ber_begin(&writer, BER_SEQUENCE);
	bytes_write(&writer, contents, sizeof(contents));
	ber_end(&writer, too_long);
	assert_true(writer.failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(per_lengths_are_read),
		cmocka_unit_test(per_lengths_round_trip),
		cmocka_unit_test(ber_numbers_round_trip),
		cmocka_unit_test(ber_numbers_of_odd_forms),
		cmocka_unit_test(ber_elements_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
