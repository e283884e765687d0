/* Channels over real socket pairs, and the permissions of every row as the receiving process sees
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "messages/channel.h"
#include "samples.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One end, and what its handlers saw. */
struct end {
	struct channel *channel;
	bool knows_connection;
	uint64_t connection;
	struct permits_seen seen;
	unsigned int handled;
	enum message last;
	bool last_had_fd;
	bool keep_fd;
	int kept_fd;
	int answer; /* of every handler */
	int events;
};

static union message_body body;
static uint8_t wire[MESSAGE_MOST_BYTES + 8];

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

static void
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

static void
end_done(struct end *end)
{
	if (end->kept_fd >= 0)
		close(end->kept_fd);
	channel_free(end->channel);
}

static void
pair_open(struct end *one, enum process first, struct end *other, enum process second)
{
	int fds[2];

	assert_int_equal(channel_pair(fds), 0);
	end_open(one, &fds[0], first, second);
	end_open(other, &fds[1], second, first);
}

static unsigned int
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

/* What a peer that is not bound to our code may send. */
static void
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

/* The receiving end of a row's channel, and a raw socket in the sender's place. */
struct receiver {
	struct end end;
	enum process self;
	int peer;
};

#define CONNECTION 7u

static size_t
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

static void
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

static void
receiver_done(struct receiver *receiver)
{
	end_done(&receiver->end);
	close(receiver->peer);
}

/* Lets everything pass that has to come before `row`, in its order and its direction. */
static void
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

static void
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

static void
each_row_reaches_its_handler(void **state)
{
	unsigned int open = open_descriptors();

	(void)state;
	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		const struct message_row *row = message_row_at(i);
		struct receiver receiver;

		receiver_open(&receiver, row);
		pass_what_comes_before(&receiver, row);
		send_raw(receiver.peer, wire, encode(row), row->has_fd);
		assert_int_equal(channel_receive(receiver.end.channel, 1, NULL), 0);
		assert_int_equal(receiver.end.last, row->number);
		receiver_done(&receiver);
	}
	assert_int_equal(open_descriptors(), open);
}

static void
each_row_from_the_wrong_sender_is_refused(void **state)
{
	static const enum process processes[] = {PROCESS_SUPERVISOR, PROCESS_WORKER, PROCESS_KEY};
	unsigned int refused = 0;

	(void)state;
	for (size_t i = 0; i < MESSAGE_COUNT * 9; i++) {
		const struct message_row *row = message_row_at(i / 9);
		enum process self = processes[i % 9 / 3], peer = processes[i % 3];
		struct receiver receiver;
		int fds[2];

		if (self == peer || ((row->from & peer) != 0 && (row->to & self) != 0))
			continue;
		assert_int_equal(channel_pair(fds), 0);
		receiver.peer = fds[1];
		end_open(&receiver.end, &fds[0], self, peer);
		send_raw(receiver.peer, wire, encode(row), row->has_fd);
		assert_refused(&receiver, (row->from & peer) == 0
						  ? "this process may not send such a message"
						  : "such a message is not for this process");
		receiver_done(&receiver);
		refused++;
	}
	assert_true(refused > 4 * MESSAGE_COUNT);
}

static void
each_row_that_comes_too_early_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		const struct message_row *row = message_row_at(i), *after = message_row(row->after);
		struct receiver receiver;

		if (after == NULL)
			continue;
		receiver_open(&receiver, row);
		pass_what_comes_before(&receiver, after);
		send_raw(receiver.peer, wire, encode(row), row->has_fd);
		assert_refused(&receiver, after->at_most == AT_MOST_PER_CONNECTION
						  ? "the message came too early for this connection"
						  : "the message came too early");
		receiver_done(&receiver);
	}
}

static void
each_row_that_comes_too_often_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		const struct message_row *row = message_row_at(i);
		struct receiver receiver;

		receiver_open(&receiver, row);
		pass_what_comes_before(&receiver, row);
		send_raw(receiver.peer, wire, encode(row), row->has_fd);
		assert_int_equal(channel_receive(receiver.end.channel, 1, NULL), 0);
		send_raw(receiver.peer, wire, encode(row), row->has_fd);
		if (row->at_most == AT_MOST_ALWAYS)
			assert_int_equal(channel_receive(receiver.end.channel, 1, NULL), 0);
		else
			assert_refused(&receiver,
				row->at_most == AT_MOST_ONCE
					? "the message came before and may come once only"
					: "the message came before for this connection");
		receiver_done(&receiver);
	}
}

