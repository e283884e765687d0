/* A small picture, for the tests of what encodes them. Each pixel is four bytes: blue, green, red and nothing. */
#ifndef TESTS_GREETER_IMAGE_H
#define TESTS_GREETER_IMAGE_H

#include <stdint.h>

#define SIDE 64
#define ROW (SIDE * 4)

struct image {
	uint8_t pixels[SIDE * ROW];
	uint32_t width, height;
};

void image_set(struct image *image, uint32_t x, uint32_t y, uint32_t colour);
uint32_t image_get(const struct image *image, uint32_t x, uint32_t y);

/* What screens are made of: few colours, rows alike, letters; of any size, drawn by chance, for rand_r always the same. */
void image_draw_pattern(struct image *image, unsigned int *chance);

#endif
