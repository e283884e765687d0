/* One end of a channel between two of our processes; see channel.h. */
#include "messages/channel.h"

#include "base/cleanup.h"
#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* More than any row allows, so that the surplus is ours to close and not lost in MSG_CTRUNC. */
#define MOST_DESCRIPTORS 8

/* A sent message that did not fit in the socket. */
struct waiting {
	struct waiting *next;
	int fd; /* a duplicate, or -1 */
	bool has_secret;
	size_t len;
	uint8_t bytes[];
};

struct channel {
	struct channel_setup setup;
	struct permits permits;
	int fd;          /* -1 when closed */
	int received_fd; /* of the message being handled */
	struct waiting *first;
	struct waiting **last;
	size_t waiting_bytes;
	uint8_t in[MESSAGE_MOST_BYTES + 1]; /* one more: a longer packet is seen as such */
	uint8_t out[MESSAGE_MOST_BYTES];
	union message_body body;
};

/* What one recvmsg gave. */
struct packet {
	size_t len;
	int fds[MOST_DESCRIPTORS];
	size_t fd_count;
	bool cut; /* MSG_TRUNC or MSG_CTRUNC */
};

int
channel_pair(int ret_fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) < 0 ? -errno : 0;
}

static int
prepare_socket(int fd)
{
	/* Several of the longest messages; the kernel caps it at net.core.wmem_max. */
	int bytes = 8 * (int)MESSAGE_MOST_BYTES;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) < 0)
		return -errno;
	return 0;
}

int
channel_new(const struct channel_setup *setup, int *fd, struct channel **ret_channel)
{
	auto_fd int taken = take_fd(fd);
	struct channel *channel;
	int r = prepare_socket(taken);

	if (r < 0)
		return r;
	channel = malloc(sizeof(*channel));
	if (channel == NULL)
		return -ENOMEM;
	/* The buffers at its end stay untouched, and so cost no memory, until a message is as
	 * long. */
	memset(channel, 0, offsetof(struct channel, in));
	channel->setup = *setup;
	channel->permits.self = setup->self;
	channel->permits.peer = setup->peer;
	channel->fd = take_fd(&taken);
	channel->received_fd = -1;
	channel->last = &channel->first;
	*ret_channel = channel;
	return 0;
}

static void
drop_first_waiting(struct channel *channel)
{
	struct waiting *waiting = channel->first;

	channel->first = waiting->next;
	if (channel->first == NULL)
		channel->last = &channel->first;
	channel->waiting_bytes -= waiting->len;
	if (waiting->fd >= 0)
		(void)close(waiting->fd);
	if (waiting->has_secret)
		secret_wipe(waiting->bytes, waiting->len);
	free(waiting);
}

void
channel_close(struct channel *channel)
{
	auto_fd int fd = take_fd(&channel->fd);

	if (fd < 0)
		return;
	while (channel->first != NULL)
		drop_first_waiting(channel);
	/* While the descriptor is still open: a loop must forget it before its number is used
	 * again. */
	if (channel->setup.events_changed != NULL)
		channel->setup.events_changed(channel);
}

void
channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	channel->setup.events_changed = NULL;
	channel_close(channel);
	free(channel);
}

size_t
channel_waiting(const struct channel *channel)
{
	return channel->waiting_bytes;
}

int
channel_fd(const struct channel *channel)
{
	return channel->fd;
}

void *
channel_owner(const struct channel *channel)
{
	return channel->setup.owner;
}

int
channel_events(const struct channel *channel)
{
	if (channel->fd < 0)
		return 0;
	return channel->first != NULL ? POLLIN | POLLOUT : POLLIN;
}

int
channel_take_fd(struct channel *channel)
{
	return take_fd(&channel->received_fd);
}

