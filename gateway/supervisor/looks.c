/* Looking at a jump host; see looks.h. */
#include "supervisor/looks.h"

#include "base/cleanup.h"
#include "base/sentence.h"
#include "policy/terminals.h"
#include "relay/host_certificate.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/dial.h"
#include "supervisor/sockets.h"
#include "supervisor/told_host.h"

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
	struct msg_look_at_host *message; /* NULL once it has been sent */
	uint16_t port;
	uint32_t connect_ms;
	uint32_t answer_ms;
	bool waiting; /* its turn has not come */
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
	struct look *first; /* the newest */
	size_t count;
	size_t waiting;
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

bool
looks_busy(const struct looks *looks)
{
	return looks->count >= LOOKS_MOST;
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

	free(look->message);
	free(look);
}

static void start_waiting(struct looks *looks);

static void
finish(struct look *look, enum close_reason reason, const char *detail,
	const struct msg_host_report *report)
{
	struct looks *looks = look->all;
	struct look **at = &looks->first;

	while (*at != look)
		at = &(*at)->next;
	*at = look->next;
	looks->count--;
	looks->waiting -= look->waiting;
	dial_cancel(take_pointer(&look->dial));
	if (look->worker != NULL)
		child_remove_connection(look->worker);
	if (look->fd >= 0)
		(void)shutdown(look->fd, SHUT_RDWR);
	cleanup_close(&look->fd);
	uv_close((uv_handle_t *)&look->timer, on_timer_closed);
	look->done(look->owner, reason, detail, report);
	start_waiting(looks);
}

static void
on_timeout(uv_timer_t *timer)
{
	struct look *look = timer->data;
	const struct msg_kill kill = {.connection = look->id, .reason = CLOSE_HOST_TOO_SLOW};

	if (look->worker != NULL)
		(void)children_send(look->worker, MSG_KILL, &kill, -1);
	finish(look, CLOSE_HOST_TOO_SLOW, N_("it said nothing within the time limit"), NULL);
}

/* The dialled socket and the question, to a worker. */
static int
ask_worker(struct look *look)
{
	const struct settings *settings = look->all->supervisor->settings;
	int r;

	look->worker = children_pick_worker(look->all->supervisor->children);
	if (look->worker == NULL)
		return -ECHILD;
	child_add_connection(look->worker);
	uv_timer_start(&look->timer, on_timeout,
		look->answer_ms > 0 ? look->answer_ms : settings->limits.attach_ms + PATIENCE_MS,
		0);
	r = children_send(look->worker, MSG_LOOK_AT_HOST, look->message, look->fd);
	free(take_pointer(&look->message));
	return r;
}

static void
on_dialled(void *owner, const struct dial_result *result)
{
	struct look *look = owner;

	look->dial = NULL;
	if (result->reason != CLOSE_NONE) {
		finish(look, result->reason, result->detail, NULL);
		return;
	}
	look->fd = result->fd;
	socket_set_session_options(look->fd, look->all->supervisor->settings->limits.stall_ms);
	if (ask_worker(look) < 0)
		finish(look, CLOSE_NO_WORKER, "", NULL);
}

/* What the worker is to ask, and which certificate is the right one. */
static struct msg_look_at_host *
make_message(const struct look_setup *setup)
{
	struct msg_look_at_host *message = calloc(1, sizeof(*message));

	if (message == NULL)
		return NULL;
	message->protocols = setup->protocols;
	message->secure = setup->secure;
	TELL_TRUST(message, setup->terminal);
	return message;
}

static int
dial(struct look *look)
{
	const struct supervisor *supervisor = look->all->supervisor;
	const struct dial_setup setup = {
		.loop = supervisor->loop,
		.host = look->message->host_name,
		.port = look->port,
		.resolve_ms = supervisor->settings->limits.resolve_ms,
		.connect_ms = look->connect_ms > 0 ? look->connect_ms
						   : supervisor->settings->limits.dial_ms,
		.done = on_dialled,
		.owner = look,
	};

	return dial_start(&setup, &look->dial);
}

/* The oldest comes first. */
static void
start_waiting(struct looks *looks)
{
	struct look *oldest = NULL;

	if (looks->waiting == 0 || looks->count - looks->waiting >= LOOKS_MOST)
		return;
	for (struct look *look = looks->first; look != NULL; look = look->next)
		if (look->waiting)
			oldest = look;
	oldest->waiting = false;
	looks->waiting--;
	if (dial(oldest) < 0)
		finish(oldest, CLOSE_OUT_OF_ROOM, "", NULL);
}

static struct look *
look_new(struct looks *looks, const struct look_setup *setup)
{
	struct look *look = calloc(1, sizeof(*look));

	if (look == NULL)
		return NULL;
	look->message = make_message(setup);
	if (look->message == NULL) {
		free(look);
		return NULL;
	}
	look->all = looks;
	look->fd = -1;
	look->port = setup->terminal->port;
	look->connect_ms = setup->connect_ms;
	look->answer_ms = setup->answer_ms;
	look->done = setup->done;
	look->owner = setup->owner;
	return look;
}

int
look_start(struct looks *looks, const struct look_setup *setup)
{
	struct look *look;
	int r = 0;

	if (looks->waiting >= LOOKS_WAITING)
		return -EBUSY;
	look = look_new(looks, setup);
	if (look == NULL)
		return -ENOMEM;
	look->waiting = looks->count - looks->waiting >= LOOKS_MOST;
	if (!look->waiting)
		r = dial(look);
	if (r < 0) {
		free(look->message);
		free(look);
		return r;
	}
	(void)uv_timer_init(looks->supervisor->loop, &look->timer);
	look->timer.data = look;
	look->id = looks->supervisor->next_connection++;
	look->message->connection = look->id;
	look->next = looks->first;
	looks->first = look;
	looks->count++;
	looks->waiting += look->waiting;
	return 0;
}

void
looks_stop(struct looks *looks)
{
	/* Before those under way: the end of one of them gives its place to the next. */
	for (struct look *look = looks->first; look != NULL; look = look->next)
		look->waiting = false;
	looks->waiting = 0;
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
	finish(look,
		report->reason == CLOSE_NONE || report->reason >= CLOSE_REASON_COUNT
			? CLOSE_OUR_MISTAKE
			: (enum close_reason)report->reason,
		report->why, report);
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
