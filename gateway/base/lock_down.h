/* Sandboxes of our processes: what each may still do once it reads bytes from outside. The profiles
 * are rows of lock_down.def; SECURITY.md shows the same table.
 *
 * Order in main():
 *	log_init("sekisho-worker");
 *	lock_down_early();              before uv_loop_init and before any thread
 *	...open nothing more, hear CONFIGURE...
 *	lock_down(LOCK_DOWN_WORKER);    before the first outside byte
 */
#ifndef BASE_LOCK_DOWN_H
#define BASE_LOCK_DOWN_H

#include <stdbool.h>

/* Descriptors that every child finds (children.c puts them there). */
#define CHILD_FD_CHANNEL 3 /* to the supervisor */
#define CHILD_FD_KEY 4     /* worker: to sekisho-key; sekisho-key: the PEM of its key, read once */

enum lock_down_profile {
#define PROFILE(name, filter, otherwise, landlock, descriptors, memory, time) LOCK_DOWN_##name,
#include "base/lock_down.def"
#undef PROFILE
	LOCK_DOWN_COUNT
};

/* For every process, first thing: no new privileges, not dumpable (no core, no ptrace by others of
 * the same user, /proc/self not readable by them), and io_uring_setup answers ENOSYS for good.
 * libuv 1.50 makes a ring in uv_loop_init, and a ring opens files and sockets where no filter sees
 * it. Inherited by children. Returns 0 or a negative errno (logged). */
int lock_down_early(void);

/* For a process whose libraries start threads before lock_down: Landlock binds a thread and those that it starts
 * later, so that they must be bound while there is one. From here on this process opens files for reading alone, and no
 * TCP port. Returns 0 or a negative errno (logged). */
int lock_down_before_threads(void);

/* Closes the sandbox of this process and all its threads: rlimits, Landlock, seccomp. Logs which
 * filter it is, and plainly if the kernel has no Landlock. Returns 0 or a negative errno (logged):
 * the caller exits. */
int lock_down(enum lock_down_profile profile);

/* The name of the filter that lock_down would use: "worker", in builds with AddressSanitizer
 * "worker-asan". */
const char *lock_down_filter_name(enum lock_down_profile profile);

#endif
