/* gateway/recording/records.c */
#include "recording/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

static const struct recording_segment segment = {.mode = RECORDING_MEDIATED,
	.width = 1920,
	.height = 1080,
	.bits_per_pixel = 32,
	.user = 1007,
	.server = 1002,
	.io = 1003,
	.message = 1006,
	.channel_count = 2,
	.channels = {{"drdynvc", 0xc0800000, 1004, true}, {"12345678", 1, 1005, false}}};

static void
a_record_is_read_when_it_is_whole(void **state)
{
	uint8_t room[RECORDING_HEAD_BYTES + 4] = {0};
	struct recording_record record;
	const char *why = NULL;

	(void)state;
	recording_head_put(room, RECORDING_FROM_HOST, 123456, 4);
	memcpy(room + RECORDING_HEAD_BYTES, "abcd", 4);
	for (size_t len = 0; len < sizeof(room); len++)
		assert_int_equal(recording_head_get(room, len, &record, &why), 0);
	assert_int_equal(recording_head_get(room, sizeof(room), &record, &why), sizeof(room));
	assert_int_equal(record.kind, RECORDING_FROM_HOST);
	assert_int_equal(record.ms, 123456);
	assert_int_equal(record.len, 4);
	assert_memory_equal(record.bytes, "abcd", 4);
}

static void
unknown_kinds_and_hostile_lengths_are_refused(void **state)
{
	uint8_t room[RECORDING_HEAD_BYTES] = {0};
	struct recording_record record;
	const char *why = NULL;

	(void)state;
	for (unsigned int kind = 0; kind < 256; kind++) {
		room[0] = (uint8_t)kind;
		assert_int_equal(recording_head_get(room, 1, &record, &why),
			recording_kind_name(kind) != NULL ? 0 : -EPROTO);
	}
	recording_head_put(room, RECORDING_NOTE, 0, RECORDING_RECORD_MOST);
	assert_int_equal(recording_head_get(room, sizeof(room), &record, &why), 0);
	recording_head_put(room, RECORDING_NOTE, 0, RECORDING_RECORD_MOST + 1);
	assert_int_equal(recording_head_get(room, sizeof(room), &record, &why), -EPROTO);
	recording_head_put(room, RECORDING_NOTE, 0, UINT32_MAX);
	assert_int_equal(recording_head_get(room, sizeof(room), &record, &why), -EPROTO);
	assert_non_null(why);
}

static void
a_worker_makes_neither_notes_nor_ends(void **state)
{
	(void)state;
	assert_true(recording_kind_is_workers(RECORDING_SEGMENT));
	assert_true(recording_kind_is_workers(RECORDING_FROM_HOST));
	assert_true(recording_kind_is_workers(RECORDING_FROM_CLIENT));
	assert_true(recording_kind_is_workers(RECORDING_GAP));
	assert_false(recording_kind_is_workers(RECORDING_NOTE));
	assert_false(recording_kind_is_workers(RECORDING_END));
	assert_false(recording_kind_is_workers(RECORDING_SEALED));
	assert_false(recording_kind_is_workers(200));
}

static void
a_segment_comes_back_as_it_was(void **state)
{
	uint8_t room[RECORDING_SEGMENT_MOST];
	struct recording_segment back;
	struct recording_record record = {.kind = RECORDING_SEGMENT, .bytes = room};

	(void)state;
	record.len = (uint32_t)recording_segment_put(&segment, room);
	assert_int_equal(recording_segment_get(&record, &back), 0);
	assert_int_equal(back.mode, RECORDING_MEDIATED);
	assert_int_equal(back.width, 1920);
	assert_int_equal(back.height, 1080);
	assert_int_equal(back.user, 1007);
	assert_int_equal(back.server, 1002);
	assert_int_equal(back.io, 1003);
	assert_int_equal(back.message, 1006);
	assert_int_equal(back.channel_count, 2);
	assert_string_equal(back.channels[0].name, "drdynvc");
	assert_string_equal(back.channels[1].name, "12345678");
	assert_int_equal(back.channels[0].options, 0xc0800000);
	assert_true(back.channels[0].recorded);
	assert_false(back.channels[1].recorded);
	assert_int_equal(recording_record_check(&record), 0);
	/* Cut anywhere, or with something behind it. */
	for (uint32_t len = record.len; len-- > 0;) {
		record.len = len;
		assert_int_equal(recording_record_check(&record), -EPROTO);
	}
}

