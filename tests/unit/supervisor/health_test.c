/* gateway/supervisor/health.c: when a terminal is looked at, and to what a look gives way. Looks are wrapped (meson.build),
 * store and loop are by_hand.h's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "by_hand.h"

#include "policy/store/health_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"
#include "settings/settings.h"
#include "supervisor/connections.h"
#include "supervisor/health.h"
#include "supervisor/looks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EVERY_MS 60000

static uv_loop_t loop;
static struct settings settings;
static struct supervisor supervisor;
static struct health *health;
static struct carried_session session = {.terminal_number = 1};
static struct connection carrying = {
	.stage = CONNECTION_RELAYED, .phase = PHASE_BRIDGE, .session = &session};
static struct {
	size_t terminals, looks;
	bool busy, out_of_service, carries;
	look_done *done;
	void *owner;
} world;

int __wrap_health_list(struct store_db *db, struct health_watch **ret_watches, size_t *ret_count);
int __wrap_terminal_load(struct store_db *db, int64_t number, struct terminal *ret_terminal);
int __wrap_health_load(struct store_db *db, int64_t terminal, struct terminal_health *ret_health);
bool __wrap_looks_busy(const struct looks *looks);
int __wrap_look_start(struct looks *looks, const struct look_setup *setup);
void __wrap_connections_each(struct connections *connections,
	void (*visit)(void *context, struct connection *connection), void *context);

int
__wrap_health_list(struct store_db *db, struct health_watch **ret_watches, size_t *ret_count)
{
	(void)db;
	*ret_watches = calloc(world.terminals + 1, sizeof(**ret_watches));
	*ret_count = world.terminals;
	for (size_t i = 0; i < world.terminals; i++)
		(*ret_watches)[i].terminal = (int64_t)i + 1;
	return 0;
}

int
__wrap_terminal_load(struct store_db *db, int64_t number, struct terminal *ret_terminal)
{
	(void)db;
	ret_terminal->number = number;
	ret_terminal->in_service = !world.out_of_service;
	(void)snprintf(ret_terminal->address, sizeof(ret_terminal->address), "192.0.2.1");
	return 0;
}

int
__wrap_health_load(struct store_db *db, int64_t terminal, struct terminal_health *ret_health)
{
	(void)db;
	(void)terminal;
	(void)ret_health;
	return -ENOENT;
}

bool
__wrap_looks_busy(const struct looks *looks)
{
	(void)looks;
	return world.busy;
}

int
__wrap_look_start(struct looks *looks, const struct look_setup *setup)
{
	(void)looks;
	world.looks++;
	world.done = setup->done;
	world.owner = setup->owner;
	return 0;
}

void
__wrap_connections_each(struct connections *connections,
	void (*visit)(void *context, struct connection *connection), void *context)
{
	(void)connections;
	if (world.carries)
		visit(context, &carrying);
}

static void
run_jobs(void)
{
	while (by_hand.read.count > 0)
		by_hand_run(&by_hand.read, 0);
}

static void
begin(size_t terminals)
{
	world.terminals = terminals;
	assert_int_equal(health_start(&supervisor, &health), 0);
	run_jobs();
}

/* The look under way ends for a reason of the gateway's own: nothing is known of the terminal by it. */
static void
end_look(void)
{
	world.done(world.owner, CLOSE_STOPPING, NULL, NULL);
}

static int
setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	by_hand_begin();
	settings.health.every_ms = EVERY_MS;
	assert_int_equal(uv_loop_init(&loop), 0);
	supervisor = (struct supervisor){.loop = &loop, .settings = &settings};
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	health_stop(health);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	health_free(health);
	assert_int_equal(uv_loop_close(&loop), 0);
	return 0;
}

static void
a_terminal_is_looked_at_once_an_interval(void **state)
{
	(void)state;
	begin(1);
	assert_int_equal(health_numbers(health).watched, 1);
	assert_in_range(by_hand.after_ms, 1, EVERY_MS + 1);
	by_hand_wake();
	run_jobs();
	assert_int_equal(world.looks, 1);
	end_look();
	assert_in_range(by_hand.after_ms, EVERY_MS - EVERY_MS / 10, EVERY_MS + EVERY_MS / 10);
}

static void
it_gives_way_to_other_looks_and_comes_back_soon(void **state)
{
	(void)state;
	begin(1);
	world.busy = true;
	by_hand_wake();
	run_jobs();
	assert_int_equal(world.looks, 0);
	assert_int_equal(by_hand.after_ms, 1000);
	world.busy = false;
	by_hand_wake();
	run_jobs();
	assert_int_equal(world.looks, 1);
	end_look();
}

static void
a_terminal_that_was_changed_is_next(void **state)
{
	(void)state;
	begin(0);
	health_touched(health, 7);
	assert_int_equal(by_hand.after_ms, 0);
	by_hand_wake();
	run_jobs();
	assert_int_equal(world.looks, 1);
	/* Touched while it is looked at: what is seen now may be of before. */
	health_touched(health, 7);
	end_look();
	assert_int_equal(by_hand.after_ms, 0);
}

static void
look_once(void)
{
	by_hand_wake();
	run_jobs();
	end_look();
}

static void
one_that_ended_its_last_session_is_looked_at_closely_for_a_while(void **state)
{
	size_t before;

	(void)state;
	begin(1);
	look_once();
	assert_in_range(by_hand.after_ms, EVERY_MS - EVERY_MS / 10, EVERY_MS + EVERY_MS / 10);
	health_session_dropped(health, 1, true);
	assert_int_equal(by_hand.after_ms, 0);
	before = world.looks;
	for (int i = 0; i < 10; i++) {
		look_once();
		assert_in_range(by_hand.after_ms, 1800, 2200);
	}
	assert_int_equal(world.looks, before + 10);
	by_hand.now_ms += 2 * 60 * 1000;
	look_once();
	assert_in_range(by_hand.after_ms, EVERY_MS - EVERY_MS / 10, EVERY_MS + EVERY_MS / 10);
}

static void
one_that_ended_a_session_of_several_is_there(void **state)
{
	uint64_t after_ms;

	(void)state;
	begin(1);
	look_once();
	after_ms = by_hand.after_ms;
	world.carries = true;
	health_session_dropped(health, 1, true);
	assert_int_equal(by_hand.after_ms, after_ms);
	/* It is left alone while the other one is there. */
	by_hand_wake();
	run_jobs();
	assert_int_equal(world.looks, 1);
}

static void
out_of_service_it_is_forgotten(void **state)
{
	(void)state;
	begin(1);
	world.out_of_service = true;
	by_hand_wake();
	run_jobs();
	assert_int_equal(world.looks, 0);
	assert_int_equal(health_numbers(health).watched, 0);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(a_terminal_is_looked_at_once_an_interval),
		IN_OUT(it_gives_way_to_other_looks_and_comes_back_soon),
		IN_OUT(a_terminal_that_was_changed_is_next),
		IN_OUT(one_that_ended_its_last_session_is_looked_at_closely_for_a_while),
		IN_OUT(one_that_ended_a_session_of_several_is_there),
		IN_OUT(out_of_service_it_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
