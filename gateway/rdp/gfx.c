/* See gfx.h. Numbers in brackets are sections of MS-RDPEGFX. */
#include "rdp/gfx.h"

#include "base/cleanup.h"

#define MONITOR_PRIMARY 0x00000001

static enum parse_result
bad(const char *why, const char **ret_why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

static void
read_surface(struct bytes_reader *reader, struct gfx_pdu *pdu)
{
	pdu->surface = bytes_read_u16le(reader);
}

static void
read_create(struct bytes_reader *reader, struct gfx_pdu *pdu)
{
	pdu->surface = bytes_read_u16le(reader);
	pdu->width = bytes_read_u16le(reader);
	pdu->height = bytes_read_u16le(reader);
	(void)bytes_read_u8(reader);
}

static void
read_copy(struct bytes_reader *reader, struct gfx_pdu *pdu)
{
	(void)bytes_read_u16le(reader);
	pdu->surface = bytes_read_u16le(reader);
}

static void
read_start_frame(struct bytes_reader *reader, struct gfx_pdu *pdu)
{
	(void)bytes_read_u32le(reader);
	pdu->frame = bytes_read_u32le(reader);
}

static void
read_frame(struct bytes_reader *reader, struct gfx_pdu *pdu)
{
	pdu->frame = bytes_read_u32le(reader);
}

static void
read_acknowledge(struct bytes_reader *reader, struct gfx_pdu *pdu)
{
	pdu->queue_depth = bytes_read_u32le(reader);
	pdu->frame = bytes_read_u32le(reader);
	pdu->frames = bytes_read_u32le(reader);
}

static void
read_map(struct bytes_reader *reader, struct gfx_pdu *pdu)
{
	pdu->surface = bytes_read_u16le(reader);
	(void)bytes_read_u16le(reader);
	pdu->x = bytes_read_u32le(reader);
	pdu->y = bytes_read_u32le(reader);
}

static void
read_scaled_map(struct bytes_reader *reader, struct gfx_pdu *pdu)
{
	read_map(reader, pdu);
	pdu->target_width = bytes_read_u32le(reader);
	pdu->target_height = bytes_read_u32le(reader);
}

static void
read_reset(struct bytes_reader *reader, struct gfx_pdu *pdu)
{
	uint32_t count;

	pdu->desktop_width = bytes_read_u32le(reader);
	pdu->desktop_height = bytes_read_u32le(reader);
	count = bytes_read_u32le(reader);
	if (count > GFX_MONITORS_MOST)
		reader->failed = true;
	for (uint32_t i = 0; i < count && !reader->failed; i++) {
		struct gfx_monitor *monitor = &pdu->monitors[i];

		monitor->left = (int32_t)bytes_read_u32le(reader);
		monitor->top = (int32_t)bytes_read_u32le(reader);
		monitor->right = (int32_t)bytes_read_u32le(reader);
		monitor->bottom = (int32_t)bytes_read_u32le(reader);
		monitor->is_primary = (bytes_read_u32le(reader) & MONITOR_PRIMARY) != 0;
		pdu->monitor_count = i + 1;
	}
}

static const struct {
	uint16_t command;
	void (*read)(struct bytes_reader *reader, struct gfx_pdu *pdu);
} readers[] = {
	{GFX_WIRE_TO_SURFACE_1, read_surface},
	{GFX_WIRE_TO_SURFACE_2, read_surface},
	{GFX_SOLID_FILL, read_surface},
	{GFX_SURFACE_TO_SURFACE, read_copy},
	{GFX_CREATE_SURFACE, read_create},
	{GFX_DELETE_SURFACE, read_surface},
	{GFX_START_FRAME, read_start_frame},
	{GFX_END_FRAME, read_frame},
	{GFX_FRAME_ACKNOWLEDGE, read_acknowledge},
	{GFX_RESET_GRAPHICS, read_reset},
	{GFX_MAP_SURFACE_TO_OUTPUT, read_map},
	{GFX_MAP_SURFACE_TO_WINDOW, read_surface},
	{GFX_QOE_FRAME_ACKNOWLEDGE, read_frame},
	{GFX_MAP_SURFACE_TO_SCALED_OUTPUT, read_scaled_map},
	{GFX_MAP_SURFACE_TO_SCALED_WINDOW, read_surface},
};

enum parse_result
gfx_parse(const uint8_t *bytes, size_t len, struct gfx_pdu *ret_pdu, const char **ret_why)
{
	struct bytes_reader reader, body;
	uint32_t pdu_len;

	*ret_pdu = (struct gfx_pdu){0};
	bytes_reader_init(&reader, bytes, len);
	ret_pdu->command = bytes_read_u16le(&reader);
	(void)bytes_read_u16le(&reader);
	pdu_len = bytes_read_u32le(&reader);
	if (reader.failed || pdu_len < GFX_HEAD || pdu_len > len)
		return bad("a graphics PDU that is not whole", ret_why);
	ret_pdu->len = pdu_len;
	body = bytes_read_part(&reader, pdu_len - GFX_HEAD);
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		if (readers[i].command == ret_pdu->command)
			readers[i].read(&body, ret_pdu);
	}
	return body.failed ? bad("a graphics PDU that is too short", ret_why) : PARSE_OK;
}

