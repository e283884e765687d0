/* Preloaded into the gateway by `tests/lab up --slow-fsync MS`: a disk on which every fsync takes that long.
 * The library calls this; nothing else of the program is touched.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void
wait_for_the_disk(void)
{
	const char *text = getenv("SLOW_FSYNC_MS");
	long ms = text == NULL ? 0 : strtol(text, NULL, 10);
	struct timespec rest = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&rest, &rest) != 0)
		;
}

int
fsync(int fd)
{
	wait_for_the_disk();
	return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	wait_for_the_disk();
	return (int)syscall(SYS_fdatasync, fd);
}
