/* UTF-16LE, in which RDP writes text, and UTF-8, in which the gateway keeps it. */
#ifndef RDP_UTF16_H
#define RDP_UTF16_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Converts up to len bytes (an odd last one is ignored), ending at a NUL. Halves of surrogate pairs
 * become U+FFFD. ret_text always ends in NUL; what does not fit in size (at least 1) is cut between
 * characters. len / 2 * 3 + 1 bytes are always enough. */
void utf16_to_utf8(const uint8_t *bytes, size_t len, char *ret_text, size_t size);

/* Writes text without terminator. Returns 0, or -EINVAL if it is no UTF-8 (overlong forms and
 * surrogates are none); room is the writer's affair. */
int utf16_write(struct bytes_writer *writer, const char *text);

#endif
