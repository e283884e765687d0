/* gateway/player/tempo.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "player/tempo.h"

#define S INT64_C(1000000)

static void
it_runs_at_its_speed(void **state)
{
	struct tempo tempo;

	(void)state;
	tempo_begin(&tempo, 100 * S);
	assert_int_equal(tempo_percent(&tempo), 100);
	assert_int_equal(tempo_ms(&tempo, 100 * S), 0);
	assert_int_equal(tempo_ms(&tempo, 103 * S), 3000);
	tempo_change(&tempo, 1, 103 * S);
	assert_int_equal(tempo_percent(&tempo), 200);
	assert_int_equal(tempo_ms(&tempo, 103 * S), 3000);
	assert_int_equal(tempo_ms(&tempo, 104 * S), 5000);
	tempo_change(&tempo, -1, 104 * S);
	tempo_change(&tempo, -1, 104 * S);
	assert_int_equal(tempo_percent(&tempo), 50);
	assert_int_equal(tempo_ms(&tempo, 106 * S), 6000);
}

static void
there_is_a_slowest_and_a_fastest(void **state)
{
	struct tempo tempo;

	(void)state;
	tempo_begin(&tempo, 0);
	for (int i = 0; i < 20; i++)
		tempo_change(&tempo, 1, 0);
	assert_int_equal(tempo_percent(&tempo), 1600);
	for (int i = 0; i < 20; i++)
		tempo_change(&tempo, -1, 0);
	assert_int_equal(tempo_percent(&tempo), 50);
}

static void
it_stands_still(void **state)
{
	struct tempo tempo;

	(void)state;
	tempo_begin(&tempo, 0);
	tempo_pause(&tempo, true, 2 * S);
	assert_int_equal(tempo_ms(&tempo, 90 * S), 2000);
	tempo_set(&tempo, 7000, 91 * S);
	assert_int_equal(tempo_ms(&tempo, 95 * S), 7000);
	tempo_pause(&tempo, false, 96 * S);
	assert_int_equal(tempo_ms(&tempo, 97 * S), 8000);
}

static void
waits_are_of_real_time(void **state)
{
	struct tempo tempo;

	(void)state;
	tempo_begin(&tempo, 0);
	assert_int_equal(tempo_wait_ms(&tempo, 50, 0, 200), 51);
	assert_int_equal(tempo_wait_ms(&tempo, 5000, 0, 200), 200);
	assert_int_equal(tempo_wait_ms(&tempo, 0, 0, 200), 0);
	assert_int_equal(tempo_wait_ms(&tempo, 1000, 2 * S, 200), 0);
	tempo_change(&tempo, 1, 0);
	assert_int_equal(tempo_wait_ms(&tempo, 50, 0, 200), 26);
	tempo_pause(&tempo, true, 0);
	assert_int_equal(tempo_wait_ms(&tempo, 50, 0, 200), 200);
	assert_int_equal(tempo_wait_ms(&tempo, UINT32_MAX, 0, 200), 200);
}

/* A clock that stops short of the last number is at its end, and one that goes back does not run backwards. */
static void
numbers_have_ends(void **state)
{
	struct tempo tempo;

	(void)state;
	tempo_begin(&tempo, 10 * S);
	assert_int_equal(tempo_ms(&tempo, 5 * S), 0);
	tempo_set(&tempo, UINT32_MAX - 10, 10 * S);
	assert_int_equal(tempo_ms(&tempo, 20 * S), UINT32_MAX);
}

static void
places_stay_within_the_recording(void **state)
{
	(void)state;
	assert_int_equal(tempo_moved(5000, 10000, 60000), 15000);
	assert_int_equal(tempo_moved(5000, -10000, 60000), 0);
	assert_int_equal(tempo_moved(55000, 10000, 60000), 60000);
	assert_int_equal(tempo_moved(UINT32_MAX, 60000, UINT32_MAX), UINT32_MAX);
	assert_int_equal(tempo_moved(0, 10000, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_runs_at_its_speed),
		cmocka_unit_test(there_is_a_slowest_and_a_fastest),
		cmocka_unit_test(it_stands_still),
		cmocka_unit_test(waits_are_of_real_time),
		cmocka_unit_test(numbers_have_ends),
		cmocka_unit_test(places_stay_within_the_recording),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
