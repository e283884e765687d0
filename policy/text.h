/* Text that people give: UTF-8, counted in characters. Pure. */
#ifndef POLICY_TEXT_H
#define POLICY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum text_kind {
	TEXT_LINE, /* printable: no control character, no line break, nothing that reorders a line */
	TEXT_LINES, /* as above, but line breaks and tabs may stand in it */
};

/* Number of characters, or -EINVAL if it is not UTF-8 or not of that kind. */
int text_count(const char *text, size_t len, enum text_kind kind);

/* Drops blanks (also the wide one, U+3000) at both ends; *ret_len is what remains at the result. */
const char *text_trim(const char *text, size_t *ret_len);

/* ASCII letters to lower case, everything else as it is. ret_lower has room for strlen(text) + 1. */
void text_to_lower(const char *text, char *ret_lower);

#endif
