/* Descriptors that come after another has been closed, and so get its number: whoever closed that one must let them be heard.
 * libuv has epoll forget a descriptor's number when a poll handle is stopped and once more when it is closed. */
#ifndef TESTS_NEWCOMERS_H
#define TESTS_NEWCOMERS_H

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define NEWCOMERS 8 /* enough to fill what is free below the last open one */

struct newcomers {
	uv_poll_t polls[NEWCOMERS];
	int ours[NEWCOMERS], theirs[NEWCOMERS];
	int heard;
};

static void
newcomer_heard(uv_poll_t *poll, int status, int events)
{
	struct newcomers *newcomers = poll->data;

	(void)status;
	(void)events;
	newcomers->heard++;
	(void)uv_poll_stop(poll);
}

/* Opened, and polled by the loop's next turn. */
static void
newcomers_arrive(struct newcomers *newcomers, uv_loop_t *loop)
{
	newcomers->heard = 0;
	for (int i = 0; i < NEWCOMERS; i++) {
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
		/* The other end stands elsewhere: the low numbers are for those that are polled. */
		newcomers->theirs[i] = fcntl(ends[1], F_DUPFD_CLOEXEC, 200);
		assert_true(newcomers->theirs[i] >= 0);
		close(ends[1]);
		newcomers->ours[i] = ends[0];
		assert_int_equal(uv_poll_init(loop, &newcomers->polls[i], ends[0]), 0);
		newcomers->polls[i].data = newcomers;
		assert_int_equal(
			uv_poll_start(&newcomers->polls[i], UV_READABLE, newcomer_heard), 0);
	}
}

static void
newcomers_speak(const struct newcomers *newcomers)
{
	for (int i = 0; i < NEWCOMERS; i++)
		assert_int_equal(write(newcomers->theirs[i], "n", 1), 1);
}

static void
newcomers_leave(struct newcomers *newcomers, uv_loop_t *loop)
{
	for (int i = 0; i < NEWCOMERS; i++)
		uv_close((uv_handle_t *)&newcomers->polls[i], NULL);
	(void)uv_run(loop, UV_RUN_NOWAIT);
	for (int i = 0; i < NEWCOMERS; i++) {
		close(newcomers->ours[i]);
		close(newcomers->theirs[i]);
	}
}

#endif