/* Any number of descriptors but the row's own ends the sender, and none of them stays open. */
static void
each_row_with_surprising_descriptors_is_refused(void **state)
{
	static const unsigned int counts[] = {0, 1, 2, 8, 9, 16};
	unsigned int open = open_descriptors();

	(void)state;
	for (size_t i = 0; i < MESSAGE_COUNT * 6; i++) {
		const struct message_row *row = message_row_at(i / 6);
		unsigned int count = counts[i % 6];
		struct receiver receiver;

		if (count == row->has_fd)
			continue;
		receiver_open(&receiver, row);
		pass_what_comes_before(&receiver, row);
		send_raw(receiver.peer, wire, encode(row), count);
		assert_refused(&receiver, count == 0 ? "the descriptor is missing"
					  : count > 8
						  ? "the message or its descriptors were cut off"
						  : "a descriptor came that was not expected");
		receiver_done(&receiver);
	}
	assert_int_equal(open_descriptors(), open);
}

static void
each_row_cut_or_longer_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGE_COUNT * 3; i++) {
		const struct message_row *row = message_row_at(i / 3);
		struct receiver receiver;
		size_t len;

		receiver_open(&receiver, row);
		pass_what_comes_before(&receiver, row);
		len = encode(row);
		wire[len] = 0;
		len = i % 3 == 0 ? 1 : i % 3 == 1 ? len - 1 : len + 1;
		send_raw(receiver.peer, wire, len, row->has_fd);
		assert_refused(&receiver, len == 1 ? "there is no message with this number"
						   : "the message is malformed");
		receiver_done(&receiver);
	}
}

static void
a_packet_longer_than_any_message_is_refused(void **state)
{
	struct receiver receiver;

	(void)state;
	receiver_open(&receiver, message_row(MSG_HELLO));
	memset(wire, 0, sizeof(wire));
	bytes_put_u16le(wire, MSG_HELLO);
	send_raw(receiver.peer, wire, sizeof(wire), 0);
	assert_refused(&receiver, "the message or its descriptors were cut off");
	receiver_done(&receiver);
}

static void
a_message_without_handler_is_refused(void **state)
{
	static const struct channel_handler none[] = {{0}};
	struct channel_setup setup = {
		.self = PROCESS_SUPERVISOR, .peer = PROCESS_WORKER, .handlers = none};
	struct receiver receiver = {.end = {.kept_fd = -1}};
	int fds[2];

	(void)state;
	assert_int_equal(channel_pair(fds), 0);
	receiver.peer = fds[1];
	setup.owner = &receiver.end;
	assert_int_equal(channel_new(&setup, &fds[0], &receiver.end.channel), 0);
	send_raw(receiver.peer, wire, encode(message_row(MSG_HELLO)), 0);
	assert_refused(&receiver, "this process does not take such a message");
	receiver_done(&receiver);
}

static void
a_handler_can_end_the_peer(void **state)
{
	struct receiver receiver;
	const char *why = NULL;

	(void)state;
	receiver_open(&receiver, message_row(MSG_HELLO));
	receiver.end.answer = -EPROTO;
	send_raw(receiver.peer, wire, encode(message_row(MSG_HELLO)), 0);
	assert_int_equal(channel_receive(receiver.end.channel, 1, &why), -EPROTO);
	assert_string_equal(why, "the message makes no sense now");
	assert_int_equal(receiver.end.handled, 1);
	assert_int_equal(receiver.end.events, 0);
	receiver_done(&receiver);
}

static void
a_peer_that_goes_is_noticed(void **state)
{
	struct end one, other;
	const char *why = NULL;

	(void)state;
	pair_open(&one, PROCESS_SUPERVISOR, &other, PROCESS_WORKER);
	assert_int_equal(channel_receive(one.channel, 1, &why), 0); /* nothing yet */
	channel_close(other.channel);
	channel_close(other.channel);
	assert_int_equal(channel_receive(one.channel, 1, &why), -ECONNRESET);
	assert_string_equal(why, "the peer has gone");
	assert_int_equal(channel_send(one.channel, MSG_PING, &body, -1), -ENOTCONN);
	assert_int_equal(channel_flush(one.channel), -ENOTCONN);
	assert_int_equal(channel_events(one.channel), 0);
	end_done(&one);
	end_done(&other);
}

