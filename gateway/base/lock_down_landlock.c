/* Landlock by its system calls: libc has no functions for them, and Debian 12's headers know only
 * its first versions. landlock(7), include/uapi/linux/landlock.h. See lock_down.h.
 */
#include "base/cleanup.h"
#include "base/lock_down_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1

/* struct landlock_ruleset_attr of version 6; the kernel takes the length that its version knows. */
struct ruleset {
	uint64_t handled_files;
	uint64_t handled_net;
	uint64_t scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* What each version of Landlock added. */
static const struct {
	int version;
	uint64_t files;
	uint64_t net;
	uint64_t scoped;
	size_t attr_bytes;
} versions[] = {
	{1, 0x1fff, 0, 0, 8},    /* execute, write, read, directories, make and remove */
	{2, 1u << 13, 0, 0, 8},  /* refer */
	{3, 1u << 14, 0, 0, 8},  /* truncate */
	{4, 0, 3, 0, 16},        /* TCP bind and connect */
	{5, 1u << 15, 0, 0, 16}, /* ioctl on devices */
	{6, 0, 0, 3, 24},        /* abstract Unix sockets, signals */
};

#define READ_FILE (1u << 2)
#define READ_DIR (1u << 3)

int
lock_down_landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return version < 0 ? 0 : (int)version;
}

static int
allow_reading(int ruleset)
{
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct path_beneath rule = {.allowed = READ_FILE | READ_DIR, .parent = root};

	if (root < 0)
		return -errno;
	return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno
											: 0;
}

int
lock_down_landlock(int version, bool reading)
{
	struct ruleset attr = {0};
	size_t attr_bytes = 0;
	auto_fd int ruleset = -1;

	for (size_t i = 0; i < ARRAY_SIZE(versions) && versions[i].version <= version; i++) {
		attr.handled_files |= versions[i].files;
		attr.handled_net |= versions[i].net;
		attr.scoped |= versions[i].scoped;
		attr_bytes = versions[i].attr_bytes;
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, attr_bytes, 0);
	if (ruleset < 0)
		return -errno;
	/* The sanitizer's own reports read /proc and the program's file. */
	if (reading || LOCK_DOWN_SANITIZED) {
		int r = allow_reading(ruleset);

		if (r < 0)
			return r;
	}
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}
