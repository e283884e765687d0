/* Probes that reach out: sockets and descriptors. See probes.def. */
#include "probe.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RESULT(call) ((call) < 0 ? errno : 0)

static struct sockaddr_in
loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

int
probe_socket(const struct probe_hands *hands)
{
	(void)hands;
	return RESULT(socket(AF_INET, SOCK_STREAM, 0));
}

int
probe_socketpair(const struct probe_hands *hands)
{
	int ends[2];

	(void)hands;
	return RESULT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
}

int
probe_connect(const struct probe_hands *hands)
{
	struct sockaddr_in address = loopback(hands->port);

	return RESULT(connect(hands->unbound, (struct sockaddr *)&address, sizeof(address)));
}

int
probe_bind(const struct probe_hands *hands)
{
	struct sockaddr_in address = loopback(0);

	return RESULT(bind(hands->unbound, (struct sockaddr *)&address, sizeof(address)));
}

int
probe_listen(const struct probe_hands *hands)
{
	return RESULT(listen(hands->unbound, 1));
}

int
probe_accept(const struct probe_hands *hands)
{
	int fd = accept4(hands->listener, NULL, NULL, SOCK_CLOEXEC);

	return fd < 0 && errno != EAGAIN ? errno
					 : 0; /* nobody has connected: that it may ask is enough */
}

int
probe_sendto_address(const struct probe_hands *hands)
{
	struct sockaddr_in address = loopback(hands->port);

	return RESULT(
		sendto(hands->datagram, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)));
}

int
probe_fastopen_listener(const struct probe_hands *hands)
{
	struct sockaddr_in address = loopback(hands->port);

	return RESULT(sendto(hands->listener, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&address,
		sizeof(address)));
}

int
probe_fastopen_null(const struct probe_hands *hands)
{
	return RESULT(sendto(hands->unbound, "x", 1, MSG_FASTOPEN, NULL, 0));
}

int
probe_sendmsg_address(const struct probe_hands *hands)
{
	struct sockaddr_in address = loopback(hands->port);
	struct iovec part = {.iov_base = (char[]){"x"}, .iov_len = 1};
	struct msghdr header = {
		.msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};

	return RESULT(sendmsg(hands->datagram, &header, 0));
}

int
probe_sendmmsg(const struct probe_hands *hands)
{
	struct iovec part = {.iov_base = (char[]){"x"}, .iov_len = 1};
	struct mmsghdr header = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};

	return RESULT(sendmmsg(hands->stream[0], &header, 1, 0));
}

static int
send_fd(int socket, int fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {.iov_base = (char[]){"x"}, .iov_len = 1};
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
	return RESULT(sendmsg(socket, &header, 0));
}

int
probe_send_fd_elsewhere(const struct probe_hands *hands)
{
	return send_fd(hands->stream[0], STDIN_FILENO);
}

int
probe_receive_fd_elsewhere(const struct probe_hands *hands)
{
	char byte;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	if (write(hands->stream[1], "x", 1) != 1)
		return EIO;
	return RESULT(recvmsg(hands->stream[0], &header, 0));
}

static int
send_byte(int socket)
{
	char byte = 1;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	return RESULT(sendmsg(socket, &header, 0));
}

int
probe_channel_message(const struct probe_hands *hands)
{
	(void)hands;
	return send_byte(CHILD_FD_CHANNEL);
}

int
probe_send_to_key(const struct probe_hands *hands)
{
	(void)hands;
	return send_byte(CHILD_FD_KEY);
}

int
probe_channel_io(const struct probe_hands *hands)
{
	char byte;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	int r;

	(void)hands;
	r = send_fd(CHILD_FD_CHANNEL, STDIN_FILENO);
	if (r == 0)
		r = send_fd(CHILD_FD_KEY, STDIN_FILENO);
	if (r != 0)
		return r;
	if (recvmsg(CHILD_FD_CHANNEL, &header, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		return EIO;
	return 0;
}

int
probe_shutdown_listener(const struct probe_hands *hands)
{
	return RESULT(shutdown(hands->listener, SHUT_RDWR));
}

int
probe_shutdown_listener_write(const struct probe_hands *hands)
{
	/* ENOTCONN: the kernel knows no such thing of a listener. That the port still accepts is
	 * checked from outside. */
	return shutdown(hands->listener, SHUT_WR) < 0 && errno != ENOTCONN ? errno : 0;
}

int
probe_socket_filter(const struct probe_hands *hands)
{
	struct sock_filter accept_all = BPF_STMT(BPF_RET | BPF_K, 0xffffffff);
	struct sock_fprog program = {.len = 1, .filter = &accept_all};

	return RESULT(setsockopt(
		hands->stream[0], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
}

int
probe_fastopen_connect(const struct probe_hands *hands)
{
	int on = 1;

	return RESULT(
		setsockopt(hands->unbound, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on)));
}

int
probe_bind_to_device(const struct probe_hands *hands)
{
	return RESULT(setsockopt(hands->unbound, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
}

int
probe_set_owner(const struct probe_hands *hands)
{
	return RESULT(fcntl(hands->stream[0], F_SETOWN, hands->parent));
}

int
probe_dup(const struct probe_hands *hands)
{
	return RESULT(dup(hands->stream[0]));
}

int
probe_dup3_elsewhere(const struct probe_hands *hands)
{
	return RESULT(dup3(hands->stream[0], 50, O_CLOEXEC));
}

int
probe_dup3_key(const struct probe_hands *hands)
{
	return RESULT(dup3(hands->stream[0], CHILD_FD_KEY, O_CLOEXEC));
}

int
probe_pidfd_getfd(const struct probe_hands *hands)
{
	return RESULT(syscall(SYS_pidfd_getfd, hands->stream[0], 0, 0));
}

int
probe_stream_io(const struct probe_hands *hands)
{
	char byte;

	if (write(hands->stream[0], "a", 1) != 1 || read(hands->stream[1], &byte, 1) != 1 ||
		send(hands->stream[1], "b", 1, MSG_NOSIGNAL) != 1 ||
		recv(hands->stream[0], &byte, 1, MSG_DONTWAIT) != 1)
		return EIO;
	return byte == 'b' ? 0 : EIO;
}

int
probe_close_write(const struct probe_hands *hands)
{
	char byte;

	if (shutdown(hands->stream[0], SHUT_WR) < 0)
		return errno;
	return read(hands->stream[1], &byte, 1) == 0 ? 0 : EIO;
}

int
probe_socket_options(const struct probe_hands *hands)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{SOL_SOCKET, SO_SNDBUF, 65536},
		{SOL_SOCKET, SO_RCVBUF, 65536},
		{SOL_SOCKET, SO_RCVLOWAT, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, 30000},
		{IPPROTO_TCP, TCP_KEEPIDLE, 60},
	};
	int value;
	socklen_t len = sizeof(value);

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (setsockopt(hands->unbound, options[i].level, options[i].name, &options[i].value,
			    sizeof(int)) < 0)
			return errno;
	}
	return RESULT(getsockopt(hands->unbound, SOL_SOCKET, SO_ERROR, &value, &len));
}
