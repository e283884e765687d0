/* A notice on the screen, in the host leg's thread; see notices.h. */
#include "mediator/notices_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "rdp/channel_chunk.h"

#include <string.h>

#include <freerdp/channels/channels.h>
#include <freerdp/channels/drdynvc.h>
#include <freerdp/channels/wtsvc.h>

#define TILE 64u
#define MONITORS_MOST 16

static void
tell_of(struct notices *notices, const struct msg_notice_show *show, enum notice_end how)
{
	(void)pthread_mutex_lock(&notices->lock);
	if (notices->told_count < NOTICES_NEWS_MOST)
		notices->told[notices->told_count++] =
			(struct msg_notice_over){.serial = show->serial, .how = (uint8_t)how};
	(void)pthread_mutex_unlock(&notices->lock);
	notices->news(notices->owner);
}

static void
tell(struct notices *notices, enum notice_end how)
{
	tell_of(notices, &notices->shown, how);
}

bool
notices_send_to_client(void *owner, const uint8_t *pdu, size_t len)
{
	struct notices *notices = owner;
	freerdp_peer *peer = notices->peer;
	UINT16 id = WTSChannelGetId(peer, DRDYNVC_SVC_CHANNEL_NAME);
	size_t at = 0;

	while (at < len) {
		size_t part = len - at < CHUNK_DATA_MAX ? len - at : CHUNK_DATA_MAX;
		UINT32 flags = (at == 0 ? CHUNK_FIRST : 0u) | (at + part == len ? CHUNK_LAST : 0u);

		if (!peer->SendChannelPacket(peer, id, len, flags, pdu + at, part))
			return false;
		at += part;
	}
	return true;
}

static BOOL
on_host_data(
	freerdp *instance, UINT16 id, const BYTE *data, size_t size, UINT32 flags, size_t total)
{
	struct notices *notices = mediation_of(instance->context)->notices;
	int r;

	if (id != freerdp_channels_get_id_by_name(instance, DRDYNVC_SVC_CHANNEL_NAME))
		return notices->host_data(instance, id, data, size, flags, total);
	r = gfx_channel_from_host(notices->graphics, flags, data, size);
	if (r == 1)
		return notices->host_data(instance, id, data, size, flags, total);
	return r == 0;
}

/* Bitmap updates */

/* Where the tile at a corner of the banner lies in it. */
static struct picture_rectangle
tile_at(const struct banner *banner, uint32_t x, uint32_t y)
{
	return (struct picture_rectangle){(uint16_t)x, (uint16_t)y,
		(uint16_t)(banner->width - x < TILE ? banner->width - x : TILE),
		(uint16_t)(banner->height - y < TILE ? banner->height - y : TILE)};
}

static bool
make_pictures(struct notices *notices)
{
	const rdpSettings *settings = notices->peer->context->settings;

	if (notices->pictures == NULL)
		notices->pictures = pictures_new(
			freerdp_settings_get_bool(settings, FreeRDP_DrawAllowSkipAlpha));
	return notices->pictures != NULL;
}

static bool
send_tiles(struct notices *notices)
{
	rdpContext *context = notices->peer->context;
	const struct picture picture = {.pixels = notices->banner.pixels,
		.stride = notices->banner.width * 4u,
		.left = notices->banner.x,
		.top = notices->banner.y};
	bool sent = true;

	if (!make_pictures(notices))
		return false;
	notices->draws = true;
	for (uint32_t y = 0; y < notices->banner.height && sent; y += TILE) {
		for (uint32_t x = 0; x < notices->banner.width && sent; x += TILE) {
			const struct picture_rectangle tile = tile_at(&notices->banner, x, y);

			sent = pictures_send(notices->pictures, context, &picture, &tile, 1);
		}
	}
	notices->draws = false;
	return sent;
}

/* With the banner over it. */
static bool
send_beneath(struct notices *notices, rdpContext *context, const BITMAP_UPDATE *update)
{
	struct beneath_way way = {.context = context, .pass = notices->bitmap_update};
	enum beneath_result result;

	if (notices->beneath == NULL)
		notices->beneath = beneath_new();
	if (notices->beneath == NULL || !make_pictures(notices))
		return false;
	way.pictures = notices->pictures;
	notices->draws = true;
	result = beneath_send(notices->beneath, &way, &notices->banner, update);
	notices->draws = false;
	return result == BENEATH_SENT || (result == BENEATH_AGAIN && send_tiles(notices));
}

BOOL
notices_on_bitmap_update(rdpContext *context, const BITMAP_UPDATE *update)
{
	struct notices *notices = mediation_of(context)->notices;

	if (notices->draws || notices->way != WAY_BITMAPS)
		return notices->bitmap_update(context, update);
	return send_beneath(notices, context, update);
}

