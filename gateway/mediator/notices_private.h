/* What notices.c and notices_screen.c share; used by them alone. */
#ifndef MEDIATOR_NOTICES_PRIVATE_H
#define MEDIATOR_NOTICES_PRIVATE_H

#include "mediator/mediation_private.h"
#include "mediator/notices.h"
#include "notice/banner.h"
#include "notice/beneath.h"
#include "notice/covered.h"
#include "notice/ends.h"
#include "notice/gfx_channel.h"
#include "picture/pictures.h"

#include <pthread.h>

#define NOTICES_NEWS_MOST 64 /* that wait to be told: a few of each notice, and notices are few */

/* How the banner lies on the screen. */
enum way {
	WAY_NONE,
	WAY_BITMAPS,
	WAY_GRAPHICS,
};

struct place {
	uint32_t x, y, width, height;
};

struct notices {
	void (*news)(void *owner);
	void *owner;

	/* Of the host leg alone: */
	struct gfx_channel *graphics; /* has a lock of its own */
	bool follows;                 /* what the host sends on channels goes through us */
	BOOL(*host_data)
	(freerdp *instance, UINT16 id, const BYTE *data, size_t size, UINT32 flags,
		size_t total);                                                   /* the library's */
	BOOL (*bitmap_update)(rdpContext *context, const BITMAP_UPDATE *update); /* … */
	struct pictures *pictures;
	struct beneath *beneath;
	bool draws;                   /* what goes through bitmap_update is ours */
	struct msg_notice_show shown; /* the one that is there; if has_shown */
	struct msg_notice_show coming;
	bool has_shown, told_shown;
	struct covered covered;
	struct banner banner;
	enum way way;
	uint32_t desktop; /* which one it was drawn for */
	int64_t ends_at_ms;

	/* Of the worker leg alone: */
	BOOL(*client_data)
	(freerdp_peer *peer, UINT16 id, const BYTE *data, size_t size, UINT32 flags,
		size_t total); /* the library's */
	uint16_t pressed;      /* buttons that went down on the banner */

	pthread_mutex_t lock; /* around what follows */
	freerdp_peer *peer;
	pClientContext *client; /* NULL: not yet, or no more */
	struct covered next;    /* asked for, the oldest first */
	bool is_active;
	uint32_t activations;
	bool clicked;
	struct place place; /* width 0: there is none */
	int64_t ends_ms;    /* 0: not by itself */
	struct msg_notice_over told[NOTICES_NEWS_MOST];
	size_t told_count;
};

/* A gfx_channel_send. */
bool notices_send_to_client(void *owner, const uint8_t *pdu, size_t len);

/* In the place of the library's, behind which it calls it. */
BOOL notices_on_bitmap_update(rdpContext *context, const BITMAP_UPDATE *update);

#endif
