/* gateway/supervisor/children.c: workers and sekisho-key, how they end, and what they write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "children_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Gives a worker connection 7 and waits until it has arrived there. */
static void
give_client(struct children_fixture *fixture)
{
	struct msg_take_client take = {.connection = 7, .source = "192.0.2.1"};
	char byte;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	fixture->client = ends[0];
	fixture->worker = children_pick_worker(fixture->children);
	assert_non_null(fixture->worker);
	child_add_connection(fixture->worker);
	assert_int_equal(children_send(fixture->worker, MSG_TAKE_CLIENT, &take, ends[1]), 0);
	close(ends[1]);
	assert_int_equal(read(fixture->client, &byte, 1), 1);
	assert_int_equal(byte, 't');
}

static void
workers_start_and_take_clients(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	struct child *first;

	(void)state;
	children_begin(fixture, "good");
	assert_null(children_pick_worker(fixture->children)); /* not before HELLO */
	WAIT_FOR(fixture->ready);
	give_client(fixture);
	/* The next one goes to the other worker. */
	first = fixture->worker;
	assert_int_equal(child_connections(first), 1);
	assert_ptr_not_equal(children_pick_worker(fixture->children), first);
	assert_int_equal(write(fixture->client, "e", 1), 1);
	WAIT_FOR(fixture->ends == 1);
	assert_string_equal(fixture->detail, "key");
	assert_int_equal(child_connections(first), 0);
	assert_int_equal(fixture->deaths, 0);
	children_end(fixture);
	assert_false(fixture->failed);
}

static void
pings_are_answered_for_as_long_as_it_takes(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	uint64_t until;

	(void)state;
	children_begin(fixture, "good");
	WAIT_FOR(fixture->ready);
	until = uv_now(&fixture->loop) +
		3 * CHILD_HUNG_MS; /* three times what a hung one is given */
	WAIT_FOR(uv_now(&fixture->loop) >= until);
	assert_int_equal(fixture->deaths, 0);
	children_end(fixture);
}

static uint32_t
number_of_picked(struct children_fixture *fixture)
{
	struct child *picked = children_pick_worker(fixture->children);

	return picked == NULL ? 0 : child_number(picked);
}

static void
count_worker(void *context, struct child *worker)
{
	(void)worker;
	++*(unsigned int *)context;
}

static unsigned int
running_workers(struct children_fixture *fixture)
{
	unsigned int count = 0;

	children_each_worker(fixture->children, count_worker, &count);
	return count;
}

/* Its own connections are told of; the other worker runs on; a new one comes. */
static void
worker_is_replaced(const char *role)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	uint32_t lost;

	children_begin(fixture, role);
	WAIT_FOR(fixture->ready);
	give_client(fixture);
	lost = child_number(fixture->worker);
	WAIT_FOR(fixture->deaths == 1);
	fixture->worker = NULL;
	assert_int_equal(fixture->dead_number, lost);
	assert_int_equal(fixture->dead_connections, 1);
	assert_int_equal(running_workers(fixture), 1);
	WAIT_FOR(running_workers(fixture) == 2);
	assert_int_not_equal(number_of_picked(fixture), lost);
	children_end(fixture);
	assert_false(fixture->failed);
}

static void
a_worker_that_crashes_is_replaced(void **state)
{
	(void)state;
	worker_is_replaced("die");
}

static void
a_worker_that_breaks_a_rule_is_replaced(void **state)
{
	(void)state;
	worker_is_replaced("break");
}

static void
a_worker_ended_by_its_sandbox_is_replaced(void **state)
{
	(void)state;
	worker_is_replaced("sandbox");
}

static void
a_worker_that_hangs_is_replaced(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;

	(void)state;
	children_begin(fixture, "hang");
	WAIT_FOR(fixture->ready);
	WAIT_FOR(fixture->deaths >= 2); /* both of them */
	children_end(fixture);
}

static void
a_killed_worker_is_replaced(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;

	(void)state;
	children_begin(fixture, "good");
	WAIT_FOR(fixture->ready);
	give_client(fixture);
	assert_int_equal(kill(child_pid(fixture->worker), SIGKILL), 0);
	WAIT_FOR(fixture->deaths == 1);
	fixture->worker = NULL;
	WAIT_FOR(running_workers(fixture) == 2);
	children_end(fixture);
}

/* The workers that run get a channel to the new one, and lose no session. */
static void
a_killed_key_process_is_replaced(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	int old, renewed;

	(void)state;
	children_begin(fixture, "good");
	WAIT_FOR(fixture->ready);
	old = children_key_pid(fixture->children);
	assert_true(old > 0);
	assert_int_equal(kill(old, SIGKILL), 0);
	WAIT_FOR((renewed = children_key_pid(fixture->children)) != 0 && renewed != old);
	give_client(fixture);
	assert_int_equal(write(fixture->client, "e", 1), 1);
	WAIT_FOR(fixture->ends == 1);
	assert_string_equal(fixture->detail, "renewed key");
	assert_int_equal(fixture->deaths, 0);
	children_end(fixture);
}

