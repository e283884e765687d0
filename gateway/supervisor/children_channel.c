/* What the supervisor and its children say to each other about themselves: HELLO, CONFIGURE, PING,
 * signing channels; and how one is ended that breaks a rule, hangs or belongs to another build. See
 * children.h.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "supervisor/children_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* Messages handled before other handles of the loop get their turn. */
#define MESSAGES_A_TURN 64
/* For what has only what others leave of the processors. */
#define UNREADY_FACTOR 6

static struct slot *
key_slot(struct children *children)
{
	return &children->slots[0];
}

bool
child_is_worker(const struct child *child)
{
	return child->slot->process == PROCESS_WORKER;
}

void
child_kill(const struct child *child)
{
	if (!child->reaped)
		(void)kill(child->pid, SIGKILL);
}

void
child_end(struct child *child, enum ended_by why)
{
	if (child->ended_by == ENDED_BY_ITSELF)
		child->ended_by = why;
	channel_close(child->channel);
	child_kill(child);
}

void
children_say_failed(struct children *children)
{
	if (children->was_ready || children->has_failed || children->stopping)
		return;
	children->has_failed = true;
	if (children->setup.failed != NULL)
		children->setup.failed(children->setup.owner);
}

static void
say_ready(struct children *children)
{
	if (children->was_ready || children->stopping)
		return;
	for (unsigned int i = 0; i <= children->setup.workers; i++) {
		if (children->slots[i].child == NULL || !children->slots[i].child->is_ready)
			return;
	}
	children->was_ready = true;
	if (children->setup.ready != NULL)
		children->setup.ready(children->setup.owner);
}

int
child_new_key_channel(struct child *worker, int *ret_fd)
{
	struct msg_key_add_worker add = {.worker = worker->number};
	struct child *key = key_slot(worker->slot->children)->child;
	int ends[2];
	int r = channel_pair(ends);

	if (r < 0)
		return r;
	worker->key_number = 0;
	if (key != NULL && channel_send(key->channel, MSG_KEY_ADD_WORKER, &add, ends[1]) == 0)
		worker->key_number = key->number;
	(void)close(ends[1]);
	*ret_fd = ends[0];
	return 0;
}

/* Sends a worker another one, if what it has does not lead to the sekisho-key that runs now. */
static int
renew_key_channel(struct child *worker)
{
	struct children *children = worker->slot->children;
	const struct child *key = key_slot(children)->child;
	struct msg_key_channel renewed;
	auto_fd int fd = -1;
	int r;

	if (key == NULL || worker->key_number == key->number)
		return 0;
	r = child_new_key_channel(worker, &fd);
	if (r < 0)
		return r;
	renewed.serial = ++children->last_number;
	return channel_send(worker->channel, MSG_KEY_CHANNEL, &renewed, fd);
}

void
children_renew_key_channels(struct children *children)
{
	for (unsigned int i = 1; i <= children->setup.workers; i++) {
		struct child *worker = children->slots[i].child;

		/* One that has not said HELLO yet gets it then. */
		if (worker != NULL && worker->said_hello)
			(void)renew_key_channel(worker);
	}
}

static int
ping(struct child *child)
{
	struct msg_ping question = {.serial = ++child->ping_serial};

	child->owes_since_ms = uv_now(child->slot->children->setup.loop) + 1; /* never 0 */
	return channel_send(child->channel, MSG_PING, &question, -1);
}

static int
on_hello(struct channel *channel, union message_body *message)
{
	struct child *child = channel_owner(channel);
	struct children *children = child->slot->children;

	if (message->hello.build_hash != messages_build_hash()) {
		log_event(EV_CHILD_OTHER_BUILD, "program='%s' pid=%d", child->slot->program,
			(int)child->pid);
		child_end(child, ENDED_BY_BUILD);
		children_say_failed(children);
		return 0;
	}
	child->said_hello = true;
	if (child_is_worker(child)) {
		int r = channel_send(channel, MSG_CONFIGURE, children->configure, -1);

		if (r < 0)
			return r;
		r = renew_key_channel(child);
		if (r < 0)
			return r;
	}
	return ping(child);
}

/* The first PONG says that it has taken CONFIGURE, which came before. */
static void
has_got_ready(struct child *child)
{
	child->is_ready = true;
	say_ready(child->slot->children);
	if (child->slot->kind != NULL)
		child_kind_ready(child);
}

static int
on_pong(struct channel *channel, union message_body *message)
{
	struct child *child = channel_owner(channel);

	if (child->owes_since_ms == 0 || message->pong.serial != child->ping_serial)
		return -EPROTO;
	child->owes_since_ms = 0;
	if (!child->is_ready)
		has_got_ready(child);
	return 0;
}

const struct channel_handler child_own_handlers[] = {
	{MSG_HELLO, on_hello},
	{MSG_PONG, on_pong},
	{0},
};

_Static_assert(
	ARRAY_SIZE(child_own_handlers) == CHILD_OWN_HANDLERS + 1, "children_private.h counts them");

