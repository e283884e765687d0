/* Reaching a jump host: a name resolved off the loop, its addresses tried one after the other, each step
 * with a deadline. For the loop thread.
 */
#ifndef SUPERVISOR_DIAL_H
#define SUPERVISOR_DIAL_H

#include "relay/close_reasons.h"

#include <stdint.h>
#include <uv.h>

struct dial;

struct dial_result {
	enum close_reason
		reason; /* CLOSE_NONE: connected; else HOST_NAME, HOST_UNREACHABLE, OUT_OF_ROOM */
	int fd;         /* connected, non-blocking: the callee's to close; -1 on failure */
	const char *detail; /* for the log, fixed texts; never NULL */
};

/* Called once, from the loop, never from inside dial_start; the dial is over and must not be used again. */
typedef void dial_done(void *owner, const struct dial_result *result);

struct dial_setup {
	uv_loop_t *loop;
	const char *host; /* name or numeric address; copied */
	uint16_t port;
	uint32_t resolve_ms;
	uint32_t connect_ms; /* for all addresses together */
	dial_done *done;
	void *owner;
};

/* Returns 0 or a negative errno (then `done` is not called). */
int dial_start(const struct dial_setup *setup, struct dial **ret_dial);

/* `done` will not be called. Accepts NULL. */
void dial_cancel(struct dial *dial);

#endif
