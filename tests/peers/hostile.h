/* What the peers share that stand in the place of one of the gateway's processes which has been taken over (hostile_greeter.c,
 * hostile_mediator.c): messages over its channel, also such as are none. */
#ifndef TESTS_PEERS_HOSTILE_H
#define TESTS_PEERS_HOSTILE_H

#include "messages/messages.h"

#include <stdint.h>
#include <stdio.h>

/* Whatever bytes, with a copy of `fd` if it is not negative. */
void hostile_send_raw(const void *bytes, size_t len, int fd);
void hostile_send(enum message number, const void *body, int fd);

/* HELLO; change: added to the hash of the build. */
void hostile_hello(uint64_t change);

/* The file of this name beside the program; NULL: there is none. */
FILE *hostile_open_beside(const char *name, const char *how);

/* What this process may not send: the row at this place among those, NULL behind the last. */
const struct message_row *hostile_row_of_others(unsigned int process, size_t at);

/* The one of this name, or for "any" another one for each number; NULL: it may send that, or there is none. */
const struct message_row *hostile_row_to_say(
	unsigned int process, const char *name, uint64_t number);

#endif
