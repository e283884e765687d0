/* gateway/player/view.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "player/view.h"

static struct view
view_of(int picture_width, int picture_height)
{
	return (struct view){.area_width = 1000,
		.area_height = 700,
		.picture_width = picture_width,
		.picture_height = picture_height};
}

static void
assert_box(struct box box, int left, int top, int width, int height)
{
	assert_int_equal(box.x, left);
	assert_int_equal(box.y, top);
	assert_int_equal(box.width, width);
	assert_int_equal(box.height, height);
}

static void
what_fits_is_shown_as_it_is(void **state)
{
	struct view view = view_of(800, 600);

	(void)state;
	assert_box(view_place(&view), 100, 50, 800, 600);
	assert_false(view_is_scaled(&view));
	view = view_of(1000, 700);
	assert_box(view_place(&view), 0, 0, 1000, 700);
	assert_false(view_is_scaled(&view));
}

static void
what_does_not_is_made_smaller_as_a_whole(void **state)
{
	struct view view = view_of(2000, 700);

	(void)state;
	assert_true(view_is_scaled(&view));
	assert_box(view_place(&view), 0, 175, 1000, 350);
	view = view_of(1000, 1400);
	assert_box(view_place(&view), 250, 0, 500, 700);
	view = view_of(32000, 1); /* nothing is made away with */
	assert_box(view_place(&view), 0, 349, 1000, 1);
}

static void
at_its_own_size_it_is_moved_about(void **state)
{
	struct view view = view_of(1600, 600);

	(void)state;
	view.own_size = true;
	assert_false(view_is_scaled(&view));
	assert_box(view_place(&view), 0, 50, 1600, 600);
	assert_true(view_pan(&view, 100, 100));
	assert_box(view_place(&view), -100, 50, 1600, 600);
	assert_true(view_pan(&view, 100000, 0));
	assert_box(view_place(&view), -600, 50, 1600, 600);
	assert_false(view_pan(&view, 1, 0));
	assert_true(view_pan(&view, -100000, -5));
	assert_box(view_place(&view), 0, 50, 1600, 600);
	/* The session has become smaller meanwhile. */
	(void)view_pan(&view, 600, 0);
	view.picture_width = 900;
	assert_box(view_place(&view), 50, 50, 900, 600);
}

/* Every pixel of the part is within its box. */
static void
a_change_is_painted_whole(void **state)
{
	const struct picture_rectangle part = {301, 77, 3, 5};
	struct view view = view_of(800, 600);
	struct box box = view_box(&view, &part);

	(void)state;
	assert_box(box, 401, 127, 3, 5);
	for (int width = 1100; width < 9000; width += 301) {
		struct box place;

		view = view_of(width, 2000);
		place = view_place(&view);
		box = view_box(&view, &part);
		assert_true(box.x <= place.x + 301 * place.width / width);
		assert_true(box.x + box.width > place.x + 304 * place.width / width);
		assert_true(box.y <= place.y + 77 * place.height / 2000);
		assert_true(box.y + box.height > place.y + 82 * place.height / 2000);
	}
}

static void
before_the_first_picture_there_is_none(void **state)
{
	const struct picture_rectangle part = {0, 0, 64, 64};
	struct view view = view_of(0, 0);

	(void)state;
	assert_box(view_place(&view), 0, 0, 0, 0);
	assert_int_equal(view_box(&view, &part).width, 0);
	assert_false(view_pan(&view, 5, 5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_shown_as_it_is),
		cmocka_unit_test(what_does_not_is_made_smaller_as_a_whole),
		cmocka_unit_test(at_its_own_size_it_is_moved_about),
		cmocka_unit_test(a_change_is_painted_whole),
		cmocka_unit_test(before_the_first_picture_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
