/* The supervisor's children, with programs that behave in every bad way; see
 * children/fake_child.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "newcomers.h"
#include "supervisor/children.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Every wait for an event ends here. */
#define LIMIT_MS 20000

struct fixture {
	uv_loop_t loop;
	uv_timer_t limit;
	struct children *children;
	struct permits_seen seen;
	struct child *worker;
	bool ready, failed, stopped, timed_out;
	unsigned int deaths, ends, answers, greeter_deaths;
	uint32_t dead_number, dead_connections;
	char detail[161];
	int client; /* our end of what the worker was given */
};

static struct msg_configure configure;

static void
on_ready(void *owner)
{
	((struct fixture *)owner)->ready = true;
}

static void
on_failed(void *owner)
{
	((struct fixture *)owner)->failed = true;
}

static void
on_stopped(void *owner)
{
	((struct fixture *)owner)->stopped = true;
}

static void
on_worker_died(void *owner, struct child *worker)
{
	struct fixture *fixture = owner;

	fixture->deaths++;
	fixture->dead_number = child_number(worker);
	fixture->dead_connections = child_connections(worker);
}

static struct permits_seen *
connection_seen(void *owner, struct child *worker, uint64_t connection)
{
	struct fixture *fixture = owner;

	return worker == fixture->worker && connection == 7 ? &fixture->seen : NULL;
}

static int
on_ended(struct channel *channel, union message_body *message)
{
	struct child *worker = channel_owner(channel);
	struct fixture *fixture = child_owner(worker);

	fixture->ends++;
	memcpy(fixture->detail, message->ended.detail, sizeof(fixture->detail));
	child_remove_connection(worker);
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_ENDED, on_ended},
	{0},
};

static void
on_limit(uv_timer_t *timer)
{
	((struct fixture *)timer->data)->timed_out = true;
}

/* Runs the loop until it holds. */
#define WAIT_FOR(condition)                                  \
	do {                                                 \
		while (!(condition) && !fixture->timed_out)  \
			uv_run(&fixture->loop, UV_RUN_ONCE); \
		assert_true(condition);                      \
	} while (0)

static struct children_setup
setup_of(struct fixture *fixture, const char *directory, const char *role)
{
	memset(&configure, 0, sizeof(configure));
	configure.certificate_chain_len = (uint32_t)strlen(role);
	strcpy((char *)configure.certificate_chain, role);
	return (struct children_setup){
		.loop = &fixture->loop,
		.workers = 2,
		.configure = &configure,
		.key_path = "/dev/null",
		.directory = directory,
		.ping_ms = 20,
		.hung_ms = 400,
		.worker_handlers = handlers,
		.owner = fixture,
		.connection_seen = connection_seen,
		.ready = on_ready,
		.failed = on_failed,
		.worker_died = on_worker_died,
		.stopped = on_stopped,
	};
}

static void
open_fixture(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->client = -1;
	assert_int_equal(uv_loop_init(&fixture->loop), 0);
	uv_timer_init(&fixture->loop, &fixture->limit);
	fixture->limit.data = fixture;
	uv_timer_start(&fixture->limit, on_limit, LIMIT_MS, 0);
}

static void
start(struct fixture *fixture, const char *role)
{
	struct children_setup setup = setup_of(fixture, FAKE_CHILDREN, role);

	open_fixture(fixture);
	assert_int_equal(children_start(&setup, &fixture->children), 0);
}

static void
stop(struct fixture *fixture)
{
	if (fixture->children != NULL) {
		children_stop(fixture->children, 5000);
		WAIT_FOR(fixture->stopped);
		children_free(fixture->children);
	}
	if (fixture->client >= 0)
		close(fixture->client);
	uv_close((uv_handle_t *)&fixture->limit, NULL);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&fixture->loop), 0);
}

/* Gives a worker connection 7 and waits until it has arrived there. */
static void
give_client(struct fixture *fixture)
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
	struct fixture fixture_, *fixture = &fixture_;
	struct child *first;

	(void)state;
	start(fixture, "good");
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
	stop(fixture);
	assert_false(fixture->failed);
}

