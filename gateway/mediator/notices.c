/* Notices from the supervisor to the host leg, and clicks; see notices.h. What lies on the screen is notices_screen.c's. */
#include "mediator/notices_private.h"

#include "base/clock.h"
#include "rdp/channel_chunk.h"

#include <stdlib.h>
#include <string.h>

#include <freerdp/channels/drdynvc.h>
#include <freerdp/channels/wtsvc.h>
#include <freerdp/input.h>

#define BUTTONS (PTR_FLAGS_BUTTON1 | PTR_FLAGS_BUTTON2 | PTR_FLAGS_BUTTON3)

struct notices *
notices_new(void (*news)(void *owner), void *owner)
{
	struct notices *notices = calloc(1, sizeof(*notices));

	if (notices == NULL)
		return NULL;
	notices->news = news;
	notices->owner = owner;
	(void)pthread_mutex_init(&notices->lock, NULL);
	notices->graphics = gfx_channel_new(notices_send_to_client, notices);
	if (notices->graphics == NULL) {
		notices_free(notices);
		return NULL;
	}
	return notices;
}

void
notices_free(struct notices *notices)
{
	if (notices == NULL)
		return;
	gfx_channel_free(notices->graphics);
	pictures_free(notices->pictures);
	beneath_free(notices->beneath);
	banner_done(&notices->banner);
	(void)pthread_mutex_destroy(&notices->lock);
	free(notices);
}

/* Under the lock. The host leg waits for its socket and for what is to be sent to the host; something for a channel that no host has
 * wakes it, and goes nowhere. */
static void
wake(struct notices *notices)
{
	static const BYTE nothing[1];
	const proxyChannelDataEventInfo event = {.channel_name = "none",
		.data = nothing,
		.data_len = sizeof(nothing),
		.total_size = sizeof(nothing)};

	if (notices->client != NULL && notices->client->sendChannelData != NULL)
		(void)notices->client->sendChannelData(notices->client, &event);
}

/* The process's own thread */

/* Under the lock. */
static void
note_replaced(struct notices *notices, const struct msg_notice_show *show)
{
	if (notices->told_count < NOTICES_NEWS_MOST)
		notices->told[notices->told_count++] =
			(struct msg_notice_over){.serial = show->serial, .how = NOTICE_REPLACED};
}

void
notices_show(struct notices *notices, const struct msg_notice_show *show)
{
	struct msg_notice_show replaced;

	(void)pthread_mutex_lock(&notices->lock);
	/* One that would not stay need not even be begun. */
	if (covered_take(&notices->next, &replaced)) {
		if (covered_keeps(&replaced))
			(void)covered_put(&notices->next, &replaced, &replaced);
		else
			note_replaced(notices, &replaced);
	}
	if (covered_put(&notices->next, show, &replaced))
		note_replaced(notices, &replaced);
	wake(notices);
	(void)pthread_mutex_unlock(&notices->lock);
}

bool
notices_take(struct notices *notices, struct msg_notice_over *ret_over)
{
	bool is_there;

	(void)pthread_mutex_lock(&notices->lock);
	is_there = notices->told_count > 0;
	if (is_there) {
		*ret_over = notices->told[0];
		notices->told_count--;
		memmove(notices->told, notices->told + 1,
			notices->told_count * sizeof(notices->told[0]));
	}
	(void)pthread_mutex_unlock(&notices->lock);
	return is_there;
}

int
notices_wait_ms(struct notices *notices)
{
	int64_t left = -1;

	(void)pthread_mutex_lock(&notices->lock);
	if (notices->ends_ms != 0) {
		left = notices->ends_ms - clock_boottime_ms();
		left = left < 0 ? 0 : left;
	}
	(void)pthread_mutex_unlock(&notices->lock);
	return left > 60000 ? 60000 : (int)left;
}

/* Once for each time: the host leg looks at the clock itself. */
void
notices_remind(struct notices *notices)
{
	(void)pthread_mutex_lock(&notices->lock);
	if (notices->ends_ms != 0 && clock_boottime_ms() >= notices->ends_ms) {
		notices->ends_ms = 0;
		wake(notices);
	}
	(void)pthread_mutex_unlock(&notices->lock);
}

/* The worker leg's */

static BOOL
on_client_data(
	freerdp_peer *peer, UINT16 id, const BYTE *data, size_t size, UINT32 flags, size_t total)
{
	struct notices *notices = mediation_of(peer->context)->notices;
	uint8_t copy[CHUNK_DATA_MAX];
	size_t len = size;

	if (size > sizeof(copy) || size != total ||
		id != WTSChannelGetId(peer, DRDYNVC_SVC_CHANNEL_NAME))
		return notices->client_data(peer, id, data, size, flags, total);
	memcpy(copy, data, size);
	if (gfx_channel_from_client(notices->graphics, flags, copy, &len) == 0)
		return TRUE;
	return notices->client_data(peer, id, copy, len, flags, len);
}

void
notices_on_peer(struct notices *notices, freerdp_peer *peer)
{
	(void)pthread_mutex_lock(&notices->lock);
	notices->peer = peer;
	(void)pthread_mutex_unlock(&notices->lock);
	notices->client_data = peer->ReceiveChannelData;
	notices->bitmap_update = peer->context->update->BitmapUpdate;
	peer->ReceiveChannelData = on_client_data;
	peer->context->update->BitmapUpdate = notices_on_bitmap_update;
}

void
notices_on_activated(struct notices *notices)
{
	(void)pthread_mutex_lock(&notices->lock);
	notices->is_active = true;
	notices->activations++;
	wake(notices);
	(void)pthread_mutex_unlock(&notices->lock);
}

static bool
is_on(const struct place *place, uint16_t x, uint16_t y)
{
	return place->width > 0 && x >= place->x && y >= place->y && x - place->x < place->width &&
	       y - place->y < place->height;
}

/* What goes down on it comes up on it, wherever that is. */
bool
notices_on_mouse(struct notices *notices, uint16_t flags, uint16_t x, uint16_t y)
{
	uint16_t button = flags & BUTTONS;
	bool down = (flags & PTR_FLAGS_DOWN) != 0;
	bool hit;

	if (button == 0)
		return true;
	if (!down) {
		hit = (notices->pressed & button) != 0;
		notices->pressed = (uint16_t)(notices->pressed & ~button);
		return !hit;
	}
	(void)pthread_mutex_lock(&notices->lock);
	hit = is_on(&notices->place, x, y);
	if (hit && button == PTR_FLAGS_BUTTON1) {
		notices->clicked = true;
		wake(notices);
	}
	(void)pthread_mutex_unlock(&notices->lock);
	if (hit)
		notices->pressed |= button;
	return !hit;
}

void
notices_on_end(struct notices *notices)
{
	(void)pthread_mutex_lock(&notices->lock);
	notices->client = NULL;
	notices->ends_ms = 0;
	(void)pthread_mutex_unlock(&notices->lock);
}

void
notices_on_host(struct notices *notices, pClientContext *client)
{
	(void)pthread_mutex_lock(&notices->lock);
	notices->client = client;
	(void)pthread_mutex_unlock(&notices->lock);
}
