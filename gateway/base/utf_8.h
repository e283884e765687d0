/* UTF-8 (RFC 3629), one character at a time. Pure. */
#ifndef BASE_UTF_8_H
#define BASE_UTF_8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the character that begins there. Returns its length in bytes, 0 if it is no UTF-8. */
size_t utf_8_read(const char *text, size_t left, uint32_t *ret_character);

bool utf_8_is_valid(const char *text, size_t len);

#endif
