/* gateway/child/program.c: how the programs start, are told things, and end that serve one client. Each test runs one in a process of
 * its own, as the supervisor does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/lock_down.h"
#include "base/lock_down_parts.h"
#include "child/program.h"
#include "messages/supervised.h"
#include "supervisor/children.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DONE_FIRST \
	40 /* what a program exits with whose `done` was called with 0; with 1: one more */

static struct running running;

/* The program */

static int
warm_up(const char **ret_what)
{
	*ret_what = "the stove";
	return 0;
}

static int
warm_up_in_vain(const char **ret_what)
{
	*ret_what = "the stove";
	return -ENOENT;
}

static int
turn(void)
{
	struct pollfd waits[1];
	int r = program_wait(&running, waits, 1, -1);

	return r == 0 ? program_hear(&running, waits[0].revents) : r;
}

static void
done(int status)
{
	_exit(DONE_FIRST + status);
}

static int
on_choice(struct channel *channel, union message_body *message)
{
	(void)channel;
	(void)message;
	return program_fail(&running, "the choice", -EBADMSG);
}

/* The pages that it is shown are said to be on the screen: number 6 for ever, 8 in vain, 9 is the last. */
static int
on_show(struct channel *channel, union message_body *message)
{
	const struct msg_shown shown = {.serial = message->show.serial};

	(void)channel;
	do
		program_say(&running, MSG_SHOWN, &shown);
	while (shown.serial == 6 && running.failed == 0);
	running.over = shown.serial == 9;
	return shown.serial == 8 ? -EPROTO : 0;
}

static int
on_begin_screen(struct channel *channel, union message_body *message)
{
	(void)channel;
	(void)message;
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_BEGIN_SCREEN, on_begin_screen},
	{MSG_CHOICE, on_choice},
	{MSG_SHOW, on_show},
	{MSG_PING, supervised_on_ping},
	{MSG_NOTHING, NULL},
};

static struct program
program_of(void)
{
	return (struct program){
		.name = "sekisho-test",
		.failed = EV_GREETER_FAILED,
		.self = PROCESS_GREETER,
		.handlers = handlers,
		.messages_a_turn = 8,
		.warm_up = warm_up,
		.turn = turn,
		.done = done,
	};
}

/* The supervisor */

static struct {
	pid_t pid;
	struct channel *channel;
	int log;           /* what the program writes to standard error */
	char logged[1024]; /* all of it */
	uint64_t build_hash, pong;
	uint32_t shown;
} above;

static int
on_hello(struct channel *channel, union message_body *message)
{
	(void)channel;
	above.build_hash = message->hello.build_hash;
	return 0;
}

static int
on_pong(struct channel *channel, union message_body *message)
{
	(void)channel;
	above.pong = message->pong.serial;
	return 0;
}

static int
on_shown(struct channel *channel, union message_body *message)
{
	(void)channel;
	above.shown = message->shown.serial;
	return 0;
}

static void
begin(const struct program *program)
{
	static const struct channel_handler own[] = {{MSG_HELLO, on_hello}, {MSG_PONG, on_pong},
		{MSG_SHOWN, on_shown}, {MSG_NOTHING, NULL}};
	const struct channel_setup setup = {
		.self = PROCESS_SUPERVISOR, .peer = PROCESS_GREETER, .handlers = own};
	int ends[2], log[2];

	memset(&above, 0, sizeof(above));
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(pipe(log), 0);
	above.pid = fork();
	assert_true(above.pid >= 0);
	if (above.pid == 0) {
		(void)dup2(log[1], STDERR_FILENO);
		(void)dup2(ends[1], CHILD_FD_CHANNEL);
		for (int fd = CHILD_FD_CHANNEL + 1; fd < 64; fd++)
			(void)close(fd);
		_exit(program_main(program, &running));
	}
	(void)close(log[1]);
	(void)close(ends[1]);
	above.log = log[0];
	assert_int_equal(channel_new(&setup, &ends[0], &above.channel), 0);
}

/* Until one message more was heard, or it has gone. */
static int
hear(void)
{
	struct pollfd wait = {.fd = channel_fd(above.channel), .events = POLLIN};

	assert_int_equal(poll(&wait, 1, 60000), 1);
	return channel_receive(above.channel, 1, NULL);
}

/* One of which a test changes nothing, up to its HELLO. */
static void
begin_well(void)
{
	const struct program program = program_of();

	begin(&program);
	assert_int_equal(hear(), 0);
}

