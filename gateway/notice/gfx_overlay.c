/* See gfx_overlay.h. */
#include "notice/gfx_overlay.h"

#include "base/cleanup.h"
#include "picture/planar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TILE 64u /* at most PLANAR_SIDE_MOST */
#define PLANAR_PDU_MOST (GFX_HEAD + 17 + PLANAR_BYTES_MOST)
#define SMALL_PDU_MOST 64 /* any but those with pixels */
#define OWN_FRAMES (UINT32_MAX - GFX_OVERLAY_FRAME)

struct host_surface {
	uint16_t id, width, height;
	bool is_mapped;
	uint32_t x, y;
	uint32_t target_width, target_height;
};

struct gfx_overlay {
	struct host_surface *surfaces;
	size_t surface_count;
	bool is_lost;     /* the host cannot be followed */
	bool has_drawn;   /* it has ended a frame */
	bool is_in_frame; /* and not ended this one */
	struct gfx_pdu reset;
	uint32_t resets;

	uint32_t frames;     /* of ours, sent … */
	uint32_t seen;       /* … and acknowledged */
	uint32_t host_frame; /* the last of the host's that was acknowledged */

	struct gfx_bytes drawing; /* of the picture that is wanted: its tiles; len 0: none is */
	uint16_t drawing_surface; /* the surface that stands in them */
	uint16_t width, height;
	uint32_t x, y;
	bool is_new; /* another one than lies there */

	bool is_shown; /* there is a surface of ours: */
	uint16_t surface;
	struct gfx_rectangle shown; /* on the desktop; as good as 16 bits can say */
};

static int
add_written(struct gfx_bytes *out, const struct bytes_writer *writer)
{
	return gfx_bytes_add(out, writer->start, writer->len);
}

struct gfx_overlay *
gfx_overlay_new(void)
{
	struct gfx_overlay *overlay = calloc(1, sizeof(*overlay));

	if (overlay == NULL)
		return NULL;
	overlay->surfaces = calloc(GFX_OVERLAY_SURFACES_MOST, sizeof(*overlay->surfaces));
	if (overlay->surfaces == NULL) {
		free(overlay);
		return NULL;
	}
	return overlay;
}

void
gfx_overlay_free(struct gfx_overlay *overlay)
{
	if (overlay == NULL)
		return;
	free(overlay->surfaces);
	free(overlay->drawing.bytes);
	free(overlay);
}

void
gfx_overlay_restart(struct gfx_overlay *overlay)
{
	overlay->surface_count = 0;
	overlay->is_shown = overlay->has_drawn = overlay->is_in_frame = overlay->is_lost = false;
	overlay->frames = overlay->seen = 0;
	overlay->is_new = overlay->drawing.len > 0;
}

bool
gfx_overlay_is_wanted(const struct gfx_overlay *overlay)
{
	return overlay->is_shown || overlay->drawing.len > 0;
}

/* The host's surfaces */

static struct host_surface *
find(struct gfx_overlay *overlay, uint16_t id)
{
	for (size_t i = 0; i < overlay->surface_count; i++) {
		if (overlay->surfaces[i].id == id)
			return &overlay->surfaces[i];
	}
	return NULL;
}

static void
forget(struct gfx_overlay *overlay, uint16_t id)
{
	struct host_surface *surface = find(overlay, id);

	if (surface != NULL)
		*surface = overlay->surfaces[--overlay->surface_count];
}

/* Deletes the surface of ours: what lies beneath is not drawn, since the host is about to. */
static int
take_away(struct gfx_overlay *overlay, struct gfx_bytes *out)
{
	uint8_t room[SMALL_PDU_MOST];
	struct bytes_writer writer;

	if (!overlay->is_shown)
		return 0;
	bytes_writer_init(&writer, room, sizeof(room));
	gfx_delete_surface_write(&writer, overlay->surface);
	overlay->is_shown = false;
	overlay->is_new = overlay->drawing.len > 0;
	return add_written(out, &writer);
}

