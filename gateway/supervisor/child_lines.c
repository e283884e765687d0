/* Bytes into lines; see child_lines.h. */
#include "supervisor/child_lines.h"

#include <assert.h>
#include <string.h>

char *
child_lines_room(struct child_lines *lines, size_t *ret_room)
{
	lines->len -= lines->begins;
	memmove(lines->held, lines->held + lines->begins, lines->len);
	lines->begins = 0;
	*ret_room = sizeof(lines->held) - lines->len;
	return lines->held + lines->len;
}

void
child_lines_add(struct child_lines *lines, size_t count)
{
	assert(count <= sizeof(lines->held) - lines->len);
	lines->len += count;
}

bool
child_lines_next(struct child_lines *lines, bool is_end, const char **ret_line, size_t *ret_len)
{
	const char *line, *newline;
	size_t len;

	while (lines->begins < lines->len && lines->held[lines->begins] == '\n')
		lines->begins++;
	line = lines->held + lines->begins;
	len = lines->len - lines->begins;
	if (len == 0)
		return false;
	newline = memchr(line, '\n', len);
	if (newline == NULL && len < sizeof(lines->held) && !is_end)
		return false;
	*ret_line = line;
	*ret_len = newline == NULL ? len : (size_t)(newline - line);
	lines->begins += *ret_len;
	return true;
}
