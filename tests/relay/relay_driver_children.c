/* relay_driver --record FOLDER, --mediated: each session has a real sekisho-recorder, sekisho-mediator, as the supervisor has it done. */
#include "relay_driver.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/lock_down.h"
#include "messages/channel.h"
#include "relay/host_certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define ACTIVATE_MS 10000

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
	{MSG_MEDIATE_RESULT, on_anything},
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

/* It says HELLO; what it says afterwards fits in the socket for as long as a benchmark runs. The channel stays open as long as the
 * driver lives: a recorder ends with it. */
static struct channel *
start(const char *name, enum process peer)
{
	const struct channel_setup setup = {
		.self = PROCESS_SUPERVISOR, .peer = peer, .handlers = handlers};
	struct channel *channel;
	struct pollfd wait;
	int ends[2];

	if (channel_pair(ends) < 0)
		die("a pair", errno);
	start_for_session(name, ends[1]);
	(void)close(ends[1]);
	if (channel_new(&setup, &ends[0], &channel) < 0)
		die(name, EIO);
	wait = (struct pollfd){.fd = channel_fd(channel), .events = POLLIN};
	if (poll(&wait, 1, 10000) != 1 || channel_receive(channel, 1, NULL) < 0)
		die(name, EIO);
	return channel;
}

void
record(struct channel *worker, uint64_t connection)
{
	const int64_t began_ms = clock_boottime_ms();
	const struct msg_record_channel told = {.connection = connection,
		.required = 1,
		.began_ms = (uint64_t)began_ms,
		.mediated = settings.mediated,
		.stall_ms = 10000};
	const struct msg_record_source source = {.serial = 1};
	struct channel *recorder;
	int stream[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) < 0)
		die("a pair", errno);
	recorder = start("sekisho-recorder", PROCESS_RECORDER);
	begin(recorder, connection, began_ms);
	if (channel_send(recorder, MSG_RECORD_SOURCE, &source, stream[0]) < 0 ||
		channel_send(worker, MSG_RECORD_CHANNEL, &told, stream[1]) < 0)
		die("RECORD_CHANNEL", EIO);
	(void)close(stream[0]);
	(void)close(stream[1]);
}

int
mediate(struct msg_attach *attach, int host_fd)
{
	static struct msg_mediate_begin begin;
	const struct msg_mediate_host host = {
		.port = ntohs(settings.host.sin_port), .activate_ms = ACTIVATE_MS};
	struct channel *mediator = start("sekisho-mediator", PROCESS_MEDIATOR);
	int ends[2];

	begin.trust = attach->trust;
	begin.pin_len = attach->pin_len;
	memcpy(begin.pin, attach->pin, sizeof(begin.pin));
	(void)snprintf(begin.user, sizeof(begin.user), "bench");
	(void)snprintf(begin.host_name, sizeof(begin.host_name), "127.0.0.1");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		die("a pair", errno);
	if (channel_send(mediator, MSG_MEDIATE_BEGIN, &begin, ends[0]) < 0 ||
		channel_send(mediator, MSG_MEDIATE_HOST, &host, host_fd) < 0)
		die("MEDIATE_BEGIN", EIO);
	(void)close(ends[0]);
	attach->trust = HOST_TRUST_MEDIATED;
	attach->pin_len = 0;
	return ends[1];
}