static int
on_create(struct gfx_overlay *overlay, const struct gfx_pdu *pdu, struct gfx_bytes *out)
{
	int r = 0;

	if (overlay->is_shown && pdu->surface == overlay->surface)
		r = take_away(overlay, out);
	forget(overlay, pdu->surface);
	if (overlay->surface_count == GFX_OVERLAY_SURFACES_MOST) {
		overlay->is_lost = true;
		return r < 0 ? r : take_away(overlay, out);
	}
	overlay->surfaces[overlay->surface_count++] = (struct host_surface){
		.id = pdu->surface, .width = pdu->width, .height = pdu->height};
	return r;
}

static int
on_delete(struct gfx_overlay *overlay, const struct gfx_pdu *pdu, struct gfx_bytes *out)
{
	(void)out;
	forget(overlay, pdu->surface);
	return 0;
}

static int
on_map(struct gfx_overlay *overlay, const struct gfx_pdu *pdu, struct gfx_bytes *out)
{
	struct host_surface *surface = find(overlay, pdu->surface);

	(void)out;
	if (surface == NULL)
		return 0;
	surface->is_mapped = true;
	surface->x = pdu->x;
	surface->y = pdu->y;
	surface->target_width = pdu->target_width > 0 ? pdu->target_width : surface->width;
	surface->target_height = pdu->target_height > 0 ? pdu->target_height : surface->height;
	return 0;
}

static int
on_map_to_window(struct gfx_overlay *overlay, const struct gfx_pdu *pdu, struct gfx_bytes *out)
{
	struct host_surface *surface = find(overlay, pdu->surface);

	(void)out;
	if (surface != NULL)
		surface->is_mapped = false;
	return 0;
}

/* The desktop has another size, and the picture another place: its owner draws it anew. */
static int
on_reset(struct gfx_overlay *overlay, const struct gfx_pdu *pdu, struct gfx_bytes *out)
{
	overlay->reset = *pdu;
	overlay->resets++;
	return take_away(overlay, out);
}

static int
on_start_frame(struct gfx_overlay *overlay, const struct gfx_pdu *pdu, struct gfx_bytes *out)
{
	(void)pdu;
	(void)out;
	overlay->is_in_frame = true;
	return 0;
}

static int
touch(struct gfx_overlay *overlay, struct gfx_bytes *out)
{
	const struct gfx_rectangle all = {.right = overlay->width, .bottom = overlay->height};
	uint8_t room[SMALL_PDU_MOST];
	struct bytes_writer writer;

	if (!overlay->is_shown || overlay->is_new)
		return 0;
	bytes_writer_init(&writer, room, sizeof(room));
	gfx_copy_write(&writer, overlay->surface, &all);
	return add_written(out, &writer);
}

static int
on_end_frame(struct gfx_overlay *overlay, const struct gfx_pdu *pdu, struct gfx_bytes *out)
{
	(void)pdu;
	overlay->is_in_frame = false;
	overlay->has_drawn = true;
	return touch(overlay, out);
}

/* The client has let go of everything. */
static int
on_caps_confirm(struct gfx_overlay *overlay, const struct gfx_pdu *pdu, struct gfx_bytes *out)
{
	(void)pdu;
	(void)out;
	gfx_overlay_restart(overlay);
	return 0;
}

static const struct {
	uint16_t command;
	int (*heard)(struct gfx_overlay *overlay, const struct gfx_pdu *pdu, struct gfx_bytes *out);
} heard[] = {
	{GFX_CREATE_SURFACE, on_create},
	{GFX_DELETE_SURFACE, on_delete},
	{GFX_START_FRAME, on_start_frame},
	{GFX_END_FRAME, on_end_frame},
	{GFX_RESET_GRAPHICS, on_reset},
	{GFX_MAP_SURFACE_TO_OUTPUT, on_map},
	{GFX_MAP_SURFACE_TO_SCALED_OUTPUT, on_map},
	{GFX_MAP_SURFACE_TO_WINDOW, on_map_to_window},
	{GFX_MAP_SURFACE_TO_SCALED_WINDOW, on_map_to_window},
	{GFX_CAPS_CONFIRM, on_caps_confirm},
};

