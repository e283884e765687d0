/* gateway/recorder/source.c */
#include "recorder/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct source source;

static void
feed(const void *bytes, size_t len)
{
	size_t room;
	uint8_t *at = source_room(&source, &room);

	assert_true(room >= len);
	memcpy(at, bytes, len);
	source_came(&source, len);
}

static size_t
record(uint8_t *room, enum recording_kind kind, const void *bytes, size_t len)
{
	recording_head_put(room, kind, 7, (uint32_t)len);
	memcpy(room + RECORDING_HEAD_BYTES, bytes, len);
	return RECORDING_HEAD_BYTES + len;
}

static size_t
begin(uint8_t *room)
{
	uint8_t segment[RECORDING_SEGMENT_MOST];

	return record(room, RECORDING_SEGMENT, segment, sample_segment(segment));
}

static int
fresh(void **state)
{
	(void)state;
	source_init(&source);
	return 0;
}

static void
records_come_whole_however_they_are_cut(void **state)
{
	uint8_t stream[2048];
	struct recording_record got;
	size_t len = begin(stream), seen = 0;

	(void)state;
	len += record(stream + len, RECORDING_FROM_HOST, "abcdef", 6);
	len += record(stream + len, RECORDING_FROM_CLIENT, "x", 1);
	for (size_t i = 0; i < len; i++) {
		feed(stream + i, 1);
		while (source_next(&source, &got) == 1)
			seen++;
	}
	assert_int_equal(seen, 3);
	assert_int_equal(source_rest(&source), 0);
	feed(stream + len - 5, 4);
	assert_int_equal(source_rest(&source), 4);
}

static void
the_longest_record_has_room_behind_any_rest(void **state)
{
	static uint8_t big[RECORDING_HEAD_BYTES + RECORDING_RECORD_MOST];
	static const uint8_t zeros[RECORDING_RECORD_MOST];
	uint8_t first[1024];
	struct recording_record got;
	size_t room, at = 0;

	(void)state;
	feed(first, begin(first));
	assert_int_equal(source_next(&source, &got), 1);
	(void)record(big, RECORDING_FROM_HOST, zeros, sizeof(zeros));
	for (int i = 0; i < 20; i++) {
		size_t part = 10000;

		while (source_next(&source, &got) == 0) {
			(void)source_room(&source, &room);
			assert_true(room > 0);
			if (part > room)
				part = room;
			if (part > sizeof(big) - at)
				part = sizeof(big) - at;
			feed(big + at, part);
			at = (at + part) % sizeof(big);
			part = 10000;
		}
		assert_int_equal(got.len, RECORDING_RECORD_MOST);
	}
}

static void
what_no_worker_may_say_ends_the_stream(void **state)
{
	static const struct {
		enum recording_kind kind;
		const char *bytes;
		size_t len;
	} rows[] = {
		{RECORDING_NOTE, "\1x", 2},
		{RECORDING_END, "", 0},
		{RECORDING_SEALED, "x", 1},
		{RECORDING_SEGMENT, "x", 1},
		{RECORDING_GAP, "x", 1},
		{RECORDING_FROM_HOST, "", 0},
		{77, "x", 1},
	};
	uint8_t room[1024];
	struct recording_record got;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)fresh(state);
		feed(room, begin(room));
		assert_int_equal(source_next(&source, &got), 1);
		feed(room, record(room, rows[i].kind, rows[i].bytes, rows[i].len));
		assert_int_equal(source_next(&source, &got), -EPROTO);
	}
}

static void
a_stream_begins_with_one_segment(void **state)
{
	uint8_t room[1024];
	struct recording_record got;

	(void)state;
	feed(room, record(room, RECORDING_FROM_HOST, "x", 1));
	assert_int_equal(source_next(&source, &got), -EPROTO);
	(void)fresh(state);
	feed(room, begin(room));
	assert_int_equal(source_next(&source, &got), 1);
	feed(room, begin(room));
	assert_int_equal(source_next(&source, &got), -EPROTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(records_come_whole_however_they_are_cut, fresh),
		cmocka_unit_test_setup(the_longest_record_has_room_behind_any_rest, fresh),
		cmocka_unit_test_setup(what_no_worker_may_say_ends_the_stream, fresh),
		cmocka_unit_test_setup(a_stream_begins_with_one_segment, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
