/* Ends of channels for tests; see ends.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ends.h"
#include "samples.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union message_body body;
uint8_t wire[MESSAGE_MOST_BYTES + 8];

static struct permits_seen *
seen_of(void *owner, uint64_t connection)
{
	struct end *end = owner;

	return end->knows_connection && end->connection == connection ? &end->seen : NULL;
}

static int
handled(struct channel *channel, enum message number, const union message_body *message)
{
	struct end *end = channel_owner(channel);

	end->handled++;
	end->last = number;
	if (number == MSG_TAKE_CLIENT) {
		end->knows_connection = true;
		end->connection = message->take_client.connection;
	}
	if (end->keep_fd)
		end->kept_fd = channel_take_fd(channel);
	return end->answer;
}

#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields)             \
	static int on_##name(struct channel *channel, union message_body *message) \
	{                                                                          \
		return handled(channel, MSG_##NAME, message);                      \
	}
#include "messages/messages.def"
#undef MESSAGE

static const struct channel_handler all_handlers[] = {
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields) {MSG_##NAME, on_##name},
#include "messages/messages.def"
#undef MESSAGE
	{0},
};

static void
note_events(struct channel *channel)
{
	struct end *end = channel_owner(channel);

	end->events = channel_events(channel);
}

void
end_open(struct end *end, int *fd, enum process self, enum process peer)
{
	struct channel_setup setup = {
		.self = self,
		.peer = peer,
		.handlers = all_handlers,
		.owner = end,
		.connection_seen = seen_of,
		.events_changed = note_events,
	};

	*end = (struct end){.kept_fd = -1, .events = POLLIN};
	assert_int_equal(channel_new(&setup, fd, &end->channel), 0);
	assert_int_equal(*fd, -1);
}

void
end_done(struct end *end)
{
	if (end->kept_fd >= 0)
		close(end->kept_fd);
	channel_free(end->channel);
}

void
pair_open(struct end *one, enum process first, struct end *other, enum process second)
{
	int fds[2];

	assert_int_equal(channel_pair(fds), 0);
	end_open(one, &fds[0], first, second);
	end_open(other, &fds[1], second, first);
}

unsigned int
open_descriptors(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static enum process
any_of(uint32_t processes)
{
	return (processes & PROCESS_WORKER) != 0 ? PROCESS_WORKER : (enum process)processes;
}

void
send_raw(int socket, const void *bytes, size_t len, unsigned int fd_count)
{
	union {
		char room[CMSG_SPACE(sizeof(int) * 16)];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {.iov_base = (void *)bytes, .iov_len = len};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd_count > 0) {
		header.msg_control = control.room;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memset(CMSG_DATA(&control.align), 0, sizeof(int) * fd_count); /* descriptor 0 */
	}
	assert_int_equal(sendmsg(socket, &header, MSG_NOSIGNAL), len);
}

size_t
encode(const struct message_row *row)
{
	uint64_t connection = CONNECTION;
	int len;

	sample_fill(row, SAMPLE_SMALL, &body);
	if (row->has_connection)
		memcpy(&body, &connection, sizeof(connection));
	len = message_put(row->number, &body, wire, sizeof(wire));
	assert_true(len > 0);
	return (size_t)len;
}

void
receiver_open(struct receiver *receiver, const struct message_row *row)
{
	int fds[2];

	assert_int_equal(channel_pair(fds), 0);
	receiver->peer = fds[1];
	receiver->self = any_of(row->to);
	end_open(&receiver->end, &fds[0], receiver->self, any_of(row->from));
	receiver->end.knows_connection = true;
	receiver->end.connection = CONNECTION;
}

void
receiver_done(struct receiver *receiver)
{
	end_done(&receiver->end);
	close(receiver->peer);
}

void
pass_what_comes_before(struct receiver *receiver, const struct message_row *row)
{
	const struct message_row *before = message_row(row->after);
	size_t len;

	if (before == NULL)
		return;
	pass_what_comes_before(receiver, before);
	len = encode(before);
	if ((before->to & receiver->self) != 0) {
		send_raw(receiver->peer, wire, len, before->has_fd);
		assert_int_equal(channel_receive(receiver->end.channel, 1, NULL), 0);
	} else {
		int fd = before->has_fd ? STDIN_FILENO : -1;

		assert_int_equal(channel_send(receiver->end.channel, before->number, &body, fd), 0);
	}
}

void
assert_refused(struct receiver *receiver, const char *why)
{
	unsigned int before = receiver->end.handled;
	const char *said = NULL;

	assert_int_equal(channel_receive(receiver->end.channel, 1, &said), -EPROTO);
	assert_string_equal(said, why);
	assert_int_equal(receiver->end.handled, before);
	assert_int_equal(channel_fd(receiver->end.channel), -1);
	assert_int_equal(channel_receive(receiver->end.channel, 1, &said), -ENOTCONN);
}
