/* gateway/nla/kdc_link.c */
#include "nla/kdc_link.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static struct kdc_link kdc;
static int peer;

static void
start(const void *request, size_t len)
{
	const struct pdu_bytes bytes = {request, len};
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	peer = ends[1];
	kdc_link_init(&kdc);
	assert_int_equal(kdc_link_start(&kdc, &ends[0], &bytes), 0);
	assert_int_equal(ends[0], -1);
}

static void
done(void)
{
	kdc_link_done(&kdc);
	kdc_link_done(&kdc);
	assert_int_equal(kdc.fd, -1);
	cleanup_close(&peer);
}

static void
send_request(void)
{
	struct pdu_bytes answer;

	assert_int_equal(kdc_link_events(&kdc), POLLOUT);
	assert_int_equal(kdc_link_turn(&kdc, &answer), 0);
	assert_int_equal(kdc_link_events(&kdc), POLLIN);
}

static void
a_length_goes_before_the_request_and_comes_before_the_answer(void **state)
{
	static const uint8_t says[] = {0, 0, 0, 3, 'y', 'e', 's', 'x'};
	struct pdu_bytes answer;
	uint8_t room[16];

	(void)state;
	start("please", 6);
	send_request();
	assert_int_equal(recv(peer, room, sizeof(room), 0), 10);
	assert_memory_equal(room, "\0\0\0\6please", 10);
	/* A byte at a time; what follows is nobody's. */
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(kdc_link_turn(&kdc, &answer), 0);
		assert_int_equal(send(peer, says + i, i == 6 ? 2 : 1, 0), i == 6 ? 2 : 1);
		assert_int_equal(kdc_link_turn(&kdc, &answer), i == 6);
	}
	assert_int_equal(answer.len, 3);
	assert_memory_equal(answer.at, "yes", 3);
	done();
}

static void
a_request_that_does_not_fit_goes_out_in_parts(void **state)
{
	static uint8_t request[1 << 20], room[65536];
	struct pdu_bytes answer;
	size_t got = 0;

	(void)state;
	start(request, sizeof(request));
	while (got < 4 + sizeof(request)) {
		ssize_t count;

		if (!kdc.is_reading)
			assert_int_equal(kdc_link_turn(&kdc, &answer), 0);
		count = recv(peer, room, sizeof(room), 0);
		assert_true(count > 0);
		got += (size_t)count;
	}
	assert_int_equal(kdc_link_events(&kdc), POLLIN);
	done();
}

static void
lengths_that_no_answer_has_are_refused(void **state)
{
	static const uint8_t heads[][4] = {
		{0, 0, 0, 0}, {0, 2, 0, 1}, {0xff, 0xff, 0xff, 0xff}, {'H', 'T', 'T', 'P'}};
	struct pdu_bytes answer;

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		start("x", 1);
		send_request();
		assert_int_equal(send(peer, heads[i], 4, 0), 4);
		assert_int_equal(kdc_link_turn(&kdc, &answer), -EMSGSIZE);
		done();
	}
}

static void
an_answer_that_ends_too_early_is_none(void **state)
{
	struct pdu_bytes answer;

	(void)state;
	start("x", 1);
	send_request();
	assert_int_equal(send(peer, "\0\0\0\3ye", 6, 0), 6);
	cleanup_close(&peer);
	peer = -1;
	assert_int_equal(kdc_link_turn(&kdc, &answer), 0);
	assert_int_equal(kdc_link_turn(&kdc, &answer), 0);
	assert_int_equal(kdc_link_turn(&kdc, &answer), -ECONNRESET);
	done();
}

static void
a_kdc_that_hangs_up_on_the_request_has_failed(void **state)
{
	struct pdu_bytes answer;

	(void)state;
	start("x", 1);
	cleanup_close(&peer);
	peer = -1;
	assert_int_equal(kdc_link_turn(&kdc, &answer), -EPIPE);
	done();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_length_goes_before_the_request_and_comes_before_the_answer),
		cmocka_unit_test(a_request_that_does_not_fit_goes_out_in_parts),
		cmocka_unit_test(lengths_that_no_answer_has_are_refused),
		cmocka_unit_test(an_answer_that_ends_too_early_is_none),
		cmocka_unit_test(a_kdc_that_hangs_up_on_the_request_has_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
