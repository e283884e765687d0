/* Reading and making the facility key; see sealing.h.
 *
 * The key opens everything that is sealed: a file that others can read or replace is refused, rather
 * than used with a warning that nobody sees.
 */
#include "policy/sealing.h"

#include "base/cleanup.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* systemd keeps credentials in a folder that belongs to root and is read-only for the service
 * (systemd.exec(5), CREDENTIALS): owner and mode of the file are its business there. */
static bool
is_credential(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t len = folder == NULL ? 0 : strlen(folder);

	return len > 0 && strncmp(path, folder, len) == 0 && path[len] == '/' &&
	       strstr(path + len, "..") == NULL;
}

static int
check_file(int fd, bool credential, const char **ret_why)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode)) {
		*ret_why = "the facility key is not a regular file";
		return -EINVAL;
	}
	if (!credential && (status.st_mode & 077) != 0) {
		*ret_why = "the facility key can be touched by others than its owner: chmod 600 it";
		return -EPERM;
	}
	if (!credential && status.st_uid != geteuid()) {
		*ret_why = "the facility key belongs to another user than the gateway's";
		return -EPERM;
	}
	if (status.st_size != FACILITY_KEY_BYTES) {
		*ret_why = "the facility key is not exactly 32 bytes long";
		return -EINVAL;
	}
	return 0;
}

static const char *
open_error_text(int error)
{
	switch (error) {
	case ENOENT:
		return "there is no facility key at this path";
	case EACCES:
		return "the facility key may not be read by the gateway's user";
	case ELOOP:
		return "the facility key is a symbolic link";
	default:
		return "the facility key cannot be opened";
	}
}

int
sealing_open(const char *path, struct sealing **ret_sealing, const char **ret_why)
{
	bool credential = is_credential(path);
	uint8_t key[FACILITY_KEY_BYTES];
	auto_fd int fd = -1;
	ssize_t got;
	int r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (credential ? 0 : O_NOFOLLOW));
	if (fd < 0) {
		r = -errno;
		*ret_why = open_error_text(-r);
		return r;
	}
	*ret_why = "the facility key cannot be read";
	r = check_file(fd, credential, ret_why);
	if (r < 0)
		return r;
	got = read(fd, key, sizeof(key));
	if (got != (ssize_t)sizeof(key))
		return got < 0 ? -errno : -EINVAL;
	r = sealing_new(key, ret_sealing);
	secret_wipe(key, sizeof(key));
	return r;
}

static int
write_key(int fd)
{
	uint8_t key[FACILITY_KEY_BYTES];
	int r = 0;

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return -EIO;
	if (write(fd, key, sizeof(key)) != (ssize_t)sizeof(key) || fsync(fd) < 0)
		r = errno != 0 ? -errno : -EIO;
	secret_wipe(key, sizeof(key));
	return r;
}

static int
sync_folder(const char *path)
{
	char copy[PATH_MAX];
	auto_fd int fd = -1;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

int
sealing_key_create(const char *path, const char **ret_why)
{
	auto_fd int fd = -1;
	int r;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		r = -errno;
		*ret_why = r == -EEXIST
				   ? "there is something at this path already; it was left alone"
				   : "the facility key cannot be made here";
		return r;
	}
	r = fchmod(fd, 0600) < 0 ? -errno : write_key(fd);
	if (r == 0)
		r = sync_folder(path);
	if (r < 0) {
		*ret_why = "the facility key could not be written";
		(void)unlink(path);
	}
	return r;
}
