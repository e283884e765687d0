/* Sockets of the supervisor; see sockets.h. */
#include "supervisor/sockets.h"

#include "base/cleanup.h"
#include "base/keepalive.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 512
#define UNSENT_MOST_BYTES (128 * 1024)

void
socket_unmap(struct sockaddr_storage *address)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in in = {.sin_family = AF_INET};

	if (address->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return;
	in.sin_port = in6->sin6_port;
	memcpy(&in.sin_addr, in6->sin6_addr.s6_addr + 12, 4);
	memset(address, 0, sizeof(*address));
	memcpy(address, &in, sizeof(in));
}

const char *
socket_text_without_port(const struct sockaddr *address, char *ret_text)
{
	struct sockaddr_storage plain = {0};
	const void *bytes;

	memcpy(&plain, address,
		address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					       : sizeof(struct sockaddr_in));
	socket_unmap(&plain);
	bytes = plain.ss_family == AF_INET6
			? (const void *)&((const struct sockaddr_in6 *)&plain)->sin6_addr
			: (const void *)&((const struct sockaddr_in *)&plain)->sin_addr;
	if (inet_ntop(plain.ss_family, bytes, ret_text, SOCKET_TEXT_SIZE) == NULL)
		snprintf(ret_text, SOCKET_TEXT_SIZE, "unknown");
	return ret_text;
}

const char *
socket_text(const struct sockaddr *address, char *ret_text)
{
	char plain[SOCKET_TEXT_SIZE];
	/* Both families have the port in the same place. */
	unsigned int port = ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);

	(void)socket_text_without_port(address, plain);
	snprintf(ret_text, SOCKET_TEXT_SIZE, strchr(plain, ':') != NULL ? "[%.50s]:%u" : "%.50s:%u",
		plain, port);
	return ret_text;
}

static int
set_flag(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

int
socket_listen_tcp(const struct sockaddr *address, socklen_t len)
{
	auto_fd int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0)
		return -errno;
	if (address->sa_family == AF_INET6)
		(void)set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (bind(fd, address, len) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return take_fd(&fd);
}

static int
unix_address(const char *path, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret_address->sun_path))
		return -ENAMETOOLONG;
	strcpy(ret_address->sun_path, path);
	return 0;
}

/* Removes a socket that a dead gateway has left. */
static int
remove_stale(const struct sockaddr_un *address)
{
	auto_fd int fd = -1;
	struct stat status;

	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

int
socket_listen_unix(const char *path)
{
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	int r;

	if (fd < 0)
		return -errno;
	r = unix_address(path, &address);
	if (r < 0)
		return r;
	r = remove_stale(&address);
	if (r < 0)
		return r;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		chmod(path, 0666) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return take_fd(&fd);
}

void
socket_set_session_options(int fd, uint32_t stall_ms)
{
	/* Each of them is an improvement, none is needed for the session to be right. */
	(void)set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	(void)set_flag(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	(void)set_flag(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle(stall_ms));
	(void)set_flag(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval(stall_ms));
	(void)set_flag(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)stall_ms);
	(void)set_flag(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_MOST_BYTES);
}

struct socket_bytes
socket_bytes(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return (struct socket_bytes){0};
	return (struct socket_bytes){
		.received = info.tcpi_bytes_received, .sent = info.tcpi_bytes_acked};
}
