/* What a jump host draws by bitmap updates beneath a banner: each bitmap that touches it reaches the client with the banner's pixels already
 * over it, so that no client ever shows a hole. What lies wholly beneath is not even read: the banner's own pixels go in its place, and
 * a client that asks for everything again has the banner again. What does not touch it passes as it came, in the same order.
 *
 * Bitmaps that touch it in part are decoded by libfreerdp, as the host's every byte is in this process: it may be anybody's.
 */
#ifndef NOTICE_BENEATH_H
#define NOTICE_BENEATH_H

#include "notice/banner.h"
#include "picture/pictures.h"

#include <stdbool.h>

#include <freerdp/freerdp.h>
#include <freerdp/update.h>

#define BENEATH_PIXELS_MOST (1u << 22) /* of a bitmap that is decoded */

struct beneath;

struct beneath *beneath_new(void);          /* NULL without memory */
void beneath_free(struct beneath *beneath); /* accepts NULL */

/* How it goes on to the client. */
struct beneath_way {
	rdpContext *context;
	struct pictures *
		pictures; /* for what is not passed on as it came; it sends by context's BitmapUpdate */
	BOOL (*pass)(rdpContext *context, const BITMAP_UPDATE *update);
};

enum beneath_result {
	BENEATH_SENT,
	BENEATH_AGAIN, /* a bitmap that cannot be read has passed as it came: the banner is to be sent again */
	BENEATH_OVER, /* the client is gone */
};
enum beneath_result beneath_send(struct beneath *beneath, const struct beneath_way *way,
	const struct banner *banner, const BITMAP_UPDATE *update);

#endif
