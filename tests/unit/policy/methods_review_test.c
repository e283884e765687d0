/* policy/methods_review.c, policy/store/review_table.c */
#include "base/clock.h"
#include "method_fixture.h"
#include "policy/review_hash.h"
#include "policy/review_sign.h"
#include "policy/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAC "\"macs\":[\"02:00:5e:00:00:01\"],\"terminals\":[\"pacs-01\"]"
#define NAMES "\"family_name\":\"山田\",\"given_name\":\"太郎\",\"email\":\"a@example.jp\""

/* b-vendor: taro (fine), jiro (no device, never used); a-vendor: saburo (locked); none: shiro (no terminal). */
static int
setup(void **state)
{
	(void)method_setup(state);
	expect_ok(method_vendor_add, "{\"name\":\"b-vendor\"}");
	expect_ok(method_vendor_add, "{\"name\":\"A-vendor\"}");
	expect_ok(
		method_account_add, "{\"id\":\"taro\"," NAMES "," MAC ",\"vendor\":\"b-vendor\"}");
	expect_ok(method_account_add,
		"{\"id\":\"Jiro\"," NAMES ",\"terminals\":[\"pacs-01\"],\"vendor\":\"b-vendor\"}");
	expect_ok(method_account_add,
		"{\"id\":\"saburo\"," NAMES "," MAC ",\"vendor\":\"A-vendor\"}");
	expect_ok(method_account_lock, "{\"id\":\"saburo\"}");
	expect_ok(method_account_add,
		"{\"id\":\"shiro\"," NAMES ",\"macs\":[\"02:00:5e:00:00:02\"]}");
	fixture_sql(
		&fixture, "UPDATE account SET last_session = 1795143000000000 WHERE id <> 'Jiro'");
	return 0;
}

static const json_t *
row(size_t i)
{
	return json_array_get(json_object_get(call.result, "rows"), i);
}

static const char *
row_text(size_t i, const char *key)
{
	return json_string_value(json_object_get(row(i), key));
}

static void
expect_findings(size_t i, const char *expected)
{
	char *text = json_dumps(json_object_get(row(i), "findings"), JSON_COMPACT);

	assert_string_equal(text, expected);
	free(text);
}

static void
the_list_is_sorted_by_vendor_and_id(void **state)
{
	(void)state;
	expect_ok(method_account_review, "{}");
	assert_int_equal(list_length("rows"), 3);
	assert_string_equal(row_text(0, "id"), "saburo");
	assert_string_equal(row_text(0, "vendor"), "A-vendor");
	expect_findings(0, "[\"locked\"]");
	assert_string_equal(row_text(1, "id"), "Jiro");
	expect_findings(1, "[\"never-used\",\"no-device\"]");
	assert_string_equal(row_text(2, "id"), "shiro");
	assert_null(row_text(2, "vendor"));
	expect_findings(2, "[\"no-terminal\"]");
	assert_true(json_is_null(json_object_get(call.result, "next")));
	assert_int_equal(json_integer_value(json_object_get(call.result, "accounts")), 4);
	expect_ok(method_account_review, "{\"all\":true}");
	assert_int_equal(list_length("rows"), 4);
	assert_string_equal(row_text(2, "id"), "taro");
	expect_findings(2, "[]");
	expect_ok(method_account_review, "{\"vendor\":\"B-VENDOR\",\"all\":true}");
	assert_int_equal(list_length("rows"), 2);
	expect_refused(method_account_review, "{\"vendor\":\"x\"}", METHOD_NOT_FOUND, NULL, "'x'");
}

static void
days_decide_what_is_found(void **state)
{
	(void)state;
	clock_hold(NOON_US + 100 * DAY_US, 1000000);
	expect_ok(method_account_review, "{}");
	assert_int_equal(list_length("rows"), 4);
	expect_findings(2, "[\"unused\"]");
	expect_ok(method_account_review, "{\"unused_days\":101,\"ending_days\":629}");
	assert_int_equal(list_length("rows"), 3);
	expect_ok(method_account_review, "{\"unused_days\":101,\"ending_days\":630}");
	assert_int_equal(list_length("rows"), 4);
	expect_findings(2, "[\"ends-soon\"]");
	expect_refused(method_account_review, "{\"unused_days\":0}", METHOD_REFUSED, "unused_days",
		"1 to 3650");
	expect_refused(method_account_review, "{\"ending_days\":3651}", METHOD_REFUSED,
		"ending_days", "0 to 3650");
}

/* Pages give the list that one question gives, whatever their length. */
static void
pages_join_to_the_list(void **state)
{
	json_t *whole;

	(void)state;
	expect_ok(method_account_review, "{\"all\":true}");
	whole = json_incref(json_object_get(call.result, "rows"));
	for (int most = 1; most <= 4; most++) {
		json_t *joined = json_array();
		char params[200], cursor[100] = "";

		do {
			snprintf(params, sizeof(params), "{\"all\":true,\"most\":%d%s%s%s}", most,
				cursor[0] != '\0' ? ",\"after\":\"" : "", cursor,
				cursor[0] != '\0' ? "\"" : "");
			expect_ok(method_account_review, params);
			json_array_extend(joined, json_object_get(call.result, "rows"));
			snprintf(cursor, sizeof(cursor), "%s",
				answer_text("next") != NULL ? answer_text("next") : "");
		} while (cursor[0] != '\0');
		assert_true(json_equal(joined, whole));
		json_decref(joined);
	}
	json_decref(whole);
	expect_refused(
		method_account_review, "{\"after\":\"taro\"}", METHOD_REFUSED, "after", "next");
	expect_refused(
		method_account_review, "{\"after\":\"9x:taro\"}", METHOD_REFUSED, "after", "next");
}

