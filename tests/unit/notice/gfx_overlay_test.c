/* notice/gfx_overlay.c, seen by a client: surfaces that lie over each other on a desktop as libfreerdp lays them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "notice/gfx_overlay.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	SIDE = 32, /* of the desktop, in blocks of 8 pixels */
	BLOCK = 8,
	SURFACES = 4,
	OURS = 0xee, /* what a block of the picture looks like here */
};

struct surface {
	bool is_there, is_mapped, is_touched;
	uint16_t id, width, height;
	uint32_t x, y;
	uint8_t blocks[SIDE * SIDE];
};

struct client {
	struct surface surfaces[SURFACES];
	uint8_t desktop[SIDE * SIDE];
	bool in_frame;
	uint32_t frames, host_frames;
	uint8_t acks[4096]; /* what it sends */
	size_t acks_len;
};

static struct surface *
surface_of(struct client *client, uint16_t id)
{
	for (size_t i = 0; i < SURFACES; i++) {
		if (client->surfaces[i].is_there && client->surfaces[i].id == id)
			return &client->surfaces[i];
	}
	return NULL;
}

static void
fill(struct surface *surface, const struct gfx_rectangle *rectangle, uint8_t with)
{
	assert_non_null(surface);
	assert_true(rectangle->right <= surface->width && rectangle->bottom <= surface->height);
	for (uint32_t y = rectangle->top / BLOCK; y < (rectangle->bottom + BLOCK - 1u) / BLOCK; y++)
		for (uint32_t x = rectangle->left / BLOCK;
			x < (rectangle->right + BLOCK - 1u) / BLOCK; x++)
			surface->blocks[y * SIDE + x] = with;
	surface->is_touched = true;
}

/* In the order of the numbers, those that were touched. */
static void
compose(struct client *client)
{
	for (uint32_t id = 0; id <= UINT16_MAX; id++) {
		struct surface *surface = surface_of(client, (uint16_t)id);

		if (surface == NULL || !surface->is_touched || !surface->is_mapped)
			continue;
		surface->is_touched = false;
		for (uint32_t y = 0; y < surface->height / BLOCK; y++)
			for (uint32_t x = 0; x < surface->width / BLOCK; x++)
				client->desktop[(surface->y / BLOCK + y) * SIDE +
						surface->x / BLOCK + x] =
					surface->blocks[y * SIDE + x];
	}
}

static void
end_frame(struct client *client, uint32_t frame)
{
	struct bytes_writer writer;

	assert_true(client->in_frame);
	client->in_frame = false;
	client->frames++;
	if (frame < GFX_OVERLAY_FRAME)
		client->host_frames++;
	compose(client);
	bytes_writer_init(
		&writer, client->acks + client->acks_len, sizeof(client->acks) - client->acks_len);
	gfx_acknowledge_write(&writer, 0, frame, client->frames);
	client->acks_len += writer.len;
}

static void
create(struct client *client, const struct gfx_pdu *pdu)
{
	struct surface *surface = NULL;

	assert_null(surface_of(client, pdu->surface));
	for (size_t i = 0; i < SURFACES; i++) {
		if (!client->surfaces[i].is_there)
			surface = &client->surfaces[i];
	}
	assert_non_null(surface);
	*surface = (struct surface){
		.is_there = true, .id = pdu->surface, .width = pdu->width, .height = pdu->height};
}

static void
map(struct surface *surface, const struct gfx_pdu *pdu)
{
	assert_non_null(surface);
	surface->is_mapped = true;
	surface->x = pdu->x;
	surface->y = pdu->y;
}

static struct gfx_rectangle
rectangle_at(const uint8_t *at)
{
	return (struct gfx_rectangle){bytes_get_u16le(at), bytes_get_u16le(at + 2),
		bytes_get_u16le(at + 4), bytes_get_u16le(at + 6)};
}

static void
copy(struct client *client, const uint8_t *pdu)
{
	struct surface *surface = surface_of(client, bytes_get_u16le(pdu + 8));
	struct gfx_rectangle rectangle = rectangle_at(pdu + 12);

	assert_non_null(surface);
	assert_int_equal(bytes_get_u16le(pdu + 8), bytes_get_u16le(pdu + 10));
	assert_int_equal(bytes_get_u16le(pdu + 22), rectangle.left);
	assert_int_equal(bytes_get_u16le(pdu + 24), rectangle.top);
	assert_true(rectangle.right <= surface->width && rectangle.bottom <= surface->height);
	surface->is_touched = true;
}

/* The tests' host paints by planar pictures of one byte. */
static void
wire(struct client *client, const uint8_t *bytes, const struct gfx_pdu *pdu)
{
	struct gfx_rectangle rectangle = rectangle_at(bytes + 13);

	assert_true(client->in_frame);
	fill(surface_of(client, pdu->surface), &rectangle, pdu->len == 26 ? bytes[25] : OURS);
}

