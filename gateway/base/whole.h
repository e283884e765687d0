/* Bytes written and read to the last one, or the reason why not. */
#ifndef BASE_WHOLE_H
#define BASE_WHOLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Writes all of it, however often write(2) takes only a part or is interrupted. 0, or a negative errno: then a part may
 * be there. Not for the loop: a disk may take its time. */
int write_whole(int fd, const void *bytes, size_t len);

/* Reads with pread(2) from `offset` on: as many bytes as there are, `len` at the most. Returns their number or a negative errno. */
ssize_t read_at(int fd, uint64_t offset, void *room, size_t len);

#endif
