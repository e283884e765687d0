/* The thread that brings a recording to the disk, where one of its calls, or of those to it, fails: the recorder does not start, or hears
 * that bytes are not on the disk. Nothing waits for a thread that is gone, and no thread and no descriptor is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorder/syncing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STALL_MS 5000
#define FILE_FD 77
#define TURNS 4 /* in each of them the disk is asked */
#define WAIT_MS 20000

/* The nth call of this name fails, in whichever thread. */
static const char *name;
static unsigned int nth;
static atomic_uint calls, synced;
static atomic_int threads;

int __wrap_socketpair(int domain, int type, int protocol, int ends[2]);
int __real_socketpair(int domain, int type, int protocol, int ends[2]);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_join(pthread_t thread, void **value);
int __real_pthread_join(pthread_t thread, void **value);
int __wrap_pthread_detach(pthread_t thread);
int __real_pthread_detach(pthread_t thread);
ssize_t __wrap_read(int fd, void *room, size_t size);
ssize_t __real_read(int fd, void *room, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __wrap_fcntl64(int fd, int what, ...);
int __real_fcntl64(int fd, int what, ...);
int __wrap_fdatasync(int fd);

static bool
fails(const char *called)
{
	return strcmp(called, name) == 0 && atomic_fetch_add(&calls, 1) + 1 == nth;
}

int
__wrap_socketpair(int domain, int type, int protocol, int ends[2])
{
	if (!fails("socketpair"))
		return __real_socketpair(domain, type, protocol, ends);
	errno = EMFILE;
	return -1;
}

int
__wrap_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes,
	void *(*work)(void *), void *argument)
{
	int r;

	if (fails("pthread_create"))
		return EAGAIN;
	r = __real_pthread_create(ret_thread, attributes, work, argument);
	atomic_fetch_add(&threads, r == 0);
	return r;
}

int
__wrap_pthread_join(pthread_t thread, void **value)
{
	atomic_fetch_sub(&threads, 1);
	return __real_pthread_join(thread, value);
}

int
__wrap_pthread_detach(pthread_t thread)
{
	atomic_fetch_sub(&threads, 1);
	return __real_pthread_detach(thread);
}

ssize_t
__wrap_read(int fd, void *room, size_t size)
{
	if (!fails("read"))
		return __real_read(fd, room, size);
	errno = EIO;
	return -1;
}

ssize_t
__wrap_write(int fd, const void *bytes, size_t len)
{
	if (!fails("write"))
		return __real_write(fd, bytes, len);
	errno = EPIPE;
	return -1;
}

int
__wrap_fcntl64(int fd, int what, ...)
{
	va_list arguments;
	int argument;

	va_start(arguments, what);
	argument = va_arg(arguments, int);
	va_end(arguments);
	if (!fails("fcntl"))
		return __real_fcntl64(fd, what, argument);
	errno = EINVAL;
	return -1;
}

int
__wrap_fdatasync(int fd)
{
	assert_int_equal(fd, FILE_FD);
	if (fails("fdatasync")) {
		errno = EIO;
		return -1;
	}
	atomic_fetch_add(&synced, 1);
	return 0;
}

static int
lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)close(fd);
	return fd;
}

/* The loop's turns until nothing is under way. Returns how many of them said that bytes are not on the disk. */
static unsigned int
keep(struct syncing *syncing)
{
	unsigned int missing = 0;
	uint32_t ms = 0;

	for (uint64_t turn = 1; turn <= TURNS; turn++) {
		missing += syncing_turn(syncing, FILE_FD, turn * SYNCING_BYTES, ms, STALL_MS) < 0;
		while (syncing->runs) {
			struct pollfd wanted = {.fd = syncing_fd(syncing), .events = POLLIN};

			assert_int_equal(poll(&wanted, 1, WAIT_MS), 1);
			missing += syncing_turn(syncing, FILE_FD, turn * SYNCING_BYTES, ms,
					   STALL_MS) < 0;
		}
		/* Nothing is due; and who has no thread is not polled. */
		assert_int_equal(syncing_wait_ms(syncing, ms, STALL_MS), -1);
		ms += SYNCING_EVERY_MS;
	}
	return missing;
}

/* Returns whether the call was come to. */
static bool
one_round(int lowest, unsigned int *ret_missing, int *ret_started)
{
	struct syncing syncing;
	bool hit;

	atomic_store(&calls, 0);
	atomic_store(&synced, 0);
	*ret_missing = 0;
	*ret_started = syncing_start(&syncing);
	if (*ret_started == 0) {
		*ret_missing = keep(&syncing);
		assert_true(atomic_load(&synced) + *ret_missing >= TURNS);
		syncing_done(&syncing);
	}
	hit = atomic_load(&calls) >= nth;
	assert_int_equal(syncing_fd(&syncing), -1);
	assert_int_equal(atomic_load(&threads), 0);
	name = "";
	assert_int_equal(lowest_free(), lowest);
	return hit;
}

static const struct call_row {
	const char *name;
	bool only_starts; /* else some of its calls are those that ask, or answer */
} rows[] = {
	{"socketpair", true},
	{"pthread_create", true},
	{"fcntl", true},
	{"read", false},
	{"write", false},
	{"fdatasync", false},
};

static void
what_does_not_come_to_the_disk_is_said(void **state)
{
	int lowest = lowest_free();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned int said = 0, refused = 0, missing;
		bool hit = true;
		int started;

		for (nth = 1; hit; nth++) {
			name = rows[i].name;
			hit = one_round(lowest, &missing, &started);
			refused += started < 0;
			said += missing > 0;
			if (!hit)
				assert_true(started == 0 && missing == 0);
		}
		if (rows[i].only_starts)
			assert_true(refused == 1 && said == 0);
		else
			assert_true(said >= 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_come_to_the_disk_is_said)};

	/* As in the program: its thread may say something to an end that is closed. */
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
