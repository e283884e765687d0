/* UTF-8 (RFC 3629), one character at a time. Pure. */
#ifndef BASE_UTF_8_H
#define BASE_UTF_8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the character that begins there. Returns its length in bytes, 0 if it is no UTF-8. */
size_t utf_8_read(const char *text, size_t left, uint32_t *ret_character);

bool utf_8_is_valid(const char *text, size_t len);

/* Characters, as a person counts what was typed; -1 for what is no UTF-8. */
ptrdiff_t utf_8_count(const char *text, size_t len);

/* Characters that show nothing, or make a line read otherwise than it is stored: two names that look
 * alike, or a list turned around, would lead a reader to the wrong row. Line ends are such, too. */
bool utf_8_is_unprintable(uint32_t character);

#endif