static void
a_child_writes_into_the_log_in_its_own_name_alone(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	struct log_file log = log_to_file();
	char forged[128], own[128], last[128], died[128];
	auto_free char *text = NULL;
	const char *wrote = event_row(EV_CHILD_WROTE)->text;
	int pid;

	(void)state;
	children_begin(fixture, "forge");
	WAIT_FOR(fixture->ready);
	give_client(fixture);
	pid = child_pid(fixture->worker);
	WAIT_FOR(fixture->deaths == 1);
	fixture->worker = NULL;
	children_end(fixture);
	text = log_back(&log);
	snprintf(forged, sizeof(forged),
		"\nSK1027 sekisho-worker[%d] %s SK1001 sekisho-gateway[1] ", pid, wrote);
	snprintf(own, sizeof(own), "\nSK1010 sekisho-worker[%d] the sandbox is closed ?\n", pid);
	snprintf(last, sizeof(last), "\nSK1027 sekisho-worker[%d] %s last words\n", pid, wrote);
	snprintf(died, sizeof(died), " program='sekisho-worker' pid=%d signal=%d", pid, SIGABRT);
	assert_non_null(strstr(text, forged));
	assert_null(strstr(text, "\nSK1001 "));
	assert_non_null(strstr(text, own));
	/* What it said before it died stands before its death. */
	assert_non_null(strstr(text, last));
	assert_non_null(strstr(strstr(text, last), died));
}

static size_t
count_of(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part)) != NULL) {
		text++;
		count++;
	}
	return count;
}

/* It never takes a turn of the loop again: the watchdog ends it. */
static void
a_child_that_writes_without_end_is_held_back(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	struct log_file log = log_to_file();
	auto_free char *text = NULL;
	size_t lines;

	(void)state;
	children_begin(fixture, "shout");
	WAIT_FOR(fixture->ready);
	give_client(fixture);
	WAIT_FOR(fixture->deaths == 1);
	fixture->worker = NULL;
	children_end(fixture);
	text = log_back(&log);
	lines = count_of(text, "out of my way\n");
	/* 32 at once, 32 with each ping of the second and a little more, 512 at its death. */
	assert_in_range(lines, 512, 4 * 1024);
	assert_int_equal(count_of(text, "SK1028 "), 1);
}

static void
a_certificate_that_cannot_be_used_is_said(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;

	(void)state;
	children_begin(fixture, "unusable");
	WAIT_FOR(fixture->failed);
	children_end(fixture);
}

static void
another_build_is_refused(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	struct children_setup setup = children_setup_of(fixture, FAKE_CHILDREN "/other", "good");

	(void)state;
	children_open(fixture);
	assert_int_equal(children_start(&setup, &fixture->children), 0);
	WAIT_FOR(fixture->failed);
	assert_false(fixture->ready);
	children_end(fixture);
}

static void
a_missing_program_or_key_is_said_at_once(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	struct children_setup setup = children_setup_of(fixture, "/nonexistent", "good");

	(void)state;
	children_open(fixture);
	assert_int_equal(children_start(&setup, &fixture->children), -ENOENT);
	children_end(fixture);

	setup = children_setup_of(fixture, FAKE_CHILDREN, "good");
	setup.key_path = "/nonexistent/key.pem";
	children_open(fixture);
	assert_int_equal(children_start(&setup, &fixture->children), -ENOENT);
	children_end(fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_start_and_take_clients),
		cmocka_unit_test(pings_are_answered_for_as_long_as_it_takes),
		cmocka_unit_test(a_worker_that_crashes_is_replaced),
		cmocka_unit_test(a_worker_that_breaks_a_rule_is_replaced),
		cmocka_unit_test(a_worker_ended_by_its_sandbox_is_replaced),
		cmocka_unit_test(a_worker_that_hangs_is_replaced),
		cmocka_unit_test(a_killed_worker_is_replaced),
		cmocka_unit_test(a_killed_key_process_is_replaced),
		cmocka_unit_test(a_child_writes_into_the_log_in_its_own_name_alone),
		cmocka_unit_test(a_child_that_writes_without_end_is_held_back),
		cmocka_unit_test(a_certificate_that_cannot_be_used_is_said),
		cmocka_unit_test(another_build_is_refused),
		cmocka_unit_test(a_missing_program_or_key_is_said_at_once),
	};

	log_init("children_test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
