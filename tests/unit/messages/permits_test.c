/* The permissions of every row, as the receiving process sees them over a real socket pair. */
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