static void
print_hash(const char *params, char ret_hex[REVIEW_HASH_SIZE])
{
	struct review_hash *hash;
	json_t *each;
	size_t i;

	expect_ok(method_account_review, params);
	hash = review_hash_new(json_object_get(call.result, "question"));
	json_array_foreach (json_object_get(call.result, "rows"), i, each)
		assert_int_equal(review_hash_row(hash, each), 0);
	assert_int_equal(review_hash_end(hash, ret_hex), 0);
	review_hash_free(hash);
}

/* Both steps, as the supervisor takes them one after the other. */
static int
method_sign(struct store_db *db, struct method_call *each)
{
	struct review_signature signature = {0};
	int r;

	r = review_sign_read(db, each, &signature);
	if (r == 0)
		r = review_sign_record(db, each, &signature);
	review_signature_done(&signature);
	return r;
}

/* And with a change in between. */
static int
method_sign_late(struct store_db *db, struct method_call *each)
{
	struct review_signature signature = {0};
	int r;

	r = review_sign_read(db, each, &signature);
	if (r == 0)
		r = admin_event(db, "unix:suzuki", "terminal.delete", "x", NULL, NULL, NULL);
	if (r == 0)
		r = review_sign_record(db, each, &signature);
	review_signature_done(&signature);
	return r;
}

static void
a_signature_names_the_list_that_was_printed(void **state)
{
	char hex[REVIEW_HASH_SIZE], params[300];

	(void)state;
	print_hash("{}", hex);
	snprintf(params, sizeof(params), "{\"list_hash\":\"%s\",\"note\":\"四半期\"}", hex);
	expect_ok(method_sign, params);
	expect_event("account.review_sign", "*", "null", NULL);
	assert_string_equal(answer_text("list_hash"), hex);
	assert_int_equal(json_integer_value(json_object_get(call.result, "accounts")), 4);
	assert_int_equal(json_integer_value(json_object_get(call.result, "listed")), 3);
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(call.result, "findings"), "locked")),
		1);
	/* Signed with other days it would be another list. */
	snprintf(params, sizeof(params), "{\"list_hash\":\"%s\",\"unused_days\":91}", hex);
	expect_refused(method_sign, params, METHOD_REFUSED, NULL, "print it again");
	expect_ok(method_account_review_signed, "{}");
	assert_int_equal(list_length("rows"), 1);
	assert_string_equal(row_text(0, "by"), "unix:yamada");
	assert_string_equal(row_text(0, "note"), "四半期");
	assert_string_equal(row_text(0, "list_hash"), hex);
	assert_string_equal(row_text(0, "time"), "2026-11-20T03:00:00.000000Z");
}

static void
a_list_that_has_changed_is_not_signed(void **state)
{
	char hex[REVIEW_HASH_SIZE], params[300];

	(void)state;
	print_hash("{}", hex);
	snprintf(params, sizeof(params), "{\"list_hash\":\"%s\"}", hex);
	/* Use alone does not change it. */
	fixture_sql(&fixture, "UPDATE account SET last_session = last_session + 1");
	expect_ok(method_sign, params);
	expect_refused(method_sign_late, params, METHOD_REFUSED, NULL, "print it again");
	expect_ok(method_account_edit,
		"{\"id\":\"jiro\",\"changes\":{\"macs\":[\"02:00:5e:00:00:09\"]}}");
	expect_refused(method_sign, params, METHOD_REFUSED, NULL, "print it again");
	expect_ok(method_account_review_signed, "{}");
	assert_int_equal(list_length("rows"), 1);
}

static void
sign_offs_come_in_pages(void **state)
{
	char hex[REVIEW_HASH_SIZE], params[300];

	(void)state;
	print_hash("{\"vendor\":\"b-vendor\"}", hex);
	snprintf(params, sizeof(params), "{\"list_hash\":\"%s\",\"vendor\":\"b-vendor\"}", hex);
	for (int i = 0; i < 3; i++)
		expect_ok(method_sign, params);
	expect_event("account.review_sign", "b-vendor", "null", NULL);
	expect_ok(method_account_review_signed, "{\"most\":2}");
	assert_int_equal(list_length("rows"), 2);
	snprintf(params, sizeof(params), "{\"most\":2,\"after\":%" JSON_INTEGER_FORMAT "}",
		json_integer_value(json_object_get(call.result, "next")));
	expect_ok(method_account_review_signed, params);
	assert_int_equal(list_length("rows"), 1);
	assert_true(json_is_null(json_object_get(call.result, "next")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_list_is_sorted_by_vendor_and_id, setup, method_teardown),
		cmocka_unit_test_setup_teardown(days_decide_what_is_found, setup, method_teardown),
		cmocka_unit_test_setup_teardown(pages_join_to_the_list, setup, method_teardown),
		cmocka_unit_test_setup_teardown(
			a_signature_names_the_list_that_was_printed, setup, method_teardown),
		cmocka_unit_test_setup_teardown(
			a_list_that_has_changed_is_not_signed, setup, method_teardown),
		cmocka_unit_test_setup_teardown(sign_offs_come_in_pages, setup, method_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
