/* Memory that runs out in the daily work: accounts are extended or not, a row of an import is taken whole with its passwords
 * or leaves nothing, a page of a log shows what there is or is an error, a sign-in is logged or said not to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "method_fixture.h"
#include "policy/account_import.h"
#include "policy/logins.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
setup(void **state)
{
	fixture_setup(state);
	change(method_account_add, "{\"id\":\"taro\",\"family_name\":\"山田\",\"given_name\":"
				   "\"太郎\",\"email\":\"taro@example.jp\"}");
	change(method_account_add, "{\"id\":\"hanako\",\"family_name\":\"佐藤\",\"given_name\":"
				   "\"花子\",\"email\":\"hanako@example.jp\"}");
	return 0;
}

static int
teardown(void **state)
{
	fixture_expect_log_whole(&fixture);
	return fixture_teardown(state);
}

static void
expect_all_changed(const json_t *results)
{
	json_t *result;
	size_t i;

	assert_int_equal(json_array_size(results), 2);
	json_array_foreach (results, i, result)
		assert_string_equal(
			json_string_value(json_object_get(result, "result")), "changed");
}

static void
both_accounts_are_extended_or_none(void **state)
{
	struct fail_run run;
	int turn = 0;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		int64_t before = events();
		struct asking asking;
		char params[120];
		int r;

		snprintf(params, sizeof(params),
			"{\"until\":\"2027-%02d-%02d\",\"accounts\":[\"taro\",\"hanako\"]}",
			1 + turn / 28 % 9, 1 + turn % 28);
		asking_init(&asking, method_account_extend, params);
		fail_arm(&run);
		r = fixture_write(&fixture, ask_work, &asking);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		assert_int_equal(events() - before, r == 0 ? 2 : 0);
		if (r == 0) {
			expect_all_changed(json_object_get(asking.call.result, "results"));
			turn++;
		}
		asking_done(&asking);
	}
}

struct row {
	struct method_call call;
	json_t *cells;
	json_t *result;
};

static int
import_row(struct store_db *db, void *argument)
{
	const struct account_import_options options = {.file = "in.csv"};
	struct row *row = argument;

	/* work may run again. */
	method_call_reset(&row->call);
	json_decref(row->result);
	row->result = NULL;
	return account_import_row(db, &row->call, row->cells, 2, &options, &row->result);
}

static json_t *
cells_of(const char *id, const char *email)
{
	json_t *cells = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "account", id, "family_name",
		"高橋", "given_name", "一郎", "email", email, "valid_from", "2026/1/1",
		"valid_until", "2027/10/31");

	assert_non_null(cells);
	return cells;
}

static const char *
text_of(const struct row *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row->result, key));

	return text != NULL ? text : "";
}

/* One row, until it needs no more memory; id and email of a turn. */
static void
import_until_it_needs_no_more(const char *id_format, const char *email_format, const char *what)
{
	struct fail_run run;
	int turn = 0;

	fail_begin(&run);
	while (fail_next(&run)) {
		struct row row = {.call = {.actor = "unix:yamada"}};
		int64_t before = events();
		char id[32], email[32];
		int r;

		turn++;
		snprintf(id, sizeof(id), id_format, turn);
		snprintf(email, sizeof(email), email_format, turn);
		row.cells = cells_of(id, email);
		fail_arm(&run);
		r = fixture_write(&fixture, import_row, &row);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		if (r < 0)
			assert_int_equal(events(), before);
		else
			assert_string_equal(text_of(&row, "what"), what);
		if (r == 0 && strcmp(what, "added") == 0) {
			assert_true(strlen(text_of(&row, "initial_password")) > 10);
			assert_true(strlen(text_of(&row, "initial_second_password")) > 10);
		}
		json_decref(row.cells);
		json_decref(row.result);
		method_call_reset(&row.call);
	}
}

static void
a_new_row_has_its_passwords_or_leaves_nothing(void **state)
{
	(void)state;
	import_until_it_needs_no_more("eng.%d", "eng%d@example.jp", "added");
}

static void
a_changed_row_is_whole_or_leaves_nothing(void **state)
{
	(void)state;
	/* The turn's number changes the address; the account is the same. */
	import_until_it_needs_no_more("taro", "t%d@example.jp", "changed");
}

static void
a_bad_row_is_refused_or_an_error(void **state)
{
	(void)state;
	import_until_it_needs_no_more("two words %d", "t%d@example.jp", "refused");
}

static const struct {
	method_function *method;
	const char *params;
	size_t rows;
	bool more;
} pages[] = {
	{method_log_admin, "{}", 2, false},
	{method_log_admin, "{\"most\":1}", 1, true},
	{method_log_admin, "{\"target\":\"taro\",\"action\":\"account.add\",\"after\":\"山田\"}", 1,
		false},
	{method_log_admin,
		"{\"search\":\"hanako\",\"from\":\"2026-11-20T00:00:00+09:00\",\"until\":\"2026-11-"
		"21T00:00:00+09:00\"}",
		1, false},
	{method_log_logins, "{\"account\":\"taro\",\"result\":\"refused\"}", 1, false},
	{method_log_connections, "{\"account\":\"taro\",\"duration_seconds\":\"60\"}", 0, false},
};

static struct login
refused_login(void)
{
	return (struct login){.application = "RDP",
		.account = "taro",
		.name = "山田 太郎",
		.source = "10.0.0.5",
		.reason = "TICKET_USED"};
}

static int
do_login(struct store_db *db, void *argument)
{
	return login_record(db, argument);
}

/* An empty page would say that nothing happened. */
static void
a_page_shows_what_there_is_or_is_an_error(void **state)
{
	struct login login = refused_login();

	(void)state;
	assert_int_equal(fixture_write(&fixture, do_login, &login), 0);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct fail_run run;

		fail_begin(&run);
		while (fail_next(&run)) {
			struct asking asking;
			int r;

			asking_init(&asking, pages[i].method, pages[i].params);
			fail_arm(&run);
			r = fixture_read(&fixture, ask_work, &asking);
			fail_disarm(&run);
			assert_true(r == 0 || (run.hit && r == -ENOMEM));
			if (r == 0) {
				assert_int_equal(json_array_size(json_object_get(
							 asking.call.result, "rows")),
					pages[i].rows);
				assert_int_equal(
					json_is_string(json_object_get(asking.call.result, "next")),
					pages[i].more);
			}
			asking_done(&asking);
		}
	}
}

static void
a_sign_in_is_logged_whole_or_an_error(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct login login = refused_login();
		int64_t before = events();
		int r;

		fail_arm(&run);
		r = fixture_write(&fixture, do_login, &login);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		assert_int_equal(events() - before, r == 0);
	}
	assert_true(run.tried > 10);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(both_accounts_are_extended_or_none),
		IN_OUT(a_new_row_has_its_passwords_or_leaves_nothing),
		IN_OUT(a_changed_row_is_whole_or_leaves_nothing),
		IN_OUT(a_bad_row_is_refused_or_an_error),
		IN_OUT(a_page_shows_what_there_is_or_is_an_error),
		IN_OUT(a_sign_in_is_logged_whole_or_an_error),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
