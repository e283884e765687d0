/* See brush.h. */
#include "picture/brush.h"

#include <math.h>

bool
box_holds(const struct box *box, int x, int y)
{
	return x >= box->x && y >= box->y && x < box->x + box->width && y < box->y + box->height;
}

void
paint_colour(cairo_t *cairo, uint32_t colour)
{
	cairo_set_source_rgb(cairo, (colour >> 16 & 0xff) / 255.0, (colour >> 8 & 0xff) / 255.0,
		(colour & 0xff) / 255.0);
}

void
paint_rounded(cairo_t *cairo, const struct box *box, double radius)
{
	double left = box->x + radius, top = box->y + radius;
	double right = box->x + box->width - radius, bottom = box->y + box->height - radius;

	cairo_new_sub_path(cairo);
	cairo_arc(cairo, right, top, radius, -M_PI / 2, 0);
	cairo_arc(cairo, right, bottom, radius, 0, M_PI / 2);
	cairo_arc(cairo, left, bottom, radius, M_PI / 2, M_PI);
	cairo_arc(cairo, left, top, radius, M_PI, M_PI * 3 / 2);
	cairo_close_path(cairo);
}

void
paint_box(cairo_t *cairo, const struct box *box, double radius, uint32_t colour)
{
	paint_colour(cairo, colour);
	if (radius > 0)
		paint_rounded(cairo, box, radius);
	else
		cairo_rectangle(cairo, box->x, box->y, box->width, box->height);
	cairo_fill(cairo);
}

/* Inside the box, so that its pixels are whole. */
void
paint_edge(cairo_t *cairo, const struct box *box, double radius, double thickness, uint32_t colour)
{
	const struct box inner = box_inside(box, (int)thickness, (int)thickness);

	cairo_set_fill_rule(cairo, CAIRO_FILL_RULE_EVEN_ODD);
	paint_colour(cairo, colour);
	paint_rounded(cairo, box, radius);
	paint_rounded(cairo, &inner, radius > thickness ? radius - thickness : 0.1);
	cairo_fill(cairo);
	cairo_set_fill_rule(cairo, CAIRO_FILL_RULE_WINDING);
}

struct box
box_inside(const struct box *box, int horizontal, int vertical)
{
	return (struct box){box->x + horizontal, box->y + vertical, box->width - 2 * horizontal,
		box->height - 2 * vertical};
}
