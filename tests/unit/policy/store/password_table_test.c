/* policy/store/password_table.c */
#include "policy/store/password_table.h"

#include "../store_fixture.h"
#include "base/clock.h"
#include "policy/store/account_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int64_t account;

static int
insert(struct store_db *db, void *argument)
{
	struct account new = {.id = "taro",
		.family_name = "山田",
		.given_name = "太郎",
		.email = "taro@example.jp",
		.hours.always = true,
		.valid_from = {2026, 1, 1},
		.valid_until = {2026, 12, 31}};
	int r = account_insert(db, &new);

	(void)argument;
	account = new.number;
	return r;
}

static int
setup(void **state)
{
	(void)fixture_setup(state);
	assert_int_equal(fixture_write(&fixture, insert, NULL), 0);
	return 0;
}

static int
set_first(struct store_db *db, void *argument)
{
	return password_set(db, account, PASSWORD_FIRST, argument);
}

static int
load_first(struct store_db *db, void *argument)
{
	return password_load(db, account, PASSWORD_FIRST, argument);
}

static int
load_second(struct store_db *db, void *argument)
{
	return password_load(db, account, PASSWORD_SECOND, argument);
}

static int
deliver(struct store_db *db, void *argument)
{
	(void)argument;
	return password_delivered(db, account);
}

static int
delete_account(struct store_db *db, void *argument)
{
	(void)argument;
	return account_delete(db, account);
}

static void
a_password_is_kept_replaced_and_goes_with_its_account(void **state)
{
	struct stored_password old = {.hash = "$y$one", .must_change = true};
	struct stored_password new = {.hash = "$y$two", .delivered = true};
	struct stored_password found;

	(void)state;
	assert_int_equal(fixture_read(&fixture, load_first, &found), -ENOENT);
	assert_int_equal(fixture_write(&fixture, set_first, &old), 0);
	assert_int_equal(fixture_read(&fixture, load_first, &found), 0);
	assert_string_equal(found.hash, "$y$one");
	assert_true(found.must_change && !found.delivered);
	assert_int_equal(found.set_us, NOON_US);
	assert_int_equal(fixture_read(&fixture, load_second, &found), -ENOENT);
	assert_int_equal(fixture_write(&fixture, deliver, NULL), 0);
	assert_int_equal(fixture_read(&fixture, load_first, &found), 0);
	assert_true(found.delivered);
	assert_int_equal(fixture_write(&fixture, set_first, &new), 0);
	assert_int_equal(fixture_read(&fixture, load_first, &found), 0);
	assert_string_equal(found.hash, "$y$two");
	assert_true(!found.must_change && found.delivered);
	assert_int_equal(fixture_write(&fixture, delete_account, NULL), 0);
	assert_int_equal(fixture_read(&fixture, load_first, &found), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_password_is_kept_replaced_and_goes_with_its_account, setup,
			fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
