/* Mediated sessions log on to their jump host with a name and a password, and never by Kerberos (close_reasons_mediator.def, SK2664). That is
 * told where a terminal is changed, and not only when the first engineer comes. Inside a store job.
 */
#ifndef POLICY_MEDIATED_LOGON_H
#define POLICY_MEDIATED_LOGON_H

#include "policy/terminals.h"

#include <stdbool.h>

struct store_db;

/* Sessions of this terminal may be refused for it: it is mediated, the facility has Kerberos (kerberos.config), the address is a name (tickets
 * are for names), NLA is not off, and the account that logs on has a domain, or is the engineer's own, who may. Which domains are realms says
 * the file, which is the supervisor's. 0, or a negative errno. */
int mediated_logon_lacks_kerberos(
	struct store_db *db, const struct terminal *terminal, bool *ret_lacks);

#endif
