/* Where the sign-in screen lies on a desktop, and that no desktop makes it larger than it may be. */
#include "desk/area.h"

#include "base/cleanup.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
expect(const struct area *area, uint32_t left, uint32_t top, uint16_t width, uint16_t height)
{
	assert_int_equal(area->left, left);
	assert_int_equal(area->top, top);
	assert_int_equal(area->width, width);
	assert_int_equal(area->height, height);
}

static void
a_desktop_is_filled(void **state)
{
	struct area area;

	(void)state;
	area_choose(1024, 768, NULL, 0, &area);
	expect(&area, 0, 0, 1024, 768);
	area_choose(3840, 2160, NULL, 0, &area);
	expect(&area, 0, 0, 3840, 2160);
	assert_int_equal(area.seen_width, 3840);
	assert_int_equal(area.seen_height, 2160);
}

static void
the_primary_monitor_has_it(void **state)
{
	const struct area_monitor monitors[] = {
		{-1920, 120, 1920, 1080, false},
		{0, 0, 2560, 1440, true},
	};
	struct area area;

	(void)state;
	area_choose(4480, 1440, monitors, ARRAY_SIZE(monitors), &area);
	expect(&area, 1920, 0, 2560, 1440);
}

static void
monitors_beyond_the_desktop_are_not_believed(void **state)
{
	const struct area_monitor monitors[] = {
		{0, 0, 1024, 768, true},
		{INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX, false},
	};
	struct area_monitor tiny = {0, 0, 1, -5, true};
	struct area area;

	(void)state;
	area_choose(1024, 768, monitors, ARRAY_SIZE(monitors), &area);
	expect(&area, 0, 0, 1024, 768);
	area_choose(1024, 768, &tiny, 1, &area);
	expect(&area, 0, 0, 1024, 768);
	area_choose(1024, 768, &monitors[1], 1, &area);
	expect(&area, 0, 0, 1024, 768);
}

static void
a_giant_desktop_gets_a_screen_in_its_middle(void **state)
{
	struct area area;

	(void)state;
	area_choose(16384, 16384, NULL, 0, &area);
	assert_true((uint32_t)area.width * area.height <= AREA_PIXELS_MOST);
	expect(&area, 4096, (16384 - 2048) / 2, 8192, 2048);
	area_choose(UINT32_MAX, UINT32_MAX, NULL, 0, &area);
	assert_true((uint32_t)area.width * area.height <= AREA_PIXELS_MOST);
}

static void
a_tiny_desktop_sees_part_of_a_screen(void **state)
{
	struct area area;

	(void)state;
	area_choose(64, 0, NULL, 0, &area);
	expect(&area, 0, 0, AREA_SIZE_LEAST, AREA_SIZE_LEAST);
	assert_int_equal(area.seen_width, 64);
	assert_int_equal(area.seen_height, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_desktop_is_filled),
		cmocka_unit_test(the_primary_monitor_has_it),
		cmocka_unit_test(monitors_beyond_the_desktop_are_not_believed),
		cmocka_unit_test(a_giant_desktop_gets_a_screen_in_its_middle),
		cmocka_unit_test(a_tiny_desktop_sees_part_of_a_screen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
