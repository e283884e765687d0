/* The inside of a peer, for peer.c and its test. */
#ifndef GREETER_PEER_PRIVATE_H
#define GREETER_PEER_PRIVATE_H

#include "desk/desk.h"
#include "greeter/peer.h"

struct screen;

struct peer {
	struct desk *desk;
	struct screen *screen; /* NULL before the client has told its size */
	struct peer_setup setup;
	char facility[257];
	char language[9];
	uint32_t shown; /* serial of the last SHOW that was told as shown */

	/* What is to be shown once there is a screen */
	struct msg_show *show;
	struct msg_choice *choices;
	size_t choice_count;
};

#endif
