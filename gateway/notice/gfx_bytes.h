/* Bytes that become more. */
#ifndef NOTICE_GFX_BYTES_H
#define NOTICE_GFX_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Begins as {0}; the owner frees `bytes`. */
struct gfx_bytes {
	uint8_t *bytes;
	size_t len, size;
};

/* Returns 0, or -ENOMEM with nothing added. */
int gfx_bytes_add(struct gfx_bytes *out, const uint8_t *bytes, size_t len);

#endif