/* Returns 0 or a negative errno; -EAGAIN if the socket is full. */
static int
send_plainly(int socket, const uint8_t *bytes, size_t len)
{
	while (send(socket, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* One sendmsg. As above. */
static int
send_packet(const struct channel *channel, const uint8_t *bytes, size_t len, int fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {.iov_base = (void *)bytes, .iov_len = len};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	if (channel->setup.without_descriptors)
		return send_plainly(channel->fd, bytes, len);
	if (fd >= 0) {
		struct cmsghdr *cmsg = &control.align;

		header.msg_control = control.room;
		header.msg_controllen = sizeof(control.room);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	}
	while (sendmsg(channel->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* Keeps a packet until the socket has room. */
static int
queue_packet(struct channel *channel, size_t len, int fd, bool has_secret)
{
	struct waiting *waiting;

	if (channel->setup.events_changed == NULL ||
		channel->waiting_bytes + len > CHANNEL_QUEUE_MOST)
		return -ENOBUFS;
	waiting = malloc(sizeof(*waiting) + len);
	if (waiting == NULL)
		return -ENOMEM;
	waiting->fd = -1;
	if (fd >= 0) {
		waiting->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (waiting->fd < 0) {
			free(waiting);
			return -errno;
		}
	}
	waiting->next = NULL;
	waiting->has_secret = has_secret;
	waiting->len = len;
	memcpy(waiting->bytes, channel->out, len);
	*channel->last = waiting;
	channel->last = &waiting->next;
	channel->waiting_bytes += len;
	if (channel->first == waiting)
		channel->setup.events_changed(channel);
	return 0;
}

/* The bits of the connection that a message speaks of, or NULL. The id is the first field of its
 * struct. */
static struct permits_seen *
seen_of_connection(const struct channel *channel, const struct message_row *row, const void *body)
{
	uint64_t connection;

	if (!row->has_connection || channel->setup.connection_seen == NULL)
		return NULL;
	memcpy(&connection, body, sizeof(connection));
	return channel->setup.connection_seen(channel->setup.owner, connection);
}

static void
mark_seen(struct channel *channel, const struct message_row *row, const void *body)
{
	struct permits_seen *seen = seen_of_connection(channel, row, body);

	permits_mark(&channel->permits.seen, row);
	if (seen != NULL)
		permits_mark(seen, row);
}

static bool
sent_too_often(const struct channel *channel, const struct message_row *row, const void *body)
{
	const struct permits_seen *seen;

	if (row->at_most == AT_MOST_ONCE)
		return permits_has(&channel->permits.seen, row->number);
	if (row->at_most != AT_MOST_PER_CONNECTION)
		return false;
	seen = seen_of_connection(channel, row, body);
	return seen != NULL && permits_has(seen, row->number);
}

int
channel_send(struct channel *channel, enum message number, const void *body, int fd)
{
	const struct message_row *row = message_row(number);
	int len, r = -EAGAIN;

	assert(row != NULL);
	assert((row->from & channel->setup.self) != 0 && (row->to & channel->setup.peer) != 0);
	assert(row->has_fd == (fd >= 0) && !(row->has_fd && channel->setup.without_descriptors));
	if (channel->fd < 0)
		return -ENOTCONN;
	if (sent_too_often(channel, row, body))
		return -EALREADY;
	len = message_put(number, body, channel->out, sizeof(channel->out));
	if (len < 0)
		return len;
	if (channel->first == NULL)
		r = send_packet(channel, channel->out, (size_t)len, fd);
	if (r == -EAGAIN)
		r = queue_packet(channel, (size_t)len, fd, row->has_secret);
	if (row->has_secret)
		secret_wipe(channel->out, (size_t)len);
	if (r < 0)
		channel_close(channel);
	else
		mark_seen(channel, row, body);
	return r;
}

int
channel_flush(struct channel *channel)
{
	if (channel->fd < 0)
		return -ENOTCONN;
	if (channel->first == NULL)
		return 0;
	while (channel->first != NULL) {
		int r = send_packet(
			channel, channel->first->bytes, channel->first->len, channel->first->fd);

		if (r == -EAGAIN)
			return 0;
		if (r < 0) {
			channel_close(channel);
			return r;
		}
		drop_first_waiting(channel);
	}
	channel->setup.events_changed(channel);
	return 0;
}

static void
collect_descriptors(struct msghdr *header, struct packet *packet)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg != NULL;
		cmsg = CMSG_NXTHDR(header, cmsg)) {
		size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count && packet->fd_count < MOST_DESCRIPTORS; i++)
			memcpy(&packet->fds[packet->fd_count++], CMSG_DATA(cmsg) + i * sizeof(int),
				sizeof(int));
	}
}

/* Into channel->in, as below. */
static int
receive_plainly(struct channel *channel, struct packet *packet)
{
	ssize_t len;

	do
		len = recv(channel->fd, channel->in, sizeof(channel->in), MSG_DONTWAIT | MSG_TRUNC);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	packet->fd_count = 0;
	packet->cut = (size_t)len > sizeof(channel->in);
	packet->len = packet->cut ? 0 : (size_t)len;
	return len == 0 ? -ECONNRESET : 0;
}

/* One recvmsg into channel->in. Returns 0 or a negative errno; -ECONNRESET at the end. */
static int
receive_packet(struct channel *channel, struct packet *packet)
{
	union {
		char room[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)];
		struct cmsghdr align;
	} control;
	struct iovec part = {.iov_base = channel->in, .iov_len = sizeof(channel->in)};
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	ssize_t len;

	if (channel->setup.without_descriptors)
		return receive_plainly(channel, packet);
	do
		len = recvmsg(channel->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	packet->len = (size_t)len;
	packet->fd_count = 0;
	packet->cut = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
	collect_descriptors(&header, packet);
	/* Our messages are never empty: nothing at all is the end. */
	return len == 0 && packet->fd_count == 0 ? -ECONNRESET : 0;
}

static channel_function *
handler_of(const struct channel *channel, const struct message_row *row)
{
	const struct channel_handler *handler = channel->setup.handlers;

	while (handler->function != NULL && handler->number != row->number)
		handler++;
	return handler->function;
}

static int
refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EPROTO;
}

/* Everything that is checked before a handler sees anything. On success channel->body holds the
 * message. */
static int
check_packet(struct channel *channel, const struct packet *packet,
	const struct message_row **ret_row, const char **ret_why)
{
	const struct message_row *row;
	const struct permits_seen *seen;
	int r;

	if (packet->cut)
		return refuse(ret_why, "the message or its descriptors were cut off");
	row = packet->len < 2 ? NULL : message_row(bytes_get_u16le(channel->in));
	if (row == NULL)
		return refuse(ret_why, "there is no message with this number");
	r = permits_check(&channel->permits, row, packet->fd_count, ret_why);
	if (r < 0)
		return r;
	if (handler_of(channel, row) == NULL)
		return refuse(ret_why, "this process does not take such a message");
	if (message_get(channel->in, packet->len, &row, &channel->body) < 0)
		return refuse(ret_why, "the message is malformed");
	seen = seen_of_connection(channel, row, &channel->body);
	if (seen != NULL) {
		r = permits_check_connection(seen, row, ret_why);
		if (r < 0) {
			message_wipe(row, &channel->body);
			return r;
		}
	}
	*ret_row = row;
	return 0;
}

static int
handle_message(struct channel *channel, const struct message_row *row, const char **ret_why)
{
	uint64_t connection = 0;
	int r;

	if (row->has_connection)
		memcpy(&connection, &channel->body, sizeof(connection));
	mark_seen(channel, row, &channel->body);
	r = handler_of(channel, row)(channel, &channel->body);
	message_wipe(row, &channel->body);
	if (r < 0) {
		*ret_why = "the message makes no sense now";
		return r;
	}
	/* The handler may have made the connection known. */
	if (row->has_connection)
		mark_seen(channel, row, &connection);
	return 0;
}

static int
take_packet(struct channel *channel, struct packet *packet, const char **ret_why)
{
	const struct message_row *row;
	int r = check_packet(channel, packet, &row, ret_why);
	size_t kept = 0;

	if (r < 0 || row->has_secret)
		secret_wipe(channel->in, packet->len);
	if (r == 0) {
		if (packet->fd_count > 0) {
			channel->received_fd = packet->fds[0];
			kept = 1;
		}
		r = handle_message(channel, row, ret_why);
		if (channel->received_fd >= 0)
			(void)close(take_fd(&channel->received_fd));
	}
	for (size_t i = kept; i < packet->fd_count; i++)
		(void)close(packet->fds[i]);
	return r;
}

int
channel_receive(struct channel *channel, unsigned int most, const char **ret_why)
{
	const char *why = "the channel was closed before";
	int r = -ENOTCONN;

	for (unsigned int i = 0; i < most; i++) {
		struct packet packet = {0};

		r = -ENOTCONN;
		if (channel->fd < 0)
			break;
		r = receive_packet(channel, &packet);
		if (r == -EAGAIN)
			return 0;
		why = r == -ECONNRESET ? "the peer has gone" : "the channel cannot be read";
		if (r < 0)
			break;
		r = take_packet(channel, &packet, &why);
		if (r < 0)
			break;
	}
	if (r == 0)
		return 0;
	channel_close(channel);
	if (ret_why != NULL)
		*ret_why = why;
	return r;
}
