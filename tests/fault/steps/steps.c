/* Ends the process, or fills the disk, at a step; see steps.h. */
#include "steps.h"

#include "call_chain.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* Of the process that is to fail; its threads write, too. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool armed;
static enum steps_fault fault;
static long first;

/* What its parent is told, in memory that they share. */
static struct told {
	long seen;
	long failed_at; /* 0: nowhere */
} * told;

void
steps_begin(void)
{
	call_chains_begin(10);
	if (told == NULL)
		told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (told == MAP_FAILED)
		abort();
}

void
steps_arm(enum steps_fault new_fault, long from)
{
	pthread_mutex_lock(&mutex);
	*told = (struct told){0};
	fault = new_fault;
	first = from;
	armed = true;
	pthread_mutex_unlock(&mutex);
}

bool
steps_disarm(void)
{
	pthread_mutex_lock(&mutex);
	armed = false;
	pthread_mutex_unlock(&mutex);
	return told->failed_at > 0;
}

long
steps_failed_at(void)
{
	return told->failed_at;
}

long
steps_seen(void)
{
	return told->seen;
}

/* Whether the disk is full for this step. */
static bool
step_fails(bool takes_room)
{
	bool now = false;

	pthread_mutex_lock(&mutex);
	if (armed) {
		told->seen++;
		if (told->failed_at > 0)
			now = fault == STEPS_FULL;
		else if (told->seen >= first && call_chain_is_new()) {
			told->failed_at = told->seen;
			now = true;
		}
		if (now && fault == STEPS_KILL)
			(void)kill(getpid(), SIGKILL);
	}
	pthread_mutex_unlock(&mutex);
	return now && takes_room;
}

/* Threads wake each other by writing to descriptors that are no files. */
static bool
write_fails(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || !step_fails(true))
		return false;
	errno = ENOSPC;
	return true;
}

static bool
name_fails(bool takes_room)
{
	if (!step_fails(takes_room))
		return false;
	errno = ENOSPC;
	return true;
}

/* What the linker gives us for ours, and us for theirs. */
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __real_pwrite64(int fd, const void *bytes, size_t len, off_t at);
int __real_fsync(int fd);
int __real_ftruncate64(int fd, off_t size);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_unlinkat(int folder, const char *path, int flags);
int __real_open64(const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off_t at);
int __wrap_fsync(int fd);
int __wrap_ftruncate64(int fd, off_t size);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_unlinkat(int folder, const char *path, int flags);
int __wrap_open64(const char *path, int flags, ...);

ssize_t
__wrap_write(int fd, const void *bytes, size_t len)
{
	return write_fails(fd) ? -1 : __real_write(fd, bytes, len);
}

ssize_t
__wrap_pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
	return write_fails(fd) ? -1 : __real_pwrite64(fd, bytes, len, at);
}

int
__wrap_fsync(int fd)
{
	return write_fails(fd) ? -1 : __real_fsync(fd);
}

int
__wrap_ftruncate64(int fd, off_t size)
{
	return write_fails(fd) ? -1 : __real_ftruncate64(fd, size);
}

int
__wrap_rename(const char *from, const char *to)
{
	return name_fails(true) ? -1 : __real_rename(from, to);
}

/* A full disk lets go of what it has. */
int
__wrap_unlink(const char *path)
{
	(void)name_fails(false);
	return __real_unlink(path);
}

int
__wrap_unlinkat(int folder, const char *path, int flags)
{
	(void)name_fails(false);
	return __real_unlinkat(folder, path, flags);
}

int
__wrap_open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	if ((flags & O_CREAT) != 0) {
		va_list more;

		va_start(more, flags);
		mode = va_arg(more, mode_t);
		va_end(more);
		if (access(path, F_OK) < 0 && name_fails(true))
			return -1;
	}
	return __real_open64(path, flags, mode);
}

static int
sqlite_open(const char *path, int flags, int mode)
{
	return __wrap_open64(path, flags, mode);
}

static int
sqlite_fallocate(int fd, off_t at, off_t len)
{
	return write_fails(fd) ? ENOSPC : posix_fallocate(fd, at, len);
}

void
steps_watch_sqlite(void)
{
	static const struct {
		const char *name;
		sqlite3_syscall_ptr call;
	} calls[] = {
		{"open", (sqlite3_syscall_ptr)sqlite_open},
		{"write", (sqlite3_syscall_ptr)__wrap_write},
		{"pwrite", (sqlite3_syscall_ptr)__wrap_pwrite64},
		{"pwrite64", (sqlite3_syscall_ptr)__wrap_pwrite64},
		{"ftruncate", (sqlite3_syscall_ptr)__wrap_ftruncate64},
		{"fallocate", (sqlite3_syscall_ptr)sqlite_fallocate},
		{"unlink", (sqlite3_syscall_ptr)__wrap_unlink},
	};
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int rc = vfs->xSetSystemCall(vfs, calls[i].name, calls[i].call);

		/* Not every build has each of them. */
		if (rc != SQLITE_OK && rc != SQLITE_NOTFOUND)
			abort();
	}
}
