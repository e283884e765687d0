/* What desk.c and desk_input.c share; used by them and their test alone. */
#ifndef DESK_DESK_PRIVATE_H
#define DESK_DESK_PRIVATE_H

#include "desk/area.h"
#include "desk/desk.h"

#include <freerdp/freerdp.h>
#include <freerdp/peer.h>

struct pictures;

struct desk {
	freerdp_peer *rdp;
	const struct desk_user *user;
	void *owner;
	struct pictures *pictures; /* of the last Activate */
	struct keyboard *keyboard;
	int fd;
	bool begun;      /* Activate has told the size */
	bool active;     /* pictures may be sent */
	bool suppressed; /* the client's window is not seen */
	bool failed;

	bool more; /* tiles are left over from the last turn */
	struct area area;

	/* Input */
	uint32_t buttons;
	uint16_t half;    /* the first of two UTF-16 units */
	bool after_pause; /* the Pause key's second code follows */
};

struct desk_context {
	rdpContext context; /* first: FreeRDP's */
	struct desk *desk;
};

static inline struct desk *
desk_of(const rdpContext *context)
{
	return ((const struct desk_context *)context)->desk;
}

void desk_set_input(rdpInput *input);
bool desk_input_is_set(const rdpInput *input);

#endif
