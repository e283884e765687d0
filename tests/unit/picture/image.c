/* See image.h. */
#include "image.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

void
image_set(struct image *image, uint32_t x, uint32_t y, uint32_t colour)
{
	memcpy(image->pixels + (size_t)y * ROW + x * 4u, &colour, 4);
}

uint32_t
image_get(const struct image *image, uint32_t x, uint32_t y)
{
	uint32_t colour;

	memcpy(&colour, image->pixels + (size_t)y * ROW + x * 4u, 4);
	return colour & 0xffffff;
}

void
image_draw_pattern(struct image *image, unsigned int *chance)
{
	uint32_t colours[4];

	image->width = 1 + (uint32_t)rand_r(chance) % SIDE;
	image->height = 1 + (uint32_t)rand_r(chance) % SIDE;
	for (size_t i = 0; i < ARRAY_SIZE(colours); i++)
		colours[i] = (uint32_t)rand_r(chance) & 0xffffff;
	for (uint32_t y = 0; y < image->height; y++)
		for (uint32_t x = 0; x < image->width; x++)
			image_set(image, x, y,
				rand_r(chance) % 4 == 0 || y == 0
					? colours[(size_t)rand_r(chance) % 4]
				: rand_r(chance) % 8 != 0 ? image_get(image, x, y - 1)
							  : colours[0]);
}