static void
write_head(struct bytes_writer *writer, enum gfx_command command, size_t body)
{
	bytes_write_u16le(writer, (uint16_t)command);
	bytes_write_u16le(writer, 0);
	bytes_write_u32le(writer, (uint32_t)(GFX_HEAD + body));
}

static void
write_rectangle(struct bytes_writer *writer, const struct gfx_rectangle *rectangle)
{
	bytes_write_u16le(writer, rectangle->left);
	bytes_write_u16le(writer, rectangle->top);
	bytes_write_u16le(writer, rectangle->right);
	bytes_write_u16le(writer, rectangle->bottom);
}

void
gfx_create_surface_write(
	struct bytes_writer *writer, uint16_t surface, uint16_t width, uint16_t height)
{
	write_head(writer, GFX_CREATE_SURFACE, 7);
	bytes_write_u16le(writer, surface);
	bytes_write_u16le(writer, width);
	bytes_write_u16le(writer, height);
	bytes_write_u8(writer, GFX_PIXELS_XRGB);
}

void
gfx_delete_surface_write(struct bytes_writer *writer, uint16_t surface)
{
	write_head(writer, GFX_DELETE_SURFACE, 2);
	bytes_write_u16le(writer, surface);
}

void
gfx_map_to_output_write(struct bytes_writer *writer, uint16_t surface, uint32_t x, uint32_t y)
{
	write_head(writer, GFX_MAP_SURFACE_TO_OUTPUT, 12);
	bytes_write_u16le(writer, surface);
	bytes_write_u16le(writer, 0);
	bytes_write_u32le(writer, x);
	bytes_write_u32le(writer, y);
}

void
gfx_start_frame_write(struct bytes_writer *writer, uint32_t frame)
{
	write_head(writer, GFX_START_FRAME, 8);
	bytes_write_u32le(writer, 0);
	bytes_write_u32le(writer, frame);
}

void
gfx_end_frame_write(struct bytes_writer *writer, uint32_t frame)
{
	write_head(writer, GFX_END_FRAME, 4);
	bytes_write_u32le(writer, frame);
}

void
gfx_copy_write(struct bytes_writer *writer, uint16_t surface, const struct gfx_rectangle *rectangle)
{
	write_head(writer, GFX_SURFACE_TO_SURFACE, 18);
	bytes_write_u16le(writer, surface);
	bytes_write_u16le(writer, surface);
	write_rectangle(writer, rectangle);
	bytes_write_u16le(writer, 1);
	bytes_write_u16le(writer, rectangle->left);
	bytes_write_u16le(writer, rectangle->top);
}

void
gfx_planar_write(struct bytes_writer *writer, uint16_t surface,
	const struct gfx_rectangle *rectangle, const uint8_t *planar, size_t len)
{
	write_head(writer, GFX_WIRE_TO_SURFACE_1, 17 + len);
	bytes_write_u16le(writer, surface);
	bytes_write_u16le(writer, GFX_CODEC_PLANAR);
	bytes_write_u8(writer, GFX_PIXELS_XRGB);
	write_rectangle(writer, rectangle);
	bytes_write_u32le(writer, (uint32_t)len);
	bytes_write(writer, planar, len);
}

void
gfx_acknowledge_write(
	struct bytes_writer *writer, uint32_t queue_depth, uint32_t frame, uint32_t frames)
{
	write_head(writer, GFX_FRAME_ACKNOWLEDGE, 12);
	bytes_write_u32le(writer, queue_depth);
	bytes_write_u32le(writer, frame);
	bytes_write_u32le(writer, frames);
}