/* The host draws again what was beneath: it is asked for this rectangle or, if it knows no such question, for everything. */
static bool
refresh_beneath(struct notices *notices)
{
	rdpContext *host = &notices->client->context;
	const struct banner *banner = &notices->banner;
	const RECTANGLE_16 area = {.left = (UINT16)banner->x,
		.top = (UINT16)banner->y,
		.right = (UINT16)(banner->x + banner->width),
		.bottom = (UINT16)(banner->y + banner->height)};

	if (freerdp_settings_get_bool(host->settings, FreeRDP_RefreshRect))
		return host->update->RefreshRect(host, 1, &area);
	return host->update->SuppressOutput(host, 0, NULL) &&
	       host->update->SuppressOutput(host, 1, &area);
}

/* The banner on the screen */

static void
note_place(struct notices *notices)
{
	const struct banner *banner = &notices->banner;

	(void)pthread_mutex_lock(&notices->lock);
	notices->place = (struct place){.x = banner->x,
		.y = banner->y,
		.width = notices->way != WAY_NONE ? banner->width : 0,
		.height = banner->height};
	(void)pthread_mutex_unlock(&notices->lock);
}

static bool
take_away(struct notices *notices)
{
	enum way way = notices->way;
	bool done = true;

	notices->way = WAY_NONE;
	if (way == WAY_GRAPHICS)
		done = gfx_channel_hide(notices->graphics) == 0;
	else if (way == WAY_BITMAPS)
		done = refresh_beneath(notices);
	banner_done(&notices->banner);
	note_place(notices);
	return done;
}

struct desktop {
	uint32_t width, height;
	struct area_monitor monitors[MONITORS_MOST];
	size_t monitor_count;
};

static void
look_at_settings(const rdpSettings *settings, struct desktop *desktop)
{
	uint32_t count = freerdp_settings_get_uint32(settings, FreeRDP_MonitorCount);

	desktop->width = freerdp_settings_get_uint32(settings, FreeRDP_DesktopWidth);
	desktop->height = freerdp_settings_get_uint32(settings, FreeRDP_DesktopHeight);
	for (uint32_t i = 0; i < count && i < MONITORS_MOST; i++) {
		const rdpMonitor *monitor =
			freerdp_settings_get_pointer_array(settings, FreeRDP_MonitorDefArray, i);

		if (monitor == NULL)
			return;
		desktop->monitors[desktop->monitor_count++] = (struct area_monitor){monitor->x,
			monitor->y, monitor->width, monitor->height, monitor->is_primary != FALSE};
	}
}

static void
look_at_graphics(struct notices *notices, struct desktop *desktop)
{
	struct gfx_desktop graphics;

	gfx_channel_desktop(notices->graphics, &graphics);
	if (graphics.width == 0)
		return;
	desktop->width = graphics.width;
	desktop->height = graphics.height;
	desktop->monitor_count = 0;
	for (size_t i = 0; i < graphics.monitor_count && i < MONITORS_MOST; i++) {
		const struct gfx_monitor *monitor = &graphics.monitors[i];

		desktop->monitors[desktop->monitor_count++] = (struct area_monitor){monitor->left,
			monitor->top, monitor->right - monitor->left + 1,
			monitor->bottom - monitor->top + 1, monitor->is_primary};
	}
}

static int
draw_banner(struct notices *notices, enum way way)
{
	const struct msg_notice_show *show = &notices->shown;
	struct desktop desktop = {0};
	struct banner_setup setup = {.text = show->text,
		.values = show->values,
		.values_len = show->values_len,
		.language = words_language(show->language),
		.by_person = show->by_person != 0,
		.acknowledge = show->acknowledge != 0};

	look_at_settings(notices->peer->context->settings, &desktop);
	if (way == WAY_GRAPHICS)
		look_at_graphics(notices, &desktop);
	setup.desktop_width = desktop.width;
	setup.desktop_height = desktop.height;
	setup.monitors = desktop.monitors;
	setup.monitor_count = desktop.monitor_count;
	return banner_draw(&setup, &notices->banner);
}

static bool
lay_down(struct notices *notices, enum way way)
{
	const struct banner *banner = &notices->banner;
	bool done;

	if (draw_banner(notices, way) < 0)
		return true; /* a desktop without room; another one may have it */
	notices->way = way;
	if (way == WAY_GRAPHICS)
		done = gfx_channel_show(notices->graphics, banner->pixels, banner->width,
			       banner->height, banner->x, banner->y) == 0;
	else
		done = send_tiles(notices);
	note_place(notices);
	return done;
}

/* Where the host says by which pipeline it draws and nothing is drawn yet: none. */
static enum way
wanted_way(struct notices *notices)
{
	switch (gfx_channel_use(notices->graphics)) {
	case GFX_UNUSED:
		return WAY_BITMAPS;
	case GFX_USED:
		return WAY_GRAPHICS;
	default:
		return WAY_NONE;
	}
}

/* Another number after each change of the desktop, of whichever kind. */
static uint32_t
desktop_now(struct notices *notices, uint32_t activations)
{
	struct gfx_desktop graphics;

	gfx_channel_desktop(notices->graphics, &graphics);
	return activations + graphics.serial;
}

