/* A stand-in for sekisho-worker, sekisho-key, sekisho-greeter and sekisho-nla that does as CONFIGURE's certificate_chain says, so
 * that the supervisor's side of the channels can be tried on a real process. Built under all four
 * names; a greeter's role is the facility of BEGIN_SCREEN, a sekisho-nla's the user of NLA_BEGIN. See children_test.c.
 *
 *	good        answers PING, takes clients, ends them when told to
 *	hang        answers the first PING and never anything again
 *	die         crashes when it is given a client
 *	break       sends what it may not send when it is given a client
 *	unusable    exits as a worker with a wrong certificate does
 *	sandbox     is ended by SIGSYS when it is given a client
 *	forge       writes lines as if another had, then crashes
 *	shout       writes more lines than it may, until it is ended
 */
#include "base/cleanup.h"
#include "base/lock_down.h"
#include "messages/channel.h"
#include "relay/close_reasons.h"
#include "supervisor/children.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef FAKE_KEY
#define SELF PROCESS_KEY
#elif defined(FAKE_GREETER)
#define SELF PROCESS_GREETER
#elif defined(FAKE_NLA)
#define SELF PROCESS_NLA
#else
#define SELF PROCESS_WORKER
#endif

#ifndef FAKE_BUILD
#define FAKE_BUILD 0
#endif

static char role[32];

static int
on_ping(struct channel *channel, union message_body *message)
{
	struct msg_pong pong = {.serial = message->ping.serial};

	if (strcmp(role, "hang") == 0 && message->ping.serial > 1)
		return 0;
	return channel_send(channel, MSG_PONG, &pong, -1);
}

#ifdef FAKE_KEY
static int
on_key_add_worker(struct channel *channel, union message_body *message)
{
	/* The number goes out on the new channel, so that a test sees whose it is. */
	auto_fd int fd = channel_take_fd(channel);

	/* That worker may be gone by now. */
	(void)!send(fd, &message->key_add_worker.worker, sizeof(uint32_t), MSG_NOSIGNAL);
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_PING, on_ping},
	{MSG_KEY_ADD_WORKER, on_key_add_worker},
	{0},
};
#elif defined(FAKE_GREETER)
static int8_t first_niceness;

/* The client is told how nice it was when it began, and how nice it is. */
static int
on_begin_screen(struct channel *channel, union message_body *message)
{
	const int8_t niceness[] = {first_niceness, (int8_t)getpriority(PRIO_PROCESS, 0)};
	auto_fd int client = channel_take_fd(channel);

	memcpy(role, message->begin_screen.facility, sizeof(role) - 1);
	if (strcmp(role, "die") == 0)
		abort();
	if (strcmp(role, "leave") == 0)
		exit(0);
	return write(client, niceness, sizeof(niceness)) == sizeof(niceness) ? 0 : -EIO;
}

/* "break": an answer although nothing was asked a second time; the test's handler refuses it. */
static int
on_show(struct channel *channel, union message_body *message)
{
	struct msg_answer answer = {.serial = message->show.serial, .action = 1};

	return channel_send(channel, MSG_ANSWER, &answer, -1);
}

static const struct channel_handler handlers[] = {
	{MSG_PING, on_ping},
	{MSG_BEGIN_SCREEN, on_begin_screen},
	{MSG_SHOW, on_show},
	{0},
};
#elif defined(FAKE_NLA)
static int
on_nla_begin(struct channel *channel, union message_body *message)
{
	const struct msg_nla_result result = {.outcome = 1, .status = 0xc000006d};
	auto_fd int worker = channel_take_fd(channel);

	memcpy(role, message->nla_begin.user, sizeof(role) - 1);
	if (strcmp(role, "die") == 0)
		abort();
	if (strcmp(role, "hang") == 0)
		return 0;
	/* The worker hears of it second. */
	if (channel_send(channel, MSG_NLA_RESULT, &result, -1) < 0 || write(worker, "d", 1) != 1)
		return -EIO;
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_PING, on_ping},
	{MSG_NLA_BEGIN, on_nla_begin},
	{0},
};
#else
/* In the end's detail: was there a sekisho-key at the other end of the signing channel? */
static int key_channel = CHILD_FD_KEY;

