/* Memory that runs out around a stored password: what is set is set and sealed, or what was there stays; a terminal is moved without its
 * password, or not at all; and a session begins with the password, or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "policy/store/credential_table.h"
#include "policy/store/terminal_table.h"
#include "session_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SET(user, password) \
	"{\"name\":\"pacs-01\",\"user\":\"" user "\",\"password\":\"" password "\"}"

static int
setup(void **state)
{
	session_setup(state);
	change(method_terminal_set_credential, SET("maint", "Ichigo-15"));
	change(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"credentials\":\"injected\"}}");
	return 0;
}

/* What a session would sign on with: "user/password". */
static int
open_stored(struct store_db *db, void *argument)
{
	char *text = argument;
	struct host_credentials credentials = {.mode = CREDENTIALS_INJECTED};
	struct stored_credential stored;
	struct terminal terminal = {0};
	int r;

	strcpy(text, "none");
	r = terminal_find(db, "pacs-01", &terminal);
	if (r == 0)
		r = credential_load(db, terminal.number, &stored);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = stored_credential_open(db, &stored, &terminal, &credentials);
	if (r == 0)
		sprintf(text, "%s/%s", credentials.user, (char *)credentials.password.bytes);
	host_credentials_done(&credentials);
	terminal_done(&terminal);
	return r;
}

static void
expect_stored(const char *expected)
{
	char text[2000];

	assert_int_equal(fixture_read(&fixture, open_stored, text), 0);
	assert_string_equal(text, expected);
}

static int64_t
count_events(void)
{
	return fixture_number(&fixture,
		"SELECT count(*) FROM event WHERE payload IS NOT NULL AND instr(payload, "
		"'credential') > 0");
}

/* Returns whether it was done; nothing else but a lack of memory may have hindered it. */
static bool
attempt(struct fail_run *run, method_function *method, const char *params)
{
	struct asking asking;
	int r;

	asking_init(&asking, method, params);
	fail_arm(run);
	r = fixture_write(&fixture, ask_work, &asking);
	fail_disarm(run);
	assert_true(r == 0 || (run->hit && r == -ENOMEM));
	asking_done(&asking);
	return r == 0;
}

static void
what_is_set_is_sealed_and_logged_or_the_old_one_stays(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		int64_t before = count_events();
		bool done =
			attempt(&run, method_terminal_set_credential, SET("other", "Sakura-77"));

		expect_stored(done ? "other/Sakura-77" : "maint/Ichigo-15");
		assert_int_equal(count_events(), before + done);
		change(method_terminal_set_credential, SET("maint", "Ichigo-15"));
	}
	assert_true(run.tried > 10);
}

static void
a_terminal_is_moved_without_its_password_or_not_at_all(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		bool done = attempt(&run, method_terminal_edit,
			"{\"name\":\"pacs-01\",\"changes\":{\"address\":\"rogue\"},\"forget_"
			"credential\":true}");

		assert_int_equal(fixture_number(&fixture,
					 "SELECT count(*) FROM terminal WHERE address = 'rogue'"),
			done);
		expect_stored(done ? "none" : "maint/Ichigo-15");
		change(method_terminal_edit,
			"{\"name\":\"pacs-01\",\"changes\":{\"address\":\"192.168.10.21\"}}");
		change(method_terminal_set_credential, SET("maint", "Ichigo-15"));
	}
	assert_true(run.tried > 10);
}

static void
a_session_begins_with_the_password_or_not_at_all(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct issue issue = issue_ticket();
		struct begin begin = begin_request(&issue, 1);
		int r;

		fail_arm(&run);
		r = fixture_write(&fixture, do_begin, &begin);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		/* A lack of memory is no wrong key; and what was opened before a commit failed is wiped with the grant. */
		if (r == 0) {
			assert_int_equal(begin.grant.reason, CLOSE_NONE);
			assert_string_equal(
				(const char *)begin.grant.credentials.password.bytes, "Ichigo-15");
		}
		session_grant_done(&begin.grant);
		assert_false(host_credentials_given(&begin.grant.credentials));
	}
	assert_true(run.tried > 10);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(what_is_set_is_sealed_and_logged_or_the_old_one_stays),
		IN_OUT(a_terminal_is_moved_without_its_password_or_not_at_all),
		IN_OUT(a_session_begins_with_the_password_or_not_at_all),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
