/* See nla_link.h. In the relay worker, on its loop; the bytes come from a sekisho-nla, which a jump host may have taken
 * over.
 */
#include "relay/nla_link.h"

#include "base/cleanup.h"
#include "messages/channel.h"
#include "relay/leg.h"
#include "relay/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#define MESSAGES_A_TURN 4

struct nla_link {
	struct connection *conn;
	struct channel *channel;
	uv_poll_t poll;
	bool closing;
};

static int
on_to_host(struct channel *channel, union message_body *message)
{
	const struct nla_link *link = channel_owner(channel);

	if (!link->closing)
		nla_on_to_host(link->conn, &message->nla_to_host);
	return 0;
}

static int
on_done(struct channel *channel, union message_body *message)
{
	const struct nla_link *link = channel_owner(channel);

	if (!link->closing)
		nla_on_done(link->conn, message->nla_done.accepted == 1);
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_NLA_TO_HOST, on_to_host},
	{MSG_NLA_DONE, on_done},
	{MSG_NOTHING, NULL},
};

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct nla_link *link = poll->data;
	int r = 0;

	if (status == 0 && (events & UV_WRITABLE) != 0)
		r = channel_flush(link->channel);
	if (r == 0)
		r = channel_receive(link->channel, MESSAGES_A_TURN, NULL);
	if (r < 0 && !link->closing)
		nla_on_lost(link->conn);
}

static void
events_changed(struct channel *channel)
{
	struct nla_link *link = channel_owner(channel);
	int events = channel_events(channel);

	if (link->closing)
		return;
	if (events == 0)
		(void)uv_poll_stop(&link->poll);
	else
		(void)uv_poll_start(&link->poll,
			UV_READABLE | ((events & POLLOUT) != 0 ? UV_WRITABLE : 0), on_poll);
}

int
nla_link_open(struct connection *conn, int *fd)
{
	struct nla_link *link = calloc(1, sizeof(*link));
	struct channel_setup setup = {.self = PROCESS_WORKER,
		.peer = PROCESS_NLA,
		.handlers = handlers,
		.owner = link,
		.without_descriptors = true,
		.events_changed = events_changed};
	auto_fd int taken = take_fd(fd);
	int r;

	nla_link_close(conn);
	if (link == NULL)
		return -ENOMEM;
	link->conn = conn;
	link->poll.data = link;
	r = channel_new(&setup, &taken, &link->channel);
	if (r == 0)
		r = uv_poll_init(io_loop(conn->worker->io), &link->poll, channel_fd(link->channel));
	if (r < 0) {
		link->closing = true;
		channel_free(link->channel);
		free(link);
		return r;
	}
	conn->open_handles++;
	conn->nla = link;
	(void)uv_poll_start(&link->poll, UV_READABLE, on_poll);
	return 0;
}

static void
on_closed(uv_handle_t *handle)
{
	struct nla_link *link = handle->data;
	struct connection *conn = link->conn;

	channel_free(link->channel);
	free(link);
	io_handle_gone(conn);
}

/* The loop forgets the descriptor before its number can be another's. */
void
nla_link_close(struct connection *conn)
{
	struct nla_link *link = take_pointer(&conn->nla);

	if (link == NULL)
		return;
	link->closing = true;
	uv_close((uv_handle_t *)&link->poll, on_closed);
	channel_close(link->channel);
}

int
nla_link_send(struct connection *conn, enum message number, const void *body)
{
	return conn->nla == NULL ? -ENOTCONN : channel_send(conn->nla->channel, number, body, -1);
}
