/* gateway/supervisor/control_logins.c: who comes to the control socket is logged when they come, not at each command. The
 * store is wrapped (meson.build): its job is run here by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/logins.h"
#include "policy/store/store.h"
#include "supervisor/control_logins.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AWAY CONTROL_LOGIN_AWAY_MS

static struct control_logins logins;
static struct store *const some_store = (struct store *)&logins;
static struct store_job *written;
static struct {
	char application[16], account[100], name[300], source[16], reason[16];
	unsigned int count;
} recorded;

void __wrap_store_write(struct store *store, struct store_job *job);
int __wrap_login_record(struct store_db *db, const struct login *login);

void
__wrap_store_write(struct store *store, struct store_job *job)
{
	assert_ptr_equal(store, some_store);
	assert_null(written);
	written = job;
}

int
__wrap_login_record(struct store_db *db, const struct login *login)
{
	(void)db;
	recorded.count++;
	snprintf(recorded.application, sizeof(recorded.application), "%s", login->application);
	snprintf(recorded.account, sizeof(recorded.account), "%s", login->account);
	snprintf(recorded.name, sizeof(recorded.name), "%s", login->name);
	snprintf(recorded.source, sizeof(recorded.source), "%s", login->source);
	snprintf(recorded.reason, sizeof(recorded.reason), "%s",
		login->reason == NULL ? "" : login->reason);
	assert_int_equal(login->logging, LOGIN_LOGGED);
	return 0;
}

static int
setup(void **state)
{
	(void)state;
	memset(&logins, 0, sizeof(logins));
	memset(&recorded, 0, sizeof(recorded));
	written = NULL;
	return 0;
}

static void
only_who_has_been_away_is_new(void **state)
{
	(void)state;
	assert_true(control_login_is_new(&logins, 1000, true, 5));
	assert_false(control_login_is_new(&logins, 1000, true, 6));
	assert_true(control_login_is_new(&logins, 1001, true, 6));
	control_login_seen(&logins, 1000, 100);
	assert_false(control_login_is_new(&logins, 1000, true, 100 + AWAY - 1));
	/* The command before counts as having been there. */
	assert_false(control_login_is_new(&logins, 1000, true, 100 + 2 * AWAY - 2));
	assert_true(control_login_is_new(&logins, 1000, true, 100 + 3 * AWAY - 2));
}

static void
who_keeps_knocking_without_a_role_is_logged_now_and_then(void **state)
{
	unsigned int logged = 0;

	(void)state;
	for (int64_t now_ms = 1; now_ms <= 2 * (int64_t)AWAY + 1; now_ms += 1000)
		logged += control_login_is_new(&logins, 1000, false, now_ms);
	assert_int_equal(logged, 3);
}

/* A role that was given or taken away meanwhile: both are worth a record. */
static void
with_and_without_a_role_are_two(void **state)
{
	(void)state;
	assert_true(control_login_is_new(&logins, 1000, false, 5));
	assert_true(control_login_is_new(&logins, 1000, true, 6));
	assert_false(control_login_is_new(&logins, 1000, false, 7));
	control_login_seen(&logins, 1000, 5 + AWAY);
	assert_true(control_login_is_new(&logins, 1000, false, 5 + AWAY));
	assert_false(control_login_is_new(&logins, 1000, true, 6 + AWAY));
}

static void
more_users_than_places_cost_the_place_of_who_was_away_longest(void **state)
{
	(void)state;
	for (uid_t user = 0; user < CONTROL_LOGINS_MOST; user++)
		assert_true(control_login_is_new(&logins, user, true, 1000 + (int64_t)user));
	control_login_seen(&logins, 0, 5000);
	assert_true(control_login_is_new(&logins, 9999, true, 5001));
	assert_false(control_login_is_new(&logins, 0, true, 5002));
	assert_false(control_login_is_new(&logins, 2, true, 5002));
	assert_false(control_login_is_new(&logins, 9999, true, 5002));
	assert_true(control_login_is_new(&logins, 1, true, 5002)); /* it was that one's */
	/* Leaving without ever having come is nothing. */
	control_login_seen(&logins, 123456, 6000);
	assert_true(control_login_is_new(&logins, 123456, true, 6001));
}

static void
run_written(int status)
{
	struct store_job *job = take_pointer(&written);

	assert_non_null(job);
	assert_int_equal(job->work(NULL, job), 0);
	job->done(job, status);
}

static void
a_login_is_recorded_with_a_name_that_forges_nothing(void **state)
{
	struct supervisor supervisor = {.store = some_store};

	(void)state;
	control_login_record(&supervisor, "unix:sato", "\xe4\xbd\x90\xe8\x97\xa4\nroot", true);
	run_written(0);
	assert_int_equal(recorded.count, 1);
	assert_string_equal(recorded.application, "admin");
	assert_string_equal(recorded.account, "unix:sato");
	assert_string_equal(recorded.name, "\xe4\xbd\x90\xe8\x97\xa4?root");
	assert_string_equal(recorded.source, "local");
	assert_string_equal(recorded.reason, "");
}

static void
without_a_role_the_reason_says_so(void **state)
{
	struct supervisor supervisor = {.store = some_store};

	(void)state;
	control_login_record(&supervisor, "unix:mallory", "", false);
	run_written(-ESHUTDOWN);
	assert_string_equal(recorded.reason, "no-role");
}

static void
nothing_is_written_while_there_is_no_store(void **state)
{
	struct supervisor supervisor = {0};

	(void)state;
	control_login_record(&supervisor, "unix:sato", "", true);
	assert_null(written);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_who_has_been_away_is_new, setup),
		cmocka_unit_test_setup(
			who_keeps_knocking_without_a_role_is_logged_now_and_then, setup),
		cmocka_unit_test_setup(with_and_without_a_role_are_two, setup),
		cmocka_unit_test_setup(
			more_users_than_places_cost_the_place_of_who_was_away_longest, setup),
		cmocka_unit_test_setup(a_login_is_recorded_with_a_name_that_forges_nothing, setup),
		cmocka_unit_test_setup(without_a_role_the_reason_says_so, setup),
		cmocka_unit_test_setup(nothing_is_written_while_there_is_no_store, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
