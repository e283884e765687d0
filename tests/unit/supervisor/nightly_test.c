/* gateway/supervisor/sessions.c, the minutes: what they sign and note, and the nightly retention, also after nights on which
 * the gateway was off. Store and loop are by_hand.h's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "by_hand.h"

#include "policy/audit.h"
#include "policy/store/log_table.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/log_tail.h"
#include "supervisor/resumes.h"
#include "supervisor/sessions.h"

#include <errno.h>
#include <string.h>

static uv_loop_t loop;
static struct settings settings;
static struct supervisor supervisor;
static struct {
	enum audit_night night;
	int64_t portions[4]; /* of the retention, 0 ends it */
	size_t portion;
	int done, checkpoints, unreturned;
	int64_t mark, told;
	bool was_busy;
	int given_back;
} world;

int __wrap_audit_retention_tonight(struct store_db *db, enum audit_night *ret_night);
int __wrap_audit_retention(struct store_db *db, const char *by, int64_t *ret_erased);
int __wrap_audit_retention_done(struct store_db *db);
int __wrap_tickets_note_unreturned(struct store_db *db);
int __wrap_audit_checkpoint(
	struct store_db *db, struct chain_checkpoint *ret_checkpoint, bool *ret_made);
int __wrap_log_mark_get(struct store_db *db, const char *name, int64_t *ret_number);
int __wrap_log_mark_set(struct store_db *db, const char *name, int64_t number);
int64_t __wrap_log_tail_told(const struct supervisor *asked);
bool __wrap_connections_give_memory_back(struct connections *connections);
void __wrap_store_give_memory_back(struct store *store);
void __wrap_notices_minute(struct supervisor *asked);

int
__wrap_audit_retention_tonight(struct store_db *db, enum audit_night *ret_night)
{
	(void)db;
	*ret_night = world.night;
	return 0;
}

int
__wrap_audit_retention(struct store_db *db, const char *by, int64_t *ret_erased)
{
	(void)db;
	assert_string_equal(by, "nightly");
	*ret_erased = world.portions[world.portion++];
	return 0;
}

int
__wrap_audit_retention_done(struct store_db *db)
{
	(void)db;
	world.done++;
	world.night = AUDIT_NIGHT_DONE;
	return 0;
}

int
__wrap_tickets_note_unreturned(struct store_db *db)
{
	(void)db;
	world.unreturned++;
	return 0;
}

int
__wrap_audit_checkpoint(
	struct store_db *db, struct chain_checkpoint *ret_checkpoint, bool *ret_made)
{
	(void)db;
	(void)ret_checkpoint;
	*ret_made = false;
	world.checkpoints++;
	return 0;
}

int
__wrap_log_mark_get(struct store_db *db, const char *name, int64_t *ret_number)
{
	(void)db;
	assert_string_equal(name, "told");
	*ret_number = world.mark;
	return 0;
}

int
__wrap_log_mark_set(struct store_db *db, const char *name, int64_t number)
{
	(void)db;
	assert_string_equal(name, "told");
	world.mark = number;
	return 0;
}

int64_t
__wrap_log_tail_told(const struct supervisor *asked)
{
	assert_ptr_equal(asked, &supervisor);
	return world.told;
}

void
__wrap_notices_minute(struct supervisor *asked)
{
	assert_ptr_equal(asked, &supervisor);
}

bool
__wrap_connections_give_memory_back(struct connections *connections)
{
	(void)connections;
	return world.was_busy;
}

void
__wrap_store_give_memory_back(struct store *store)
{
	(void)store;
	world.given_back++;
}

static void
run(int status)
{
	by_hand_run(&by_hand.written, status);
	while (by_hand.read.count > 0)
		free(by_hand_take(&by_hand.read)); /* of the running rules: not asked here */
}

static void
pass_minute(void)
{
	assert_in_range(by_hand.after_ms, 1, 60001);
	by_hand_wake();
}

static int
setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	by_hand_begin();
	assert_int_equal(uv_loop_init(&loop), 0);
	supervisor = (struct supervisor){.state = SUPERVISOR_RUNNING,
		.loop = &loop,
		.settings = &settings,
		.resumes = resumes_new()};
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sessions_stop_minutes(&supervisor);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	assert_null(supervisor.sessions);
	assert_int_equal(uv_loop_close(&loop), 0);
	resumes_free(supervisor.resumes);
	return 0;
}

