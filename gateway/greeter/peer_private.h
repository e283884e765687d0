/* What peer.c and peer_input.c share; used by them alone. */
#ifndef GREETER_PEER_PRIVATE_H
#define GREETER_PEER_PRIVATE_H

#include "greeter/area.h"
#include "greeter/peer.h"

#include <freerdp/freerdp.h>
#include <freerdp/peer.h>

struct screen;
struct pictures;

struct peer {
	freerdp_peer *rdp;
	struct screen *screen;     /* NULL before Activate has told the size */
	struct pictures *pictures; /* of the last Activate */
	struct keyboard *keyboard;
	struct peer_setup setup;
	char facility[257];
	char language[9];
	int fd;
	bool active;     /* pictures may be sent */
	bool suppressed; /* the client's window is not seen */
	bool failed;
	uint32_t shown; /* serial of the last SHOW that was told as shown */

	bool more; /* tiles are left over from the last turn */
	struct area area;

	/* Input */
	uint32_t buttons;
	uint16_t half;    /* the first of two UTF-16 units */
	bool after_pause; /* the Pause key's second code follows */

	/* What is to be shown once there is a screen */
	struct msg_show *show;
	struct msg_choice *choices;
	size_t choice_count;
};

struct peer_context {
	rdpContext context; /* first: FreeRDP's */
	struct peer *peer;
};

static inline struct peer *
peer_of(const rdpContext *context)
{
	return ((const struct peer_context *)context)->peer;
}

void peer_set_input(rdpInput *input);
bool peer_input_is_set(const rdpInput *input);

#endif
