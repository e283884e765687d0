/* gateway/supervisor/idle.c: who is asked for input and when, what counts as input, and who is ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "idle_fixture.h"

#include "base/clock.h"
#include "supervisor/idle.h"

#include <errno.h>

static void
without_sessions_nobody_is_asked(void **state)
{
	(void)state;
	world.sessions = 0;
	idle_ask(&supervisor);
	assert_int_equal(world.asked, 0);
	supervisor.children = NULL; /* at the start and at the end */
	world.sessions = 1;
	idle_ask(&supervisor);
	assert_int_equal(world.asked, 0);
}

static void
who_types_is_not_looked_at_and_who_does_not_is_after_a_minute(void **state)
{
	uint32_t inputs = 1;

	(void)state;
	at_ms(59999);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	assert_int_equal(by_hand.read.count, 0);
	assert_int_equal(idle_since_us(&sessions[0]), IDLE_BEGAN_US + 59999000);
	at_ms(119998);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	assert_int_equal(by_hand.read.count, 0);
	at_ms(119999);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.idle_since_us, IDLE_BEGAN_US + 59999000);
	assert_ptr_equal(world.killed, &connections[0]);
}

static void
the_rule_says_who_ends(void **state)
{
	uint32_t inputs[IDLE_SESSIONS] = {0};

	(void)state;
	world.sessions = IDLE_SESSIONS;
	world.verdict = CLOSE_NONE;
	at_ms(60000);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, inputs, IDLE_SESSIONS, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.looked_at, IDLE_SESSIONS);
	assert_int_equal(world.kills, 0);
	world.verdict = CLOSE_IDLE;
	idle_ask(&supervisor);
	inputs[3] = 7;
	assert_int_equal(tell(0, inputs, IDLE_SESSIONS, true), 0);
	world.gone = &connections[5]; /* while the store was asked */
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.looked_at, IDLE_SESSIONS - 1);
	assert_int_equal(world.kills, IDLE_SESSIONS - 2);
}

/* Two sessions, each with a worker of its own, a minute after they began. */
static void
ask_two_workers(void)
{
	world.workers = world.sessions = 2;
	connections[1].worker = workers[1];
	at_ms(60000);
	idle_ask(&supervisor);
}

/* One that has not answered may have seen somebody type. */
static void
each_worker_answers_for_its_own_sessions(void **state)
{
	uint32_t inputs[] = {0, 0};

	(void)state;
	ask_two_workers();
	assert_int_equal(tell(0, inputs, 1, false), 0);
	assert_int_equal(by_hand.read.count, 0);
	assert_int_equal(tell(0, inputs, 0, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.looked_at, 1);
	assert_ptr_equal(world.killed, &connections[0]);
	assert_int_equal(tell(1, inputs, 2, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_ptr_equal(world.killed, &connections[1]);
	/* Who cannot be asked owes nothing. */
	world.second_is_full = true;
	idle_ask(&supervisor);
	assert_int_equal(tell(0, inputs, 1, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.kills, 3);
	idle_ask(&supervisor);
	assert_int_equal(by_hand.read.count, 0);
}

/* A worker that has been taken over neither has another one ended for its answer, nor its sessions judged before that. */
static void
no_worker_answers_in_the_stead_of_another(void **state)
{
	uint32_t inputs[] = {0, 1};

	(void)state;
	ask_two_workers();
	assert_int_equal(tell(0, inputs, 1, true), 0);
	assert_int_equal(tell(0, inputs, 1, true), -EPROTO);
	assert_int_equal(tell(1, inputs, 2, true), 0);
	while (by_hand.read.count > 0)
		by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.kills, 1);
	assert_ptr_equal(world.killed, &connections[0]);
}

/* … nor does it keep anybody in by saying nothing. */
static void
a_silent_worker_keeps_nobody_in(void **state)
{
	uint32_t inputs[] = {0, 0};

	(void)state;
	ask_two_workers();
	assert_int_equal(tell(1, inputs, 2, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_ptr_equal(world.killed, &connections[1]);
	at_ms(120000);
	idle_ask(&supervisor);
	by_hand_run(&by_hand.read, 0);
	assert_ptr_equal(world.killed, &connections[0]);
	assert_int_equal(world.kills, 2);
}

static void
an_answer_to_an_earlier_question_ends_nobody(void **state)
{
	uint32_t inputs = 0;

	(void)state;
	at_ms(59999);
	idle_ask(&supervisor);
	idle_ask(&supervisor);
	at_ms(60000);
	world.serial--;
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	assert_int_equal(by_hand.read.count, 0);
	world.serial++;
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.kills, 1);
}

static void
a_worker_counts_for_its_own_connections_only(void **state)
{
	uint32_t inputs[] = {9, 9};

	(void)state;
	world.workers = 2;
	at_ms(60000);
	idle_ask(&supervisor);
	assert_int_equal(tell(1, inputs, 2, true), 0); /* the second is nobody's */
	assert_int_equal(sessions[0].inputs, 0);
	assert_int_equal(tell(0, inputs, 0, true), 0);
	assert_int_equal(by_hand.read.count, 1);
	by_hand_run(&by_hand.read, 0);
}

static void
what_is_no_answer_ends_the_worker(void **state)
{
	struct msg_inputs cut = {.counts_len = 13, .last = 1};
	uint32_t inputs = 0;

	(void)state;
	idle_ask(&supervisor);
	cut.serial = world.serial;
	assert_int_equal(idle_told(&supervisor, workers[0], &cut), -EPROTO);
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	assert_int_equal(tell(0, &inputs, 1, true), -EPROTO); /* owes nothing */
}

static void
sessions_that_begin_or_end_are_left_alone(void **state)
{
	uint32_t inputs[3] = {0};

	(void)state;
	world.sessions = 3;
	connections[0].session = NULL;
	connections[1].stage = CONNECTION_KILLED;
	at_ms(60000);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, inputs, 3, true), 0);
	by_hand_run(&by_hand.read, 0);
	assert_int_equal(world.looked_at, 1);
	assert_ptr_equal(world.killed, &connections[2]);
}

static void
a_store_that_does_not_answer_ends_nobody(void **state)
{
	uint32_t inputs = 0;

	(void)state;
	at_ms(60000);
	idle_ask(&supervisor);
	assert_int_equal(tell(0, &inputs, 1, true), 0);
	by_hand_run(&by_hand.read, -EIO);
	assert_int_equal(world.kills, 0);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, idle_setup, idle_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(without_sessions_nobody_is_asked),
		IN_OUT(who_types_is_not_looked_at_and_who_does_not_is_after_a_minute),
		IN_OUT(the_rule_says_who_ends),
		IN_OUT(each_worker_answers_for_its_own_sessions),
		IN_OUT(no_worker_answers_in_the_stead_of_another),
		IN_OUT(a_silent_worker_keeps_nobody_in),
		IN_OUT(an_answer_to_an_earlier_question_ends_nobody),
		IN_OUT(a_worker_counts_for_its_own_connections_only),
		IN_OUT(what_is_no_answer_ends_the_worker),
		IN_OUT(sessions_that_begin_or_end_are_left_alone),
		IN_OUT(a_store_that_does_not_answer_ends_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
