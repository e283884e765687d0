/* gateway/supervisor/log_tail.c: followers and programs elsewhere each get every record once and in order, and those who
 * follow do not wait for those who do not read. The way out is wrapped (meson.build), store and loop are by_hand.h's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "by_hand.h"

#include "policy/store/event_table.h"
#include "policy/store/log_table.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/control_server.h"
#include "supervisor/log_records.h"
#include "supervisor/log_tail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MOST 4000

static struct settings settings;
static uv_loop_t loop;
static struct supervisor supervisor;
static struct {
	int64_t head, mark, changes;
	int64_t told[MOST], sent[MOST];
	size_t told_count, sent_count;
	int refuse; /* log_record_send's answer, when it is none */
	int64_t taken;
} world;

int64_t __wrap_store_changes(struct store *store);
int __wrap_event_head(struct store_db *db, struct chain_event *ret_event);
int __wrap_event_each(struct store_db *db, int64_t after, int64_t until, int64_t most,
	int (*visit)(struct store_db *db, const struct chain_event *event, void *argument),
	void *argument);
int __wrap_log_mark_get(struct store_db *db, const char *name, int64_t *ret_number);
int __wrap_log_record_send(struct log_records *records, const struct log_record *record);
bool __wrap_control_server_is_followed(const struct control_server *server);
void __wrap_control_server_tell(
	struct control_server *server, enum log_name log, const json_t *row);

int64_t
__wrap_store_changes(struct store *store)
{
	(void)store;
	return world.changes;
}

int
__wrap_event_head(struct store_db *db, struct chain_event *ret_event)
{
	(void)db;
	ret_event->id = world.head;
	return world.head == 0 ? -ENOENT : 0;
}

int
__wrap_event_each(struct store_db *db, int64_t after, int64_t until, int64_t most,
	int (*visit)(struct store_db *db, const struct chain_event *event, void *argument),
	void *argument)
{
	int r = 0;

	assert_int_equal(until, INT64_MAX);

	for (int64_t id = after + 1; id <= world.head && id <= after + most && r == 0; id++) {
		char kind[] = "admin", payload[] = "{\"action\": \"account.edit\"}";
		const struct chain_event event = {.id = id, .kind = kind, .payload = payload};

		r = visit(db, &event, argument);
	}
	return r;
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
__wrap_log_record_send(struct log_records *records, const struct log_record *record)
{
	(void)records;
	if (world.refuse < 0 || world.taken == 0)
		return world.refuse < 0 ? world.refuse : -EAGAIN;
	world.taken--;
	assert_true(world.sent_count < MOST);
	world.sent[world.sent_count++] = record->event;
	return 0;
}

bool
__wrap_control_server_is_followed(const struct control_server *server)
{
	(void)server;
	return true;
}

void
__wrap_control_server_tell(struct control_server *server, enum log_name log, const json_t *row)
{
	(void)server;
	assert_int_equal(log, LOG_ADMIN);
	assert_true(world.told_count < MOST);
	world.told[world.told_count++] = json_integer_value(json_object_get(row, "event"));
}

/* As the store runs a job: in two steps, between which the loop may do something else. */
static struct store_job *
work(void)
{
	struct store_job *taken = by_hand_take(&by_hand.read);

	assert_int_equal(by_hand.read.count, 0); /* one at a time */
	assert_int_equal(taken->work(NULL, taken), 0);
	return taken;
}

static void
settle(void)
{
	while (by_hand.read.count > 0) {
		struct store_job *taken = work();

		taken->done(taken, 0);
	}
}

/* So many events more, and somebody looks. */
static void
write_events(int64_t count)
{
	world.head += count;
	world.changes++;
	log_tail_look(&supervisor);
}

static void
expect_numbers(const int64_t *numbers, size_t count, int64_t first, int64_t last)
{
	assert_int_equal(count, last - first + 1);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(numbers[i], first + (int64_t)i);
}

static void
expect_told(int64_t first, int64_t last)
{
	expect_numbers(world.told, world.told_count, first, last);
}

static void
expect_sent(int64_t first, int64_t last)
{
	expect_numbers(world.sent, world.sent_count, first, last);
}

static void
begin(enum settings_log_records kind, int64_t head, int64_t mark)
{
	settings.log.records = kind;
	world.head = head;
	world.mark = mark;
	world.taken = MOST;
	world.changes = 1;
	assert_int_equal(log_tail_start(&supervisor), 0);
}

static int
setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	by_hand_begin();
	assert_int_equal(uv_loop_init(&loop), 0);
	supervisor = (struct supervisor){.loop = &loop,
		.settings = &settings,
		.store = (struct store *)&loop,
		.control = (struct control_server *)&loop};
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	log_tail_stop(supervisor.log_tail);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	log_tail_free(supervisor.log_tail);
	assert_int_equal(uv_loop_close(&loop), 0);
	return 0;
}

