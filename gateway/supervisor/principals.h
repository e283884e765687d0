/* Who logs on by Kerberos, and as whom. It is the settings' to say and the terminal's, never a network's: whoever can keep the gateway from its KDCs,
 * or a jump host from them, does not bring it to NTLM by that.
 *
 *	the file of kerberos.config has the realm of the user's domain, or of what stands behind the user's @
 *	the terminal's address is a name: tickets are for names
 *
 * Everybody else logs on by NTLM.
 */
#ifndef SUPERVISOR_PRINCIPALS_H
#define SUPERVISOR_PRINCIPALS_H

#include "policy/host_credentials.h"
#include "policy/terminals.h"
#include "settings/krb5_conf.h"

#define PRINCIPAL_SIZE (HOST_USER_SIZE + 1 + KRB5_REALM_MAX)

/* "tech@AD.SAKURA.EXAMPLE.JP"; returns false, and "", for NTLM. conf may be NULL. */
bool principal_of(const struct krb5_conf *conf, const struct terminal *terminal,
	const struct host_credentials *credentials, char ret_principal[PRINCIPAL_SIZE]);

#endif
