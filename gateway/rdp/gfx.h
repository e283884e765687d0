/* The graphics pipeline (MS-RDPEGFX 2.2): what its PDUs are, as far as somebody who lays a picture of his own over a host's must know,
 * and those that he sends himself. The payload of its dynamic channel is a string of such PDUs, from the host inside RDP8 segments
 * (2.2.5), from the client as they are.
 */
#ifndef RDP_GFX_H
#define RDP_GFX_H

#include "rdp/pdu.h"

#include <stdbool.h>

#define GFX_CHANNEL "Microsoft::Windows::RDS::Graphics"

enum {
	GFX_HEAD = 8,
	GFX_MONITORS_MOST = 16, /* 2.2.2.14 */
	GFX_PIXELS_XRGB = 0x20, /* 2.2.1.4 */
	GFX_CODEC_PLANAR = 0x000a,
};

#define GFX_ACKS_SUSPENDED UINT32_C(0xffffffff) /* 2.2.2.13: queueDepth */

enum gfx_command {
	GFX_WIRE_TO_SURFACE_1 = 0x0001,
	GFX_WIRE_TO_SURFACE_2 = 0x0002,
	GFX_SOLID_FILL = 0x0004,
	GFX_SURFACE_TO_SURFACE = 0x0005,
	GFX_CREATE_SURFACE = 0x0009,
	GFX_DELETE_SURFACE = 0x000a,
	GFX_START_FRAME = 0x000b,
	GFX_END_FRAME = 0x000c,
	GFX_FRAME_ACKNOWLEDGE = 0x000d,
	GFX_RESET_GRAPHICS = 0x000e,
	GFX_MAP_SURFACE_TO_OUTPUT = 0x000f,
	GFX_CAPS_CONFIRM = 0x0013,
	GFX_MAP_SURFACE_TO_WINDOW = 0x0015,
	GFX_QOE_FRAME_ACKNOWLEDGE = 0x0016,
	GFX_MAP_SURFACE_TO_SCALED_OUTPUT = 0x0017,
	GFX_MAP_SURFACE_TO_SCALED_WINDOW = 0x0018,
};

/* Right and bottom are behind the last pixel. */
struct gfx_rectangle {
	uint16_t left, top, right, bottom;
};

/* 2.2.2.14: the last column and the last line of a monitor belong to it. */
struct gfx_monitor {
	int32_t left, top, right, bottom;
	bool is_primary;
};

struct gfx_pdu {
	uint16_t command; /* enum gfx_command, or one that nobody here looks at */
	size_t len;       /* of the whole PDU */

	uint16_t surface;       /* of commands on one; SURFACE_TO_SURFACE: the one drawn to */
	uint16_t width, height; /* CREATE_SURFACE */
	uint32_t x, y;          /* MAP_SURFACE_TO_OUTPUT and _SCALED_OUTPUT */
	uint32_t target_width, target_height;   /* … as large it is drawn; 0: as it is */
	uint32_t frame;                         /* START_FRAME, END_FRAME, both ACKNOWLEDGEs */
	uint32_t queue_depth, frames;           /* FRAME_ACKNOWLEDGE */
	uint32_t desktop_width, desktop_height; /* RESET_GRAPHICS */
	size_t monitor_count;
	struct gfx_monitor monitors[GFX_MONITORS_MOST];
};

/* The PDU that the bytes begin with: PARSE_BAD if it is not whole, or too short for what it is. There is no NEED_MORE: the channel's
 * messages hold whole PDUs. */
enum parse_result gfx_parse(
	const uint8_t *bytes, size_t len, struct gfx_pdu *ret_pdu, const char **ret_why);

/* Each writes one PDU. */
void gfx_create_surface_write(
	struct bytes_writer *writer, uint16_t surface, uint16_t width, uint16_t height);
void gfx_delete_surface_write(struct bytes_writer *writer, uint16_t surface);
void gfx_map_to_output_write(struct bytes_writer *writer, uint16_t surface, uint32_t x, uint32_t y);
void gfx_start_frame_write(struct bytes_writer *writer, uint32_t frame);
void gfx_end_frame_write(struct bytes_writer *writer, uint32_t frame);
void gfx_copy_write(struct bytes_writer *writer, uint16_t surface,
	const struct gfx_rectangle *rectangle); /* onto itself: it is drawn anew */
void gfx_planar_write(struct bytes_writer *writer, uint16_t surface,
	const struct gfx_rectangle *rectangle, const uint8_t *planar, size_t len);
void gfx_acknowledge_write(
	struct bytes_writer *writer, uint32_t queue_depth, uint32_t frame, uint32_t frames);

#endif
