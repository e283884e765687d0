/* Files that a command writes for its caller alone: secrets, reports. */
#ifndef ADMIN_NEW_FILE_H
#define ADMIN_NEW_FILE_H

#include "admin-cli/command.h"

#include <stddef.h>

/* A new file, readable by its owner alone: never one that is there, never through a link that somebody has laid.
 * A descriptor or a negative errno. */
int new_file_create(const char *path);

/* Writes all of it and sees it safe on the disk, with what was written before. 0 or a negative errno. */
int new_file_write(int fd, const void *bytes, size_t len);

/* Says why a file could not be made or written. */
enum admin_exit new_file_refuse(const struct admin *admin, const char *path, int error);

#endif
