/* Starting a program as a child with numbered descriptors; used by children.c. */
#ifndef SUPERVISOR_CHILDREN_SPAWN_H
#define SUPERVISOR_CHILDREN_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

/* The path of a program in `directory`, or, if that is NULL, in the directory of our own
 * program. */
int child_program_path(const char *directory, const char *name, char *ret_path, size_t size);

struct child_program {
	const char *path, *name;
	int niceness; /* 0: this process's own */
	int output, channel, fourth;
};

/* Starts it with fd 0 /dev/null, 1 and 2 `output`, 3 `channel`, 4 `fourth`, nothing else, and an
 * environment of no more than the sanitizers need. All descriptors are borrowed. Returns 0 or a
 * negative errno. */
int child_spawn(const struct child_program *program, pid_t *ret_pid);

#endif
