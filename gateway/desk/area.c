/* See area.h. */
#include "desk/area.h"

struct box {
	int64_t left, top, width, height;
};

/* False: there is none, or it lies beyond the desktop. */
static bool
primary_monitor(const struct box *desktop, const struct area_monitor *monitors, size_t count,
	struct box *ret_box)
{
	const struct area_monitor *primary = NULL;
	int64_t first_x = 0, first_y = 0;

	for (size_t i = 0; i < count; i++) {
		first_x = monitors[i].x < first_x ? monitors[i].x : first_x;
		first_y = monitors[i].y < first_y ? monitors[i].y : first_y;
		if (monitors[i].is_primary)
			primary = &monitors[i];
	}
	if (primary == NULL)
		return false;
	*ret_box = (struct box){
		primary->x - first_x, primary->y - first_y, primary->width, primary->height};
	return ret_box->width >= AREA_SIZE_LEAST && ret_box->height >= AREA_SIZE_LEAST &&
	       ret_box->left + ret_box->width <= desktop->width &&
	       ret_box->top + ret_box->height <= desktop->height;
}

static int64_t
between(int64_t least, int64_t value, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static int64_t
middle(int64_t inner, int64_t outer)
{
	return inner < outer ? (outer - inner) / 2 : 0;
}

void
area_choose(uint32_t desktop_width, uint32_t desktop_height, const struct area_monitor *monitors,
	size_t count, struct area *ret_area)
{
	const struct box desktop = {.width = desktop_width, .height = desktop_height};
	struct box box;
	int64_t width, height;

	if (!primary_monitor(&desktop, monitors, count, &box))
		box = desktop;
	width = between(AREA_SIZE_LEAST, box.width, AREA_SIZE_MOST);
	height = between(AREA_SIZE_LEAST, box.height, AREA_SIZE_MOST);
	height = between(AREA_SIZE_LEAST, height, AREA_PIXELS_MOST / width);
	*ret_area = (struct area){
		.left = (uint32_t)(box.left + middle(width, box.width)),
		.top = (uint32_t)(box.top + middle(height, box.height)),
		.width = (uint16_t)width,
		.height = (uint16_t)height,
		.seen_width = (uint32_t)between(0, width, desktop.width),
		.seen_height = (uint32_t)between(0, height, desktop.height),
	};
}
