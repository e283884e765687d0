/* A picture above a host's in its graphics pipeline (MS-RDPEGFX): a surface of our own, mapped to the output over the host's. It is
 * touched before the end of each of the host's frames, since clients lay the surfaces that have changed over each other in the order of
 * their numbers. When it goes, what lies beneath is copied onto itself and so drawn anew: the client has these pixels, and the
 * host is asked for nothing. Frames that are ours are acknowledged to us, and left out of what the host is told.
 *
 * Pure: PDUs in, PDUs out. What it reads comes from a jump host that may be anybody's. A host that cannot be followed (PDUs that
 * are none, too many surfaces) gets its bytes through as they are, and no picture is laid over them any more.
 */
#ifndef NOTICE_GFX_OVERLAY_H
#define NOTICE_GFX_OVERLAY_H

#include "notice/gfx_bytes.h"
#include "rdp/gfx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GFX_OVERLAY_SURFACES_MOST 256
#define GFX_OVERLAY_SURFACE 0xfff0             /* ours, or the next below that no host has */
#define GFX_OVERLAY_FRAME UINT32_C(0xfff00000) /* the first of our frames */

struct gfx_overlay;

struct gfx_overlay *gfx_overlay_new(void);          /* NULL without memory */
void gfx_overlay_free(struct gfx_overlay *overlay); /* accepts NULL */

/* A message of the host's, out of its segments. What the client shall get is added to `out`: the same and more. Returns 0 or
 * -ENOMEM. */
int gfx_overlay_from_host(
	struct gfx_overlay *overlay, const uint8_t *bytes, size_t len, struct gfx_bytes *out);

/* A message of the client's, in place. Returns what is left of it, 0: nothing is. */
size_t gfx_overlay_from_client(struct gfx_overlay *overlay, uint8_t *bytes, size_t len);

/* From the next turn on this picture lies there and no other: B, G, R, unused, in rows of 4 * width bytes, which are not kept.
 * Returns 0, -EINVAL if it has no pixels or more than a surface may have, or -ENOMEM. */
int gfx_overlay_show(struct gfx_overlay *overlay, const uint8_t *pixels, uint16_t width,
	uint16_t height, uint32_t x, uint32_t y);
void gfx_overlay_hide(struct gfx_overlay *overlay);

/* Between two messages of the host: does what is wanted, if it can be done now. Returns 0 or -ENOMEM. */
int gfx_overlay_turn(struct gfx_overlay *overlay, struct gfx_bytes *out);

/* One is to lie there, or does, or is to go. */
bool gfx_overlay_is_wanted(const struct gfx_overlay *overlay);

/* The channel is another one, or none: the client has forgotten everything. What is wanted stays wanted. */
void gfx_overlay_restart(struct gfx_overlay *overlay);

bool gfx_overlay_is_shown(const struct gfx_overlay *overlay);

/* The host has drawn, and is followed; it cannot be followed. */
bool gfx_overlay_is_used(const struct gfx_overlay *overlay);
bool gfx_overlay_is_lost(const struct gfx_overlay *overlay);

/* As the host has it: its last RESET_GRAPHICS, count 0 before it. `serial` is another one after each. */
struct gfx_desktop {
	uint32_t width, height, serial;
	size_t monitor_count;
	const struct gfx_monitor *monitors;
};
void gfx_overlay_desktop(const struct gfx_overlay *overlay, struct gfx_desktop *ret_desktop);

#endif
