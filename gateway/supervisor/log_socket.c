/* A datagram socket of syslog or of journald; see log_socket.h. */
#include "supervisor/log_socket.h"

#include "base/cleanup.h"
#include "base/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

void
log_socket_init(struct log_socket *socket, const char *path)
{
	*socket = (struct log_socket){.path = path, .fd = -1};
}

void
log_socket_done(struct log_socket *socket)
{
	if (socket->fd >= 0)
		close(socket->fd);
	socket->fd = -1;
}

static int
connect_to(struct log_socket *log)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int room =
		8 << 20; /* the kernel gives what it may: a datagram is as long as there is room */
	auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (strlen(log->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", log->path);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	log->fd = take_fd(&fd);
	return 0;
}

static int
send_message(struct log_socket *socket, const struct msghdr *message)
{
	int r = socket->fd < 0 ? connect_to(socket) : 0;

	if (r < 0)
		return r;
	if (sendmsg(socket->fd, message, MSG_NOSIGNAL) >= 0)
		return 0;
	r = errno == ENOBUFS ? -EAGAIN : -errno;
	/* The daemon has gone; a new one has a socket of its own. */
	if (r != -EAGAIN && r != -EMSGSIZE)
		log_socket_done(socket);
	return r;
}

int
log_socket_send(struct log_socket *socket, const struct iovec *parts, size_t count)
{
	const struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};
	int r = send_message(socket, &message);

	/* Whoever has begun to listen meanwhile gets it at once. */
	return r < 0 && r != -EAGAIN && r != -EMSGSIZE ? send_message(socket, &message) : r;
}

int
log_socket_send_file(struct log_socket *socket, const struct iovec *parts, size_t count)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	const struct msghdr message = {
		.msg_control = &control, .msg_controllen = sizeof(control.room)};
	auto_fd int fd = memfd_create("sekisho-record", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int r = 0;

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < count && r == 0; i++)
		r = write_whole(fd, parts[i].iov_base, parts[i].iov_len);
	/* journald maps it, and therefore reads none that could still change. */
	if (r == 0 && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		r = -errno;
	if (r < 0)
		return r;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return send_message(socket, &message);
}