/* What is ours comes before the PDU that is the reason for it. */
static int
hear(struct gfx_overlay *overlay, const struct gfx_pdu *pdu, struct gfx_bytes *out)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(heard) && r == 0; i++) {
		if (heard[i].command == pdu->command)
			r = heard[i].heard(overlay, pdu, out);
	}
	return r;
}

int
gfx_overlay_from_host(
	struct gfx_overlay *overlay, const uint8_t *bytes, size_t len, struct gfx_bytes *out)
{
	struct gfx_pdu pdu;
	int r = 0;

	while (len > 0 && r == 0 && !overlay->is_lost) {
		if (gfx_parse(bytes, len, &pdu, NULL) != PARSE_OK) {
			overlay->is_lost = true;
			r = take_away(overlay, out);
			break;
		}
		r = hear(overlay, &pdu, out);
		if (r == 0)
			r = gfx_bytes_add(out, bytes, pdu.len);
		bytes += pdu.len;
		len -= pdu.len;
	}
	return r < 0 || len == 0 ? r : gfx_bytes_add(out, bytes, len);
}

/* Acknowledgements */

/* Ours, sent and not yet acknowledged. */
static bool
is_ours(const struct gfx_overlay *overlay, uint32_t frame)
{
	return frame >= GFX_OVERLAY_FRAME && frame - GFX_OVERLAY_FRAME >= overlay->seen &&
	       frame - GFX_OVERLAY_FRAME < overlay->frames;
}

/* That acknowledging stops is news for the host even if it is said of a frame of ours. */
static size_t
on_acknowledge(struct gfx_overlay *overlay, const struct gfx_pdu *pdu, uint8_t *room)
{
	struct bytes_writer writer;
	uint32_t frame = pdu->frame, frames = pdu->frames;

	if (is_ours(overlay, frame)) {
		overlay->seen = frame - GFX_OVERLAY_FRAME + 1;
		if (pdu->queue_depth != GFX_ACKS_SUSPENDED)
			return 0;
		frame = overlay->host_frame;
	}
	overlay->host_frame = frame;
	frames = frames > overlay->seen ? frames - overlay->seen : 0;
	bytes_writer_init(&writer, room, pdu->len);
	gfx_acknowledge_write(&writer, pdu->queue_depth, frame, frames);
	return writer.len;
}

size_t
gfx_overlay_from_client(struct gfx_overlay *overlay, uint8_t *bytes, size_t len)
{
	struct gfx_pdu pdu;
	size_t at = 0, kept = 0;

	while (at < len && !overlay->is_lost &&
		gfx_parse(bytes + at, len - at, &pdu, NULL) == PARSE_OK) {
		size_t stays = pdu.len;

		if (pdu.command == GFX_FRAME_ACKNOWLEDGE)
			stays = on_acknowledge(overlay, &pdu, bytes + at);
		else if (pdu.command == GFX_QOE_FRAME_ACKNOWLEDGE && pdu.frame >= GFX_OVERLAY_FRAME)
			stays = 0;
		memmove(bytes + kept, bytes + at, stays);
		kept += stays;
		at += pdu.len;
	}
	memmove(bytes + kept, bytes + at, len - at);
	return kept + len - at;
}

/* The picture */

/* In the pipeline a picture's first line is its upper one, in a bitmap update its lowest. */
static void
turn_over(const uint8_t *pixels, size_t stride, const struct gfx_rectangle *tile, uint8_t *ret_tile)
{
	size_t width = (tile->right - tile->left) * 4u;

	for (uint32_t y = tile->top; y < tile->bottom; y++)
		memcpy(ret_tile + (tile->bottom - 1u - y) * width,
			pixels + y * stride + tile->left * 4u, width);
}

