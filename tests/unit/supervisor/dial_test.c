/* gateway/supervisor/dial.c, with hosts on loopback. */
#include "supervisor/dial.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct outcome {
	int calls;
	enum close_reason reason;
	int fd;
	char detail[100];
};

static void
on_done(void *owner, const struct dial_result *result)
{
	struct outcome *outcome = owner;

	outcome->calls++;
	outcome->reason = result->reason;
	outcome->fd = result->fd;
	strncpy(outcome->detail, result->detail, sizeof(outcome->detail) - 1);
}

/* A loopback socket, listening with this backlog if it is not negative; its port in *ret_port. */
static int
host(int backlog, uint16_t *ret_port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	if (backlog >= 0)
		assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

/* Starts a dial and, unless it is to be cancelled, waits for its end: the loop ends when nothing is open. */
static void
dial_name_once(const char *name, uint16_t port, uint32_t connect_ms, int cancel,
	struct outcome *ret_outcome)
{
	uv_loop_t loop;
	struct dial *dial = NULL;
	struct dial_setup setup = {
		.loop = &loop,
		.host = name,
		.port = port,
		.resolve_ms = 5000,
		.connect_ms = connect_ms,
		.done = on_done,
		.owner = ret_outcome,
	};

	*ret_outcome = (struct outcome){.fd = -1};
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(dial_start(&setup, &dial), 0);
	assert_int_equal(ret_outcome->calls, 0);
	if (cancel)
		dial_cancel(dial);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void
dial_once(uint16_t port, uint32_t connect_ms, int cancel, struct outcome *ret_outcome)
{
	dial_name_once("127.0.0.1", port, connect_ms, cancel, ret_outcome);
}

static void
a_host_that_accepts_is_reached(void **state)
{
	struct outcome outcome;
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	uint16_t port;
	int fd = host(8, &port);

	(void)state;
	dial_once(port, 5000, 0, &outcome);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.reason, CLOSE_NONE);
	assert_int_equal(getpeername(outcome.fd, (struct sockaddr *)&peer, &len), 0);
	assert_int_equal(ntohs(peer.sin_port), port);
	close(outcome.fd);
	close(fd);
}

static void
a_host_that_refuses_is_unreachable_and_says_so(void **state)
{
	struct outcome outcome;
	uint16_t port;
	int fd = host(-1, &port);

	(void)state;
	dial_once(port, 5000, 0, &outcome);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.reason, CLOSE_HOST_UNREACHABLE);
	assert_int_equal(outcome.fd, -1);
	assert_string_equal(outcome.detail, "connection refused");
	close(fd);
}

/* A listener whose queue is full drops what knocks, as a firewall would. */
static void
a_host_that_is_silent_is_given_up_in_time(void **state)
{
	struct outcome outcome;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fillers[4];
	uint16_t port;
	int fd = host(0, &port);

	(void)state;
	address.sin_port = htons(port);
	for (size_t i = 0; i < 4; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fillers[i], (const struct sockaddr *)&address, sizeof(address));
	}
	dial_once(port, 200, 0, &outcome);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.reason, CLOSE_HOST_UNREACHABLE);
	assert_string_equal(outcome.detail, "no answer within the time limit");
	for (size_t i = 0; i < 4; i++)
		close(fillers[i]);
	close(fd);
}

static void
a_cancelled_dial_answers_nothing_and_leaks_nothing(void **state)
{
	struct outcome outcome;
	uint16_t port;
	int fd = host(8, &port);

	(void)state;
	dial_once(port, 5000, 1, &outcome);
	assert_int_equal(outcome.calls, 0);
	close(fd);
}

/* Threads that wait for a name service that does not answer. */
struct busy {
	uv_work_t work;
	uv_sem_t *begun, *go_on;
};

static void
be_busy(uv_work_t *work)
{
	struct busy *busy = work->data;

	uv_sem_post(busy->begun);
	uv_sem_wait(busy->go_on);
}

#define THREADS 2

static void
a_numeric_address_does_not_wait_for_the_name_service(void **state)
{
	struct outcome outcome;
	struct busy busy[THREADS];
	uv_sem_t begun, go_on;
	uv_loop_t loop;
	uint16_t port;
	int fd = host(8, &port);

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(uv_sem_init(&begun, 0), 0);
	assert_int_equal(uv_sem_init(&go_on, 0), 0);
	for (size_t i = 0; i < THREADS; i++) {
		busy[i] = (struct busy){.begun = &begun, .go_on = &go_on};
		busy[i].work.data = &busy[i];
		assert_int_equal(uv_queue_work(&loop, &busy[i].work, be_busy, NULL), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		uv_sem_wait(&begun);
	/* All of them are busy now, and stay so until this one is done. */
	dial_once(port, 5000, 0, &outcome);
	assert_int_equal(outcome.reason, CLOSE_NONE);
	close(outcome.fd);
	close(fd);
	for (size_t i = 0; i < THREADS; i++)
		uv_sem_post(&go_on);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
	uv_sem_destroy(&begun);
	uv_sem_destroy(&go_on);
}

static void
a_name_is_resolved(void **state)
{
	struct outcome outcome;
	uint16_t port;
	int fd = host(8, &port);

	(void)state;
	dial_name_once("localhost", port, 5000, 0, &outcome);
	assert_int_equal(outcome.reason, CLOSE_NONE);
	close(outcome.fd);
	close(fd);
	dial_name_once("localhost", port, 5000, 1, &outcome);
	assert_int_equal(outcome.calls, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_that_accepts_is_reached),
		cmocka_unit_test(a_host_that_refuses_is_unreachable_and_says_so),
		cmocka_unit_test(a_host_that_is_silent_is_given_up_in_time),
		cmocka_unit_test(a_numeric_address_does_not_wait_for_the_name_service),
		cmocka_unit_test(a_name_is_resolved),
		cmocka_unit_test(a_cancelled_dial_answers_nothing_and_leaks_nothing),
	};

	/* libuv's threads, as few as the test above wants. */
	assert_int_equal(setenv("UV_THREADPOOL_SIZE", "2", 1), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
