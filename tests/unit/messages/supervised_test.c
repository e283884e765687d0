/* messages/supervised.c: what every child says of itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ends.h"
#include "messages/supervised.h"

#include <errno.h>
#include <unistd.h>

static const struct channel_handler handlers[] = {
	{MSG_PING, supervised_on_ping},
	{MSG_NOTHING, NULL},
};

static const struct channel_setup setup = {
	.self = PROCESS_GREETER, .peer = PROCESS_SUPERVISOR, .handlers = handlers};

static struct {
	uint64_t build_hash, serial;
} heard;

static int
on_hello(struct channel *channel, union message_body *message)
{
	(void)channel;
	heard.build_hash = message->hello.build_hash;
	return 0;
}

static int
on_pong(struct channel *channel, union message_body *message)
{
	(void)channel;
	heard.serial = message->pong.serial;
	return 0;
}

static void
a_child_says_its_build_and_answers_the_watchdog(void **state)
{
	static const struct channel_handler own[] = {
		{MSG_HELLO, on_hello}, {MSG_PONG, on_pong}, {MSG_NOTHING, NULL}};
	const struct channel_setup supervisor = {
		.self = PROCESS_SUPERVISOR, .peer = PROCESS_GREETER, .handlers = own};
	const struct msg_ping ping = {.serial = 4711};
	struct channel *above, *child = NULL;
	int fds[2];

	(void)state;
	assert_int_equal(channel_pair(fds), 0);
	assert_int_equal(channel_new(&supervisor, &fds[0], &above), 0);
	assert_int_equal(supervised_meet(&setup, fds[1], &child), 0);
	assert_int_equal(channel_receive(above, 1, NULL), 0);
	assert_true(heard.build_hash == messages_build_hash());
	assert_int_equal(channel_send(above, MSG_PING, &ping, -1), 0);
	assert_int_equal(channel_receive(child, 1, NULL), 0);
	assert_int_equal(channel_receive(above, 1, NULL), 0);
	assert_int_equal(heard.serial, 4711);
	channel_free(child);
	channel_free(above);
}

static void
a_supervisor_that_is_gone_is_told(void **state)
{
	struct channel *child = NULL;
	int fds[2];

	(void)state;
	assert_int_equal(channel_pair(fds), 0);
	close(fds[0]);
	assert_true(supervised_meet(&setup, fds[1], &child) < 0);
	channel_free(child);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_says_its_build_and_answers_the_watchdog),
		cmocka_unit_test(a_supervisor_that_is_gone_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