static int
add_tile(struct gfx_bytes *out, const uint8_t *pixels, uint16_t width, uint16_t surface,
	const struct gfx_rectangle *tile)
{
	uint8_t room[PLANAR_PDU_MOST], planar[PLANAR_BYTES_MOST], turned[TILE * TILE * 4];
	uint32_t tile_width = (uint32_t)(tile->right - tile->left);
	struct bytes_writer writer;
	size_t len;

	turn_over(pixels, width * 4u, tile, turned);
	len = planar_encode(turned, tile_width * 4u, tile_width,
		(uint32_t)(tile->bottom - tile->top), false, planar);
	bytes_writer_init(&writer, room, sizeof(room));
	gfx_planar_write(&writer, surface, tile, planar, len);
	return add_written(out, &writer);
}

static uint16_t
lesser(uint32_t one, uint32_t other)
{
	return (uint16_t)(one < other ? one : other);
}

static uint16_t
free_surface(struct gfx_overlay *overlay)
{
	uint16_t id = GFX_OVERLAY_SURFACE;

	while (find(overlay, id) != NULL)
		id--;
	return id;
}

int
gfx_overlay_show(struct gfx_overlay *overlay, const uint8_t *pixels, uint16_t width,
	uint16_t height, uint32_t x, uint32_t y)
{
	int r = 0;

	if (width == 0 || height == 0 || x + width > UINT16_MAX || y + height > UINT16_MAX ||
		x > UINT16_MAX || y > UINT16_MAX)
		return -EINVAL;
	overlay->drawing.len = 0;
	overlay->drawing_surface = free_surface(overlay);
	for (uint32_t top = 0; top < height && r == 0; top += TILE) {
		for (uint32_t left = 0; left < width && r == 0; left += TILE) {
			const struct gfx_rectangle tile = {(uint16_t)left, (uint16_t)top,
				lesser(left + TILE, width), lesser(top + TILE, height)};

			r = add_tile(
				&overlay->drawing, pixels, width, overlay->drawing_surface, &tile);
		}
	}
	if (r < 0)
		overlay->drawing.len = 0;
	overlay->width = width;
	overlay->height = height;
	overlay->x = x;
	overlay->y = y;
	overlay->is_new = r == 0;
	return r;
}

void
gfx_overlay_hide(struct gfx_overlay *overlay)
{
	overlay->drawing.len = 0;
	overlay->is_new = false;
}

static uint32_t
next_frame(struct gfx_overlay *overlay)
{
	return GFX_OVERLAY_FRAME + overlay->frames++ % OWN_FRAMES;
}

/* The surface's number is the third field of each tile, behind the head. */
static void
renumber(struct gfx_overlay *overlay)
{
	struct gfx_pdu pdu;
	uint16_t id = free_surface(overlay);

	if (id == overlay->drawing_surface)
		return;
	for (size_t at = 0; at < overlay->drawing.len; at += pdu.len) {
		uint8_t *tile = overlay->drawing.bytes + at;

		if (gfx_parse(tile, overlay->drawing.len - at, &pdu, NULL) != PARSE_OK)
			break;
		bytes_put_u16le(tile + GFX_HEAD, id);
	}
	overlay->drawing_surface = id;
}

static int
draw(struct gfx_overlay *overlay, struct gfx_bytes *out)
{
	uint8_t before[SMALL_PDU_MOST * 3], after[SMALL_PDU_MOST];
	struct bytes_writer begin, end;
	uint32_t frame = next_frame(overlay);
	int r;

	renumber(overlay);
	bytes_writer_init(&begin, before, sizeof(before));
	gfx_create_surface_write(&begin, overlay->drawing_surface, overlay->width, overlay->height);
	gfx_map_to_output_write(&begin, overlay->drawing_surface, overlay->x, overlay->y);
	gfx_start_frame_write(&begin, frame);
	bytes_writer_init(&end, after, sizeof(after));
	gfx_end_frame_write(&end, frame);
	r = add_written(out, &begin);
	if (r == 0)
		r = gfx_bytes_add(out, overlay->drawing.bytes, overlay->drawing.len);
	if (r == 0)
		r = add_written(out, &end);
	overlay->is_shown = true;
	overlay->is_new = false;
	overlay->surface = overlay->drawing_surface;
	overlay->shown = (struct gfx_rectangle){(uint16_t)overlay->x, (uint16_t)overlay->y,
		(uint16_t)(overlay->x + overlay->width), (uint16_t)(overlay->y + overlay->height)};
	return r;
}

