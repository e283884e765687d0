/* Memory that runs out while a password is reset or a stock-taking is listed and signed: the new password is told and
 * kept, or the old one stays; a list is whole, or an error; a signature stands for a whole list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fail_nth.h"
#include "policy/methods.h"
#include "policy/review_hash.h"
#include "policy/review_sign.h"
#include "policy/store/account_table.h"
#include "policy/store/password_table.h"
#include "policy/store/sql.h"
#include "store_fixture.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NOON_US INT64_C(1795143600000000) /* 2026-11-20T12:00:00+09:00 */

static struct store_fixture fixture;

struct call {
	method_function *method;
	struct method_call call;
};

static int
call_method(struct store_db *db, void *argument)
{
	struct call *call = argument;

	method_call_reset(&call->call);
	return call->method(db, &call->call);
}

/* The caller ends it with call_done. */
static void
call_init(struct call *call, method_function *method, const char *params)
{
	*call = (struct call){.method = method, .call = {.actor = "unix:yamada"}};
	call->call.params = json_loads(params, 0, NULL);
	assert_non_null(call->call.params);
}

static void
call_done(struct call *call)
{
	json_decref(call->call.params);
	method_call_reset(&call->call);
}

static void
change(method_function *method, const char *params)
{
	struct call call;

	call_init(&call, method, params);
	assert_int_equal(fixture_write(&fixture, call_method, &call), 0);
	call_done(&call);
}

static int
setup(void **state)
{
	(void)state;
	clock_hold(NOON_US, 1000000);
	fixture_init(&fixture);
	fixture_start(&fixture);
	change(method_vendor_add, "{\"name\":\"Vendor\"}");
	change(method_account_add, "{\"id\":\"taro\",\"family_name\":\"山田\",\"given_name\":"
				   "\"太郎\",\"email\":\"taro@example.jp\",\"vendor\":\"Vendor\"}");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_done(&fixture);
	clock_release();
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
		struct call call;
		int r;

		assert_int_equal(fixture_read(&fixture, load_hash, &before), 0);
		call_init(&call, method_account_reset_password, "{\"id\":\"taro\"}");
		fail_arm(&run);
		r = fixture_write(&fixture, call_method, &call);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		assert_int_equal(fixture_read(&fixture, load_hash, &after), 0);
		told = json_string_value(json_object_get(call.call.result, "initial_password"));
		if (r == 0) {
			assert_non_null(told);
			assert_string_equal(crypt(told, after.hash), after.hash);
		} else {
			assert_string_equal(before.hash, after.hash);
		}
		call_done(&call);
	}
}

static void
a_stock_takings_list_is_whole_or_an_error(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct call call;
		json_t *row;
		int r;

		call_init(&call, method_account_review, "{}");
		fail_arm(&run);
		r = fixture_read(&fixture, call_method, &call);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		if (r == 0) {
			row = json_array_get(json_object_get(call.call.result, "rows"), 0);
			assert_string_equal(
				json_string_value(json_object_get(row, "vendor")), "Vendor");
			assert_int_equal(json_array_size(json_object_get(row, "findings")), 3);
		}
		call_done(&call);
	}
}

/* Both steps, as the supervisor takes them. */
static int
sign(struct store_db *db, struct method_call *call)
{
	struct review_signature signature = {0};
	int r = review_sign_read(db, call, &signature);

	if (r == 0)
		r = review_sign_record(db, call, &signature);
	review_signature_done(&signature);
	return r;
}

static int
count_signed(struct store_db *db, void *argument)
{
	int r = sql_number(db, argument,
		"SELECT count(*) FROM event WHERE instr(payload, 'review_sign') > 0", "");

	return r < 0 ? r : 0;
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
	struct call page;
	struct fail_run run;
	int64_t before, after;

	(void)state;
	call_init(&page, method_account_review, "{}");
	assert_int_equal(fixture_read(&fixture, call_method, &page), 0);
	hash_of(page.call.result, hex);
	snprintf(params, sizeof(params), "{\"list_hash\":\"%s\"}", hex);
	call_done(&page);
	fail_begin(&run);
	while (fail_next(&run)) {
		struct call call;
		int r;

		assert_int_equal(fixture_read(&fixture, count_signed, &before), 0);
		call_init(&call, sign, params);
		fail_arm(&run);
		r = fixture_write(&fixture, call_method, &call);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		assert_int_equal(fixture_read(&fixture, count_signed, &after), 0);
		assert_int_equal(after - before, r == 0);
		call_done(&call);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_reset_is_told_and_kept_or_did_not_happen, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stock_takings_list_is_whole_or_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_signature_is_recorded_or_an_error, setup, teardown),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