/* Waits for its end, and all that it has logged. */
static int
end(void)
{
	size_t len = 0, most = sizeof(above.logged) - 1;
	ssize_t n;
	int status;

	while (len < most && (n = read(above.log, above.logged + len, most - len)) > 0)
		len += (size_t)n;
	(void)close(above.log);
	assert_int_equal(waitpid(above.pid, &status, 0), above.pid);
	channel_free(above.channel);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Exactly one line, with this in it. */
static void
expect_logged(const char *part)
{
	assert_non_null(strstr(above.logged, part));
	assert_ptr_equal(strchr(above.logged, '\n'), above.logged + strlen(above.logged) - 1);
}

static void
show(uint32_t serial)
{
	static struct msg_show message;

	message.serial = serial;
	assert_int_equal(channel_send(above.channel, MSG_SHOW, &message, -1), 0);
}

static void
begin_screen(void)
{
	static const struct msg_begin_screen message;
	int fd = dup(STDIN_FILENO);

	assert_int_equal(channel_send(above.channel, MSG_BEGIN_SCREEN, &message, fd), 0);
	(void)close(fd);
}

/* Tests */

static void
it_says_hello_answers_and_ends_with_the_supervisor(void **state)
{
	const struct msg_ping ping = {.serial = 4711};

	(void)state;
	begin_well();
	assert_true(above.build_hash == messages_build_hash());
	assert_int_equal(channel_send(above.channel, MSG_PING, &ping, -1), 0);
	assert_int_equal(hear(), 0);
	assert_int_equal(above.pong, 4711);
	channel_close(above.channel);
	assert_int_equal(end(), DONE_FIRST);
	assert_string_equal(above.logged, "");
}

static void
one_that_cannot_warm_up_says_why_and_is_unusable(void **state)
{
	struct program program = program_of();

	(void)state;
	program.warm_up = warm_up_in_vain;
	begin(&program);
	assert_int_equal(hear(), -ECONNRESET); /* no HELLO: nobody may use it */
	assert_int_equal(end(), CHILD_EXIT_UNUSABLE);
	expect_logged(event_row(EV_GREETER_FAILED)->id);
	expect_logged("what='the stove' error='No such file or directory'");
}

static void
one_that_has_done_its_work_ends_well(void **state)
{
	(void)state;
	begin_well();
	begin_screen();
	show(7);
	assert_int_equal(hear(), 0);
	assert_int_equal(above.shown, 7);
	show(9);
	assert_int_equal(hear(), 0);
	assert_int_equal(above.shown, 9);
	assert_int_equal(end(), DONE_FIRST);
	assert_string_equal(above.logged, "");
}

static void
what_a_handler_refuses_is_logged_and_ends_it(void **state)
{
	(void)state;
	begin_well();
	begin_screen();
	show(8);
	assert_int_equal(end(), DONE_FIRST + 1);
	expect_logged("error='Protocol error'");
}

static void
what_a_handler_has_logged_is_not_logged_twice(void **state)
{
	static const struct msg_choice message;

	(void)state;
	begin_well();
	begin_screen();
	assert_int_equal(channel_send(above.channel, MSG_CHOICE, &message, -1), 0);
	assert_int_equal(end(), DONE_FIRST + 1);
	expect_logged("what='the choice' error='Bad message'");
}

static int
turn_that_sees_its_sandbox(void)
{
	/* Whoever looks for leaks must be able to trace it. */
	int dumpable = LOCK_DOWN_SANITIZED ? 1 : 0;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
		prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != dumpable)
		return -EPERM;
	return -ECONNRESET;
}

static void
it_gives_up_privileges_before_its_first_turn(void **state)
{
	struct program program = program_of();

	(void)state;
	program.turn = turn_that_sees_its_sandbox;
	begin(&program);
	assert_int_equal(end(), DONE_FIRST);
}

static void
one_whose_words_nobody_takes_ends(void **state)
{
	(void)state;
	begin_well();
	begin_screen();
	show(6);
	assert_int_equal(end(), DONE_FIRST);
	assert_string_equal(above.logged, "");
}

static void
the_sooner_of_two_waits_is_the_one_that_ends(void **state)
{
	(void)state;
	assert_int_equal(program_sooner(3, 5), 3);
	assert_int_equal(program_sooner(5, 3), 3);
	assert_int_equal(program_sooner(-1, 5), 5);
	assert_int_equal(program_sooner(0, -1), 0);
	assert_int_equal(program_sooner(-1, -1), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_hello_answers_and_ends_with_the_supervisor),
		cmocka_unit_test(one_that_cannot_warm_up_says_why_and_is_unusable),
		cmocka_unit_test(one_that_has_done_its_work_ends_well),
		cmocka_unit_test(what_a_handler_refuses_is_logged_and_ends_it),
		cmocka_unit_test(what_a_handler_has_logged_is_not_logged_twice),
		cmocka_unit_test(it_gives_up_privileges_before_its_first_turn),
		cmocka_unit_test(one_whose_words_nobody_takes_ends),
		cmocka_unit_test(the_sooner_of_two_waits_is_the_one_that_ends),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
