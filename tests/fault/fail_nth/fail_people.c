/* Memory that runs out while a password is reset or a stock-taking is listed and signed: the new password is told and
 * kept, or the old one stays; a list is whole, or an error; a signature stands for a whole list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "method_fixture.h"
#include "policy/review_hash.h"
#include "policy/review_sign.h"
#include "policy/store/account_table.h"
#include "policy/store/password_table.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
setup(void **state)
{
	fixture_setup(state);
	change(method_vendor_add, "{\"name\":\"Vendor\"}");
	change(method_account_add, "{\"id\":\"taro\",\"family_name\":\"山田\",\"given_name\":"
				   "\"太郎\",\"email\":\"taro@example.jp\",\"vendor\":\"Vendor\"}");
	return 0;
}

static int
load_hash(struct store_db *db, void *argument)
{
	struct account account;
	int r = account_find(db, "taro", &account);

	return r < 0 ? r : password_load(db, account.number, PASSWORD_FIRST, argument);
}

static void
a_reset_is_told_and_kept_or_did_not_happen(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct stored_password before, after;
		const char *told;
		struct asking asking;
		int r;

		assert_int_equal(fixture_read(&fixture, load_hash, &before), 0);
		asking_init(&asking, method_account_reset_password, "{\"id\":\"taro\"}");
		fail_arm(&run);
		r = fixture_write(&fixture, ask_work, &asking);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		assert_int_equal(fixture_read(&fixture, load_hash, &after), 0);
		told = json_string_value(json_object_get(asking.call.result, "initial_password"));
		if (r == 0) {
			assert_non_null(told);
			assert_string_equal(crypt(told, after.hash), after.hash);
		} else {
			assert_string_equal(before.hash, after.hash);
		}
		asking_done(&asking);
	}
}

static void
a_stock_takings_list_is_whole_or_an_error(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct asking asking;
		json_t *row;
		int r;

		asking_init(&asking, method_account_review, "{}");
		fail_arm(&run);
		r = fixture_read(&fixture, ask_work, &asking);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		if (r == 0) {
			row = json_array_get(json_object_get(asking.call.result, "rows"), 0);
			assert_string_equal(
				json_string_value(json_object_get(row, "vendor")), "Vendor");
			assert_int_equal(json_array_size(json_object_get(row, "findings")), 3);
		}
		asking_done(&asking);
	}
}

/* Both steps, as the supervisor takes them. */
static int
sign(struct store_db *db, struct method_call *signing)
{
	struct review_signature signature = {0};
	int r = review_sign_read(db, signing, &signature);

	if (r == 0)
		r = review_sign_record(db, signing, &signature);
	review_signature_done(&signature);
	return r;
}

static int64_t
count_signed(void)
{
	return fixture_number(
		&fixture, "SELECT count(*) FROM event WHERE instr(payload, 'review_sign') > 0");
}

/* As sekisho-admin makes it while it prints. */
static void
hash_of(const json_t *page, char ret_hex[REVIEW_HASH_SIZE])
{
	struct review_hash *hash = review_hash_new(json_object_get(page, "question"));
	json_t *row;
	size_t i;

	assert_non_null(hash);
	json_array_foreach (json_object_get(page, "rows"), i, row)
		assert_int_equal(review_hash_row(hash, row), 0);
	assert_int_equal(review_hash_end(hash, ret_hex), 0);
	review_hash_free(hash);
}

static void
a_signature_is_recorded_or_an_error(void **state)
{
	char params[200], hex[REVIEW_HASH_SIZE];
	struct asking page;
	struct fail_run run;
	int64_t before, after;

	(void)state;
	asking_init(&page, method_account_review, "{}");
	assert_int_equal(fixture_read(&fixture, ask_work, &page), 0);
	hash_of(page.call.result, hex);
	snprintf(params, sizeof(params), "{\"list_hash\":\"%s\"}", hex);
	asking_done(&page);
	fail_begin(&run);
	while (fail_next(&run)) {
		struct asking asking;
		int r;

		before = count_signed();
		asking_init(&asking, sign, params);
		fail_arm(&run);
		r = fixture_write(&fixture, ask_work, &asking);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		after = count_signed();
		assert_int_equal(after - before, r == 0);
		asking_done(&asking);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_reset_is_told_and_kept_or_did_not_happen, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_stock_takings_list_is_whole_or_an_error, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_signature_is_recorded_or_an_error, setup, fixture_teardown),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
