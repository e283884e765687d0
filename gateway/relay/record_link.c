/* See record_link.h. In the relay worker, on its loop. */
#include "relay/record_link.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "relay/connection_io.h"
#include "relay/leg.h"
#include "relay/tee.h"
#include "relay/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#define GATHER_MS 100            /* small pieces wait for each other so long … */
#define GATHER_BYTES (64u << 10) /* … or until there are so many */
#define LAST_MS 500

struct record_link {
	struct connection *conn;
	struct tee *tee; /* NULL before BRIDGE */
	struct tee_setup setup;
	int fd;
	int64_t began_ms;
	uint32_t stall_ms;
	int64_t blocked_ms; /* since when the recorder takes nothing; 0: it does */
	bool holds;
	bool lost;    /* the recorder has gone */
	bool closing; /* the connection is over */
	bool closed;
	unsigned int handles;
	uv_poll_t poll;
	int watched; /* events */
	uv_timer_t timer;
};

static void on_timer(uv_timer_t *timer);
static void on_poll(uv_poll_t *poll, int status, int events);

static uint32_t
now_ms(const struct record_link *link)
{
	int64_t ms = clock_boottime_ms() - link->began_ms;

	return ms < 0 ? 0 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

/* libuv would take the socket out and in again for the events that it has: two system calls for each piece. */
static void
watch(struct record_link *link, int events)
{
	if (link->watched != events)
		(void)uv_poll_start(&link->poll, events, on_poll);
	link->watched = events;
}

static void
on_closed(uv_handle_t *handle)
{
	struct record_link *link = handle->data;
	struct connection *conn = link->conn;

	if (--link->handles > 0)
		return;
	(void)close(link->fd);
	tee_free(link->tee);
	free(link);
	io_handle_gone(conn);
}

static void
close_handles(struct record_link *link)
{
	if (link->closed)
		return;
	link->closed = true;
	uv_close((uv_handle_t *)&link->poll, on_closed);
	uv_close((uv_handle_t *)&link->timer, on_closed);
}

static void
hold(struct record_link *link, bool holds)
{
	if (link->holds == holds || link->closing)
		return;
	link->holds = holds;
	io_phase_changed(link->conn);
}

/* The recorder has gone, or there is no memory for what it shall have. */
static void
lose(struct record_link *link, enum close_reason reason, const char *detail)
{
	link->lost = true;
	tee_free(take_pointer(&link->tee));
	(void)uv_poll_stop(&link->poll);
	link->watched = 0;
	(void)uv_timer_stop(&link->timer);
	if (link->closing)
		close_handles(link);
	else if (link->setup.required)
		connection_close(link->conn, reason, detail);
	else
		hold(link, false);
}

static void
tell_gap(struct record_link *link)
{
	struct recording_gap gap;
	struct msg_record_gap told = {.connection = link->conn->id};

	if (!tee_take_gap(link->tee, &gap))
		return;
	told.bytes = gap.bytes;
	told.since_ms = gap.since_ms;
	/* After its end a connection is nobody's any more; the recording knows. */
	if (!link->closing)
		worker_tell(link->conn->worker, MSG_RECORD_GAP, &told);
}

/* Writes what waits. Returns whether all of it is gone. */
static bool
flush(struct record_link *link)
{
	size_t len;
	const uint8_t *bytes = tee_waiting(link->tee, &len);
	ssize_t n;

	while (len > 0) {
		n = write(link->fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			lose(link, CLOSE_RECORDING_FAILED, "its recorder has gone");
			return false;
		}
		if (n < 0)
			break;
		link->blocked_ms = 0;
		tee_gone(link->tee, (size_t)n);
		bytes = tee_waiting(link->tee, &len);
	}
	if (len > 0 && link->blocked_ms == 0)
		link->blocked_ms = clock_boottime_ms();
	return len == 0;
}

static void
wait_for_room(struct record_link *link)
{
	int64_t left = link->blocked_ms + link->stall_ms - clock_boottime_ms();

	watch(link, UV_WRITABLE | UV_DISCONNECT);
	if (link->closing)
		return; /* the timer is the last one */
	if (link->setup.required)
		(void)uv_timer_start(&link->timer, on_timer, left > 1 ? (uint64_t)left : 1, 0);
	else
		(void)uv_timer_stop(&link->timer);
}

static void
send_on(struct record_link *link)
{
	bool gone = flush(link);

	if (link->lost)
		return;
	if (gone) {
		(void)uv_timer_stop(&link->timer);
		watch(link, UV_DISCONNECT);
		hold(link, false);
		if (link->closing)
			close_handles(link);
		return;
	}
	wait_for_room(link);
	if (!tee_is_full(link->tee))
		hold(link, false);
}

static void
on_timer(uv_timer_t *timer)
{
	struct record_link *link = timer->data;

	if (link->closing) {
		close_handles(link);
		return;
	}
	if (link->tee == NULL) {
		lose(link, CLOSE_OUT_OF_ROOM, "no memory for its recording");
		return;
	}
	if (link->blocked_ms == 0) {
		send_on(link);
		return;
	}
	if (clock_boottime_ms() - link->blocked_ms >= link->stall_ms)
		connection_close(link->conn, CLOSE_RECORDING_STALLED, NULL);
	else
		wait_for_room(link);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct record_link *link = poll->data;

	if (status < 0 || (events & UV_DISCONNECT) != 0)
		lose(link, CLOSE_RECORDING_FAILED, "its recorder has gone");
	else if ((events & UV_WRITABLE) != 0)
		send_on(link);
}

int
record_link_open(struct connection *conn, const struct msg_record_channel *channel, int *fd)
{
	struct record_link *link = calloc(1, sizeof(*link));
	auto_fd int taken = take_fd(fd);
	int flags = fcntl(taken, F_GETFL);
	int r;

	record_link_close(conn);
	if (link == NULL)
		return -ENOMEM;
	r = flags < 0 || fcntl(taken, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
	if (r == 0)
		r = uv_poll_init(io_loop(conn->worker->io), &link->poll, taken);
	if (r < 0) {
		free(link);
		return r;
	}
	(void)uv_timer_init(io_loop(conn->worker->io), &link->timer);
	link->poll.data = link->timer.data = link;
	link->handles = 2;
	link->conn = conn;
	link->fd = take_fd(&taken);
	link->began_ms = (int64_t)channel->began_ms;
	link->stall_ms = channel->stall_ms;
	link->setup = (struct tee_setup){.required = channel->required != 0,
		.with_input = channel->with_input != 0,
		.mediated = channel->mediated != 0};
	conn->record = link;
	conn->open_handles++;
	return 0;
}

void
record_link_begin(struct connection *conn)
{
	struct record_link *link = conn->record;

	if (link == NULL)
		return;
	/* Nothing ends the session from within the step into its phase: what is wrong is found by the timer. */
	(void)tee_new(&link->setup, conn->introduction, conn->bridge, now_ms(link), &link->tee);
	(void)uv_timer_start(&link->timer, on_timer, link->tee == NULL ? 0 : GATHER_MS, 0);
	watch(link, UV_DISCONNECT);
}

void
record_link_take(struct connection *conn, enum side from, const uint8_t *bytes, size_t len)
{
	struct record_link *link = conn->record;
	size_t waiting;

	if (link->tee == NULL || len == 0)
		return;
	if (tee_take(link->tee, from, bytes, len, now_ms(link)) < 0) {
		lose(link, CLOSE_OUT_OF_ROOM, "no memory for its recording");
		return;
	}
	tell_gap(link);
	(void)tee_waiting(link->tee, &waiting);
	if (link->blocked_ms != 0) {
		if (link->setup.required && tee_is_full(link->tee))
			hold(link, true);
	} else if (waiting >= GATHER_BYTES) {
		send_on(link);
	} else if (waiting > 0 && !uv_is_active((uv_handle_t *)&link->timer)) {
		(void)uv_timer_start(&link->timer, on_timer, GATHER_MS, 0);
	}
}

bool
record_link_holds(const struct record_link *link, enum side side)
{
	return link->holds && (side == SIDE_HOST || link->setup.with_input);
}

void
record_link_close(struct connection *conn)
{
	struct record_link *link = take_pointer(&conn->record);

	if (link == NULL)
		return;
	link->closing = true;
	if (link->tee == NULL) {
		close_handles(link);
		return;
	}
	tee_finish(link->tee, now_ms(link));
	(void)uv_timer_stop(&link->timer);
	(void)uv_timer_start(&link->timer, on_timer, LAST_MS, 0);
	if (flush(link))
		close_handles(link);
	else if (!link->lost)
		wait_for_room(link);
}
