/* Which pixels of a page have changed. */
#include "greeter/screen_private.h"

void
tiles_damage_part(struct screen *screen, enum part part)
{
	int ring = screen_units(screen, 4);
	struct box box;

	if (part >= PART_COUNT || screen->parts[part].width == 0)
		return;
	box = screen->parts[part];
	box = (struct box){box.x - ring, box.y - ring, box.width + 2 * ring, box.height + 2 * ring};
	tiles_damage(&screen->tiles, &box);
}

static void
paint_page(void *owner, cairo_t *cairo)
{
	paint_parts(owner, cairo);
}

size_t
screen_draw(struct screen *screen, struct picture_rectangle *ret_tiles, size_t most)
{
	return tiles_draw(&screen->tiles, paint_page, screen, ret_tiles, most);
}

void
screen_redraw(struct screen *screen)
{
	tiles_redraw(&screen->tiles);
}

const uint8_t *
screen_pixels(const struct screen *screen, size_t *ret_stride)
{
	*ret_stride = screen->tiles.stride;
	return screen->tiles.pixels;
}
