/* The channel to sekisho-nla, one process for one attempt to log on to a jump host by NLA. It comes before ATTACH (NLA_CHANNEL), and
 * ends with the attempt. What is said over it is phase_nla.c's.
 */
#ifndef RELAY_NLA_LINK_H
#define RELAY_NLA_LINK_H

#include "relay/connection.h"

struct ssl_st;

/* Takes *fd, also on failure; an older link is closed. Returns 0 or a negative errno. */
int nla_link_open(struct connection *conn, int *fd);

/* Any number of times; conn->nla is NULL afterwards. */
void nla_link_close(struct connection *conn);

/* As channel_send; -ENOTCONN without a link. */
int nla_link_send(struct connection *conn, enum message number, const void *body);

/* What nla_link.c calls; phase_nla.c's. The link may be closed from within. */
void nla_on_to_host(struct connection *conn, const struct msg_nla_to_host *message);
void nla_on_done(struct connection *conn, bool accepted);
void nla_on_lost(struct connection *conn);

#endif
