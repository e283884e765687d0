/* policy/take_over.c: whose place it is. */
#include "session_fixture.h"

#include "policy/store/sql.h"
#include "policy/take_over.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct asked {
	const char *id;
	int64_t account, terminal;
	struct device_evidence device;
	struct take_over view;
};

static int
do_look(struct store_db *db, void *argument)
{
	struct asked *asked = argument;
	int r;

	r = sql_number(
		db, &asked->account, "SELECT number FROM account WHERE id = ?", "t", asked->id);
	if (r >= 0)
		r = sql_number(db, &asked->terminal,
			"SELECT number FROM terminal WHERE name = 'pacs-01'", "");
	return r < 0 ? r
		     : take_over_look(
			       db, asked->account, asked->terminal, &asked->device, &asked->view);
}

/* From the device that all of them have. */
static struct take_over
look(const char *id)
{
	struct asked asked = {
		.id = id, .device = {.known = true, .mac = {{2, 0, 0, 0, 0, 1}}, .kind = "lease"}};

	assert_int_equal(fixture_read(&fixture, do_look, &asked), 0);
	return asked.view;
}

/* Another account with the same device on pacs-01, and its session. */
static struct session_grant
holds(const char *id, int priority, uint64_t connection)
{
	struct issue issue = {
		.request = {.actor = "unix:yamada", .account = id, .terminal = "pacs-01"}};
	char text[400];

	snprintf(text, sizeof(text),
		"{\"id\":\"%s\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		"\"macs\":[\"02:00:00:00:00:01\"],\"terminals\":[\"pacs-01\"],"
		"\"priorities\":{\"pacs-01\":%d}}",
		id, priority);
	change(method_account_add, text);
	assert_int_equal(fixture_write(&fixture, do_issue, &issue), 0);
	assert_int_equal(issue.answer.reason, CLOSE_NONE);
	return begin_session(&issue, connection);
}

static void
set_priority(int priority)
{
	char text[200];

	snprintf(text, sizeof(text),
		"{\"id\":\"taro\",\"changes\":{\"priorities\":{\"pacs-01\":%d}}}", priority);
	change(method_account_edit, text);
}

static void
the_youngest_of_the_lowest_makes_place(void **state)
{
	struct session_grant first, second, third;

	(void)state;
	change(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"capacity\":3,\"take_over\":true}}");
	set_priority(5);
	assert_int_equal(look("taro").reason, CLOSE_NONE);
	first = holds("a1", 2, 1);
	second = holds("a2", 2, 2);
	third = holds("a3", 4, 3);
	assert_int_equal(look("taro").reason, CLOSE_TERMINAL_FULL);
	assert_true(look("taro").possible);
	assert_int_equal(look("taro").priority, 5);
	assert_string_equal(look("taro").used_by, "998-a1@example.jp");
	assert_memory_equal(look("taro").session, second.session, SESSION_ID_BYTES);
	/* Whoever has gone makes none, and there is room. */
	json_decref(end_session(&second, 2, CLOSE_CLIENT_LOGGED_OFF));
	assert_int_equal(look("taro").reason, CLOSE_NONE);
	assert_false(look("taro").possible);
	change(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"capacity\":2}}");
	assert_memory_equal(look("taro").session, first.session, SESSION_ID_BYTES);
	json_decref(end_session(&first, 1, CLOSE_CLIENT_LOGGED_OFF));
	change(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"capacity\":1}}");
	assert_memory_equal(look("taro").session, third.session, SESSION_ID_BYTES);
	/* Nobody makes place for who is not above. */
	set_priority(4);
	assert_false(look("taro").possible);
	set_priority(9);
	assert_true(look("taro").possible);
	/* Nor where the terminal does not say so, or somebody has to be let in. */
	change(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"take_over\":false}}");
	assert_false(look("taro").possible);
	change(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"take_over\":true,\"attended\":true}}");
	assert_false(look("taro").possible);
	json_decref(end_session(&third, 3, CLOSE_CLIENT_LOGGED_OFF));
}

/* Nor for who would not get the place. */
static void
all_rules_stand_before_somebody_makes_place(void **state)
{
	struct session_grant held;

	(void)state;
	change(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"capacity\":1,\"take_over\":true}}");
	set_priority(5);
	held = holds("a1", 2, 1);
	assert_true(look("taro").possible);
	change(method_account_lock, "{\"id\":\"taro\",\"because\":\"left\"}");
	assert_false(look("taro").possible);
	assert_int_equal(look("taro").reason, CLOSE_ACCOUNT_LOCKED);
	change(method_account_unlock, "{\"id\":\"taro\"}");
	assert_true(look("taro").possible);
	change(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"macs\":[\"02:00:00:00:00:02\"]}}");
	assert_false(look("taro").possible);
	assert_int_equal(look("taro").reason, CLOSE_DEVICE_REFUSED);
	change(method_account_edit,
		"{\"id\":\"taro\",\"because\":\"moved\",\"changes\":{\"allowlist\":\"off\"}}");
	assert_true(look("taro").possible);
	change(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"in_service\":false}}");
	assert_false(look("taro").possible);
	json_decref(end_session(&held, 1, CLOSE_CLIENT_LOGGED_OFF));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_youngest_of_the_lowest_makes_place, session_setup, session_teardown),
		cmocka_unit_test_setup_teardown(all_rules_stand_before_somebody_makes_place,
			session_setup, session_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
