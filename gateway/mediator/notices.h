/* Notices on the screen of a mediated session: NOTICE_SHOW of the supervisor's becomes a banner over what the jump host draws, above its
 * graphics pipeline (notice/gfx_channel.h) or, where it draws by bitmap updates, in tiles: what it draws beneath them reaches the client
 * with the banner over it (notice/beneath.h). When one goes, what lies beneath comes back: the client's own pixels there, the host's by a Refresh Rect here.
 *
 * Three threads use it: the process's own, the worker leg's and the host leg's. Everything that is sent to the client is sent by the
 * host leg's, as what the host draws is.
 */
#ifndef MEDIATOR_NOTICES_H
#define MEDIATOR_NOTICES_H

#include "messages/messages.h"

#include <stdbool.h>
#include <stdint.h>

#include <freerdp/peer.h>
#include <freerdp/server/proxy/proxy_context.h>

struct notices;

/* `news`: there is something for notices_take; from any thread, which holds nothing of ours. NULL without memory. */
struct notices *notices_new(void (*news)(void *owner), void *owner);
void notices_free(struct notices *notices); /* when the threads are gone; accepts NULL */

/* The process's own thread */

/* One that is there is replaced, or, if it waits to be acknowledged, covered until this one is gone. */
void notices_show(struct notices *notices, const struct msg_notice_show *show);

/* What is to be told; false: nothing (any more). */
bool notices_take(struct notices *notices, struct msg_notice_over *ret_over);

/* How long to wait, -1: for ever; then notices_remind. */
int notices_wait_ms(struct notices *notices);
void notices_remind(struct notices *notices);

/* The worker leg's */

/* Its callbacks are the library's by now. */
void notices_on_peer(struct notices *notices, freerdp_peer *peer);

/* The client has a desktop of the host's size, and will draw what comes. */
void notices_on_activated(struct notices *notices);

/* False: the click was for the notice. */
bool notices_on_mouse(struct notices *notices, uint16_t flags, uint16_t x, uint16_t y);

/* Both legs end: nothing is called any more. */
void notices_on_end(struct notices *notices);

/* The host leg's */

void notices_on_host(struct notices *notices, pClientContext *client);

/* Before each PDU is read, and whenever there is something to be done. False: the session cannot go on. */
bool notices_turn(struct notices *notices);

#endif
