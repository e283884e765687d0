/* Memory that runs out while somebody begins to wait for the hospital, is listed, or is decided about: the list is whole or an
 * error, nobody is let in by an error, and who was not decided about can still be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attend_fixture.h"
#include "fail_nth.h"

#include <errno.h>
#include <stdio.h>

static void
who_finds_no_room_does_not_wait(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct waiting *waiting;
		int r;

		fail_arm(&run);
		waiting = try_to_wait("998-taro", 1, "192.0.2.1", &r);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		assert_int_equal(supervisor.attendances.count, r == 0);
		attendance_forget(waiting);
	}
}

/* What was told of a call, and not to be taken for a leak. */
static void
forget(struct control_call *call)
{
	call_free(call);
	json_decref(seen.result);
	seen.result = NULL;
	json_decref(seen.after);
	seen.after = NULL;
}

static void
the_list_is_whole_or_an_error(void **state)
{
	struct fail_run run;

	(void)state;
	(void)wait_as("998-taro", 1, "192.0.2.1");
	(void)wait_as("998-jiro", 1, "192.0.2.2");
	fail_begin(&run);
	while (fail_next(&run)) {
		struct control_call *call = call_as(0, method_attend_list, "{}");
		unsigned int answers = seen.answers;

		fail_arm(&run);
		store_does(0);
		fail_disarm(&run);
		assert_int_equal(seen.answers, answers + 1);
		if (seen.result != NULL)
			assert_int_equal(
				json_array_size(json_object_get(seen.result, "waiting")), 2);
		else
			assert_true(run.hit);
		forget(call);
	}
}

static void
decide(struct fail_run *run, loop_method *method, bool allow)
{
	fail_begin(run);
	while (fail_next(run)) {
		struct waiting *waiting = wait_as("998-taro", 1, "192.0.2.1");
		unsigned int answers = seen.answers, decisions = seen.decisions;
		struct control_call *call;
		char params[40];

		(void)snprintf(params, sizeof(params), "{\"id\": %llu}",
			(unsigned long long)supervisor.attendances.newest_id);
		call = call_prepare(0, params);
		fail_arm(run);
		method(call);
		if (seen.job != NULL)
			store_does(0);
		fail_disarm(run);
		/* An answer whatever happens, and a consent only as it was meant. */
		assert_int_equal(seen.answers, answers + 1);
		if (seen.decisions == decisions) {
			assert_true(run->hit);
			assert_true(attendance_claim(waiting));
			attendance_forget(waiting);
		} else {
			assert_int_equal(seen.decision.given, allow);
			assert_int_equal(seen.decision.control, allow);
			assert_false(seen.decision.files);
			assert_non_null(json_object_get(seen.after, "account"));
		}
		forget(call);
	}
}

static void
nobody_is_let_in_by_an_error(void **state)
{
	struct fail_run run;

	(void)state;
	decide(&run, method_attend_allow, true);
	decide(&run, method_attend_refuse, false);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, attend_setup, attend_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(who_finds_no_room_does_not_wait),
		IN_OUT(the_list_is_whole_or_an_error),
		IN_OUT(nobody_is_let_in_by_an_error),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
