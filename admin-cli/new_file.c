/* Files that a command writes for its caller alone; see new_file.h. */
#include "admin-cli/new_file.h"

#include "admin-cli/text.h"
#include "base/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
new_file_create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

int
new_file_write(int fd, const void *bytes, size_t len)
{
	int r = write_whole(fd, bytes, len);

	if (r < 0)
		return r;
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

enum admin_exit
new_file_refuse(const struct admin *admin, const char *path, int error)
{
	if (error == -EEXIST)
		return admin_refuse(admin, ADMIN_REFUSED,
			_("%s is there already: choose another name, or delete it first"),
			text_shown(path));
	return admin_refuse(admin, ADMIN_REFUSED, _("%s cannot be written: %s"), text_shown(path),
		strerror(-error));
}
