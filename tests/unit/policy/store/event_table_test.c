/* policy/store/event_table.c: events are handed out in order, as many as are wanted, from where the last ones ended. */
#include "policy/store/event_table.h"

#include "../store_fixture.h"
#include "policy/store/sql.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define EVENTS 10

/* All of one instant. */
static int
do_fill(struct store_db *db, void *argument)
{
	int r = 0;

	(void)argument;
	for (int i = 1; i <= EVENTS && r == 0; i++)
		r = event_append(db, i % 2 == 0 ? EVENT_KIND_LOGIN : EVENT_KIND_ADMIN, "{}", NULL);
	return r;
}

static int
setup(void **state)
{
	(void)fixture_setup(state);
	assert_int_equal(fixture_write(&fixture, do_fill, NULL), 0);
	return 0;
}

struct wanted {
	int64_t after, until, most;
	struct event_place place;
	int stop; /* what the visit of the second event returns */
	char seen[40];
	int count;
};

static int
note(struct store_db *db, const struct chain_event *event, void *argument)
{
	struct wanted *wanted = argument;
	size_t len = strlen(wanted->seen);

	(void)db;
	snprintf(wanted->seen + len, sizeof(wanted->seen) - len, "%d ", (int)event->id);
	return ++wanted->count == 2 ? wanted->stop : 0;
}

static int
do_each(struct store_db *db, void *argument)
{
	struct wanted *wanted = argument;

	return event_each(db, wanted->after, wanted->until, wanted->most, note, wanted);
}

static int
do_each_of_kind(struct store_db *db, void *argument)
{
	struct wanted *wanted = argument;

	return event_each_of_kind(db, "login", &wanted->place, wanted->most, note, wanted);
}

static void
as_many_as_are_wanted_come_in_order(void **state)
{
	struct wanted all = {.after = INT64_MIN, .until = INT64_MAX, .most = 100};
	struct wanted three = {.after = 4, .until = INT64_MAX, .most = 3};
	struct wanted between = {.after = 4, .until = 6, .most = 3};

	(void)state;
	assert_int_equal(fixture_read(&fixture, do_each, &all), 0);
	assert_string_equal(all.seen, "1 2 3 4 5 6 7 8 9 10 ");
	assert_int_equal(fixture_read(&fixture, do_each, &three), 0);
	assert_string_equal(three.seen, "5 6 7 ");
	assert_int_equal(fixture_read(&fixture, do_each, &between), 0);
	assert_string_equal(between.seen, "5 6 ");
}

static void
visit_that_fails_ends_it(void **state)
{
	struct wanted wanted = {.after = 0, .until = INT64_MAX, .most = 100, .stop = -ECANCELED};

	(void)state;
	assert_int_equal(fixture_read(&fixture, do_each, &wanted), -ECANCELED);
	assert_string_equal(wanted.seen, "1 2 ");
}

static void
those_of_a_kind_go_on_behind_the_last_one_of_the_same_instant(void **state)
{
	struct wanted wanted = {.most = 2, .place = {INT64_MIN, 0}};

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(fixture_read(&fixture, do_each_of_kind, &wanted), 0);
	assert_string_equal(wanted.seen, "2 4 6 8 10 ");
}

/* One that asks on its way for others, and for itself. */
static int
ask_meanwhile(struct store_db *db, const struct chain_event *event, void *argument)
{
	struct wanted inner = {.after = event->id, .until = INT64_MAX, .most = 2};
	int64_t newest = 0;
	int r = event_each_of_kind(db, "login", &inner.place, 1, note, &inner);

	if (r == 0)
		r = event_newest_of_kind(db, "admin", &newest);
	assert_string_equal(inner.seen, "2 ");
	assert_int_equal(newest, EVENTS - 1);
	return r < 0 ? r : note(db, event, argument);
}

static int
do_ask_meanwhile(struct store_db *db, void *argument)
{
	struct wanted *wanted = argument;

	return event_each(db, wanted->after, wanted->until, wanted->most, ask_meanwhile, wanted);
}

static void
other_questions_may_be_asked_meanwhile(void **state)
{
	struct wanted wanted = {.after = 2, .until = INT64_MAX, .most = 3};

	(void)state;
	assert_int_equal(fixture_read(&fixture, do_ask_meanwhile, &wanted), 0);
	assert_string_equal(wanted.seen, "3 4 5 ");
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(as_many_as_are_wanted_come_in_order),
		IN_OUT(visit_that_fails_ends_it),
		IN_OUT(those_of_a_kind_go_on_behind_the_last_one_of_the_same_instant),
		IN_OUT(other_questions_may_be_asked_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