static void
hear_client(struct client *client, const uint8_t *bytes, size_t len)
{
	struct gfx_pdu pdu;

	for (; len > 0; bytes += pdu.len, len -= pdu.len) {
		assert_int_equal(gfx_parse(bytes, len, &pdu, NULL), PARSE_OK);
		switch (pdu.command) {
		case GFX_CREATE_SURFACE:
			create(client, &pdu);
			break;
		case GFX_DELETE_SURFACE:
			assert_non_null(surface_of(client, pdu.surface));
			surface_of(client, pdu.surface)->is_there = false;
			break;
		case GFX_MAP_SURFACE_TO_OUTPUT:
			map(surface_of(client, pdu.surface), &pdu);
			break;
		case GFX_START_FRAME:
			assert_false(client->in_frame);
			client->in_frame = true;
			break;
		case GFX_END_FRAME:
			end_frame(client, pdu.frame);
			break;
		case GFX_SURFACE_TO_SURFACE:
			copy(client, bytes);
			break;
		case GFX_WIRE_TO_SURFACE_1:
			wire(client, bytes, &pdu);
			break;
		default:
			break;
		}
	}
}

struct fixture {
	struct gfx_overlay *overlay;
	struct client client;
	uint8_t room[65536];
	struct bytes_writer host; /* what it is about to send */
};

static void
begin(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->overlay = gfx_overlay_new();
	assert_non_null(fixture->overlay);
	bytes_writer_init(&fixture->host, fixture->room, sizeof(fixture->room));
}

static void
send_turn(struct fixture *fixture)
{
	struct gfx_bytes out = {0};

	assert_int_equal(gfx_overlay_turn(fixture->overlay, &out), 0);
	hear_client(&fixture->client, out.bytes, out.len);
	free(out.bytes);
}

static void
send_host(struct fixture *fixture)
{
	struct gfx_bytes out = {0};

	assert_false(fixture->host.failed);
	assert_int_equal(
		gfx_overlay_from_host(fixture->overlay, fixture->room, fixture->host.len, &out), 0);
	fixture->host.len = 0;
	hear_client(&fixture->client, out.bytes, out.len);
	free(out.bytes);
	send_turn(fixture);
}

static void
paint(struct fixture *fixture, uint16_t surface, struct gfx_rectangle rectangle, uint8_t with)
{
	gfx_planar_write(&fixture->host, surface, &rectangle, &with, 1);
}

static void
paint_frame(struct fixture *fixture, uint32_t frame, struct gfx_rectangle rectangle, uint8_t with)
{
	gfx_start_frame_write(&fixture->host, frame);
	paint(fixture, 1, rectangle, with);
	gfx_end_frame_write(&fixture->host, frame);
	send_host(fixture);
}

static const struct gfx_rectangle everything = {0, 0, SIDE *BLOCK, SIDE *BLOCK};
static const struct gfx_rectangle corner = {0, 0, 64, 64};

static void
begin_desktop(struct fixture *fixture)
{
	begin(fixture);
	gfx_create_surface_write(&fixture->host, 1, SIDE * BLOCK, SIDE * BLOCK);
	gfx_map_to_output_write(&fixture->host, 1, 0, 0);
	paint_frame(fixture, 1, everything, 1);
	paint_frame(fixture, 2, corner, 2);
}

static uint8_t
seen(const struct fixture *fixture, uint32_t x, uint32_t y)
{
	return fixture->client.desktop[y / BLOCK * SIDE + x / BLOCK];
}

/* 80 x 24 pixels at 32, 8. */
static void
show(struct fixture *fixture)
{
	uint8_t *pixels = calloc(80 * 24, 4);

	assert_int_equal(gfx_overlay_show(fixture->overlay, pixels, 80, 24, 32, 8), 0);
	free(pixels);
}

static void
begin_shown(struct fixture *fixture)
{
	begin_desktop(fixture);
	show(fixture);
	send_turn(fixture);
}

static void
end(struct fixture *fixture)
{
	gfx_overlay_free(fixture->overlay);
}

static void
it_comes_and_goes_and_nothing_is_left(void **state)
{
	struct fixture fixture;
	uint8_t before[SIDE * SIDE];

	(void)state;
	begin_desktop(&fixture);
	memcpy(before, fixture.client.desktop, sizeof(before));
	show(&fixture);
	assert_false(gfx_overlay_is_shown(fixture.overlay));
	send_turn(&fixture);
	assert_true(gfx_overlay_is_shown(fixture.overlay));
	assert_int_equal(seen(&fixture, 32, 8), OURS);
	assert_int_equal(seen(&fixture, 111, 31), OURS);
	assert_int_equal(seen(&fixture, 31, 8), 2);
	assert_int_equal(seen(&fixture, 112, 31), 1);
	assert_int_equal(seen(&fixture, 32, 32), 2);
	gfx_overlay_hide(fixture.overlay);
	send_turn(&fixture);
	assert_false(gfx_overlay_is_shown(fixture.overlay));
	assert_memory_equal(fixture.client.desktop, before, sizeof(before));
	end(&fixture);
}

