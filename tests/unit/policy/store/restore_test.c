/* policy/store/restore.c: a backup in the place of the present state, and the log, which is never rolled back. */
#include "../backup_fixture.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/store/sql.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
an_earlier_state_comes_back_and_the_log_stays(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;
	int64_t before;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	assert_int_equal(make_backup(&making, ""), 0);
	clock_hold(NOON_US + DAY_US, 1000000);
	expect_ok(method_account_add, NEW_ACCOUNT("saburo"));
	expect_ok(method_account_delete, "{\"id\":\"jiro\"}");
	expect_ok(method_account_lock, "{\"id\":\"taro\"}");
	expect_ok(method_terminal_add, "{\"name\":\"pacs-02\",\"address\":\"192.168.10.22\"}");
	before = events();
	restoring = restoring_new(making.entry.id);
	assert_int_equal(fixture_slow(&fixture, do_unpack, restoring), 0);
	assert_int_equal(restoring->plan.log, RESTORE_LOG_SAME);
	assert_int_equal(restoring->plan.now.accounts, 2);
	assert_int_equal(restoring->plan.then.accounts, 2);
	assert_int_equal(restoring->plan.accounts_gone, 1);
	assert_int_equal(restoring->plan.accounts_back, 1);
	assert_int_equal(restoring->plan.accounts_unlocked, 1);
	assert_int_equal(restoring->plan.terminals_gone, 1);
	assert_int_equal(restoring->plan.terminals_back, 0);
	assert_int_equal(restoring->plan.now.newest_us, NOON_US + DAY_US);
	assert_int_equal(restoring->plan.then.newest_us, NOON_US);
	/* So far nothing has changed. */
	assert_int_equal(events(), before);
	assert_int_equal(fixture_bare(&fixture, do_restore, restoring), 0);
	assert_int_equal(events(), before + 1);
	expect_sql("SELECT group_concat(id) FROM (SELECT id FROM account ORDER BY id) AS a",
		"jiro,taro");
	expect_sql("SELECT count(*) FROM terminal", "1");
	expect_sql("SELECT max(locked) FROM account", "0");
	expect_sql("SELECT payload ->> 'action' FROM event ORDER BY id DESC LIMIT 1",
		"backup.restore");
	expect_sql("SELECT payload ->> 'actor' FROM event ORDER BY id DESC LIMIT 1", "unix:sato");
	expect_sql("SELECT payload ->> '$.after.replaced' FROM event ORDER BY id DESC LIMIT 1",
		"state");
	expect_signed_log_whole();
	restoring_free(restoring);
}

static void
numbers_are_never_given_away_again(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make_backup(&making, ""), 0);
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	expect_sql("SELECT number FROM account WHERE id = 'jiro'", "2");
	restoring = restoring_new(making.entry.id);
	assert_int_equal(restore_backup(restoring), 0);
	expect_ok(method_account_add, NEW_ACCOUNT("saburo"));
	expect_sql("SELECT number FROM account WHERE id = 'saburo'", "3");
	restoring_free(restoring);
}

static void
who_edits_meanwhile_is_told(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make_backup(&making, ""), 0);
	expect_sql("SELECT version FROM account", "1");
	restoring = restoring_new(making.entry.id);
	assert_int_equal(restore_backup(restoring), 0);
	expect_sql("SELECT version FROM account", "2");
	expect_sql("SELECT version FROM terminal", "2");
	restoring_free(restoring);
}

/* Deleted at its second version: neither the account that comes back nor one that is made anew has that again. */
static void
who_wrote_a_version_down_before_it_was_deleted_is_told(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make_backup(&making, ""), 0);
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	expect_ok(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"given_name\":\"x\"}}");
	expect_ok(method_account_edit, "{\"id\":\"jiro\",\"changes\":{\"given_name\":\"x\"}}");
	expect_ok(method_account_edit, "{\"id\":\"jiro\",\"changes\":{\"given_name\":\"y\"}}");
	expect_ok(method_account_delete, "{\"id\":\"taro\"}");
	restoring = restoring_new(making.entry.id);
	assert_int_equal(restore_backup(restoring), 0);
	expect_sql("SELECT version FROM account WHERE id = 'taro'", "4");
	/* The restore itself has deleted jiro, at version 3. */
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	expect_sql("SELECT version FROM account WHERE id = 'jiro'", "4");
	restoring_free(restoring);
}

/* The backup knows only of the codes that had been used by then. */
static void
codes_from_before_the_restore_open_nothing(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;
	char next[32];

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	fixture_sql(&fixture,
		"INSERT INTO second_factor (account, kind, sealed, last_step, bound) VALUES "
		"(1, 'totp', zeroblob(40), 7, 0), (2, 'totp', zeroblob(40), 9000000000, 0)");
	assert_int_equal(make_backup(&making, ""), 0);
	clock_hold(NOON_US + DAY_US, 1000000);
	restoring = restoring_new(making.entry.id);
	assert_int_equal(restore_backup(restoring), 0);
	/* Also the code of a telephone that is a step ahead. */
	(void)snprintf(
		next, sizeof(next), "%lld", (long long)((NOON_US + DAY_US) / 1000000 / 30 + 1));
	expect_sql("SELECT last_step FROM second_factor WHERE account = 1", next);
	expect_sql("SELECT last_step FROM second_factor WHERE account = 2", "9000000000");
	restoring_free(restoring);
}

static void
tickets_are_dropped(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	fixture_sql(&fixture,
		"INSERT INTO ticket (handle, secret_hash, account, terminal, source, mac, issued, "
		"issued_by, boot, dead_at_boottime) VALUES ('+1', zeroblob(32), 1, 1, NULL, NULL, "
		"0, 'x', 'b', 0)");
	assert_int_equal(make_backup(&making, ""), 0);
	restoring = restoring_new(making.entry.id);
	assert_int_equal(restore_backup(restoring), 0);
	expect_sql("SELECT count(*) FROM ticket", "0");
	restoring_free(restoring);
}

