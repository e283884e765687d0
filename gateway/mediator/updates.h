/* A bitmap update (TS_UPDATE_BITMAP_DATA, MS-RDPBCGR 2.2.9.1.1.3.1.2) in as many as its client takes. In sekisho-mediator; the update comes
 * from the jump host, as libfreerdp has read it.
 */
#ifndef MEDIATOR_UPDATES_H
#define MEDIATOR_UPDATES_H

#include <freerdp/freerdp.h>

/* Returns FALSE to give up. The update is the caller's again afterwards. */
typedef BOOL (*update_writer)(rdpContext *context, const BITMAP_UPDATE *update);

/* Calls `writer` with the rectangles in their order, for each time as many as take at most `most` bytes on the wire. A rectangle that
 * takes more by itself goes in strips, from above, if it is not compressed; if it is, it goes as it is, for the writer to refuse.
 * Returns FALSE as soon as the writer does. */
BOOL updates_write(
	rdpContext *context, const BITMAP_UPDATE *update, size_t most, update_writer writer);

#endif
