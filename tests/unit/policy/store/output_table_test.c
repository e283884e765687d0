/* policy/store/output_table.c, and what policy/outputs.c does with the rows: which files may stay. */
#include "../store_fixture.h"

#include "base/clock.h"
#include "policy/outputs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_US (INT64_C(3600) * 1000000)

static int
insert_work(struct store_db *db, void *argument)
{
	return output_insert(db, argument, "{}");
}

static int
update_work(struct store_db *db, void *argument)
{
	return output_update(db, argument);
}

static int
load_work(struct store_db *db, void *argument)
{
	struct output *output = argument;

	return output_load(db, output->number, output);
}

static int
remove_work(struct store_db *db, void *argument)
{
	return output_remove(db, *(int64_t *)argument);
}

static int64_t
insert(enum output_state state, int64_t expires_us)
{
	struct output output = {.kind = "accounts",
		.requested_by = "unix:yamada",
		.state = state,
		.expires_us = expires_us};

	assert_int_equal(fixture_write(&fixture, insert_work, &output), 0);
	assert_int_equal(output.created_us, NOON_US);
	return output.number;
}

static struct output
load(int64_t number)
{
	struct output output = {.number = number};

	assert_int_equal(fixture_read(&fixture, load_work, &output), 0);
	return output;
}

static void
a_row_comes_back_as_it_was_written(void **state)
{
	struct output output = load(insert(OUTPUT_WAITING, 0));

	(void)state;
	assert_string_equal(output.kind, "accounts");
	assert_string_equal(output.requested_by, "unix:yamada");
	assert_int_equal(output.state, OUTPUT_WAITING);
	assert_int_equal(output.finished_us, 0);
	assert_int_equal(output.expires_us, 0);
	for (int i = 0; i < OUTPUT_STATE_COUNT; i++) {
		output.state = (enum output_state)i;
		output.bytes = 1000 + i;
		output.finished_us = NOON_US + i;
		output.expires_us = NOON_US + HOUR_US;
		strcpy(output.why, "the disk that holds the database is full");
		assert_int_equal(fixture_write(&fixture, update_work, &output), 0);
		memset(output.why, 'x', sizeof(output.why) - 1);
		output = load(output.number);
		assert_int_equal(output.state, i);
		assert_int_equal(output.bytes, 1000 + i);
		assert_int_equal(output.finished_us, NOON_US + i);
		assert_int_equal(output.expires_us, NOON_US + HOUR_US);
		assert_string_equal(output.why, "the disk that holds the database is full");
	}
}

static void
what_is_gone_is_not_found_and_its_number_never_comes_again(void **state)
{
	struct output output = {.number = insert(OUTPUT_DONE, NOON_US + HOUR_US)};
	int64_t number = output.number;

	(void)state;
	assert_int_equal(fixture_write(&fixture, remove_work, &number), 0);
	assert_int_equal(fixture_read(&fixture, load_work, &output), -ENOENT);
	assert_int_equal(fixture_write(&fixture, update_work, &output), -ENOENT);
	assert_true(insert(OUTPUT_WAITING, 0) > number);
}

struct visit {
	int64_t numbers[8];
	size_t count;
	int answer;
};

static int
remove_visited(struct store_db *db, const struct output *output, void *argument)
{
	struct visit *visit = argument;

	assert_true(visit->count < 8);
	visit->numbers[visit->count++] = output->number;
	return visit->answer < 0 ? visit->answer : output_remove(db, output->number);
}

static int
each_work(struct store_db *db, void *argument)
{
	((struct visit *)argument)->count = 0;
	return output_each(db, remove_visited, argument);
}

static void
a_visitor_may_remove_what_it_sees_the_newest_first(void **state)
{
	int64_t numbers[3];
	struct visit visit = {.answer = -EIO};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		numbers[i] = insert(OUTPUT_WAITING, 0);
	assert_int_equal(fixture_write(&fixture, each_work, &visit), -EIO);
	assert_int_equal(visit.count, 1);
	visit.answer = 0;
	assert_int_equal(fixture_write(&fixture, each_work, &visit), 0);
	assert_int_equal(visit.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(visit.numbers[i], numbers[2 - i]);
	assert_int_equal(fixture_write(&fixture, each_work, &visit), 0);
	assert_int_equal(visit.count, 0);
}

struct tidying {
	bool starting;
	json_t *kept;
};

static int
tidy_work(struct store_db *db, void *argument)
{
	struct tidying *tidying = argument;

	return output_tidy(db, tidying->starting, 3600000, &tidying->kept);
}

/* The numbers whose files may stay, the newest first. */
static void
expect_kept(bool starting, const int64_t *numbers, size_t count)
{
	struct tidying tidying = {.starting = starting};

	assert_int_equal(fixture_write(&fixture, tidy_work, &tidying), 0);
	assert_int_equal(json_array_size(tidying.kept), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(json_integer_value(json_array_get(tidying.kept, i)), numbers[i]);
	json_decref(tidying.kept);
}

static void
tidying_keeps_what_is_complete_and_what_is_under_way(void **state)
{
	int64_t expired = insert(OUTPUT_DONE, NOON_US - 1);
	int64_t done = insert(OUTPUT_DONE, NOON_US + HOUR_US);
	int64_t failed = insert(OUTPUT_FAILED, NOON_US + HOUR_US);
	int64_t running = insert(OUTPUT_RUNNING, 0), waiting = insert(OUTPUT_WAITING, 0);
	struct output gone = {.number = expired};

	(void)state;
	expect_kept(false, (int64_t[]){waiting, running, done}, 3);
	assert_int_equal(fixture_read(&fixture, load_work, &gone), -ENOENT);
	assert_int_equal(load(running).state, OUTPUT_RUNNING);
	assert_int_equal(load(failed).state, OUTPUT_FAILED);
	/* Nothing is under way when the gateway starts. */
	expect_kept(true, (int64_t[]){done}, 1);
	assert_int_equal(load(running).state, OUTPUT_FAILED);
	assert_int_equal(load(waiting).state, OUTPUT_FAILED);
	assert_int_equal(load(waiting).expires_us, NOON_US + HOUR_US);
	assert_true(load(running).why[0] != '\0');
}

#define table_test(function) \
	cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		table_test(a_row_comes_back_as_it_was_written),
		table_test(what_is_gone_is_not_found_and_its_number_never_comes_again),
		table_test(a_visitor_may_remove_what_it_sees_the_newest_first),
		table_test(tidying_keeps_what_is_complete_and_what_is_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
