/* Looking at a jump host; see looks.h. */
#include "supervisor/looks.h"

#include "base/cleanup.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/dial.h"
#include "supervisor/sockets.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond the worker's own limit for ATTACH: a worker that says nothing at all. */
#define PATIENCE_MS 2000

struct look {
	struct look *next;
	struct looks *all;
	uint64_t id;
	char *host;
	struct dial *dial;
	struct child *worker; /* NULL before it has been dialled */
	int fd;
	struct permits_seen seen;
	look_done *done;
	void *owner;
	uv_timer_t timer;
};

struct looks {
	struct supervisor *supervisor;
	struct look *first;
	size_t count;
};

int
looks_new(struct supervisor *supervisor, struct looks **ret_looks)
{
	struct looks *looks = calloc(1, sizeof(*looks));

	if (looks == NULL)
		return -ENOMEM;
	looks->supervisor = supervisor;
	*ret_looks = looks;
	return 0;
}

void
looks_free(struct looks *looks)
{
	assert(looks == NULL || looks->count == 0);
	free(looks);
}

size_t
looks_count(const struct looks *looks)
{
	return looks->count;
}

static struct look *
find(const struct looks *looks, const struct child *worker, uint64_t id)
{
	struct look *look = looks->first;

	while (look != NULL && look->id != id)
		look = look->next;
	return look != NULL && look->worker != NULL && look->worker == worker ? look : NULL;
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct look *look = handle->data;

	free(look->host);
	free(look);
}

static void
finish(struct look *look, enum close_reason reason, const char *detail,
	const struct msg_host_report *report)
{
	struct look **at = &look->all->first;

	while (*at != look)
		at = &(*at)->next;
	*at = look->next;
	look->all->count--;
	dial_cancel(take_pointer(&look->dial));
	if (look->worker != NULL)
		child_remove_connection(look->worker);
	if (look->fd >= 0)
		(void)shutdown(look->fd, SHUT_RDWR);
	cleanup_close(&look->fd);
	uv_close((uv_handle_t *)&look->timer, on_timer_closed);
	look->done(look->owner, reason, detail, report);
}

static void
on_timeout(uv_timer_t *timer)
{
	struct look *look = timer->data;
	const struct msg_kill kill = {.connection = look->id, .reason = CLOSE_HOST_TOO_SLOW};

	if (look->worker != NULL)
		(void)children_send(look->worker, MSG_KILL, &kill, -1);
	finish(look, CLOSE_HOST_TOO_SLOW, "it said nothing within the time limit", NULL);
}

static void
on_dialled(void *owner, const struct dial_result *result)
{
	struct look *look = owner;
	struct supervisor *supervisor = look->all->supervisor;
	struct msg_look_at_host message = {.connection = look->id};
	struct child *worker;

	look->dial = NULL;
	if (result->reason != CLOSE_NONE) {
		finish(look, result->reason, result->detail, NULL);
		return;
	}
	look->fd = result->fd;
	socket_set_session_options(look->fd, supervisor->settings->limits.stall_ms);
	worker = children_pick_worker(supervisor->children);
	if (worker == NULL) {
		finish(look, CLOSE_NO_WORKER, "", NULL);
		return;
	}
	look->worker = worker;
	child_add_connection(worker);
	snprintf(message.host_name, sizeof(message.host_name), "%s", look->host);
	uv_timer_start(
		&look->timer, on_timeout, supervisor->settings->limits.attach_ms + PATIENCE_MS, 0);
	if (children_send(worker, MSG_LOOK_AT_HOST, &message, look->fd) < 0)
		finish(look, CLOSE_NO_WORKER, "", NULL);
}

int
look_start(struct looks *looks, const char *host, uint16_t port, look_done *done, void *owner)
{
	struct supervisor *supervisor = looks->supervisor;
	struct look *look;
	struct dial_setup setup = {
		.loop = supervisor->loop,
		.host = host,
		.port = port,
		.resolve_ms = supervisor->settings->limits.resolve_ms,
		.connect_ms = supervisor->settings->limits.dial_ms,
		.done = on_dialled,
	};
	int r;

	if (looks->count >= LOOKS_MOST)
		return -EBUSY;
	look = calloc(1, sizeof(*look));
	if (look == NULL)
		return -ENOMEM;
	look->host = strdup(host);
	setup.owner = look;
	r = look->host == NULL ? -ENOMEM : dial_start(&setup, &look->dial);
	if (r < 0) {
		free(look->host);
		free(look);
		return r;
	}
	(void)uv_timer_init(supervisor->loop, &look->timer);
	look->timer.data = look;
	look->fd = -1;
	look->all = looks;
	look->id = supervisor->next_connection++;
	look->done = done;
	look->owner = owner;
	look->next = looks->first;
	looks->first = look;
	looks->count++;
	return 0;
}

void
looks_stop(struct looks *looks)
{
	while (looks->first != NULL)
		finish(looks->first, CLOSE_STOPPING, "the gateway is stopping", NULL);
}

struct permits_seen *
look_seen(const struct looks *looks, const struct child *worker, uint64_t id)
{
	struct look *look = find(looks, worker, id);

	return look == NULL ? NULL : &look->seen;
}

void
look_reported(struct looks *looks, const struct child *worker, const struct msg_host_report *report)
{
	struct look *look = find(looks, worker, report->connection);

	if (look == NULL)
		return;
	if (report->reason == CLOSE_CHECK_DONE)
		finish(look, CLOSE_CHECK_DONE, "", report);
	else
		finish(look,
			report->reason == CLOSE_NONE || report->reason >= CLOSE_REASON_COUNT
				? CLOSE_OUR_MISTAKE
				: (enum close_reason)report->reason,
			"", report);
}

void
look_ended(struct looks *looks, const struct child *worker, uint64_t id)
{
	struct look *look = find(looks, worker, id);

	if (look != NULL)
		finish(look, CLOSE_OUR_MISTAKE, "the worker ended without a report", NULL);
}

void
looks_worker_died(struct looks *looks, const struct child *worker)
{
	struct look *next;

	for (struct look *look = looks->first; look != NULL; look = next) {
		next = look->next;
		if (look->worker == worker)
			finish(look, CLOSE_WORKER_DIED, "", NULL);
	}
}