static void
what_was_not_sent_before_a_stop_is_sent_but_told_to_nobody(void **state)
{
	(void)state;
	begin(SETTINGS_RECORDS_SYSLOG, 10, 7);
	settle();
	expect_sent(8, 10);
	assert_int_equal(world.told_count, 0);
	write_events(2);
	settle();
	expect_sent(8, 12);
	expect_told(11, 12);
	assert_int_equal(log_tail_told(&supervisor), 12);
}

static void
without_programs_elsewhere_only_followers_are_told(void **state)
{
	(void)state;
	begin(SETTINGS_RECORDS_OFF, 10, 7);
	settle();
	write_events(450);
	settle();
	expect_told(11, 460);
	assert_int_equal(world.sent_count, 0);
	/* Switched on at the next start, they begin there. */
	assert_int_equal(log_tail_told(&supervisor), 460);
}

static void
followers_do_not_wait_for_who_does_not_read(void **state)
{
	(void)state;
	begin(SETTINGS_RECORDS_SYSLOG, 0, 0);
	settle();
	world.taken = 3;
	write_events(500);
	settle();
	expect_told(1, 500);
	expect_sent(1, 3);
	assert_int_equal(log_tail_told(&supervisor), 3);
	world.taken = MOST;
	by_hand_wake();
	settle();
	expect_sent(1, 500);
	expect_told(1, 500);
	assert_null(by_hand.due);
}

/* It had none of those that wait: nothing of it may go before them. */
static void
a_pause_that_ends_during_a_look_loses_nothing(void **state)
{
	struct store_job *taken;

	(void)state;
	begin(SETTINGS_RECORDS_SYSLOG, 0, 0);
	settle();
	world.refuse = -ECONNREFUSED;
	write_events(5);
	settle();
	assert_int_equal(world.sent_count, 0);
	write_events(5);
	taken = work();
	world.refuse = 0;
	by_hand_wake();
	taken->done(taken, 0);
	settle();
	expect_sent(1, 10);
	expect_told(1, 10);
}

static void
pauses_grow_to_a_second_and_begin_again(void **state)
{
	(void)state;
	begin(SETTINGS_RECORDS_SYSLOG, 0, 0);
	settle();
	world.refuse = -ENOENT;
	write_events(1);
	settle();
	assert_int_equal(by_hand.after_ms, 10);
	by_hand_wake();
	settle();
	assert_int_equal(by_hand.after_ms, 20);
	for (int i = 0; i < 10; i++) {
		by_hand_wake();
		settle();
	}
	assert_int_equal(by_hand.after_ms, 1000);
	world.refuse = 0;
	world.taken = 1;
	by_hand_wake();
	settle();
	write_events(1);
	settle();
	expect_sent(1, 1);
	assert_int_equal(by_hand.after_ms, 10);
}

static void
a_restored_log_is_not_sent_again(void **state)
{
	struct store_job *taken;

	(void)state;
	begin(SETTINGS_RECORDS_SYSLOG, 0, 0);
	settle();
	write_events(20);
	settle();
	write_events(1);
	taken = work();
	world.head = 30;
	world.changes++;
	log_tail_replaced(&supervisor, 30);
	assert_int_equal(log_tail_told(&supervisor), 30);
	taken->done(taken, 0);
	settle();
	expect_sent(1, 20);
	write_events(1);
	settle();
	assert_int_equal(world.sent[20], 31);
	assert_int_equal(world.sent_count, 21);
	assert_int_equal(world.told[20], 31);
	assert_int_equal(log_tail_told(&supervisor), 31);
}

static void
a_look_that_failed_is_made_again(void **state)
{
	struct store_job *taken;

	(void)state;
	begin(SETTINGS_RECORDS_SYSLOG, 0, 0);
	settle();
	write_events(3);
	taken = work();
	taken->done(taken, -ENOMEM);
	assert_int_equal(by_hand.read.count, 0);
	by_hand_wake();
	settle();
	expect_sent(1, 3);
	expect_told(1, 3);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(what_was_not_sent_before_a_stop_is_sent_but_told_to_nobody),
		IN_OUT(without_programs_elsewhere_only_followers_are_told),
		IN_OUT(followers_do_not_wait_for_who_does_not_read),
		IN_OUT(a_pause_that_ends_during_a_look_loses_nothing),
		IN_OUT(pauses_grow_to_a_second_and_begin_again),
		IN_OUT(a_restored_log_is_not_sent_again),
		IN_OUT(a_look_that_failed_is_made_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
