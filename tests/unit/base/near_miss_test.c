#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/near_miss.h"

#include <string.h>

static void
distance_counts_typing_mistakes(void **state)
{
	(void)state;
	assert_int_equal(near_miss_distance("domain", "domain"), 0);
	assert_int_equal(near_miss_distance("domian", "domain"), 1);
	assert_int_equal(near_miss_distance("domin", "domain"), 1);
	assert_int_equal(near_miss_distance("doomain", "domain"), 1);
	assert_int_equal(near_miss_distance("Domaim", "domain"), 1);
	assert_int_equal(near_miss_distance("", "abc"), 3);
	assert_int_equal(near_miss_distance("abc", ""), 3);
}

static void
long_texts_are_never_near(void **state)
{
	char text[80];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[64] = '\0';
	assert_int_equal(near_miss_distance(text, "a"), SIZE_MAX);
	text[63] = '\0';
	assert_int_equal(near_miss_distance(text, "a"), 62);
}

static const char *
guess(const char *typed)
{
	static const char *const words[] = {"list", "show", "lock", "unlock", "delete"};
	struct near_miss miss;

	near_miss_init(&miss, typed);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		near_miss_try(&miss, words[i]);
	return miss.best;
}

static void
the_word_that_was_meant_is_found(void **state)
{
	(void)state;
	assert_string_equal(guess("lsit"), "list");
	assert_string_equal(guess("delte"), "delete");
	assert_string_equal(guess("del"), "delete");
	assert_string_equal(guess("unlok"), "unlock");
	assert_string_equal(guess("LIST"), "list");
}

static void
words_far_from_all_get_no_guess(void **state)
{
	(void)state;
	assert_null(guess("zebra"));
	assert_null(guess("x"));
	assert_null(guess(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distance_counts_typing_mistakes),
		cmocka_unit_test(long_texts_are_never_near),
		cmocka_unit_test(the_word_that_was_meant_is_found),
		cmocka_unit_test(words_far_from_all_get_no_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
