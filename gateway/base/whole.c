/* See whole.h. */
#include "base/whole.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

int
write_whole(int fd, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len > 0) {
		ssize_t written = write(fd, at, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		at += written;
		len -= (size_t)written;
	}
	return 0;
}
