/* Bytes into lines: pure. A line that does not fit is given in pieces, empty ones are left out. */
#ifndef SUPERVISOR_CHILD_LINES_H
#define SUPERVISOR_CHILD_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define CHILD_LINE_MOST 1024

struct child_lines {
	char held[CHILD_LINE_MOST];
	size_t len;
	size_t begins; /* what stands before it has been given out */
};

/* Where the next bytes go; *ret_room is 0 only while there are lines to be taken. Say with
 * child_lines_add how many came. Lines given out before are no longer valid. */
char *child_lines_room(struct child_lines *lines, size_t *ret_room);
void child_lines_add(struct child_lines *lines, size_t count);

/* The next line, without its newline; false if there is no whole one yet. At the end of all bytes
 * the rest is one, too. */
bool child_lines_next(
	struct child_lines *lines, bool is_end, const char **ret_line, size_t *ret_len);

#endif
