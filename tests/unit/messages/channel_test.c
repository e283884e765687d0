/* Channels over real socket pairs. */
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
