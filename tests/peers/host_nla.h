/* NLA at the test host: CredSSP on WinPR's server, tests/unit/nla/credssp_host.h. */
#ifndef TESTS_PEERS_HOST_NLA_H
#define TESTS_PEERS_HOST_NLA_H

#include "host.h"

/* What it answers a Connection Request with; 0: refused (NLA is required, and the client did not ask for it). */
uint32_t host_nla_protocol(const struct host_connection *connection);

/* TLS is done. Returns 0 or an error that closes the connection. */
int host_nla_begin(struct host_connection *connection);

/* What has come in HOST_NLA; the last message ends in HOST_INITIAL. As above. */
int host_nla_take(struct host_connection *connection);

void host_nla_done(struct host_connection *connection);

#endif
