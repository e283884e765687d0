/* policy/audit_chain.c: a log of several stretches, which two threads share: what crosses their edges is found. */
#include "policy/audit.h"

#include "store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define EVENTS 10002 /* a stretch ends with 5000, and with 10000 */

static int
setup(void **state)
{
	(void)fixture_setup(state);
	fixture_add_changes(&fixture, EVENTS);
	assert_true(fixture_checkpoint(&fixture));
	return 0;
}

static void
expect(int64_t event, const char *words)
{
	struct audit_report report = fixture_verify(&fixture);

	for (size_t i = 0; i < report.found && i < AUDIT_FINDINGS_MOST; i++)
		if (report.findings[i].event == event &&
			strstr(report.findings[i].why, words) != NULL)
			return;
	fail_msg("%zu found, not that", report.found);
}

static void
each_event_is_counted_once(void **state)
{
	struct audit_report report = fixture_verify(&fixture);
	uint8_t head[CHAIN_HASH_BYTES];

	(void)state;
	assert_int_equal(report.found, 0);
	assert_int_equal(report.events, EVENTS);
	assert_int_equal(report.checkpoints, 1);
	memcpy(head, report.head, sizeof(head));
	/* The head is the newest event's, whoever came to it. */
	report = fixture_verify(&fixture);
	assert_memory_equal(report.head, head, sizeof(head));
}

static void
events_missing_at_an_edge_are_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "DELETE FROM event WHERE id = 5001");
	expect(5002, "missing");
	fixture_sql(&fixture, "DELETE FROM event WHERE id = 5000");
	expect(5002, "missing");
	fixture_sql(&fixture, "DELETE FROM event WHERE id > 4990 AND id < 10001");
	expect(10001, "missing");
}

static void
events_swapped_across_an_edge_are_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "PRAGMA foreign_keys = OFF; UPDATE event SET id = 0 WHERE id = 5000; "
			      "UPDATE event SET id = 5000 WHERE id = 5001; "
			      "UPDATE event SET id = 5001 WHERE id = 0");
	expect(5000, "follow");
	expect(5001, "follow");
}

static void
other_link_at_an_edge_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "UPDATE event SET prev = zeroblob(32) WHERE id = 5001");
	fixture_expect_only(&fixture, 5001, "follow");
}

static void
changed_hash_at_an_edge_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "UPDATE event SET hash = zeroblob(32) WHERE id = 10000");
	expect(10000, "hash was changed");
	expect(10001, "follow");
}

static void
number_that_is_far_away_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "PRAGMA foreign_keys = OFF; "
			      "UPDATE event SET id = 9223372036854775807 WHERE id = 10002");
	expect(INT64_MAX, "missing");
}

static void
number_below_the_first_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "PRAGMA foreign_keys = OFF; "
			      "UPDATE event SET id = -9223372036854775807 WHERE id = 5000");
	expect(-INT64_MAX, "missing");
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(each_event_is_counted_once),
		IN_OUT(events_missing_at_an_edge_are_found),
		IN_OUT(events_swapped_across_an_edge_are_found),
		IN_OUT(other_link_at_an_edge_is_found),
		IN_OUT(changed_hash_at_an_edge_is_found),
		IN_OUT(number_that_is_far_away_is_found),
		IN_OUT(number_below_the_first_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
