/* relay_driver --record FOLDER: each session is recorded by a real sekisho-recorder, as the supervisor has it done. */
#include "relay_driver.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/lock_down.h"
#include "messages/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int
on_anything(struct channel *channel, union message_body *message)
{
	(void)channel;
	(void)message;
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_HELLO, on_anything},
	{MSG_RECORD_PROGRESS, on_anything},
	{MSG_RECORD_TROUBLE, on_anything},
	{MSG_NOTHING, NULL},
};

static int
open_file(uint64_t connection)
{
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%" PRIu64 ".skr", settings.record, connection);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		die(path, errno);
	return fd;
}

static void
begin(struct channel *recorder, uint64_t connection, int64_t began_ms)
{
	struct msg_record_begin message = {.session_len = 16,
		.part = 1,
		.signer_len = 32,
		.key_len = 32,
		.key = {1, 2, 3},
		.required = 1,
		.began_ms = (uint64_t)began_ms,
		.most_bytes = UINT64_C(1) << 40};
	auto_fd int file = open_file(connection);

	if (channel_send(recorder, MSG_RECORD_BEGIN, &message, file) < 0)
		die("RECORD_BEGIN", EIO);
}

/* It says HELLO; what it says afterwards fits in the socket for as long as a benchmark runs. */
static struct channel *
meet(int fd)
{
	const struct channel_setup setup = {
		.self = PROCESS_SUPERVISOR, .peer = PROCESS_RECORDER, .handlers = handlers};
	struct channel *channel;
	struct pollfd wait;

	if (channel_new(&setup, &fd, &channel) < 0)
		die("the recorder's channel", EIO);
	wait = (struct pollfd){.fd = channel_fd(channel), .events = POLLIN};
	if (poll(&wait, 1, 10000) != 1 || channel_receive(channel, 1, NULL) < 0)
		die("the recorder", EIO);
	return channel;
}

void
record(struct channel *worker, uint64_t connection, void (*start)(const char *name, int channel_fd))
{
	const int64_t began_ms = clock_boottime_ms();
	const struct msg_record_channel told = {.connection = connection,
		.required = 1,
		.began_ms = (uint64_t)began_ms,
		.stall_ms = 10000};
	const struct msg_record_source source = {.serial = 1};
	struct channel *recorder;
	int ends[2], stream[2];

	if (channel_pair(ends) < 0 ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) < 0)
		die("a pair", errno);
	start("sekisho-recorder", ends[1]);
	(void)close(ends[1]);
	recorder = meet(ends[0]);
	begin(recorder, connection, began_ms);
	if (channel_send(recorder, MSG_RECORD_SOURCE, &source, stream[0]) < 0 ||
		channel_send(worker, MSG_RECORD_CHANNEL, &told, stream[1]) < 0)
		die("RECORD_CHANNEL", EIO);
	(void)close(stream[0]);
	(void)close(stream[1]);
	/* The channel stays open as long as the driver lives: the recorder ends with it. */
}