static void
what_the_host_draws_meanwhile_is_there_afterwards(void **state)
{
	struct fixture fixture;

	(void)state;
	begin_shown(&fixture);
	paint_frame(&fixture, 3, everything, 7);
	assert_int_equal(seen(&fixture, 40, 16), OURS);
	assert_int_equal(seen(&fixture, 0, 0), 7);
	gfx_overlay_hide(fixture.overlay);
	send_turn(&fixture);
	for (size_t i = 0; i < SIDE * SIDE; i++)
		assert_int_equal(fixture.client.desktop[i], 7);
	end(&fixture);
}

static void
not_within_a_frame_of_the_host(void **state)
{
	struct fixture fixture;

	(void)state;
	begin_desktop(&fixture);
	gfx_start_frame_write(&fixture.host, 3);
	send_host(&fixture);
	show(&fixture);
	send_turn(&fixture);
	assert_false(gfx_overlay_is_shown(fixture.overlay));
	paint(&fixture, 1, corner, 9);
	send_host(&fixture);
	gfx_end_frame_write(&fixture.host, 3);
	send_host(&fixture);
	assert_true(gfx_overlay_is_shown(fixture.overlay));
	assert_int_equal(seen(&fixture, 0, 0), 9);
	assert_int_equal(seen(&fixture, 40, 16), OURS);
	end(&fixture);
}

static void
not_before_the_host_has_drawn(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	show(&fixture);
	send_turn(&fixture);
	assert_false(gfx_overlay_is_used(fixture.overlay));
	assert_int_equal(fixture.client.frames, 0);
	end(&fixture);
}

static void
another_one_takes_its_place(void **state)
{
	struct fixture fixture;
	uint8_t pixels[16 * 16 * 4] = {0};

	(void)state;
	begin_shown(&fixture);
	assert_int_equal(gfx_overlay_show(fixture.overlay, pixels, 16, 16, 64, 64), 0);
	send_turn(&fixture);
	assert_int_equal(seen(&fixture, 32, 8), 2);
	assert_int_equal(seen(&fixture, 64, 64), OURS);
	end(&fixture);
}

static void
the_host_hears_of_its_own_frames_alone(void **state)
{
	struct fixture fixture;
	struct gfx_pdu pdu;
	size_t len, at = 0;
	uint32_t frame = 0;

	(void)state;
	begin_shown(&fixture);
	paint_frame(&fixture, 3, corner, 3);
	gfx_overlay_hide(fixture.overlay);
	send_turn(&fixture);
	paint_frame(&fixture, 4, corner, 4);
	assert_int_equal(fixture.client.frames, 6);
	len = gfx_overlay_from_client(
		fixture.overlay, fixture.client.acks, fixture.client.acks_len);
	for (; at < len; at += pdu.len) {
		assert_int_equal(
			gfx_parse(fixture.client.acks + at, len - at, &pdu, NULL), PARSE_OK);
		assert_int_equal(pdu.frame, ++frame);
		assert_int_equal(pdu.frames, frame);
	}
	assert_int_equal(frame, 4);
	end(&fixture);
}

static void
that_acknowledging_stops_is_told(void **state)
{
	struct fixture fixture;
	uint8_t room[64];
	struct bytes_writer writer;
	struct gfx_pdu pdu;
	size_t len;

	(void)state;
	begin_desktop(&fixture);
	(void)gfx_overlay_from_client(
		fixture.overlay, fixture.client.acks, fixture.client.acks_len);
	show(&fixture);
	send_turn(&fixture);
	bytes_writer_init(&writer, room, sizeof(room));
	gfx_acknowledge_write(&writer, GFX_ACKS_SUSPENDED, GFX_OVERLAY_FRAME, 3);
	len = gfx_overlay_from_client(fixture.overlay, room, writer.len);
	assert_int_equal(gfx_parse(room, len, &pdu, NULL), PARSE_OK);
	assert_int_equal(pdu.queue_depth, GFX_ACKS_SUSPENDED);
	assert_int_equal(pdu.frame, 2);
	assert_int_equal(pdu.frames, 2);
	end(&fixture);
}

static void
a_host_that_wants_our_surface_gets_it(void **state)
{
	struct fixture fixture;

	(void)state;
	begin_shown(&fixture);
	gfx_create_surface_write(&fixture.host, GFX_OVERLAY_SURFACE, 64, 64);
	send_host(&fixture);
	assert_int_equal(surface_of(&fixture.client, GFX_OVERLAY_SURFACE)->width, 64);
	assert_int_equal(surface_of(&fixture.client, GFX_OVERLAY_SURFACE - 1)->width, 80);
	assert_true(gfx_overlay_is_shown(fixture.overlay));
	end(&fixture);
}

