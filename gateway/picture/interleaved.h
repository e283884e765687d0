/* Pictures at 15, 16 and 24 bits a pixel: MS-RDPBCGR 2.2.9.1.1.3.1.2.4, the run lengths of clients from 2001 on. libfreerdp has an
 * encoder too, but what it makes of some pictures is another picture (3.10 and later: at 24 bits most of them).
 *
 * Pure: pixels in, bytes out.
 */
#ifndef PICTURE_INTERLEAVED_H
#define PICTURE_INTERLEAVED_H

#include <stddef.h>
#include <stdint.h>

#define INTERLEAVED_PIXELS_MOST (64 * 64)
/* A picture that has no runs at all, behind the head of one order. */
#define INTERLEAVED_BYTES_MOST (3 + INTERLEAVED_PIXELS_MOST * 3)

/* A colour (0x00RRGGBB) as a client at this depth is told it: 15, 16 or 24. */
uint32_t interleaved_colour(uint32_t colour, uint32_t depth);

/* width x height pixels (B, G, R, unused) in rows of `stride` bytes from the top; at least one pixel and at most
 * INTERLEAVED_PIXELS_MOST. Returns the length: ret_bytes has room for INTERLEAVED_BYTES_MOST. */
size_t interleaved_encode(const uint8_t *pixels, size_t stride, uint32_t width, uint32_t height,
	uint32_t depth, uint8_t *ret_bytes);

#endif
