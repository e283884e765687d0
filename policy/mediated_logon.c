/* See mediated_logon.h. */
#include "policy/mediated_logon.h"

#include "policy/store/credential_table.h"
#include "policy/store/store.h"
#include "policy/stored_credential.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static bool
is_name(const char *address)
{
	struct in6_addr room;

	return inet_pton(AF_INET, address, &room) != 1 && inet_pton(AF_INET6, address, &room) != 1;
}

/* The account's. Nobody logs on with credentials of ours where they are typed on the host's own screen. */
static int
may_have_domain(struct store_db *db, const struct terminal *terminal, bool *ret_may)
{
	struct stored_credential stored;
	int r;

	*ret_may = terminal->credentials == CREDENTIALS_PASS_THROUGH;
	if (terminal->credentials != CREDENTIALS_INJECTED)
		return 0;
	r = credential_load(db, terminal->number, &stored);
	if (r == 0)
		*ret_may = stored.domain[0] != '\0' || strchr(stored.user, '@') != NULL;
	return r == -ENOENT ? 0 : r;
}

int
mediated_logon_lacks_kerberos(struct store_db *db, const struct terminal *terminal, bool *ret_lacks)
{
	*ret_lacks = false;
	if (terminal->relay != TERMINAL_RELAY_MEDIATED || terminal->nla == TERMINAL_NLA_OFF ||
		!store_db_settings(db)->has_kerberos || !is_name(terminal->address))
		return 0;
	return may_have_domain(db, terminal, ret_lacks);
}
