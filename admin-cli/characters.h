/* Characters as a person sees them: a letter with its marks, an emoji joined from several, a flag. */
#ifndef ADMIN_CHARACTERS_H
#define ADMIN_CHARACTERS_H

#include <stddef.h>

/* Bytes of the character at `text`, at least 1 unless the text is over; *ret_width is its columns on a terminal,
 * 0 for one that is not shown. What is not UTF-8 counts byte by byte. */
size_t character_next(const char *text, size_t *ret_width);

/* The same for one code point. */
size_t character_next_point(const char *text, size_t *ret_width);

#endif
