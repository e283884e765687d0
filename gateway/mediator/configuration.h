/* What FreeRDP's proxy library is told, in memory: no file is read. In sekisho-mediator.
 *
 * Everything that the relay worker has let through passes: it has taken out of the client's connection sequence what no right opens.
 */
#ifndef MEDIATOR_CONFIGURATION_H
#define MEDIATOR_CONFIGURATION_H

#include "nla/outcomes.h"

#include <freerdp/server/proxy/proxy_config.h>

/* A key and a certificate that the library asks for and nobody ever sees: towards the worker there is no TLS. Both in PEM. */
struct mediator_key {
	char key[1024];
	char certificate[2048];
};

/* Makes them. Returns 0 or a negative errno. */
int mediator_key_new(struct mediator_key *ret_key);

/* host_name: by which the jump host's certificate is checked, and Windows' names are made. Free with pf_server_config_free. NULL if
 * there is no memory. */
proxyConfig *mediator_configuration(
	const struct mediator_key *key, const char *host_name, uint16_t port, enum attach_nla nla);

#endif
