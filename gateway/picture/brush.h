/* Boxes, and what is drawn of them with cairo. */
#ifndef PICTURE_BRUSH_H
#define PICTURE_BRUSH_H

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

struct box {
	int x, y, width, height; /* width 0: it is not there */
};

bool box_holds(const struct box *box, int x, int y);

/* Less at each side. */
struct box box_inside(const struct box *box, int horizontal, int vertical);

/* Colours are 0xRRGGBB. */
void paint_colour(cairo_t *cairo, uint32_t colour);
void paint_rounded(cairo_t *cairo, const struct box *box, double radius); /* a path */
void paint_box(cairo_t *cairo, const struct box *box, double radius, uint32_t colour);
void paint_edge(
	cairo_t *cairo, const struct box *box, double radius, double thickness, uint32_t colour);

#endif