static void
a_segment_with_too_many_channels_is_refused(void **state)
{
	uint8_t room[RECORDING_SEGMENT_MOST + 64] = {0};
	struct recording_record record = {
		.kind = RECORDING_SEGMENT, .bytes = room, .len = RECORDING_SEGMENT_MOST + 15};
	struct recording_segment full = segment;

	(void)state;
	full.channel_count = RECORDING_CHANNELS_MOST;
	assert_int_equal(recording_segment_put(&full, room), RECORDING_SEGMENT_MOST);
	room[15] = RECORDING_CHANNELS_MOST + 1;
	assert_int_equal(recording_record_check(&record), -EPROTO);
	room[15] = RECORDING_CHANNELS_MOST;
	record.len = RECORDING_SEGMENT_MOST;
	assert_int_equal(recording_record_check(&record), 0);
	room[0] = 2;
	assert_int_equal(recording_record_check(&record), -EPROTO);
	room[0] = 1;
	room[1] = 7;
	assert_int_equal(recording_record_check(&record), -EPROTO);
}

static void
gaps_and_notes_come_back(void **state)
{
	const struct recording_gap gap = {RECORDING_GAP_NOT_WRITTEN, UINT64_C(1) << 40, 77};
	uint8_t room[1 + RECORDING_TEXT_MOST];
	struct recording_record record = {.kind = RECORDING_GAP, .bytes = room};
	struct recording_note note;
	struct recording_gap back;

	(void)state;
	record.len = (uint32_t)recording_gap_put(&gap, room);
	assert_int_equal(recording_gap_get(&record, &back), 0);
	assert_int_equal(back.why, RECORDING_GAP_NOT_WRITTEN);
	assert_true(back.bytes == UINT64_C(1) << 40);
	assert_int_equal(back.since_ms, 77);
	record.len--;
	assert_int_equal(recording_record_check(&record), -EPROTO);

	record.kind = RECORDING_NOTE;
	record.len =
		(uint32_t)recording_note_put(RECORDING_NOTE_WATCHER_WENT, "山田 watched", room);
	assert_int_equal(recording_note_get(&record, &note), 0);
	assert_int_equal(note.about, RECORDING_NOTE_WATCHER_WENT);
	assert_string_equal(note.text, "山田 watched");
	room[2] = 0;
	assert_int_equal(recording_record_check(&record), -EPROTO);
	room[2] = 0xff;
	assert_int_equal(recording_record_check(&record), -EPROTO);
	record.len = 0;
	assert_int_equal(recording_record_check(&record), -EPROTO);
}

static void
a_note_that_is_too_long_is_cut_between_characters(void **state)
{
	char text[RECORDING_TEXT_MOST + 40] = "x";
	uint8_t room[1 + RECORDING_TEXT_MOST];
	struct recording_record record = {.kind = RECORDING_NOTE, .bytes = room};

	(void)state;
	while (strlen(text) + 4 < sizeof(text))
		strcat(text, "山");
	record.len = (uint32_t)recording_note_put(RECORDING_NOTE_OTHER, text, room);
	assert_int_equal(recording_record_check(&record), 0);
	assert_int_equal(record.len, 1 + 1 + 510);
}

static void
every_gap_says_why(void **state)
{
	(void)state;
	assert_string_not_equal(recording_gap_text(RECORDING_GAP_RELAY_FULL),
		recording_gap_text(RECORDING_GAP_UNKNOWN));
	for (unsigned int why = 0; why < 256; why++)
		assert_non_null(recording_gap_text(why));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_when_it_is_whole),
		cmocka_unit_test(unknown_kinds_and_hostile_lengths_are_refused),
		cmocka_unit_test(a_worker_makes_neither_notes_nor_ends),
		cmocka_unit_test(a_segment_comes_back_as_it_was),
		cmocka_unit_test(a_segment_with_too_many_channels_is_refused),
		cmocka_unit_test(gaps_and_notes_come_back),
		cmocka_unit_test(a_note_that_is_too_long_is_cut_between_characters),
		cmocka_unit_test(every_gap_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
