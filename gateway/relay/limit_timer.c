/* The time limit of the phase that a connection is in. In the relay worker. */
#include "relay/connection_io.h"
#include "relay/leg.h"
#include "relay/worker.h"

#include <errno.h>
#include <stdlib.h>

struct limit_timer {
	uv_timer_t timer;
	struct connection *conn;
};

static void
on_timer_closed(uv_handle_t *handle)
{
	struct limit_timer *timer = handle->data;
	struct connection *conn = timer->conn;

	free(timer);
	io_handle_gone(conn);
}

void
limit_timer_close(struct limit_timer *limit)
{
	(void)uv_timer_stop(&limit->timer);
	uv_close((uv_handle_t *)&limit->timer, on_timer_closed);
}

static void
on_limit(uv_timer_t *timer)
{
	struct limit_timer *limit = timer->data;

	connection_on_time_limit(limit->conn);
}

int
io_limit_open(struct connection *conn)
{
	struct limit_timer *limit = calloc(1, sizeof(*limit));

	if (limit == NULL)
		return -ENOMEM;
	limit->conn = conn;
	limit->timer.data = limit;
	(void)uv_timer_init(io_loop(conn->worker->io), &limit->timer);
	conn->timer = limit;
	conn->open_handles++;
	return 0;
}

void
io_limit(struct connection *conn, uint32_t limit_ms)
{
	(void)uv_timer_stop(&conn->timer->timer);
	if (limit_ms > 0)
		(void)uv_timer_start(&conn->timer->timer, on_limit, limit_ms, 0);
}