static void
pings_are_answered_for_as_long_as_it_takes(void **state)
{
	struct fixture fixture_, *fixture = &fixture_;
	uint64_t until;

	(void)state;
	start(fixture, "good");
	WAIT_FOR(fixture->ready);
	until = uv_now(&fixture->loop) + 3 * 400; /* three times what a hung one is given */
	WAIT_FOR(uv_now(&fixture->loop) >= until);
	assert_int_equal(fixture->deaths, 0);
	stop(fixture);
}

static uint32_t
number_of_picked(struct fixture *fixture)
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
running_workers(struct fixture *fixture)
{
	unsigned int count = 0;

	children_each_worker(fixture->children, count_worker, &count);
	return count;
}

/* Its own connections are told of; the other worker runs on; a new one comes. */
static void
worker_is_replaced(const char *role)
{
	struct fixture fixture_, *fixture = &fixture_;
	uint32_t lost;

	start(fixture, role);
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
	stop(fixture);
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
	struct fixture fixture_, *fixture = &fixture_;

	(void)state;
	start(fixture, "hang");
	WAIT_FOR(fixture->ready);
	WAIT_FOR(fixture->deaths >= 2); /* both of them */
	stop(fixture);
}

static void
a_killed_worker_is_replaced(void **state)
{
	struct fixture fixture_, *fixture = &fixture_;

	(void)state;
	start(fixture, "good");
	WAIT_FOR(fixture->ready);
	give_client(fixture);
	assert_int_equal(kill(child_pid(fixture->worker), SIGKILL), 0);
	WAIT_FOR(fixture->deaths == 1);
	fixture->worker = NULL;
	WAIT_FOR(running_workers(fixture) == 2);
	stop(fixture);
}

/* The workers that run get a channel to the new one, and lose no session. */
static void
a_killed_key_process_is_replaced(void **state)
{
	struct fixture fixture_, *fixture = &fixture_;
	int old, renewed;

	(void)state;
	start(fixture, "good");
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
	stop(fixture);
}

/* Our log, in a file instead of standard error. */
struct log_file {
	int fd, own;
};

static struct log_file
log_to_file(void)
{
	struct log_file log = {.own = dup(STDERR_FILENO)};
	FILE *file = tmpfile();

	assert_non_null(file);
	log.fd = dup(fileno(file));
	fclose(file);
	assert_int_equal(dup2(log.fd, STDERR_FILENO), STDERR_FILENO);
	return log;
}

