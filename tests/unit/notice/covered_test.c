/* notice/covered.c */
#include "notice/covered.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
put(struct covered *covered, uint32_t serial)
{
	const struct msg_notice_show notice = {.serial = serial, .acknowledge = 1};
	struct msg_notice_show dropped;

	assert_false(covered_put(covered, &notice, &dropped));
}

static void
the_newest_comes_back_first(void **state)
{
	static struct covered covered;
	struct msg_notice_show notice;

	(void)state;
	assert_false(covered_take(&covered, &notice));
	for (uint32_t i = 1; i <= 3; i++)
		put(&covered, i);
	assert_true(covered_take(&covered, &notice));
	assert_int_equal(notice.serial, 3);
	put(&covered, 4);
	assert_true(covered_take_oldest(&covered, &notice));
	assert_int_equal(notice.serial, 1);
	assert_true(covered_take(&covered, &notice));
	assert_int_equal(notice.serial, 4);
	assert_true(covered_take_oldest(&covered, &notice));
	assert_int_equal(notice.serial, 2);
	assert_false(covered_take_oldest(&covered, &notice));
}

static void
without_room_the_oldest_is_named(void **state)
{
	static struct covered covered;
	const struct msg_notice_show more = {.serial = 100, .acknowledge = 1};
	struct msg_notice_show notice;

	(void)state;
	for (uint32_t i = 1; i <= COVERED_MOST; i++)
		put(&covered, i);
	assert_true(covered_put(&covered, &more, &notice));
	assert_int_equal(notice.serial, 1);
	assert_int_equal(covered.count, COVERED_MOST);
	assert_true(covered_take(&covered, &notice));
	assert_int_equal(notice.serial, 100);
	assert_true(covered_take_oldest(&covered, &notice));
	assert_int_equal(notice.serial, 2);
}

static void
only_what_waits_to_be_acknowledged_is_kept(void **state)
{
	const struct msg_notice_show timed = {.seconds = 30}, waits = {.acknowledge = 1},
				     stays = {.seconds = 0};

	(void)state;
	assert_false(covered_keeps(&timed));
	assert_false(covered_keeps(&stays));
	assert_true(covered_keeps(&waits));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_comes_back_first),
		cmocka_unit_test(without_room_the_oldest_is_named),
		cmocka_unit_test(only_what_waits_to_be_acknowledged_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
