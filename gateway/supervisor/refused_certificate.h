/* A jump host has shown another certificate than the trusted one (B4): told by its worker, or by the session's sekisho-nla. */
#ifndef SUPERVISOR_REFUSED_CERTIFICATE_H
#define SUPERVISOR_REFUSED_CERTIFICATE_H

#include "supervisor/connections.h"

/* The event with both fingerprints; once a session: what a child says of certificates shall not fill the log. The health look
 * goes there soon, so that the terminal's own page says it too. Returns 0, or -EPROTO for what is no fingerprint. */
int certificate_refused(struct connection *connection, const struct msg_certificate_refused *told);

#endif