static void
a_taken_descriptor_is_the_takers(void **state)
{
	struct receiver receiver;
	unsigned int open = open_descriptors();

	(void)state;
	receiver_open(&receiver, message_row(MSG_TAKE_CLIENT));
	receiver.end.knows_connection = false;
	pass_what_comes_before(&receiver, message_row(MSG_TAKE_CLIENT));
	receiver.end.keep_fd = true;
	send_raw(receiver.peer, wire, encode(message_row(MSG_TAKE_CLIENT)), 1);
	assert_int_equal(channel_receive(receiver.end.channel, 1, NULL), 0);
	assert_true(receiver.end.kept_fd >= 0);
	assert_int_equal(fcntl(receiver.end.kept_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(channel_take_fd(receiver.end.channel), -1);
	/* The connection that the handler made known has been marked: it cannot be made again. */
	send_raw(receiver.peer, wire, encode(message_row(MSG_TAKE_CLIENT)), 1);
	assert_refused(&receiver, "the message came before for this connection");
	receiver_done(&receiver);
	assert_int_equal(open_descriptors(), open);
}

static void
a_message_is_not_sent_too_often(void **state)
{
	struct end one, other;

	(void)state;
	pair_open(&one, PROCESS_WORKER, &other, PROCESS_SUPERVISOR);
	encode(message_row(MSG_HELLO));
	assert_int_equal(channel_send(one.channel, MSG_HELLO, &body, -1), 0);
	assert_int_equal(channel_send(one.channel, MSG_HELLO, &body, -1), -EALREADY);
	one.knows_connection = true;
	one.connection = CONNECTION;
	encode(message_row(MSG_ENDED));
	assert_int_equal(channel_send(one.channel, MSG_ENDED, &body, -1), 0);
	assert_int_equal(channel_send(one.channel, MSG_ENDED, &body, -1), -EALREADY);
	assert_true(channel_fd(one.channel) >= 0);
	end_done(&one);
	end_done(&other);
}

static void
a_field_over_its_bound_is_not_sent(void **state)
{
	struct end one, other;

	(void)state;
	pair_open(&one, PROCESS_WORKER, &other, PROCESS_KEY);
	memset(&body, 0, sizeof(body));
	body.key_sign.input_len = 1025;
	assert_int_equal(channel_send(one.channel, MSG_KEY_SIGN, &body, -1), -EINVAL);
	body.key_sign.input_len = 1024;
	assert_int_equal(channel_send(one.channel, MSG_KEY_SIGN, &body, -1), 0);
	assert_int_equal(channel_receive(other.channel, 8, NULL), 0);
	assert_int_equal(other.handled, 1);
	end_done(&one);
	end_done(&other);
}

/* What does not fit in the socket waits, keeps its order and its descriptor, and asks for
 * POLLOUT. */
static void
a_full_socket_makes_messages_wait(void **state)
{
	struct end one, other;
	unsigned int sent = 0, open;

	(void)state;
	pair_open(&one, PROCESS_SUPERVISOR, &other, PROCESS_WORKER);
	encode(message_row(MSG_HELLO));
	assert_int_equal(channel_send(other.channel, MSG_HELLO, &body, -1), 0);
	assert_int_equal(channel_receive(one.channel, 1, NULL), 0);
	sample_fill(message_row(MSG_CONFIGURE), SAMPLE_FULL, &body);
	assert_int_equal(channel_send(one.channel, MSG_CONFIGURE, &body, -1), 0);
	memset(&body, 0, sizeof(body));
	while (one.events == POLLIN) {
		body.ping.serial = ++sent;
		assert_int_equal(channel_send(one.channel, MSG_PING, &body, -1), 0);
	}
	assert_int_equal(one.events, POLLIN | POLLOUT);
	open = open_descriptors();
	encode(message_row(MSG_TAKE_CLIENT));
	assert_int_equal(channel_send(one.channel, MSG_TAKE_CLIENT, &body, STDIN_FILENO), 0);
	assert_int_equal(open_descriptors(), open + 1);
	while (channel_events(one.channel) != POLLIN) {
		assert_int_equal(channel_receive(other.channel, 64, NULL), 0);
		assert_int_equal(channel_flush(one.channel), 0);
	}
	assert_int_equal(one.events, POLLIN);
	other.keep_fd = true;
	assert_int_equal(channel_receive(other.channel, 10000, NULL), 0);
	assert_int_equal(other.handled, sent + 2);
	assert_int_equal(other.last, MSG_TAKE_CLIENT);
	assert_true(other.kept_fd >= 0);
	end_done(&one);
	end_done(&other);
}

static void
a_peer_that_never_reads_is_ended(void **state)
{
	struct end one, other;
	unsigned int open = open_descriptors();
	unsigned long sent = 0;
	int r = 0;

	(void)state;
	pair_open(&one, PROCESS_SUPERVISOR, &other, PROCESS_WORKER);
	memset(&body, 0, sizeof(body));
	one.knows_connection = true;
	while (r == 0) {
		/* Descriptors would run out first: each message belongs to another connection, none
		 * is known. */
		body.kill.connection = 1 + sent++;
		r = channel_send(one.channel, MSG_KILL, &body, -1);
	}
	assert_int_equal(r, -ENOBUFS);
	assert_true(sent > CHANNEL_QUEUE_MOST / 14);
	assert_int_equal(channel_fd(one.channel), -1);
	assert_int_equal(one.events, 0);
	end_done(&one);
	end_done(&other);
	assert_int_equal(open_descriptors(), open);
}

/* Nobody polls for POLLOUT there, so nothing may wait unseen. */
static void
a_full_socket_ends_a_channel_that_cannot_wait(void **state)
{
	static const struct channel_handler none[] = {{0}};
	struct channel_setup setup = {
		.self = PROCESS_SUPERVISOR, .peer = PROCESS_WORKER, .handlers = none};
	struct channel *channel;
	int fds[2], r = 0;

	(void)state;
	assert_int_equal(channel_pair(fds), 0);
	assert_int_equal(channel_new(&setup, &fds[0], &channel), 0);
	memset(&body, 0, sizeof(body));
	while (r == 0)
		r = channel_send(channel, MSG_PING, &body, -1);
	assert_int_equal(r, -ENOBUFS);
	assert_int_equal(channel_fd(channel), -1);
	channel_free(channel);
	close(fds[1]);
}

/* CONFIGURE and ATTACH carry 64 KB: the longest messages pass whole. */
static void
the_longest_messages_pass(void **state)
{
	static const enum message longest[] = {MSG_CONFIGURE, MSG_ATTACH};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct message_row *row = message_row(longest[i]);
		struct receiver receiver;
		int len;

		receiver_open(&receiver, row);
		pass_what_comes_before(&receiver, row);
		sample_fill(row, SAMPLE_FULL, &body);
		len = message_put(row->number, &body, wire, sizeof(wire));
		assert_true(len > 65536);
		send_raw(receiver.peer, wire, (size_t)len, row->has_fd);
		assert_int_equal(channel_receive(receiver.end.channel, 1, NULL), 0);
		assert_int_equal(receiver.end.last, row->number);
		receiver_done(&receiver);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_reaches_its_handler),
		cmocka_unit_test(each_row_from_the_wrong_sender_is_refused),
		cmocka_unit_test(each_row_that_comes_too_early_is_refused),
		cmocka_unit_test(each_row_that_comes_too_often_is_refused),
		cmocka_unit_test(each_row_with_surprising_descriptors_is_refused),
		cmocka_unit_test(each_row_cut_or_longer_is_refused),
		cmocka_unit_test(a_packet_longer_than_any_message_is_refused),
		cmocka_unit_test(a_message_without_handler_is_refused),
		cmocka_unit_test(a_handler_can_end_the_peer),
		cmocka_unit_test(a_peer_that_goes_is_noticed),
		cmocka_unit_test(a_taken_descriptor_is_the_takers),
		cmocka_unit_test(a_message_is_not_sent_too_often),
		cmocka_unit_test(a_field_over_its_bound_is_not_sent),
		cmocka_unit_test(a_full_socket_makes_messages_wait),
		cmocka_unit_test(a_peer_that_never_reads_is_ended),
		cmocka_unit_test(a_full_socket_ends_a_channel_that_cannot_wait),
		cmocka_unit_test(the_longest_messages_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
