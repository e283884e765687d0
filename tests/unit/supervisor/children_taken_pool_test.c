/* gateway/supervisor/children_taken.c: the pool of greeters that wait, and those that are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "children_fixture.h"
#include "newcomers.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int
on_answer(struct channel *channel, union message_body *message)
{
	struct child *greeter = channel_owner(channel);
	struct children_fixture *fixture = child_owner(greeter);

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
	struct children_fixture *fixture = owner;

	assert_ptr_equal(child_tag(greeter), fixture);
	fixture->greeter_deaths++;
}

static void
start_pool(struct children_fixture *fixture)
{
	struct children_setup setup = children_setup_of(fixture, FAKE_CHILDREN, "good");

	setup.kinds[CHILD_GREETER].warm = 2;
	setup.kinds[CHILD_GREETER].most = 3;
	setup.kinds[CHILD_GREETER].handlers = greeter_handlers;
	setup.kinds[CHILD_GREETER].died = on_greeter_died;
	children_open(fixture);
	assert_int_equal(children_start(&setup, &fixture->children), 0);
	WAIT_FOR(children_warm(fixture->children, CHILD_GREETER) == 2);
}

/* Takes one; fixture->client is the other end of what it shows. */
static struct child *
take_greeter(struct children_fixture *fixture, const char *role)
{
	struct msg_begin_screen begin = {.language = "en"};
	struct child *greeter = NULL;
	int ends[2];

	strcpy(begin.facility, role);
	assert_int_equal(children_take(fixture->children, CHILD_GREETER, fixture, &greeter), 0);
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
	struct children_fixture fixture_, *fixture = &fixture_;
	struct child *taken[3], *more;
	char byte;

	(void)state;
	start_pool(fixture);
	for (size_t i = 0; i < 3; i++) {
		WAIT_FOR(children_warm(fixture->children, CHILD_GREETER) > 0);
		taken[i] = take_greeter(fixture, "good");
		assert_int_equal(read(fixture->client, &byte, 1), 1);
	}
	WAIT_FOR(children_warm(fixture->children, CHILD_GREETER) == 2);
	assert_int_equal(children_taken(fixture->children, CHILD_GREETER), 3);
	assert_int_equal(children_take(fixture->children, CHILD_GREETER, fixture, &more), -EUSERS);
	/* One that is let go makes room, and nobody is told. */
	children_end_taken(taken[0]);
	WAIT_FOR(children_taken(fixture->children, CHILD_GREETER) == 2);
	assert_int_equal(children_take(fixture->children, CHILD_GREETER, fixture, &more), 0);
	children_end_taken(more);
	children_end_taken(taken[1]);
	children_end_taken(taken[2]);
	WAIT_FOR(children_taken(fixture->children, CHILD_GREETER) == 0);
	WAIT_FOR(children_warm(fixture->children, CHILD_GREETER) == 2);
	children_end(fixture);
	assert_int_equal(fixture->greeter_deaths, 0);
	assert_false(fixture->failed);
}

/* RLIMIT_NICE as systemd's LimitNICE would make it: to raise it takes rights that a container's root may not have. */
static rlim_t nice_limit;

/* getrlimit, where files may be large. */
int __real_getrlimit64(int resource, struct rlimit *ret_limit);
int __wrap_getrlimit64(int resource, struct rlimit *ret_limit);

int
__wrap_getrlimit64(int resource, struct rlimit *ret_limit)
{
	int r = __real_getrlimit64(resource, ret_limit);

	if (resource == RLIMIT_NICE)
		ret_limit->rlim_cur = nice_limit;
	return r;
}

static void
who_gets_ready_stands_back_behind_all(void **state)
{
	static const struct {
		rlim_t limit;
		int8_t niceness[2]; /* at first; when somebody is there */
	} cases[] = {{15, {19, 5}}, {14, {5, 5}}, {0, {5, 5}}};

	(void)state;
	if (geteuid() != 0) {
		print_message("not run: only root may bring a process back\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct children_fixture fixture_, *fixture = &fixture_;
		int8_t niceness[2];

		nice_limit = cases[i].limit;
		start_pool(fixture);
		(void)take_greeter(fixture, "good");
		assert_int_equal(recv(fixture->client, niceness, 2, MSG_WAITALL), 2);
		assert_memory_equal(niceness, cases[i].niceness, 2);
		children_end(fixture);
	}
}

static void
an_empty_pool_says_so(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	struct child *greeter;

	(void)state;
	start_pool(fixture);
	(void)take_greeter(fixture, "good");
	(void)take_greeter(fixture, "good");
	assert_int_equal(
		children_take(fixture->children, CHILD_GREETER, fixture, &greeter), -EAGAIN);
	WAIT_FOR(children_warm(fixture->children, CHILD_GREETER) > 0);
	children_end(fixture);
	assert_int_equal(fixture->greeter_deaths, 2);
}

static void
whose_greeter_ends_hears_of_it(void **state)
{
	static const char *const roles[] = {"die", "leave", "break"};

	(void)state;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		struct msg_show show = {.serial = 1};
		struct children_fixture fixture_, *fixture = &fixture_;
		struct child *greeter;

		start_pool(fixture);
		greeter = take_greeter(fixture, roles[i]);
		(void)children_send(greeter, MSG_SHOW, &show, -1);
		WAIT_FOR(fixture->greeter_deaths == 1);
		assert_int_equal(fixture->answers, strcmp(roles[i], "break") == 0);
		assert_int_equal(children_taken(fixture->children, CHILD_GREETER), 0);
		WAIT_FOR(children_warm(fixture->children, CHILD_GREETER) == 2);
		assert_int_equal(fixture->deaths, 0); /* of workers */
		children_end(fixture);
		assert_int_equal(fixture->greeter_deaths, 1);
	}
}

/* Its channel is known to be closed some time before its death is reported, and that only makes it be forgotten. */
static void
whose_death_is_reported_silences_nobody_who_came_since(void **state)
{
	const struct msg_show show = {.serial = 1};
	struct children_fixture fixture_, *fixture = &fixture_;
	struct newcomers newcomers;
	struct child *greeter;
	siginfo_t dead;
	sigset_t deaths;

	(void)state;
	start_pool(fixture);
	greeter = take_greeter(fixture, "good");
	WAIT_FOR(children_warm(fixture->children, CHILD_GREETER) == 2);
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
	children_end(fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_taken_greeter_has_its_place_filled),
		cmocka_unit_test(who_gets_ready_stands_back_behind_all),
		cmocka_unit_test(an_empty_pool_says_so),
		cmocka_unit_test(whose_greeter_ends_hears_of_it),
		cmocka_unit_test(whose_death_is_reported_silences_nobody_who_came_since),
	};

	log_init("children_taken_pool_test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