/* On a new desktop the old banner is not: nothing lies there to be taken away but by name. */
static bool
keep_in_place(struct notices *notices, uint32_t activations)
{
	uint32_t desktop = desktop_now(notices, activations);
	enum way way = wanted_way(notices);

	if (way == notices->way && desktop == notices->desktop)
		return true;
	if (!take_away(notices))
		return false;
	notices->desktop = desktop;
	pictures_free(take_pointer(&notices->pictures));
	return way == WAY_NONE || lay_down(notices, way);
}

/* What was asked for since the last turn. */
struct asked {
	bool has_next, clicked;
	uint32_t activations;
};

static bool
take_asked(struct notices *notices, struct asked *ret_asked)
{
	bool is_active;

	(void)pthread_mutex_lock(&notices->lock);
	is_active = notices->is_active;
	ret_asked->activations = notices->activations;
	if (is_active) {
		ret_asked->has_next = covered_take_oldest(&notices->next, &notices->coming);
		ret_asked->clicked = notices->clicked;
		notices->clicked = false;
	}
	(void)pthread_mutex_unlock(&notices->lock);
	return is_active;
}

static bool
take_next(struct notices *notices)
{
	bool is_there;

	(void)pthread_mutex_lock(&notices->lock);
	is_there = covered_take_oldest(&notices->next, &notices->coming);
	(void)pthread_mutex_unlock(&notices->lock);
	return is_there;
}

static int64_t
end_of(const struct msg_notice_show *show)
{
	return show->seconds > 0 ? clock_boottime_ms() + show->seconds * INT64_C(1000) : 0;
}

static void
set_end(struct notices *notices, int64_t ends_ms)
{
	(void)pthread_mutex_lock(&notices->lock);
	notices->ends_ms = ends_ms;
	(void)pthread_mutex_unlock(&notices->lock);
}

static bool
end_notice(struct notices *notices, enum notice_end how)
{
	tell(notices, how);
	notices->has_shown = false;
	notices->ends_at_ms = 0;
	set_end(notices, 0);
	return take_away(notices);
}

/* It waits to be acknowledged: it comes back when the new one is gone. */
static bool
cover_notice(struct notices *notices)
{
	struct msg_notice_show dropped;

	tell(notices, NOTICE_COVERED);
	if (covered_put(&notices->covered, &notices->shown, &dropped))
		tell_of(notices, &dropped, NOTICE_REPLACED);
	notices->ends_at_ms = 0;
	set_end(notices, 0);
	return take_away(notices);
}

static bool
begin_notice(struct notices *notices)
{
	bool going = true;

	if (notices->has_shown && covered_keeps(&notices->shown))
		going = cover_notice(notices);
	else if (notices->has_shown)
		going = end_notice(notices, NOTICE_REPLACED);
	notices->shown = notices->coming;
	notices->has_shown = true;
	notices->told_shown = false;
	return going;
}

/* What lay over it is gone. */
static bool
bring_back(struct notices *notices)
{
	if (notices->has_shown || !covered_take(&notices->covered, &notices->shown))
		return false;
	notices->has_shown = true;
	notices->told_shown = false;
	return true;
}

/* Its time begins when it is seen. */
static void
note_shown(struct notices *notices)
{
	if (notices->told_shown || notices->way == WAY_NONE ||
		(notices->way == WAY_GRAPHICS && !gfx_channel_is_shown(notices->graphics)))
		return;
	notices->told_shown = true;
	notices->ends_at_ms = end_of(&notices->shown);
	set_end(notices, notices->ends_at_ms);
	tell(notices, NOTICE_SHOWN);
}

static bool
look_after(struct notices *notices, const struct asked *asked)
{
	if (notices->ends_at_ms != 0 && clock_boottime_ms() >= notices->ends_at_ms)
		return end_notice(notices, NOTICE_TIMED_OUT);
	if (gfx_channel_use(notices->graphics) == GFX_UNFOLLOWED)
		return end_notice(notices, NOTICE_IMPOSSIBLE);
	if (!keep_in_place(notices, asked->activations))
		return false;
	note_shown(notices);
	return true;
}

static void
follow_host(struct notices *notices)
{
	pClientContext *client = notices->client;
	freerdp *instance;

	if (notices->follows || client == NULL || !client->connected)
		return;
	instance = client->context.instance;
	notices->follows = true;
	notices->host_data = instance->ReceiveChannelData;
	instance->ReceiveChannelData = on_host_data;
}

bool
notices_turn(struct notices *notices)
{
	struct asked asked = {0};

	follow_host(notices);
	if (!take_asked(notices, &asked))
		return true;
	/* A click was meant for what lay there. */
	if (asked.clicked && notices->has_shown && !end_notice(notices, NOTICE_ACKNOWLEDGED))
		return false;
	while (asked.has_next) {
		if (!begin_notice(notices))
			return false;
		asked.has_next = take_next(notices);
	}
	while (notices->has_shown || bring_back(notices)) {
		if (!look_after(notices, &asked))
			return false;
		if (notices->has_shown)
			break;
	}
	return true;
}