static struct permits_seen *
connection_seen(void *owner, uint64_t connection)
{
	struct child *child = owner;
	const struct children_setup *setup = &child->slot->children->setup;

	if (!child_is_worker(child) || setup->connection_seen == NULL)
		return NULL;
	return setup->connection_seen(setup->owner, child, connection);
}

static void
channel_failed(struct child *child, int r, const char *why)
{
	if (r != -ECONNRESET && r != -ENOTCONN && child->ended_by == ENDED_BY_ITSELF) {
		log_event(EV_CHILD_REFUSED, "program='%s' pid=%d why='%s'", child->slot->program,
			(int)child->pid, why);
		child_end(child, ENDED_BY_RULES);
	} else {
		/* It has closed its channel: it is dying, or as good as dead. */
		child_end(child, ENDED_BY_ITSELF);
	}
}

static void
on_channel(uv_poll_t *poll, int status, int events)
{
	struct child *child = poll->data;
	const char *why = "its channel cannot be written";
	int r = 0;

	if (status == 0 && (events & UV_WRITABLE) != 0)
		r = channel_flush(child->channel);
	/* An error of the poll is a peer that closed with something unread; reading tells. */
	if (r == 0 && (status < 0 || (events & UV_READABLE) != 0))
		r = channel_receive(child->channel, MESSAGES_A_TURN, &why);
	if (r < 0)
		channel_failed(child, r, why);
}

void
children_hear(struct child *child)
{
	if (channel_fd(child->channel) >= 0)
		on_channel(&child->poll, 0, UV_READABLE);
}

static void
release(struct child *child)
{
	if (--child->holds > 0)
		return;
	channel_free(child->channel);
	free(child);
}

static void
poll_closed(uv_handle_t *poll)
{
	struct child *child = poll->data;
	struct children *children = child->slot->children;

	release(child);
	children_handle_gone(children);
}

/* The channel's hook. A channel that has closed takes its process with it; the loop hears of the
 * death. */
static void
events_changed(struct channel *channel)
{
	struct child *child = channel_owner(channel);
	int events = channel_events(channel);

	if (events == 0) {
		/* Now, and not only stopped: to close the handle makes epoll forget its descriptor, whose number is
		 * another's once the process's death is reported; that one would never be heard again. */
		uv_close((uv_handle_t *)&child->poll, poll_closed);
		if (child->ended_by != ENDED_BY_STOP)
			child_kill(child);
		return;
	}
	(void)uv_poll_start(&child->poll, UV_READABLE | ((events & POLLOUT) != 0 ? UV_WRITABLE : 0),
		on_channel);
}

void
child_unwatch(struct child *child)
{
	channel_close(child->channel);
	release(child);
}

static const struct channel_handler *
handlers_for(const struct slot *slot)
{
	if (slot->kind != NULL)
		return child_kind_handlers(slot);
	return slot->process == PROCESS_WORKER ? slot->children->worker_handlers
					       : child_own_handlers;
}

int
child_watch(struct child *child, int *fd)
{
	const struct slot *slot = child->slot;
	struct children *children = slot->children;
	struct channel_setup setup = {
		.self = PROCESS_SUPERVISOR,
		.peer = slot->process,
		.handlers = handlers_for(slot),
		.owner = child,
		.connection_seen = connection_seen,
		.events_changed = events_changed,
	};
	int r = channel_new(&setup, fd, &child->channel);

	if (r < 0)
		return r;
	r = uv_poll_init(children->setup.loop, &child->poll, channel_fd(child->channel));
	if (r < 0)
		return r;
	children->open_handles++;
	child->holds = 2;
	child->poll.data = child;
	(void)uv_poll_start(&child->poll, UV_READABLE, on_channel);
	return 0;
}

/* A nice one that gets ready has what others leave of the processors. */
static uint64_t
patience_with(const struct child *child)
{
	uint64_t hung_ms = child->slot->children->setup.hung_ms;

	return child->slot->kind != NULL && child->slot->kind->niceness > 0 && !child->is_ready
		       ? UNREADY_FACTOR * hung_ms
		       : hung_ms;
}

void
child_check(struct child *child)
{
	uint64_t now_ms = uv_now(child->slot->children->setup.loop);

	child_output_refill(child->output);
	if (channel_fd(child->channel) < 0)
		return;
	if (child->owes_since_ms == 0) {
		(void)ping(child);
		return;
	}
	if (now_ms < child->owes_since_ms + patience_with(child))
		return;
	/* If it was us who did not run, the answer lies in the socket. */
	on_channel(&child->poll, 0, UV_READABLE);
	if (channel_fd(child->channel) < 0 || child->owes_since_ms == 0)
		return;
	log_event(EV_CHILD_HUNG, "program='%s' pid=%d connections=%u", child->slot->program,
		(int)child->pid, child->connections);
	child_end(child, ENDED_BY_WATCHDOG);
}
