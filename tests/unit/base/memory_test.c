/* gateway/base/memory.c */
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
memory_is_given_back_when_many_are_gone(void **state)
{
	struct memory_watch watch = {0};

	(void)state;
	assert_false(memory_give_back(&watch, 0));
	memory_note(&watch, 100);
	assert_false(memory_give_back(&watch, 100));
	assert_false(memory_give_back(&watch, 69));
	assert_true(memory_give_back(&watch, 68));
	assert_false(memory_give_back(&watch, 68));
	assert_false(memory_give_back(&watch, 37));
	assert_true(memory_give_back(&watch, 36));
}

static void
the_last_one_gone_counts_whatever_there_were(void **state)
{
	struct memory_watch watch = {0};

	(void)state;
	memory_note(&watch, 1);
	assert_false(memory_give_back(&watch, 1));
	assert_true(memory_give_back(&watch, 0));
	assert_false(memory_give_back(&watch, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_given_back_when_many_are_gone),
		cmocka_unit_test(the_last_one_gone_counts_whatever_there_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
