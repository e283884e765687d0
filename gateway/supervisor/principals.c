/* See principals.h. */
#include "supervisor/principals.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool
is_name(const char *address)
{
	struct in6_addr room;

	return inet_pton(AF_INET, address, &room) != 1 && inet_pton(AF_INET6, address, &room) != 1;
}

bool
principal_of(const struct krb5_conf *conf, const struct terminal *terminal,
	const struct host_credentials *credentials, char ret_principal[PRINCIPAL_SIZE])
{
	const char *at = strrchr(credentials->user, '@');
	size_t len = at != NULL ? (size_t)(at - credentials->user) : strlen(credentials->user);
	const struct krb5_realm *realm = NULL;

	ret_principal[0] = '\0';
	if (conf == NULL || !host_credentials_given(credentials) || !is_name(terminal->address))
		return false;
	realm = krb5_conf_find(conf, at != NULL ? at + 1 : credentials->domain);
	/* What Active Directory has in no account's name, but would be an instance or a realm here. */
	if (realm == NULL || len == 0 || strcspn(credentials->user, "/\\@") < len)
		return false;
	(void)snprintf(
		ret_principal, PRINCIPAL_SIZE, "%.*s@%s", (int)len, credentials->user, realm->name);
	return true;
}
