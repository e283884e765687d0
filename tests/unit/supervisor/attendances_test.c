/* gateway/supervisor/attendances.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attend_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static json_int_t
id_of(const struct waiting *waiting)
{
	json_t *row = attendance_json(waiting);
	json_int_t id = json_integer_value(json_object_get(row, "id"));

	json_decref(row);
	return id;
}

static const char *
text_of(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static void
they_stand_in_the_order_in_which_they_came(void **state)
{
	struct waiting *first, *second, *third;

	(void)state;
	assert_null(attendance_next(&supervisor, NULL));
	first = wait_as("998-taro", 1, "192.0.2.1");
	second = wait_as("998-jiro", 2, "192.0.2.2");
	third = wait_as("998-saburo", 1, "192.0.2.3");
	assert_int_equal(seen.told, 3);
	assert_int_equal(id_of(second), id_of(first) + 1);
	assert_int_equal(id_of(third), id_of(second) + 1);
	attendance_forget(second);
	assert_int_equal(seen.told, 4);
	assert_ptr_equal(attendance_next(&supervisor, NULL), first);
	assert_ptr_equal(attendance_next(&supervisor, first), third);
	assert_null(attendance_next(&supervisor, third));
	attendance_forget(first);
	assert_ptr_equal(attendance_next(&supervisor, NULL), third);
	attendance_forget(third);
	assert_null(attendance_next(&supervisor, NULL));
	/* Nobody gets an id that another one had. */
	first = wait_as("998-taro", 1, "192.0.2.1");
	assert_ptr_equal(attendance_next(&supervisor, NULL), first);
	attendance_forget(NULL);
	assert_int_equal(seen.told, 7);
}

static void
a_row_says_who_waits_since_when_for_what(void **state)
{
	struct waiting *waiting;
	json_t *row;

	(void)state;
	waiting = wait_as("998-taro@example.jp", 3, "192.0.2.1");
	row = attendance_json(waiting);
	assert_string_equal(text_of(row, "account"), "998-taro@example.jp");
	assert_string_equal(text_of(row, "name"), "山田 太郎");
	assert_string_equal(text_of(row, "terminal"), "998-T3");
	assert_string_equal(text_of(row, "source"), "192.0.2.1");
	assert_string_equal(text_of(row, "since"), "2026-11-20T03:00:00.000000Z");
	assert_string_equal(text_of(row, "until"), "2026-11-20T03:15:00.000000Z");
	assert_int_equal(json_object_size(row), 7);
	json_decref(row);
	assert_int_equal(attendance_terminal(waiting), 3);
	assert_true(attendance_is_of(waiting, "998-taro@example.jp"));
	assert_false(attendance_is_of(waiting, "998-taro"));
}

static void
they_are_found_by_id_while_they_wait(void **state)
{
	struct waiting *waiting;
	uint64_t id;

	(void)state;
	assert_null(attendance_find(&supervisor, 0));
	(void)wait_as("998-jiro", 1, "192.0.2.2");
	waiting = wait_as("998-taro", 1, "192.0.2.1");
	id = (uint64_t)id_of(waiting);
	assert_ptr_equal(attendance_find(&supervisor, id), waiting);
	assert_null(attendance_find(&supervisor, id + 1));
	attendance_forget(waiting);
	assert_null(attendance_find(&supervisor, id));
}

/* Two starts of the gateway in 40 that begin with the same id would still be luck, all of them would not. */
static void
a_restart_begins_elsewhere(void **state)
{
	json_int_t first = 0;
	bool differs = false;

	for (int i = 0; i < 40; i++) {
		json_int_t id;

		(void)attend_teardown(state);
		(void)attend_setup(state);
		id = id_of(wait_as("998-taro", 1, "192.0.2.1"));
		assert_true(id >= 1000 && id < 10000);
		differs |= first != 0 && id != first;
		first = id;
	}
	assert_true(differs);
}

static void
a_source_has_few_places_and_all_have_many(void **state)
{
	struct waiting *last = NULL;
	char source[32];
	int r;

	(void)state;
	for (int i = 0; i < ATTENDANCES_MOST_PER_SOURCE; i++)
		last = wait_as("998-taro", 1, "192.0.2.1");
	assert_null(try_to_wait("998-taro", 1, "192.0.2.1", &r));
	assert_int_equal(r, -EUSERS);
	assert_int_equal(seen.told, ATTENDANCES_MOST_PER_SOURCE);
	for (int i = ATTENDANCES_MOST_PER_SOURCE; i < ATTENDANCES_MOST; i++) {
		(void)snprintf(source, sizeof(source), "198.51.%d.%d", i / 100, i % 100);
		(void)wait_as("998-taro", 1, source);
	}
	assert_null(try_to_wait("998-jiro", 1, "203.0.113.9", &r));
	assert_int_equal(r, -EUSERS);
	/* A place that is given back is one for somebody else. */
	attendance_forget(last);
	(void)wait_as("998-jiro", 1, "203.0.113.9");
}

static void
one_person_decides(void **state)
{
	struct waiting *waiting;

	(void)state;
	waiting = wait_as("998-taro", 1, "192.0.2.1");
	assert_true(attendance_claim(waiting));
	assert_false(attendance_claim(waiting));
	attendance_unclaim(waiting);
	assert_true(attendance_claim(waiting));
}

static void
whoever_is_decided_about_waits_no_longer(void **state)
{
	const struct attendance consent = {
		.given = true, .by = HANAKO, .control = true, .files = true};
	struct waiting *waiting;
	uint64_t id;

	(void)state;
	waiting = wait_as("998-taro", 1, "192.0.2.1");
	id = (uint64_t)id_of(waiting);
	attendance_decide(waiting, &consent, NULL);
	assert_int_equal(seen.decisions, 1);
	assert_true(seen.decision.given && seen.decision.control && seen.decision.files);
	assert_string_equal(seen.decision.by, HANAKO);
	assert_null(attendance_find(&supervisor, id));
	assert_int_equal(seen.told, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, attend_setup, attend_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(they_stand_in_the_order_in_which_they_came),
		TEST(a_row_says_who_waits_since_when_for_what),
		TEST(they_are_found_by_id_while_they_wait),
		TEST(a_restart_begins_elsewhere),
		TEST(a_source_has_few_places_and_all_have_many),
		TEST(one_person_decides),
		TEST(whoever_is_decided_about_waits_no_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
