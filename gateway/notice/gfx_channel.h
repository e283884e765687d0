/* The graphics pipeline inside drdynvc, both ways, with a picture above the host's (gfx_overlay.h). What passes is followed: which
 * dynamic channel it is, its messages and, for they are compressed with what came before (MS-RDPEGFX 2.2.5), what is in them. As
 * long as nothing was ever laid over the host's picture, its bytes pass as they are, when they come. From the first time on, they
 * come whole, and are not compressed: what its compression refers to is no longer what the client has.
 *
 * No I/O; two threads may use one, the one that hears the host and the one that hears the client.
 */
#ifndef NOTICE_GFX_CHANNEL_H
#define NOTICE_GFX_CHANNEL_H

#include "notice/gfx_overlay.h"

#define GFX_CHANNEL_MESSAGE_MOST \
	(64u << 20) /* a desktop of 4096 x 4096 that is not compressed at all */

/* A PDU of drdynvc for the client, of 65,536 bytes at most: to be sent in chunks. False: it is over. */
typedef bool gfx_channel_send(void *owner, const uint8_t *pdu, size_t len);

struct gfx_channel;

struct gfx_channel *gfx_channel_new(gfx_channel_send *send, void *owner); /* NULL without memory */
void gfx_channel_free(struct gfx_channel *channel);                       /* accepts NULL */

/* What the host sends on drdynvc, chunk by chunk (flags: of its header). Returns 1: it is to be passed on; 0: it is not, what was
 * to be sent instead was; or a negative errno: the session cannot go on. */
int gfx_channel_from_host(
	struct gfx_channel *channel, uint32_t flags, const uint8_t *bytes, size_t len);

/* The same from the client; *len may be less afterwards, with other bytes. */
int gfx_channel_from_client(
	struct gfx_channel *channel, uint32_t flags, uint8_t *bytes, size_t *len);

/* As gfx_overlay_show, _hide; from the thread that hears the host, between two chunks. They are done at once, or as soon as the host
 * has ended what it is about. */
int gfx_channel_show(struct gfx_channel *channel, const uint8_t *pixels, uint16_t width,
	uint16_t height, uint32_t x, uint32_t y);
int gfx_channel_hide(struct gfx_channel *channel);

enum gfx_use {
	GFX_UNUSED, /* the host draws in other ways */
	GFX_BEGINS, /* the channel is there, and nothing was drawn */
	GFX_USED,
	GFX_UNFOLLOWED, /* it cannot be followed: nothing can be laid over it */
};
enum gfx_use gfx_channel_use(struct gfx_channel *channel);
bool gfx_channel_is_shown(struct gfx_channel *channel);
void gfx_channel_desktop(struct gfx_channel *channel, struct gfx_desktop *ret_desktop);

#endif
