/* policy/store/migrate.c: databases of earlier versions come up with everything that was in them. */
#include "disk_fixture.h"

#include "base/cleanup.h"
#include "policy/rights.h"
#include "policy/store/account_table.h"
#include "policy/store/assignment_table.h"
#include "policy/store/event_table.h"
#include "policy/store/sql.h"
#include "policy/store/terminal_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NEWEST 17

static void
load_fixture(const char *name)
{
	char path[512];
	auto_free char *text = calloc(1, 65536);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", FIXTURES, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	fixture_sql(&fixture, text);
}

static int
read_version(struct store_db *db, void *argument)
{
	int r = sql_number(db, argument, "SELECT max(version) FROM schema_version", "");

	return r < 0 ? r : 0;
}

static void
expect_version(int64_t expected)
{
	int64_t version = 0;

	assert_int_equal(fixture_read(&fixture, read_version, &version), 0);
	assert_int_equal(version, expected);
}

static int
check_version_1_content(struct store_db *db, void *argument)
{
	struct terminal terminal = {0};
	struct account account;
	char text[ACCOUNT_HOURS_SIZE];
	bool assigned;

	(void)argument;
	assert_int_equal(account_find(db, "TARO", &account), 0);
	assert_int_equal(account.number, 7);
	assert_string_equal(account.id, "Taro");
	assert_string_equal(account.family_name, "山田");
	account_hours_format(&account.hours, text);
	assert_string_equal(text, "22:00-05:00");
	assert_int_equal(account.mac_count, 2);
	assert_int_equal(account.macs[0].octets[5], 2);
	assert_int_equal(account.file_sharing, FILE_SHARING_AFTER_APPROVAL);
	assert_int_equal(account.updated_us, 1790000000000002);
	assert_int_equal(account_find(db, "boss", &account), 0);
	assert_true(account.locked);
	assert_true(account.hours.always);
	assert_false(account.allowlist_enforced);
	assert_int_equal(terminal_find(db, "998-踏み台端末02(LOCAL)", &terminal), 0);
	assert_int_equal(terminal.port, 3390);
	assert_int_equal(terminal.trust, TERMINAL_TRUST_PIN);
	assert_int_equal(terminal.pin[5], 5);
	assert_int_equal(terminal.rights,
		SESSION_RIGHT_SOUND | SESSION_RIGHT_CHANNELS | SESSION_RIGHTS_CLIPBOARD);
	assert_string_equal(terminal.channels, "");
	assert_int_equal(assignment_exists(db, 7, 3, &assigned), 0);
	assert_true(assigned);
	terminal_done(&terminal);
	return 0;
}

static void
version_1_comes_up_with_everything_in_it(void **state)
{
	(void)state;
	load_fixture("version_1.sql");
	fixture_start(&fixture);
	expect_version(NEWEST);
	assert_int_equal(fixture_read(&fixture, check_version_1_content, NULL), 0);
	assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), 0);
}

/* What version 4 adds: nobody is protected, nothing is limited, and the history tells the last session. */
static int
check_version_4_additions(struct store_db *db, void *argument)
{
	struct terminal terminal = {0};
	struct assignments assignments;
	struct account account;
	json_t *services;

	(void)argument;
	assert_int_equal(account_find(db, "taro", &account), 0);
	assert_int_equal(account.version, 1);
	assert_string_equal(account.changed_by, "");
	assert_string_equal(account.protected_note, "");
	assert_int_equal(account.vendor, 0);
	assert_int_equal(account.max_sessions, 0);
	assert_int_equal(account.last_session_us, 1790000000000030);
	assert_int_equal(assignments_load(db, account.number, &assignments), 0);
	assert_int_equal(assignments.count, 1);
	assert_int_equal(assignments.items[0].priority, 0);
	assignments_done(&assignments);
	assert_int_equal(account_services(db, account.number, &services), 0);
	assert_int_equal(json_array_size(services), 0);
	json_decref(services);
	assert_int_equal(account_find(db, "boss", &account), 0);
	assert_int_equal(account.last_session_us, 0);
	assert_int_equal(terminal_load(db, 3, &terminal), 0);
	assert_int_equal(terminal.version, 1);
	assert_string_equal(terminal.protected_note, "");
	assert_int_equal(terminal.last_session_us, 1790000000000030);
	terminal_done(&terminal);
	return 0;
}

static void
version_3_comes_up_with_everything_in_it(void **state)
{
	(void)state;
	load_fixture("version_3.sql");
	fixture_start(&fixture);
	expect_version(NEWEST);
	assert_int_equal(fixture_read(&fixture, check_version_1_content, NULL), 0);
	assert_int_equal(fixture_read(&fixture, check_version_4_additions, NULL), 0);
	assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), 0);
}

static void
empty_file_becomes_the_newest_version(void **state)
{
	(void)state;
	fixture_start(&fixture);
	expect_version(NEWEST);
	fixture_close(&fixture);
	fixture_start(&fixture);
	expect_version(NEWEST);
}

static void
migration_that_runs_out_of_disk_leaves_the_old_version_whole(void **state)
{
	int failures = 0;

	(void)state;
	load_fixture("version_1.sql");
	for (int writes = 0; fixture.store == NULL; writes++) {
		const char *why = NULL;
		int r;

		assert_true(writes < 500);
		slow_vfs.writes_left = writes;
		r = fixture_open(&fixture, &why);
		slow_vfs.writes_left = -1;
		assert_true(r == 0 || r == -ENOSPC);
		failures += r < 0;
	}
	assert_true(failures > 3);
	expect_version(NEWEST);
	assert_int_equal(fixture_read(&fixture, check_version_1_content, NULL), 0);
}

static int
insert_account(struct store_db *db, void *argument)
{
	return account_insert(db, argument);
}

static void
numbers_are_never_used_twice(void **state)
{
	struct account account = {.id = "x",
		.family_name = "a",
		.given_name = "b",
		.email = "c@d",
		.valid_from = {2026, 1, 1},
		.valid_until = {2026, 1, 1},
		.hours = {.always = true}};
	int64_t first;

	(void)state;
	fixture_start(&fixture);
	assert_int_equal(fixture_write(&fixture, insert_account, &account), 0);
	first = account.number;
	fixture_sql(&fixture, "DELETE FROM account");
	assert_int_equal(fixture_write(&fixture, insert_account, &account), 0);
	assert_true(account.number > first);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, disk_setup, disk_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(version_1_comes_up_with_everything_in_it),
		IN_OUT(version_3_comes_up_with_everything_in_it),
		IN_OUT(empty_file_becomes_the_newest_version),
		IN_OUT(migration_that_runs_out_of_disk_leaves_the_old_version_whole),
		IN_OUT(numbers_are_never_used_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