/* It does not wait for three at night, nor for the first minute. */
static void
a_start_after_nights_off_erases_at_once_until_nothing_is_left(void **state)
{
	(void)state;
	world.night = AUDIT_NIGHT_DUE;
	world.portions[0] = 500;
	world.portions[1] = 20;
	assert_int_equal(sessions_start_minutes(&supervisor), 0);
	run(0);
	assert_int_equal(world.checkpoints, 1);
	run(0);
	assert_int_equal(world.done, 0);
	run(0);
	assert_int_equal(world.done, 0);
	run(0);
	assert_int_equal(world.portion, 3);
	assert_int_equal(world.done, 1);
	assert_int_equal(by_hand.written.count, 0);
	pass_minute();
	run(0);
	assert_int_equal(by_hand.written.count, 0);
	assert_int_equal(world.portion, 3);
}

/* One at a time, however long it takes. */
static void
the_next_minute_does_not_begin_it_again(void **state)
{
	struct store_job *retention;

	(void)state;
	world.night = AUDIT_NIGHT_DUE;
	world.portions[0] = 500;
	assert_int_equal(sessions_start_minutes(&supervisor), 0);
	run(0);
	retention = by_hand_take(&by_hand.written);
	pass_minute();
	run(0);
	assert_int_equal(by_hand.written.count, 0);
	store_write(NULL, retention);
	run(0);
	run(0);
	assert_int_equal(world.done, 1);
}

/* What the store's threads keep, too, but only when there was much to do. */
static void
memory_of_a_busy_hour_is_given_back(void **state)
{
	(void)state;
	assert_int_equal(sessions_start_minutes(&supervisor), 0);
	run(0);
	pass_minute();
	run(0);
	assert_int_equal(world.given_back, 0);
	world.was_busy = true;
	pass_minute();
	run(0);
	assert_int_equal(world.given_back, 1);
}

static void
what_failed_is_tried_again_in_the_next_minute(void **state)
{
	(void)state;
	world.night = AUDIT_NIGHT_DUE;
	world.portions[0] = 500;
	world.portions[1] = 500;
	assert_int_equal(sessions_start_minutes(&supervisor), 0);
	run(0);
	run(-ENOSPC);
	assert_int_equal(by_hand.written.count, 0);
	assert_int_equal(world.done, 0);
	pass_minute();
	run(0);
	run(0);
	run(0);
	assert_int_equal(world.done, 1);
}

static void
a_stop_does_not_wait_for_the_rest(void **state)
{
	(void)state;
	world.night = AUDIT_NIGHT_DUE;
	world.portions[0] = 500;
	world.portions[1] = 500;
	assert_int_equal(sessions_start_minutes(&supervisor), 0);
	run(0);
	supervisor.state = SUPERVISOR_STOPPING;
	run(0);
	assert_int_equal(by_hand.written.count, 0);
	assert_int_equal(world.done, 0);
}

/* A clock that may be wrong erases nothing. */
static void
a_night_that_waits_erases_nothing(void **state)
{
	(void)state;
	world.night = AUDIT_NIGHT_WAITS;
	assert_int_equal(sessions_start_minutes(&supervisor), 0);
	run(0);
	assert_int_equal(by_hand.written.count, 0);
	world.night = AUDIT_NIGHT_DUE;
	pass_minute();
	run(0);
	run(0);
	assert_int_equal(world.done, 1);
}

static void
what_was_told_is_noted_and_never_less(void **state)
{
	(void)state;
	world.told = 7;
	assert_int_equal(sessions_start_minutes(&supervisor), 0);
	run(0);
	assert_int_equal(world.mark, 7);
	world.told = 0; /* nothing looked at yet */
	pass_minute();
	run(0);
	assert_int_equal(world.mark, 7);
}

/* At the start and every minute: who was sent back with a ticket before a stop, and never came, is not forgotten. */
static void
tickets_that_did_not_come_back_are_looked_for(void **state)
{
	(void)state;
	assert_int_equal(sessions_start_minutes(&supervisor), 0);
	run(0);
	assert_int_equal(world.unreturned, 1);
	pass_minute();
	run(0);
	assert_int_equal(world.unreturned, 2);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(a_start_after_nights_off_erases_at_once_until_nothing_is_left),
		IN_OUT(the_next_minute_does_not_begin_it_again),
		IN_OUT(memory_of_a_busy_hour_is_given_back),
		IN_OUT(what_failed_is_tried_again_in_the_next_minute),
		IN_OUT(a_stop_does_not_wait_for_the_rest),
		IN_OUT(a_night_that_waits_erases_nothing),
		IN_OUT(what_was_told_is_noted_and_never_less),
		IN_OUT(tickets_that_did_not_come_back_are_looked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
