/* gateway/playback/playback.c: time, gaps, notes and what cannot be decoded. Pictures are compared in tests/player. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "playback/playback.h"

#include <errno.h>
#include <string.h>

struct row {
	enum recording_kind kind;
	uint32_t ms;
	const void *bytes;
	uint32_t len;
};

static struct {
	struct row rows[32];
	size_t count, at;
	int end; /* what comes behind the last */
	unsigned int rewinds;
} source;

static int
on_next(void *owner, struct recording_record *ret_record)
{
	const struct row *row = &source.rows[source.at];

	(void)owner;
	if (source.at == source.count)
		return source.end;
	source.at++;
	*ret_record = (struct recording_record){row->kind, row->ms, row->bytes, row->len};
	return 1;
}

static int
on_rewind(void *owner)
{
	(void)owner;
	source.at = 0;
	source.rewinds++;
	return 0;
}

static const char *
on_why(void *owner)
{
	(void)owner;
	return "the test's reason";
}

static struct playback *
make(int end)
{
	const struct playback_source from = {on_next, on_rewind, on_why, NULL};
	struct playback *playback = NULL;

	memset(&source, 0, sizeof(source));
	source.end = end;
	assert_int_equal(playback_warm_up(), 0);
	assert_int_equal(playback_new(&from, &playback), 0);
	return playback;
}

static void
add(enum recording_kind kind, uint32_t ms, const void *bytes, size_t len)
{
	source.rows[source.count++] = (struct row){kind, ms, bytes, (uint32_t)len};
}

static uint8_t segment_bytes[RECORDING_SEGMENT_MOST];

static void
add_segment(uint32_t ms)
{
	const struct recording_segment segment = {.width = 320,
		.height = 240,
		.bits_per_pixel = 32,
		.user = 1009,
		.server = 1002,
		.io = 1003};

	add(RECORDING_SEGMENT, ms, segment_bytes, recording_segment_put(&segment, segment_bytes));
}

static void
records_are_played_when_it_is_their_time(void **state)
{
	struct playback *playback = make(-ENODATA);
	uint32_t ms = 0;

	(void)state;
	add(RECORDING_NOTE, 100, "\0one", 4);
	add(RECORDING_NOTE, 5000, "\0two", 4);
	assert_int_equal(playback_next_ms(playback, &ms), 1);
	assert_int_equal(ms, 100);
	assert_int_equal(playback_advance(playback, 99, 1000), PLAYBACK_REACHED);
	assert_null(playback_note(playback, &ms));
	assert_int_equal(playback_advance(playback, 4999, 1000), PLAYBACK_REACHED);
	assert_string_equal(playback_note(playback, &ms)->text, "one");
	assert_int_equal(ms, 100);
	assert_int_equal(playback_now_ms(playback), 100);
	assert_int_equal(playback_seen_ms(playback), 5000);
	assert_int_equal(playback_advance(playback, 5000, 1000), PLAYBACK_ENDED);
	assert_string_equal(playback_note(playback, &ms)->text, "two");
	assert_int_equal(playback_next_ms(playback, &ms), -ENODATA);
	playback_free(playback);
}

/* A session that runs: nothing for now, and then something. */
static void
a_recording_that_grows_is_waited_for(void **state)
{
	struct playback *playback = make(0);
	uint32_t ms = 0;

	(void)state;
	assert_int_equal(playback_advance(playback, UINT32_MAX, 1000), PLAYBACK_WAITS);
	assert_int_equal(playback_next_ms(playback, &ms), 0);
	add(RECORDING_NOTE, 7, "\0x", 2);
	assert_int_equal(playback_advance(playback, UINT32_MAX, 1000), PLAYBACK_WAITS);
	assert_int_equal(playback_now_ms(playback), 7);
	source.end = -EBADMSG;
	assert_int_equal(playback_advance(playback, UINT32_MAX, 1000), PLAYBACK_BROKEN);
	assert_string_equal(playback_why(playback), "the test's reason");
	playback_free(playback);
}

static void
time_does_not_go_back(void **state)
{
	struct playback *playback = make(-ENODATA);

	(void)state;
	add(RECORDING_NOTE, 900, "\0a", 2);
	add(RECORDING_NOTE, 100, "\0b", 2);
	assert_int_equal(playback_advance(playback, 900, 1000), PLAYBACK_ENDED);
	assert_int_equal(playback_now_ms(playback), 900);
	playback_free(playback);
}

