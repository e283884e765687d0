/* Where the client of a ticket is to connect: what was asked for (`address` of the parameters), else the settings' public address,
 * else the first listener's. For all methods that write .rdp files.
 */
#ifndef SUPERVISOR_TICKET_ADDRESS_H
#define SUPERVISOR_TICKET_ADDRESS_H

#include "policy/field_error.h"

#include <stdint.h>

struct control_call;

#define TICKET_HOST_SIZE 256

struct ticket_address {
	char host[TICKET_HOST_SIZE]; /* name or numeric address, IPv6 without brackets */
	uint16_t port;
};

/* Returns 0, -EINVAL (the parameter is none) or -EDESTADDRREQ. */
int ticket_address_choose(const struct control_call *call, struct ticket_address *ret_address);

/* Answers the call with one of these. */
void ticket_address_refuse(struct control_call *call, int status);

/* What control_call_fail says then. */
void ticket_set_wrong_parameter(struct control_call *call, const struct field_error *error);

#endif
