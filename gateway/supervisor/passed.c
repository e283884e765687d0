/* Sockets from systemd; see passed.h. */
#include "supervisor/passed.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#define PASSED_MOST 64

/* Made once, at the start, from what the process was given: descriptors are the process's own. */
static struct {
	int count;
	bool taken[PASSED_MOST];
} passed;

int
passed_init(void)
{
	int count = sd_listen_fds(1);

	if (count > PASSED_MOST)
		return -E2BIG;
	if (count > 0)
		passed.count = count;
	return count;
}

static bool
same_tcp(const struct sockaddr *one, const struct sockaddr *other)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)one;
	const struct sockaddr_in *other_in = (const struct sockaddr_in *)(const void *)other;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)one;
	const struct sockaddr_in6 *other_in6 = (const struct sockaddr_in6 *)(const void *)other;

	if (one->sa_family != other->sa_family)
		return false;
	if (one->sa_family == AF_INET)
		return in->sin_port == other_in->sin_port &&
		       in->sin_addr.s_addr == other_in->sin_addr.s_addr;
	return one->sa_family == AF_INET6 && in6->sin6_port == other_in6->sin6_port &&
	       memcmp(&in6->sin6_addr, &other_in6->sin6_addr, sizeof(in6->sin6_addr)) == 0;
}

static bool
same_unix(const struct sockaddr *one, const struct sockaddr *other)
{
	return one->sa_family == AF_UNIX &&
	       strcmp(((const struct sockaddr_un *)(const void *)one)->sun_path,
		       ((const struct sockaddr_un *)(const void *)other)->sun_path) == 0;
}

static int
take(const struct sockaddr *address,
	bool (*same)(const struct sockaddr *one, const struct sockaddr *other))
{
	for (int i = 0; i < passed.count; i++) {
		struct sockaddr_storage bound = {0};
		socklen_t len = sizeof(bound);
		int fd = SD_LISTEN_FDS_START + i;

		if (passed.taken[i] || getsockname(fd, (struct sockaddr *)&bound, &len) < 0 ||
			!same((const struct sockaddr *)&bound, address))
			continue;
		if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
			return -errno;
		passed.taken[i] = true;
		return fd;
	}
	return -ENOENT;
}

int
passed_take_tcp(const struct sockaddr *address)
{
	return take(address, same_tcp);
}

int
passed_take_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	return take((const struct sockaddr *)&address, same_unix);
}

int
passed_left(void)
{
	int left = 0;

	for (int i = 0; i < passed.count; i++)
		left += !passed.taken[i];
	return left;
}