/* What is no desktop is a gap until the next connection of the session; so is a connection whose beginning is missing. */
static void
what_cannot_be_decoded_is_a_gap(void **state)
{
	static const uint8_t gap[RECORDING_GAP_BYTES] = {RECORDING_GAP_RELAY_FULL, 9};
	const struct playback_gap *gaps;
	struct decoder_picture picture;
	struct playback *playback = make(-ENODATA);

	(void)state;
	add_segment(100);
	add(RECORDING_FROM_HOST, 200, "\x07no PDU at all", 14);
	add(RECORDING_FROM_HOST, 300, "\0\5abc", 5);
	add(RECORDING_SEGMENT, 4000, "?", 1);
	add_segment(6000);
	add(RECORDING_GAP, 7000, gap, sizeof(gap));
	add(RECORDING_END, 9000, "SK2001", 6);
	assert_int_equal(playback_advance(playback, UINT32_MAX, 1000000), PLAYBACK_ENDED);
	assert_false(playback_look(playback, &picture));
	assert_int_equal(playback_gaps(playback, &gaps), 4);
	assert_int_equal(gaps[0].from_ms, 200);
	assert_int_equal(gaps[0].to_ms, 4000);
	assert_int_equal(gaps[1].from_ms, 4000);
	assert_int_equal(gaps[1].to_ms, 6000);
	assert_int_equal(gaps[2].from_ms, 0); /* as the record says */
	assert_int_equal(gaps[2].to_ms, 7000);
	assert_int_equal(gaps[3].to_ms, 9000);
	/* They are known once, however often it is played. */
	assert_int_equal(playback_rewind(playback, 0), 0);
	assert_int_equal(playback_advance(playback, UINT32_MAX, 1000000), PLAYBACK_ENDED);
	assert_int_equal(playback_gaps(playback, &gaps), 4);
	playback_free(playback);
}

/* The opening of a connection is a matter of kilobytes: who sends a megabyte without one is not waited for. */
static void
an_opening_without_end_is_given_up(void **state)
{
	static uint8_t bytes[RECORDING_RECORD_MOST];
	const struct playback_gap *gaps;
	struct playback *playback = make(-ENODATA);

	(void)state;
	for (size_t at = 0; at + 4 <= sizeof(bytes); at += 4)
		memcpy(bytes + at, "\0\4\0\0", 4);
	add_segment(0);
	for (int i = 0; i < 20; i++)
		add(RECORDING_FROM_HOST, 10, bytes, sizeof(bytes));
	assert_int_equal(playback_advance(playback, UINT32_MAX, 1000000), PLAYBACK_ENDED);
	assert_int_equal(playback_gaps(playback, &gaps), 1);
	playback_free(playback);
}

static void
a_search_begins_at_its_segment(void **state)
{
	struct playback *playback = make(-ENODATA);
	uint32_t ms = 0;

	(void)state;
	add_segment(0);
	add(RECORDING_NOTE, 100, "\0first", 6);
	add_segment(5000);
	add(RECORDING_NOTE, 6000, "\0second", 7);
	assert_int_equal(playback_advance(playback, UINT32_MAX, 1000), PLAYBACK_ENDED);
	assert_int_equal(playback_rewind(playback, 5500), 0);
	assert_int_equal(source.rewinds, 1);
	assert_int_equal(playback_advance(playback, 5500, 1000), PLAYBACK_REACHED);
	assert_int_equal(playback_now_ms(playback), 5000);
	assert_string_equal(playback_note(playback, &ms)->text, "first");
	playback_free(playback);
}

/* What it knows of segments it may have from another one; a search that passes them over undecoded is none for a place in them. */
static void
another_playback_has_read_more(void **state)
{
	struct playback *ahead = make(-ENODATA), *behind = NULL;
	const struct playback_source from = {on_next, on_rewind, on_why, NULL};

	(void)state;
	assert_int_equal(playback_new(&from, &behind), 0);
	add_segment(0);
	add(RECORDING_NOTE, 100, "\0first", 6);
	add_segment(5000);
	add(RECORDING_FROM_HOST, 6000, "\x07no PDU at all", 14);
	assert_int_equal(playback_advance(ahead, UINT32_MAX, 1000), PLAYBACK_ENDED);
	assert_false(playback_is_before(ahead, 5999));
	assert_true(playback_is_before(ahead, 6000));
	assert_int_equal(playback_rewind(behind, 5500), 0);
	assert_true(playback_is_before(behind, 100));

	playback_learn(behind, ahead);
	assert_int_equal(playback_seen_ms(behind), 6000);
	assert_int_equal(playback_rewind(behind, 5500), 0);
	assert_false(playback_is_before(behind, 4999));
	assert_true(playback_is_before(behind, 5000));
	/* What is known is not known twice. */
	assert_int_equal(playback_advance(behind, UINT32_MAX, 1000), PLAYBACK_ENDED);
	assert_int_equal(playback_rewind(behind, 5500), 0);
	assert_false(playback_is_before(behind, 4999));
	playback_free(ahead);
	playback_free(behind);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_played_when_it_is_their_time),
		cmocka_unit_test(a_recording_that_grows_is_waited_for),
		cmocka_unit_test(time_does_not_go_back),
		cmocka_unit_test(what_cannot_be_decoded_is_a_gap),
		cmocka_unit_test(an_opening_without_end_is_given_up),
		cmocka_unit_test(a_search_begins_at_its_segment),
		cmocka_unit_test(another_playback_has_read_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
