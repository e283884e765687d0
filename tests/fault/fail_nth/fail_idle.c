/* Memory that runs out while sessions without input are looked for: those that the rule ends are ended in this minute or in the next,
 * nobody else is, and nothing is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "fail_nth.h"
#include "idle_fixture.h"
#include "supervisor/idle.h"

static void
pass_a_minute(const uint32_t *inputs)
{
	idle_ask(&supervisor);
	assert_int_equal(tell(0, inputs, IDLE_SESSIONS, true), 0);
	while (by_hand.read.count > 0)
		by_hand_run(&by_hand.read, 0);
}

static void
who_is_idle_ends_now_or_in_a_minute(void **state)
{
	uint32_t inputs[IDLE_SESSIONS] = {[3] = 1}; /* one who types */
	struct fail_run run;

	fail_begin(&run);
	while (fail_next(&run)) {
		assert_int_equal(idle_setup(state), 0);
		world.sessions = IDLE_SESSIONS;
		at_ms(60000);
		fail_arm(&run);
		pass_a_minute(inputs);
		fail_disarm(&run);
		assert_true(world.kills == IDLE_SESSIONS - 1 ||
			    (run.hit && world.kills < IDLE_SESSIONS - 1));
		world.kills = 0;
		inputs[3]++;
		pass_a_minute(inputs);
		assert_int_equal(world.kills, IDLE_SESSIONS - 1);
		inputs[3] = 1;
		assert_int_equal(idle_teardown(state), 0);
	}
	assert_true(run.tried > 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_idle_ends_now_or_in_a_minute),
	};

	log_init("fail_idle");
	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