static const char *
key_answer(void)
{
	struct pollfd waiting = {.fd = key_channel, .events = POLLIN};
	uint32_t number;

	if (poll(&waiting, 1, 10000) == 1 &&
		read(key_channel, &number, sizeof(number)) == sizeof(number))
		return key_channel == CHILD_FD_KEY ? "key" : "renewed key";
	return "no key";
}

static int
on_configure(struct channel *channel, union message_body *message)
{
	(void)channel;
	memcpy(role, message->configure.certificate_chain, sizeof(role) - 1);
	if (strcmp(role, "unusable") == 0)
		exit(CHILD_EXIT_UNUSABLE);
	return 0;
}

static int
on_key_channel(struct channel *channel, union message_body *message)
{
	(void)message;
	key_channel = channel_take_fd(channel);
	return 0;
}

static void
write_text(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

/* The log that a child may write to. */
static void
misuse_log(void)
{
	char line[128];

	if (strcmp(role, "forge") == 0) {
		write_text("SK1001 sekisho-gateway[1] the gateway is ready\n");
		snprintf(line, sizeof(line), "SK1010 sekisho-worker[%d] the sandbox is closed \r\n",
			(int)getpid());
		write_text(line);
		write_text("last words");
		abort();
	}
	while (strcmp(role, "shout") == 0) {
		write_text("out of my way\n");
	}
}

static int
on_take_client(struct channel *channel, union message_body *message)
{
	struct msg_ended ended = {
		.connection = message->take_client.connection, .reason = CLOSE_CLIENT_LEFT};
	auto_fd int client = channel_take_fd(channel);
	struct msg_pong surprise = {.serial = 4711};
	char byte;

	/* So that a test knows the client has arrived. */
	if (write(client, "t", 1) != 1)
		return -errno;
	misuse_log();
	if (strcmp(role, "die") == 0)
		abort();
	if (strcmp(role, "sandbox") == 0)
		raise(SIGSYS);
	if (strcmp(role, "break") == 0)
		return channel_send(channel, MSG_PONG, &surprise, -1);
	if (read(client, &byte, 1) != 1)
		return -EIO;
	strcpy(ended.detail, key_answer());
	return channel_send(channel, MSG_ENDED, &ended, -1);
}

static const struct channel_handler handlers[] = {
	{MSG_PING, on_ping},
	{MSG_CONFIGURE, on_configure},
	{MSG_KEY_CHANNEL, on_key_channel},
	{MSG_TAKE_CLIENT, on_take_client},
	{0},
};
#endif

/* Only 0 to 4 may be open. */
static int
has_stray_descriptors(void)
{
	for (int fd = CHILD_FD_KEY + 1; fd < 256; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			return 1;
	}
	for (int fd = 0; fd <= CHILD_FD_KEY; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			return 1;
	}
	return 0;
}

int
main(void)
{
	struct channel_setup setup = {
		.self = SELF, .peer = PROCESS_SUPERVISOR, .handlers = handlers};
	struct msg_hello hello = {.build_hash = messages_build_hash() + FAKE_BUILD};
	struct pollfd waiting = {.fd = CHILD_FD_CHANNEL, .events = POLLIN};
	struct channel *channel;
	int fd = CHILD_FD_CHANNEL;

#ifdef FAKE_GREETER
	first_niceness = (int8_t)getpriority(PRIO_PROCESS, 0);
#endif
	if (has_stray_descriptors())
		return 9;
	if (channel_new(&setup, &fd, &channel) < 0 ||
		channel_send(channel, MSG_HELLO, &hello, -1) < 0)
		return 1;
	while (channel_fd(channel) >= 0) {
		(void)poll(&waiting, 1, -1);
		(void)channel_receive(channel, 64, NULL);
	}
	channel_free(channel);
	return 0;
}
