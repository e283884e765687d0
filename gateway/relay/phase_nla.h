/* A step of ATTACH: the jump host wants to know who logs on before it speaks MCS. */
#ifndef RELAY_PHASE_NLA_H
#define RELAY_PHASE_NLA_H

#include "relay/connection.h"

/* TLS stands, its certificate is the right one, and PROTOCOL_HYBRID or HYBRID_EX was selected. Ends in attach_begin or
 * attach_failed. */
void nla_begin(struct connection *conn);

/* The same, but PROTOCOL_SSL was selected: the supervisor is asked for what Client Info shall say. */
void nla_not_offered(struct connection *conn);

/* Its answer. */
void nla_on_host_credentials(struct connection *conn, const struct msg_host_credentials *message);

#endif
