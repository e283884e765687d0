/* In the place of nla_logons.c and mediations.c: no session has NLA, and none is mediated. */
#include "supervisor/mediations.h"
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

enum close_reason
mediation_start(struct connection *connection, const struct terminal *terminal,
	struct host_credentials *credentials, const struct auto_reconnect_cookie *cookie)
{
	(void)connection;
	(void)terminal;
	(void)credentials;
	(void)cookie;
	return CLOSE_NONE;
}

int
mediation_dialled(struct connection *connection, uint16_t port, int *ret_fd)
{
	(void)connection;
	(void)port;
	(void)ret_fd;
	return 0;
}

void
mediation_attached(struct connection *connection)
{
	(void)connection;
}

void
mediation_succeeded(struct connection *connection)
{
	(void)connection;
}

enum close_reason
mediation_reason(struct connection *connection, enum close_reason reason, const char **detail)
{
	(void)connection;
	(void)detail;
	return reason;
}

void
mediation_end(struct connection *connection)
{
	(void)connection;
}