/* Back to standard error. Returns what was logged; free it. */
static char *
log_back(struct log_file *log)
{
	off_t size = lseek(log->fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	assert_non_null(text);
	assert_int_equal(pread(log->fd, text, (size_t)size, 0), size);
	assert_int_equal(dup2(log->own, STDERR_FILENO), STDERR_FILENO);
	close(log->fd);
	close(log->own);
	return text;
}

static void
a_child_writes_into_the_log_in_its_own_name_alone(void **state)
{
	struct fixture fixture_, *fixture = &fixture_;
	struct log_file log = log_to_file();
	char forged[128], own[128], last[128], died[128];
	auto_free char *text = NULL;
	const char *wrote = event_row(EV_CHILD_WROTE)->text;
	int pid;

	(void)state;
	start(fixture, "forge");
	WAIT_FOR(fixture->ready);
	give_client(fixture);
	pid = child_pid(fixture->worker);
	WAIT_FOR(fixture->deaths == 1);
	fixture->worker = NULL;
	stop(fixture);
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
	struct fixture fixture_, *fixture = &fixture_;
	struct log_file log = log_to_file();
	auto_free char *text = NULL;
	size_t lines;

	(void)state;
	start(fixture, "shout");
	WAIT_FOR(fixture->ready);
	give_client(fixture);
	WAIT_FOR(fixture->deaths == 1);
	fixture->worker = NULL;
	stop(fixture);
	text = log_back(&log);
	lines = count_of(text, "out of my way\n");
	/* 32 at once, 32 with each ping of the 400 ms and a little more, 512 at its death. */
	assert_in_range(lines, 512, 4 * 1024);
	assert_int_equal(count_of(text, "SK1028 "), 1);
}

static void
a_certificate_that_cannot_be_used_is_said(void **state)
{
	struct fixture fixture_, *fixture = &fixture_;

	(void)state;
	start(fixture, "unusable");
	WAIT_FOR(fixture->failed);
	stop(fixture);
}

static void
another_build_is_refused(void **state)
{
	struct fixture fixture_, *fixture = &fixture_;
	struct children_setup setup = setup_of(fixture, FAKE_CHILDREN "/other", "good");

	(void)state;
	open_fixture(fixture);
	assert_int_equal(children_start(&setup, &fixture->children), 0);
	WAIT_FOR(fixture->failed);
	assert_false(fixture->ready);
	stop(fixture);
}

static void
a_missing_program_or_key_is_said_at_once(void **state)
{
	struct fixture fixture_, *fixture = &fixture_;
	struct children_setup setup = setup_of(fixture, "/nonexistent", "good");

	(void)state;
	open_fixture(fixture);
	assert_int_equal(children_start(&setup, &fixture->children), -ENOENT);
	stop(fixture);

	setup = setup_of(fixture, FAKE_CHILDREN, "good");
	setup.key_path = "/nonexistent/key.pem";
	open_fixture(fixture);
	assert_int_equal(children_start(&setup, &fixture->children), -ENOENT);
	stop(fixture);
}

static int
on_answer(struct channel *channel, union message_body *message)
{
	struct child *greeter = channel_owner(channel);
	struct fixture *fixture = child_owner(greeter);

	(void)message;
	assert_ptr_equal(child_tag(greeter), fixture);
	fixture->answers++;
	return -EPROTO; /* as greeters.c does with what may not be */
}

static const struct channel_handler greeter_handlers[] = {
	{MSG_ANSWER, on_answer},
	{0},
};

static void
on_greeter_died(void *owner, struct child *greeter)
{
	struct fixture *fixture = owner;

	assert_ptr_equal(child_tag(greeter), fixture);
	fixture->greeter_deaths++;
}

static void
start_pool(struct fixture *fixture)
{
	struct children_setup setup = setup_of(fixture, FAKE_CHILDREN, "good");

	setup.warm_greeters = 2;
	setup.most_greeters = 3;
	setup.greeter_handlers = greeter_handlers;
	setup.greeter_died = on_greeter_died;
	open_fixture(fixture);
	assert_int_equal(children_start(&setup, &fixture->children), 0);
	WAIT_FOR(children_warm_greeters(fixture->children) == 2);
}

/* Takes one; fixture->client is the other end of what it shows. */
static struct child *
take_greeter(struct fixture *fixture, const char *role)
{
	struct msg_begin_screen begin = {.language = "en"};
	struct child *greeter = NULL;
	int ends[2];

	strcpy(begin.facility, role);
	assert_int_equal(children_take_greeter(fixture->children, fixture, &greeter), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	if (fixture->client >= 0)
		close(fixture->client);
	fixture->client = ends[0];
	assert_int_equal(children_send(greeter, MSG_BEGIN_SCREEN, &begin, ends[1]), 0);
	close(ends[1]);
	return greeter;
}

static void
a_taken_greeter_has_its_place_filled(void **state)
{
	struct fixture fixture_, *fixture = &fixture_;
	struct child *taken[3], *more;
	char byte;

	(void)state;
	start_pool(fixture);
	for (size_t i = 0; i < 3; i++) {
		WAIT_FOR(children_warm_greeters(fixture->children) > 0);
		taken[i] = take_greeter(fixture, "good");
		assert_int_equal(read(fixture->client, &byte, 1), 1);
	}
	WAIT_FOR(children_warm_greeters(fixture->children) == 2);
	assert_int_equal(children_taken_greeters(fixture->children), 3);
	assert_int_equal(children_take_greeter(fixture->children, fixture, &more), -EUSERS);
	/* One that is let go makes room, and nobody is told. */
	children_end_greeter(taken[0]);
	WAIT_FOR(children_taken_greeters(fixture->children) == 2);
	assert_int_equal(children_take_greeter(fixture->children, fixture, &more), 0);
	children_end_greeter(more);
	children_end_greeter(taken[1]);
	children_end_greeter(taken[2]);
	WAIT_FOR(children_taken_greeters(fixture->children) == 0);
	WAIT_FOR(children_warm_greeters(fixture->children) == 2);
	stop(fixture);
	assert_int_equal(fixture->greeter_deaths, 0);
	assert_false(fixture->failed);
}

static void
an_empty_pool_says_so(void **state)
{
	struct fixture fixture_, *fixture = &fixture_;
	struct child *greeter;

	(void)state;
	start_pool(fixture);
	(void)take_greeter(fixture, "good");
	(void)take_greeter(fixture, "good");
	assert_int_equal(children_take_greeter(fixture->children, fixture, &greeter), -EAGAIN);
	WAIT_FOR(children_warm_greeters(fixture->children) > 0);
	stop(fixture);
	assert_int_equal(fixture->greeter_deaths, 2);
}

static void
whose_greeter_ends_hears_of_it(void **state)
{
	static const char *const roles[] = {"die", "leave", "break"};

	(void)state;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		struct msg_show show = {.serial = 1};
		struct fixture fixture_, *fixture = &fixture_;
		struct child *greeter;

		start_pool(fixture);
		greeter = take_greeter(fixture, roles[i]);
		(void)children_send(greeter, MSG_SHOW, &show, -1);
		WAIT_FOR(fixture->greeter_deaths == 1);
		assert_int_equal(fixture->answers, strcmp(roles[i], "break") == 0);
		assert_int_equal(children_taken_greeters(fixture->children), 0);
		WAIT_FOR(children_warm_greeters(fixture->children) == 2);
		assert_int_equal(fixture->deaths, 0); /* of workers */
		stop(fixture);
		assert_int_equal(fixture->greeter_deaths, 1);
	}
}

/* Its channel is known to be closed some time before its death is reported, and that only makes it be forgotten. */
static void
whose_death_is_reported_silences_nobody_who_came_since(void **state)
{
	const struct msg_show show = {.serial = 1};
	struct fixture fixture_, *fixture = &fixture_;
	struct newcomers newcomers;
	struct child *greeter;
	siginfo_t dead;
	sigset_t deaths;

	(void)state;
	start_pool(fixture);
	greeter = take_greeter(fixture, "good");
	WAIT_FOR(children_warm_greeters(fixture->children) == 2);
	(void)sigemptyset(&deaths);
	(void)sigaddset(&deaths, SIGCHLD);
	assert_int_equal(sigprocmask(SIG_BLOCK, &deaths, NULL), 0);
	assert_int_equal(kill(child_pid(greeter), SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)child_pid(greeter), &dead, WEXITED | WNOWAIT), 0);
	assert_true(children_send(greeter, MSG_SHOW, &show, -1) < 0);
	newcomers_arrive(&newcomers, &fixture->loop);
	(void)uv_run(&fixture->loop, UV_RUN_NOWAIT);
	assert_int_equal(fixture->greeter_deaths, 0);
	assert_int_equal(sigprocmask(SIG_UNBLOCK, &deaths, NULL), 0);
	WAIT_FOR(fixture->greeter_deaths == 1);
	newcomers_speak(&newcomers);
	WAIT_FOR(newcomers.heard == NEWCOMERS);
	newcomers_leave(&newcomers, &fixture->loop);
	stop(fixture);
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
		cmocka_unit_test(a_taken_greeter_has_its_place_filled),
		cmocka_unit_test(an_empty_pool_says_so),
		cmocka_unit_test(whose_greeter_ends_hears_of_it),
		cmocka_unit_test(whose_death_is_reported_silences_nobody_who_came_since),
	};

	log_init("children_test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
