/* A hospital's disk for whole processes: LD_PRELOAD this library, and each fsync and fdatasync takes
 * SEKISHO_TEST_FSYNC_MS milliseconds more. For scenarios and benchmarks; the gateway is built without
 * knowing of it.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void
wait_for_the_disk(void)
{
	const char *text = getenv("SEKISHO_TEST_FSYNC_MS");
	long ms = text == NULL ? 20 : strtol(text, NULL, 10);
	struct timespec time = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&time, NULL);
}

int
fsync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

	wait_for_the_disk();
	return real(fd);
}

int
fdatasync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

	wait_for_the_disk();
	return real(fd);
}
