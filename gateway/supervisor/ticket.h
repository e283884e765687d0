/* Which ticket a client shows (design 2). Pure. A handle begins with "+", which no account id may contain.
 *
 * In a .rdp file the handle is the routing token "Cookie: msts=+…" and the user name is the secret; clients
 * without routing tokens send the handle as user name and the secret as password. Who was redirected by the sign-in screen
 * has the handle in the routing token and the secret, a number, in CS_CLUSTER.
 */
#ifndef SUPERVISOR_TICKET_H
#define SUPERVISOR_TICKET_H

#include "messages/messages.h"

/* More than any handle or secret of ours; a longer one matches none. */
#define SHOWN_SIZE 96

struct shown_ticket {
	char handle[SHOWN_SIZE]; /* "" if none was shown */
	char secret[SHOWN_SIZE]; /* the caller wipes it */
};

void ticket_shown(const struct msg_introduced *introduced, struct shown_ticket *ret_shown);

#endif
