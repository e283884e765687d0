/* In the place of nla_logons.c: no session has NLA. */
#include "supervisor/nla_logons.h"

enum close_reason
nla_wanted(const struct terminal *terminal, const struct host_credentials *credentials,
	enum attach_nla *ret_nla)
{
	(void)terminal;
	(void)credentials;
	*ret_nla = ATTACH_WITHOUT_NLA;
	return CLOSE_NONE;
}

int
nla_logon_start(struct connection *connection, const struct terminal *terminal,
	struct host_credentials *credentials)
{
	(void)connection;
	(void)terminal;
	(void)credentials;
	return 0;
}

int
nla_logon_to_worker(struct connection *connection)
{
	(void)connection;
	return 0;
}

int
nla_logon_not_offered(struct connection *connection)
{
	(void)connection;
	return 0;
}

enum close_reason
nla_logon_reason(struct connection *connection, enum close_reason reason, const char **detail)
{
	(void)connection;
	(void)detail;
	return reason;
}

void
nla_logon_succeeded(struct connection *connection)
{
	(void)connection;
}

void
nla_logon_end(struct connection *connection)
{
	(void)connection;
}