static const char active_session[] =
	"INSERT INTO session (id, ticket, account, account_id, account_full, account_name, "
	"terminal, terminal_name, state, started, source, evidence, allowlist_off, connection, "
	"boot) VALUES (randomblob(16), '+1', 1, 'taro', 't', 't', 1, 'p', 'active', 0, '::1', "
	"'none', 0, 1, 'b')";

static void
a_fresh_gateway_takes_over_everything(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;
	int64_t then;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make_backup(&making, ""), 0);
	then = events();
	start_afresh();
	clock_hold(NOON_US + 30 * DAY_US, 2000000);
	for (int i = 0; i < 3; i++)
		expect_ok(method_account_add, i == 0   ? NEW_ACCOUNT("a")
					      : i == 1 ? NEW_ACCOUNT("b")
						       : NEW_ACCOUNT("c"));
	restoring = restoring_new(making.entry.id);
	assert_int_equal(fixture_slow(&fixture, do_unpack, restoring), 0);
	assert_int_equal(restoring->plan.log, RESTORE_LOG_OTHER);
	assert_int_equal(restoring->plan.head.id, 3);
	assert_int_equal(fixture_bare(&fixture, do_restore, restoring), 0);
	expect_sql("SELECT group_concat(id) FROM account", "taro");
	assert_int_equal(events(), then + 1);
	/* The first event afterwards names the log that was there. */
	expect_sql("SELECT payload ->> 'action' FROM event ORDER BY id DESC LIMIT 1",
		"backup.restore");
	expect_sql(
		"SELECT payload ->> '$.before.log.event' FROM event ORDER BY id DESC LIMIT 1", "3");
	expect_sql("SELECT payload ->> '$.after.replaced' FROM event ORDER BY id DESC LIMIT 1",
		"everything");
	expect_signed_log_whole();
	/* The connections of all threads go on with the new one. */
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	expect_sql("SELECT number FROM account WHERE id = 'jiro'", "4");
	expect_signed_log_whole();
	restoring_free(restoring);
}

static void
running_sessions_keep_their_log(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make_backup(&making, ""), 0);
	start_afresh();
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	fixture_sql(&fixture, active_session);
	restoring = restoring_new(making.entry.id);
	assert_int_equal(restore_backup(restoring), -EBUSY);
	assert_int_equal(restoring->plan.sessions, 1);
	expect_sql("SELECT group_concat(id) FROM account", "jiro");
	fixture_sql(&fixture, "DELETE FROM session");
	assert_int_equal(restore_backup(restoring), 0);
	expect_sql("SELECT group_concat(id) FROM account", "taro");
	restoring_free(restoring);
}

/* A machine put back to an older image: the backup goes on where its log ends. */
static void
an_older_database_is_continued(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making old, new;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make_backup(&old, ""), 0);
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	assert_int_equal(make_backup(&new, ""), 0);
	start_afresh();
	restoring = restoring_new(old.entry.id);
	assert_int_equal(fixture_slow(&fixture, do_unpack, restoring), 0);
	assert_int_equal(restoring->plan.log, RESTORE_LOG_CONTINUES);
	backup_discard(restoring);
	fixture_close(&fixture);
	{
		/* Its database as it was. */
		char command[300];

		snprintf(command, sizeof(command), "true > %s", fixture.path);
		assert_int_equal(system(command), 0);
	}
	fixture_start(&fixture);
	assert_int_equal(restore_backup(restoring), 0);
	restoring_free(restoring);
	assert_int_equal(accounts(), 1);
	restoring = restoring_new(new.entry.id);
	assert_int_equal(fixture_slow(&fixture, do_unpack, restoring), 0);
	/* The restore has written an event of its own: from here the two logs part. */
	assert_int_equal(restoring->plan.log, RESTORE_LOG_OTHER);
	assert_int_equal(fixture_bare(&fixture, do_restore, restoring), 0);
	assert_int_equal(accounts(), 2);
	expect_signed_log_whole();
	restoring_free(restoring);
}

static int
do_find_tables(struct store_db *db, void *argument)
{
	static const char *const known[] = {
#define TABLE(name, fate) #name,
#include "policy/store/restore_tables.def"
#undef TABLE
	};
	sqlite3_stmt *row;
	int r = sql_ask(db, &row,
		"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
		"");

	(void)argument;
	while (r == 0 && (r = sql_next(row)) > 0) {
		bool found = false;
		char name[64];

		r = 0;
		sql_column_text(row, 0, name, sizeof(name));
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			found |= strcmp(known[i], name) == 0;
		if (!found)
			fail_msg("table %s: restore_tables.def does not say what becomes of it",
				name);
	}
	return r;
}

static void
the_fate_of_every_table_is_known(void **state)
{
	(void)state;
	assert_int_equal(fixture_read(&fixture, do_find_tables, NULL), 0);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, backup_setup, backup_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(an_earlier_state_comes_back_and_the_log_stays),
		IN_OUT(numbers_are_never_given_away_again),
		IN_OUT(who_edits_meanwhile_is_told),
		IN_OUT(who_wrote_a_version_down_before_it_was_deleted_is_told),
		IN_OUT(codes_from_before_the_restore_open_nothing),
		IN_OUT(tickets_are_dropped),
		IN_OUT(a_fresh_gateway_takes_over_everything),
		IN_OUT(running_sessions_keep_their_log),
		IN_OUT(an_older_database_is_continued),
		IN_OUT(the_fate_of_every_table_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
