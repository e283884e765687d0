/* Starting a program as a child with numbered descriptors; used by children.c. */
#ifndef SUPERVISOR_CHILDREN_SPAWN_H
#define SUPERVISOR_CHILDREN_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

/* The path of a program in `directory`, or, if that is NULL, in the directory of our own
 * program. */
int child_program_path(const char *directory, const char *name, char *ret_path, size_t size);

/* Starts `path` with fd 0 /dev/null, 1 and 2 `output`, 3 `channel`, 4 `fourth`, nothing else, and an
 * environment of no more than the sanitizers need. All descriptors are borrowed. Returns 0 or a
 * negative errno. */
int child_spawn(
	const char *path, const char *name, int output, int channel, int fourth, pid_t *ret_pid);

#endif