/* 1024 x 768, on one monitor. */
static const uint8_t reset[340] = {0x0e, 0, 0, 0, 0x54, 1, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 1, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0xff, 2, 0, 0, 1};

static void
another_desktop_takes_it_away(void **state)
{
	struct gfx_bytes out = {0};
	struct fixture fixture;

	(void)state;
	begin_shown(&fixture);
	assert_non_null(surface_of(&fixture.client, GFX_OVERLAY_SURFACE));
	assert_int_equal(gfx_overlay_from_host(fixture.overlay, reset, sizeof(reset), &out), 0);
	hear_client(&fixture.client, out.bytes, out.len);
	free(out.bytes);
	assert_null(surface_of(&fixture.client, GFX_OVERLAY_SURFACE));
	assert_false(gfx_overlay_is_shown(fixture.overlay));
	end(&fixture);
}

static void
another_desktop_is_told_and_begins_without_one_that_was_to_go(void **state)
{
	struct fixture fixture;
	struct gfx_desktop desktop;

	(void)state;
	begin_shown(&fixture);
	bytes_write(&fixture.host, reset, sizeof(reset));
	gfx_overlay_hide(fixture.overlay);
	send_host(&fixture);
	gfx_overlay_desktop(fixture.overlay, &desktop);
	assert_int_equal(desktop.width, 1024);
	assert_int_equal(desktop.height, 768);
	assert_int_equal(desktop.serial, 1);
	assert_int_equal(desktop.monitor_count, 1);
	assert_int_equal(desktop.monitors[0].right, 1023);
	assert_true(desktop.monitors[0].is_primary);
	assert_null(surface_of(&fixture.client, GFX_OVERLAY_SURFACE));
	end(&fixture);
}

static void
a_host_that_cannot_be_followed_passes_unchanged(void **state)
{
	static const uint8_t nonsense[] = {1, 0, 0, 0, 200, 0, 0, 0, 5};
	struct gfx_bytes out = {0};
	struct fixture fixture;

	(void)state;
	begin_shown(&fixture);
	assert_int_equal(
		gfx_overlay_from_host(fixture.overlay, nonsense, sizeof(nonsense), &out), 0);
	assert_false(gfx_overlay_is_used(fixture.overlay));
	assert_false(gfx_overlay_is_shown(fixture.overlay));
	assert_true(out.len > sizeof(nonsense)); /* ours is deleted, then theirs */
	assert_memory_equal(out.bytes + out.len - sizeof(nonsense), nonsense, sizeof(nonsense));
	out.len = 0;
	show(&fixture);
	assert_int_equal(gfx_overlay_turn(fixture.overlay, &out), 0);
	assert_int_equal(out.len, 0);
	for (uint16_t id = 2; id < 400; id++) {
		fixture.host.len = 0;
		gfx_create_surface_write(&fixture.host, id, 8, 8);
		out.len = 0;
		assert_int_equal(gfx_overlay_from_host(
					 fixture.overlay, fixture.room, fixture.host.len, &out),
			0);
		assert_int_equal(out.len, fixture.host.len);
	}
	free(out.bytes);
	end(&fixture);
}

static void
a_picture_has_a_size(void **state)
{
	struct fixture fixture;
	uint8_t pixel[4] = {0};

	(void)state;
	begin(&fixture);
	assert_int_equal(gfx_overlay_show(fixture.overlay, pixel, 0, 1, 0, 0), -EINVAL);
	assert_int_equal(gfx_overlay_show(fixture.overlay, pixel, 1, 1, 70000, 0), -EINVAL);
	assert_int_equal(gfx_overlay_show(fixture.overlay, pixel, 1, 1, 0, 65535), -EINVAL);
	end(&fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_and_goes_and_nothing_is_left),
		cmocka_unit_test(what_the_host_draws_meanwhile_is_there_afterwards),
		cmocka_unit_test(not_within_a_frame_of_the_host),
		cmocka_unit_test(not_before_the_host_has_drawn),
		cmocka_unit_test(another_one_takes_its_place),
		cmocka_unit_test(the_host_hears_of_its_own_frames_alone),
		cmocka_unit_test(that_acknowledging_stops_is_told),
		cmocka_unit_test(a_host_that_wants_our_surface_gets_it),
		cmocka_unit_test(another_desktop_takes_it_away),
		cmocka_unit_test(another_desktop_is_told_and_begins_without_one_that_was_to_go),
		cmocka_unit_test(a_host_that_cannot_be_followed_passes_unchanged),
		cmocka_unit_test(a_picture_has_a_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
