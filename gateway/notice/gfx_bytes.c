/* See gfx_bytes.h. */
#include "notice/gfx_bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
gfx_bytes_add(struct gfx_bytes *out, const uint8_t *bytes, size_t len)
{
	size_t size = out->size > 0 ? out->size : 4096;
	uint8_t *grown;

	while (size - out->len < len)
		size *= 2;
	if (size != out->size) {
		grown = realloc(out->bytes, size);
		if (grown == NULL)
			return -ENOMEM;
		out->bytes = grown;
		out->size = size;
	}
	if (len > 0)
		memcpy(out->bytes + out->len, bytes, len);
	out->len += len;
	return 0;
}
