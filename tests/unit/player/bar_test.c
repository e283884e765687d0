/* gateway/player/bar.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "player/bar.h"

/* On desktops of every size nothing lies beyond the bar, and nothing on anything else. */
static void
parts_lie_side_by_side_on_the_bar(void **state)
{
	(void)state;
	for (int width = 200; width <= 4000; width += 37) {
		for (uint32_t scale = 100; scale <= 500; scale += 50) {
			struct bar bar;
			int right = -1;

			bar_lay_out(&bar, width, 2000, scale);
			assert_int_equal(bar.whole.y + bar.whole.height, 2000);
			assert_int_equal(bar.whole.width, width);
			for (int part = 0; part < BAR_SLIDER; part++) {
				const struct box *box = &bar.parts[part];

				if (box->width == 0)
					continue;
				assert_true(box->x > right);
				assert_true(box->y >
					    bar.parts[BAR_SLIDER].y + bar.parts[BAR_SLIDER].height);
				assert_true(box->y + box->height <= 2000);
				right = box->x + box->width;
				assert_true(right <= width);
			}
		}
	}
}

static void
a_usual_desktop_has_room_for_all(void **state)
{
	struct bar bar;

	(void)state;
	bar_lay_out(&bar, 1024, 768, 100);
	for (int part = 0; part < BAR_PART_COUNT; part++)
		assert_true(bar.parts[part].width > 0);
	assert_true(bar.whole.height < 768 / 8);
}

static void
on_a_small_desktop_the_words_are_whole_and_the_title_goes(void **state)
{
	struct bar bar;

	(void)state;
	bar_lay_out(&bar, 640, 480, 100);
	assert_true(bar.parts[BAR_WORDS].width >= 170);
	assert_int_equal(bar.parts[BAR_TITLE].width, 0);
	bar_lay_out(&bar, 800, 600, 100);
	assert_true(bar.parts[BAR_WORDS].width >= 170);
	assert_true(bar.parts[BAR_TITLE].width >= 120);
}

static void
what_is_clicked_is_found(void **state)
{
	struct bar bar;

	(void)state;
	bar_lay_out(&bar, 1024, 768, 100);
	for (int part = 0; part < BAR_PART_COUNT; part++) {
		const struct box *box = &bar.parts[part];

		assert_int_equal(
			bar_hit(&bar, box->x + box->width / 2, box->y + box->height / 2), part);
	}
	assert_int_equal(bar_hit(&bar, 500, bar.whole.y - 1), BAR_NOTHING);
	assert_int_equal(bar_hit(&bar, -5, bar.whole.y + 5), BAR_NOTHING);
	/* Above its line the slider is meant. */
	assert_int_equal(bar_hit(&bar, 500, bar.whole.y + 1), BAR_SLIDER);
}

/* What a place is drawn at is, clicked on, that place: as near as a pixel can say. */
static void
the_slider_goes_both_ways(void **state)
{
	static const uint32_t lengths[] = {1, 59999, 3600000, UINT32_MAX};
	struct bar bar;

	(void)state;
	bar_lay_out(&bar, 1024, 768, 100);
	for (size_t i = 0; i < 4; i++) {
		uint32_t length = lengths[i];
		uint32_t pixel = length / (uint32_t)(bar.parts[BAR_SLIDER].width - 1) + 1;

		assert_int_equal(bar_ms_at(&bar, -100, length), 0);
		assert_int_equal(bar_ms_at(&bar, 5000, length), length);
		for (uint64_t ms = 0; ms <= length; ms += length / 50 + 1) {
			uint32_t back =
				bar_ms_at(&bar, bar_x_of(&bar, (uint32_t)ms, length), length);

			assert_true(back <= ms && ms - back <= pixel);
		}
	}
	assert_int_equal(bar_x_of(&bar, 5, 0), bar.parts[BAR_SLIDER].x);
	assert_int_equal(bar_x_of(&bar, 500, 100), bar_x_of(&bar, 100, 100));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_lie_side_by_side_on_the_bar),
		cmocka_unit_test(a_usual_desktop_has_room_for_all),
		cmocka_unit_test(on_a_small_desktop_the_words_are_whole_and_the_title_goes),
		cmocka_unit_test(what_is_clicked_is_found),
		cmocka_unit_test(the_slider_goes_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
