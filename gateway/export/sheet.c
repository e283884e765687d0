/* Pictures as PNG; see sheet.h. The digits of the times are drawn here: a font would have to be opened. */
#include "export/sheet.h"

#include <cairo.h>
#include <errno.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THUMB_WIDTH 320
#define THUMB_HEIGHT 200
#define MARGIN 12
#define LINE 22 /* of the time below a picture */
#define DOT 2   /* pixels of a digit's dot */

struct thumb {
	uint32_t at_ms;
	uint16_t width, height;
	uint8_t *pixels; /* B, G, R, unused */
};

struct sheet {
	struct thumb thumbs[SHEET_MOST];
	size_t count;
};

/* Five rows of three dots; the last one is the colon. */
static const uint16_t glyphs[] = {
	075557, 022222, 071747, 071717, 055711, 074717, 074757, 071111, 075757, 075717, 002020};

int
sheet_new(struct sheet **ret_sheet)
{
	*ret_sheet = calloc(1, sizeof(**ret_sheet));
	return *ret_sheet == NULL ? -ENOMEM : 0;
}

void
sheet_free(struct sheet *sheet)
{
	for (size_t i = 0; sheet != NULL && i < sheet->count; i++)
		free(sheet->thumbs[i].pixels);
	free(sheet);
}

static void
fit(const struct decoder_picture *picture, struct thumb *thumb)
{
	uint32_t width = THUMB_WIDTH,
		 height = (uint32_t)picture->height * THUMB_WIDTH / picture->width;

	if (height > THUMB_HEIGHT) {
		height = THUMB_HEIGHT;
		width = (uint32_t)picture->width * THUMB_HEIGHT / picture->height;
	}
	thumb->width = (uint16_t)(width == 0 ? 1 : width);
	thumb->height = (uint16_t)(height == 0 ? 1 : height);
}

static int
shrink(const struct decoder_picture *picture, struct thumb *thumb)
{
	const uint8_t *const from[4] = {picture->pixels};
	const int from_stride[4] = {(int)picture->stride}, to_stride[4] = {4 * thumb->width};
	uint8_t *const to[4] = {thumb->pixels};
	struct SwsContext *scaler = sws_getContext(picture->width, picture->height, AV_PIX_FMT_BGR0,
		thumb->width, thumb->height, AV_PIX_FMT_BGR0, SWS_AREA, NULL, NULL, NULL);

	if (scaler == NULL)
		return -ENOMEM;
	sws_scale(scaler, from, from_stride, 0, picture->height, to, to_stride);
	sws_freeContext(scaler);
	return 0;
}

int
sheet_add(struct sheet *sheet, const struct decoder_picture *picture, uint32_t at_ms)
{
	struct thumb *thumb = &sheet->thumbs[sheet->count];
	int r;

	if (sheet->count == SHEET_MOST)
		return -ENOSPC;
	thumb->at_ms = at_ms;
	fit(picture, thumb);
	/* Some bytes more: libswscale writes whole vectors. */
	thumb->pixels = calloc(1, 4u * thumb->width * thumb->height + 64);
	if (thumb->pixels == NULL)
		return -ENOMEM;
	r = shrink(picture, thumb);
	if (r < 0)
		free(thumb->pixels);
	else
		sheet->count++;
	return r;
}

struct png_file {
	int fd;
	int error; /* negative errno */
};

static cairo_status_t
on_png(void *closure, const unsigned char *bytes, unsigned int len)
{
	struct png_file *file = closure;

	while (len > 0) {
		ssize_t written = write(file->fd, bytes, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			file->error = -errno;
			return CAIRO_STATUS_WRITE_ERROR;
		}
		bytes += written;
		len -= (unsigned int)written;
	}
	return CAIRO_STATUS_SUCCESS;
}

