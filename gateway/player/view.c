/* See view.h. */
#include "player/view.h"

#include <stdint.h>

static int
between(int least, int value, int most)
{
	return value < least ? least : value > most ? most : value;
}

static int
most_pan(int picture, int area)
{
	return picture > area ? picture - area : 0;
}

bool
view_is_scaled(const struct view *view)
{
	return !view->own_size &&
	       (view->picture_width > view->area_width || view->picture_height > view->area_height);
}

/* In the middle of what is left. */
static struct box
letterbox(const struct view *view, int width, int height)
{
	return (struct box){
		(view->area_width - width) / 2, (view->area_height - height) / 2, width, height};
}

static struct box
scaled_place(const struct view *view)
{
	int64_t by_width = (int64_t)view->area_width * view->picture_height;
	int64_t by_height = (int64_t)view->area_height * view->picture_width;
	int width = view->area_width, height = view->area_height;

	if (by_width <= by_height)
		height = (int)(by_width / view->picture_width);
	else
		width = (int)(by_height / view->picture_height);
	return letterbox(view, width > 0 ? width : 1, height > 0 ? height : 1);
}

struct box
view_place(const struct view *view)
{
	struct box place;

	if (view->picture_width <= 0 || view->picture_height <= 0)
		return (struct box){0};
	if (view_is_scaled(view))
		return scaled_place(view);
	place = letterbox(view, view->picture_width, view->picture_height);
	if (view->picture_width > view->area_width)
		place.x = -between(0, view->pan_x, most_pan(view->picture_width, view->area_width));
	if (view->picture_height > view->area_height)
		place.y =
			-between(0, view->pan_y, most_pan(view->picture_height, view->area_height));
	return place;
}

bool
view_pan(struct view *view, int right, int down)
{
	int x = between(0, view->pan_x + right, most_pan(view->picture_width, view->area_width));
	int y = between(0, view->pan_y + down, most_pan(view->picture_height, view->area_height));
	bool moved = x != view->pan_x || y != view->pan_y;

	view->pan_x = x;
	view->pan_y = y;
	return moved && !view_is_scaled(view);
}

struct box
view_box(const struct view *view, const struct picture_rectangle *part)
{
	const struct box place = view_place(view);
	int64_t left = part->x, top = part->y, right = part->x + part->width,
		below = part->y + part->height;
	struct box box;

	if (place.width == 0)
		return place;
	if (!view_is_scaled(view))
		return (struct box){
			place.x + part->x, place.y + part->y, part->width, part->height};
	box.x = place.x + (int)(left * place.width / view->picture_width) - 1;
	box.y = place.y + (int)(top * place.height / view->picture_height) - 1;
	box.width = place.x + (int)(right * place.width / view->picture_width) + 2 - box.x;
	box.height = place.y + (int)(below * place.height / view->picture_height) + 2 - box.y;
	return box;
}