/* What of a surface lies beneath, in its own pixels; all of it, where they are not those of the desktop. */
static bool
beneath(const struct gfx_overlay *overlay, const struct host_surface *surface,
	struct gfx_rectangle *ret_rectangle)
{
	const struct gfx_rectangle *shown = &overlay->shown;
	uint64_t right = (uint64_t)surface->x + surface->target_width;
	uint64_t bottom = (uint64_t)surface->y + surface->target_height;

	if (!surface->is_mapped || surface->width == 0 || surface->height == 0 ||
		surface->x >= shown->right || surface->y >= shown->bottom || right <= shown->left ||
		bottom <= shown->top)
		return false;
	*ret_rectangle = (struct gfx_rectangle){.right = surface->width, .bottom = surface->height};
	if (surface->target_width != surface->width || surface->target_height != surface->height)
		return true;
	if (shown->left > surface->x)
		ret_rectangle->left = (uint16_t)(shown->left - surface->x);
	if (shown->top > surface->y)
		ret_rectangle->top = (uint16_t)(shown->top - surface->y);
	ret_rectangle->right = lesser(surface->width, shown->right - surface->x);
	ret_rectangle->bottom = lesser(surface->height, shown->bottom - surface->y);
	return true;
}

static int
draw_beneath(struct gfx_overlay *overlay, struct gfx_bytes *out)
{
	uint8_t room[SMALL_PDU_MOST];
	struct bytes_writer writer;
	struct gfx_rectangle rectangle;
	int r = 0;

	for (size_t i = 0; i < overlay->surface_count && r == 0; i++) {
		if (!beneath(overlay, &overlay->surfaces[i], &rectangle))
			continue;
		bytes_writer_init(&writer, room, sizeof(room));
		gfx_copy_write(&writer, overlay->surfaces[i].id, &rectangle);
		r = add_written(out, &writer);
	}
	return r;
}

static int
undraw(struct gfx_overlay *overlay, struct gfx_bytes *out)
{
	uint8_t room[SMALL_PDU_MOST];
	struct bytes_writer writer;
	uint32_t frame = next_frame(overlay);
	int r = take_away(overlay, out);

	bytes_writer_init(&writer, room, sizeof(room));
	gfx_start_frame_write(&writer, frame);
	if (r == 0)
		r = add_written(out, &writer);
	if (r == 0)
		r = draw_beneath(overlay, out);
	bytes_writer_init(&writer, room, sizeof(room));
	gfx_end_frame_write(&writer, frame);
	return r < 0 ? r : add_written(out, &writer);
}

/* Not before the host's first frame: its client says by acknowledging that one whether it acknowledges at all. */
int
gfx_overlay_turn(struct gfx_overlay *overlay, struct gfx_bytes *out)
{
	bool wanted = overlay->drawing.len > 0;
	int r = 0;

	if (overlay->is_lost || overlay->is_in_frame || !overlay->has_drawn)
		return 0;
	if (overlay->is_shown && (!wanted || overlay->is_new))
		r = undraw(overlay, out);
	if (r == 0 && wanted && !overlay->is_shown)
		r = draw(overlay, out);
	return r;
}

bool
gfx_overlay_is_shown(const struct gfx_overlay *overlay)
{
	return overlay->is_shown && !overlay->is_new;
}

bool
gfx_overlay_is_used(const struct gfx_overlay *overlay)
{
	return overlay->has_drawn && !overlay->is_lost;
}

bool
gfx_overlay_is_lost(const struct gfx_overlay *overlay)
{
	return overlay->is_lost;
}

void
gfx_overlay_desktop(const struct gfx_overlay *overlay, struct gfx_desktop *ret_desktop)
{
	*ret_desktop = (struct gfx_desktop){
		.width = overlay->reset.desktop_width,
		.height = overlay->reset.desktop_height,
		.serial = overlay->resets,
		.monitor_count = overlay->reset.monitor_count,
		.monitors = overlay->reset.monitors,
	};
}
