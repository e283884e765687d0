/* gateway/mediator/updates.c: an update in as many as its client takes. */
#include "base/cleanup.h"
#include "mediator/updates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PARTS_MOST 16

/* What was written: every rectangle, and how many of them in which update. */
static BITMAP_DATA written[PARTS_MOST];
static uint32_t written_count, in_update[PARTS_MOST], updates, refuse_at;

static BOOL
keep(rdpContext *context, const BITMAP_UPDATE *update)
{
	assert_null(context);
	if (updates + 1 == refuse_at)
		return FALSE;
	assert_true(updates < PARTS_MOST && written_count + update->number <= PARTS_MOST);
	in_update[updates++] = update->number;
	for (uint32_t i = 0; i < update->number; i++)
		written[written_count++] = update->rectangles[i];
	return TRUE;
}

static BOOL
write_all(BITMAP_DATA *rectangles, uint32_t count, size_t most)
{
	BITMAP_UPDATE update = {.number = count, .rectangles = rectangles};

	written_count = updates = 0;
	return updates_write(NULL, &update, most, keep);
}

static uint8_t pixels[64];

/* 4 pixels of 8 bits in each row, on the screen from `top` on. */
static BITMAP_DATA
rectangle(uint32_t top, uint32_t rows)
{
	return (BITMAP_DATA){.destLeft = 8,
		.destRight = 11,
		.destTop = top,
		.destBottom = top + rows - 1,
		.width = 4,
		.height = rows,
		.bitsPerPixel = 8,
		.bitmapLength = 4 * rows,
		.bitmapDataStream = pixels};
}

/* Of an update with `rectangles` of `rows` rows in all. */
static size_t
size_of(uint32_t rectangles, uint32_t rows)
{
	return 4 + 26 * (size_t)rectangles + 4 * (size_t)rows;
}

static void
what_fits_stays_together(void **state)
{
	BITMAP_DATA rectangles[] = {rectangle(0, 2), rectangle(2, 2), rectangle(4, 2)};

	(void)state;
	assert_true(write_all(rectangles, 3, size_of(3, 6)));
	assert_int_equal(updates, 1);
	assert_true(write_all(rectangles, 3, size_of(3, 6) - 1));
	assert_int_equal(updates, 2);
	assert_int_equal(in_update[0], 2);
	assert_memory_equal(written, rectangles, sizeof(rectangles));
	assert_true(write_all(rectangles, 3, size_of(1, 2)));
	assert_int_equal(updates, 3);
	assert_memory_equal(written, rectangles, sizeof(rectangles));
}

static void
assert_strip(const BITMAP_DATA *strip, uint32_t top, uint32_t shown, uint32_t rows, size_t at)
{
	assert_int_equal(strip->destLeft, 8);
	assert_int_equal(strip->destRight, 11);
	assert_int_equal(strip->destTop, top);
	assert_int_equal(strip->destBottom, top + shown - 1);
	assert_int_equal(strip->width, 4);
	assert_int_equal(strip->height, rows);
	assert_int_equal(strip->bitmapLength, 4 * rows);
	assert_ptr_equal(strip->bitmapDataStream, pixels + at);
}

static void
one_that_does_not_fit_goes_in_strips_from_above(void **state)
{
	BITMAP_DATA rectangles[] = {rectangle(0, 1), rectangle(100, 8), rectangle(1, 1)};

	(void)state;
	assert_true(write_all(rectangles, 3, size_of(1, 3)));
	assert_int_equal(updates, 5);
	assert_memory_equal(&written[0], &rectangles[0], sizeof(rectangles[0]));
	assert_strip(&written[1], 100, 3, 3, 20);
	assert_strip(&written[2], 103, 3, 3, 8);
	assert_strip(&written[3], 106, 2, 2, 0);
	assert_memory_equal(&written[4], &rectangles[2], sizeof(rectangles[2]));
}

/* A bitmap may be higher than what is shown of it: its lowest rows are the first in memory. */
static void
rows_that_are_not_shown_are_left_out(void **state)
{
	BITMAP_DATA whole = rectangle(100, 8);

	(void)state;
	whole.destBottom = 103;
	assert_true(write_all(&whole, 1, size_of(1, 3)));
	assert_int_equal(updates, 2);
	assert_strip(&written[0], 100, 3, 3, 20);
	assert_strip(&written[1], 103, 1, 3, 8);
}

static void
what_cannot_be_taken_apart_is_for_the_writer_to_refuse(void **state)
{
	BITMAP_DATA compressed = rectangle(0, 8), odd = rectangle(0, 8), flat = rectangle(0, 8);
	BITMAP_DATA whole = rectangle(0, 8);
	BITMAP_DATA *cases[] = {&compressed, &odd, &flat};

	(void)state;
	compressed.compressed = TRUE;
	odd.bitmapLength -= 1;
	flat.height = 0;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(write_all(cases[i], 1, size_of(1, 3)));
		assert_int_equal(written_count, 1);
		assert_memory_equal(written, cases[i], sizeof(*cases[i]));
	}
	for (size_t most = 0; most < size_of(1, 1); most++) {
		assert_true(write_all(&whole, 1, most));
		assert_int_equal(written_count, 1);
		assert_memory_equal(written, &whole, sizeof(whole));
	}
}

static void
a_writer_that_refuses_is_asked_no_more(void **state)
{
	BITMAP_DATA rectangles[] = {rectangle(0, 1), rectangle(100, 8), rectangle(1, 1)};

	(void)state;
	for (refuse_at = 1; refuse_at <= 5; refuse_at++) {
		assert_false(write_all(rectangles, 3, size_of(1, 3)));
		assert_int_equal(updates, refuse_at - 1);
	}
	refuse_at = 0;
	assert_true(write_all(rectangles, 0, size_of(1, 3)));
	assert_int_equal(updates, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_stays_together),
		cmocka_unit_test(one_that_does_not_fit_goes_in_strips_from_above),
		cmocka_unit_test(rows_that_are_not_shown_are_left_out),
		cmocka_unit_test(what_cannot_be_taken_apart_is_for_the_writer_to_refuse),
		cmocka_unit_test(a_writer_that_refuses_is_asked_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
