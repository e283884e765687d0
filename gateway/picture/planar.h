/* Pictures at 32 bits a pixel: the planes of MS-RDPEGDI 2.2.2.5.1, each with its run lengths (3.1.9.2). libfreerdp's encoder looks at every
 * pixel by way of its format, which took half of the time to the first picture.
 *
 * Pure: pixels in, bytes out.
 */
#ifndef PICTURE_PLANAR_H
#define PICTURE_PLANAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLANAR_SIDE_MOST 64
/* Four planes; run lengths make a row longer by five bytes at most. */
#define PLANAR_BYTES_MOST (2 + 4 * PLANAR_SIDE_MOST * (PLANAR_SIDE_MOST + 5))

/* width x height pixels (B, G, R, unused) in rows of `stride` bytes from the top, at most PLANAR_SIDE_MOST each way. alpha: with a
 * plane of it, of full opacity, for clients that cannot do without. Returns the length: ret_bytes has room for
 * PLANAR_BYTES_MOST. */
size_t planar_encode(const uint8_t *pixels, size_t stride, uint32_t width, uint32_t height,
	bool alpha, uint8_t *ret_bytes);

#endif
