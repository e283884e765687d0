/* Letters: the fonts that the process has, and text drawn with them. */
#ifndef PICTURE_TYPE_H
#define PICTURE_TYPE_H

#include <pango/pangocairo.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum type {
	TYPE_FACILITY,
	TYPE_TITLE,
	TYPE_BODY,
	TYPE_LABEL,
	TYPE_FIELD,
	TYPE_BUTTON,
	TYPE_SMALL,
	TYPE_DIGITS, /* of the hospital's number */
	TYPE_CODE,   /* a key in letters: no two of them look alike */
	TYPE_COUNT,
};

#define TYPE_BIT(type) (1u << (type))
#define TYPES_ALL (TYPE_BIT(TYPE_COUNT) - 1)

/* Finds the fonts and opens everything that drawing in these types (of TYPE_BIT) will ever need: afterwards no file is opened,
 * whatever is drawn. Each type costs some 8 ms; of others there is no layout. A letter that none of these fonts has is drawn as a
 * box. More types may be asked for later. Returns 0 or a negative errno. */
int type_warm_up(unsigned int types);

/* For one screen, which is drawn at `scale` percent. NULL without memory, or before type_warm_up. */
PangoContext *type_context(uint32_t scale);

/* Pixels of a type's letters at a scale in percent. */
int type_size(enum type type, uint32_t scale);

/* Text of one type, wrapped at `width` pixels; negative: one line. Paragraphs run from left to right. The layout is that of
 * a screen at 100 %, so that there are few fonts: only drawing scales it, which is what the functions below
 * are for. */
PangoLayout *type_layout(
	PangoContext *context, enum type type, uint32_t scale, const char *text, int width);

/* All in pixels of the screen. */
void type_set_width(PangoLayout *layout, uint32_t scale, int width);
void type_extents(PangoLayout *layout, uint32_t scale, int *ret_width, int *ret_height);
int type_column(PangoLayout *layout, uint32_t scale, size_t at); /* of the character at a byte */
size_t type_byte_at(PangoLayout *layout, uint32_t scale, int column, bool *ret_behind);

/* With its upper left corner at x, y, or with its first line in the middle of a height. */
void type_draw(cairo_t *cairo, PangoLayout *layout, uint32_t scale, int x, int y);
void type_draw_line(cairo_t *cairo, PangoLayout *layout, enum type type, uint32_t scale, int x,
	int y, int height);

#endif