static int
write_surface(cairo_surface_t *surface, int fd)
{
	struct png_file file = {.fd = fd, .error = -EIO};
	cairo_status_t status = cairo_surface_write_to_png_stream(surface, on_png, &file);

	return status == CAIRO_STATUS_SUCCESS ? 0 : file.error;
}

static cairo_surface_t *
surface_of(const uint8_t *pixels, int width, int height, size_t stride)
{
	/* It is read only. */
	return cairo_image_surface_create_for_data(
		(unsigned char *)(uintptr_t)pixels, CAIRO_FORMAT_RGB24, width, height, (int)stride);
}

static void
draw_glyph(cairo_t *cairo, unsigned int glyph, double x, double y)
{
	for (int row = 0; row < 5; row++)
		for (int column = 0; column < 3; column++)
			if ((glyphs[glyph] >> (3 * (4 - row) + 2 - column) & 1) != 0)
				cairo_rectangle(cairo, x + column * DOT, y + row * DOT, DOT, DOT);
	cairo_fill(cairo);
}

static void
draw_time(cairo_t *cairo, uint32_t at_ms, double x, double y)
{
	char text[16];

	snprintf(text, sizeof(text), "%u:%02u:%02u", at_ms / 3600000, at_ms / 60000 % 60,
		at_ms / 1000 % 60);
	cairo_set_source_rgb(cairo, 0.1, 0.1, 0.1);
	for (const char *at = text; *at != '\0'; at++, x += 4 * DOT)
		draw_glyph(cairo, *at == ':' ? 10 : (unsigned int)(*at - '0'), x, y);
}

static void
draw_thumb(cairo_t *cairo, const struct thumb *thumb, double x, double y)
{
	cairo_surface_t *surface =
		surface_of(thumb->pixels, thumb->width, thumb->height, 4u * thumb->width);
	double left = x + (THUMB_WIDTH - thumb->width) / 2, top = y + THUMB_HEIGHT - thumb->height;

	cairo_set_source_rgb(cairo, 0.6, 0.6, 0.6);
	cairo_rectangle(cairo, left - 1, top - 1, thumb->width + 2, thumb->height + 2);
	cairo_fill(cairo);
	cairo_set_source_surface(cairo, surface, left, top);
	cairo_rectangle(cairo, left, top, thumb->width, thumb->height);
	cairo_fill(cairo);
	cairo_surface_destroy(surface);
	draw_time(cairo, thumb->at_ms, left, y + THUMB_HEIGHT + 6);
}

int
sheet_write(const struct sheet *sheet, int fd)
{
	int columns = sheet->count < 4 ? (sheet->count == 0 ? 1 : (int)sheet->count) : 4;
	int rows = sheet->count == 0 ? 1 : ((int)sheet->count + columns - 1) / columns;
	int width = MARGIN + columns * (THUMB_WIDTH + MARGIN);
	int height = MARGIN + rows * (THUMB_HEIGHT + LINE + MARGIN);
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
	cairo_t *cairo = cairo_create(surface);
	int r;

	cairo_set_source_rgb(cairo, 0.97, 0.97, 0.97);
	cairo_paint(cairo);
	for (size_t i = 0; i < sheet->count; i++)
		draw_thumb(cairo, &sheet->thumbs[i],
			MARGIN + (double)((int)i % columns) * (THUMB_WIDTH + MARGIN),
			MARGIN + (double)((int)i / columns) * (THUMB_HEIGHT + LINE + MARGIN));
	cairo_surface_flush(surface);
	r = cairo_status(cairo) == CAIRO_STATUS_SUCCESS ? write_surface(surface, fd) : -ENOMEM;
	cairo_destroy(cairo);
	cairo_surface_destroy(surface);
	return r;
}

int
picture_write(const struct decoder_picture *picture, int fd)
{
	cairo_surface_t *surface =
		surface_of(picture->pixels, picture->width, picture->height, picture->stride);
	int r = cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS ? write_surface(surface, fd)
								      : -EINVAL;

	cairo_surface_destroy(surface);
	return r;
}
