/* policy/review_hash.c: the hashes below were made by sha256sum from the texts that review_hash.h describes. */
#include "policy/review_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define QUESTION "{\"unused_days\":90,\"ending_days\":30,\"vendor\":null,\"all\":false}"

static const char *const rows[] = {
	"{\"vendor\":\"関所\",\"id\":\"taro\",\"family_name\":\"山田\",\"given_name\":\"太郎\","
	"\"email\":\"taro@example.jp\",\"kind\":\"engineer\",\"valid_from\":\"2026-01-01\","
	"\"valid_until\":\"2026-12-01\",\"macs\":0,\"terminals\":2,\"last_session\":null,"
	"\"findings\":[\"ending\",\"no-device\"]}",
	"{\"vendor\":null,\"id\":\"jiro\",\"family_name\":\"A\",\"given_name\":\"B\",\"email\":\"j@"
	"x\","
	"\"kind\":\"admin\",\"valid_from\":\"2026-01-01\",\"valid_until\":\"2027-01-01\",\"macs\":"
	"0,"
	"\"terminals\":0,\"findings\":[]}",
};

static void
hash_of(const char *question, size_t count, char ret_hex[REVIEW_HASH_SIZE])
{
	json_t *object = json_loads(question, 0, NULL);
	struct review_hash *hash = review_hash_new(object);

	assert_non_null(hash);
	json_decref(object);
	for (size_t i = 0; i < count; i++) {
		json_t *row = json_loads(rows[i], 0, NULL);

		assert_non_null(row);
		assert_int_equal(review_hash_row(hash, row), 0);
		json_decref(row);
	}
	assert_int_equal(review_hash_end(hash, ret_hex), 0);
	review_hash_free(hash);
}

static void
the_text_is_the_one_described(void **state)
{
	char hex[REVIEW_HASH_SIZE];

	(void)state;
	hash_of(QUESTION, 0, hex);
	assert_string_equal(
		hex, "952a3a786c8ce9c3f0efc62642d708ab00199b7e1989bbeca723d1c310a760ab");
	hash_of(QUESTION, 2, hex);
	assert_string_equal(
		hex, "9bb0544c49c64c4dcac3a572c8dd5228250e59892dfb06659c6cfdc5e01a6f7a");
}

static void
every_part_of_the_question_counts(void **state)
{
	static const char *const questions[] = {
		QUESTION,
		"{\"unused_days\":91,\"ending_days\":30,\"vendor\":null,\"all\":false}",
		"{\"unused_days\":90,\"ending_days\":31,\"vendor\":null,\"all\":false}",
		"{\"unused_days\":90,\"ending_days\":30,\"vendor\":\"関所\",\"all\":false}",
		"{\"unused_days\":90,\"ending_days\":30,\"vendor\":null,\"all\":true}",
	};
	char one[REVIEW_HASH_SIZE], other[REVIEW_HASH_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		hash_of(questions[i], 2, one);
		for (size_t j = 0; j < i; j++) {
			hash_of(questions[j], 2, other);
			assert_string_not_equal(one, other);
		}
	}
	review_hash_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_the_one_described),
		cmocka_unit_test(every_part_of_the_question_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
