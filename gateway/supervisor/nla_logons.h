/* Logging on to a jump host by NLA, in sekisho-nla, for a session that begins. The supervisor has the password from the verdict until
 * the process has it, or until the worker says that the host has no NLA; then it is wiped here.
 *
 *	START_DIAL   the process is started
 *	ATTACH       the worker gets its end of a channel to the process before it: NLA_CHANNEL
 *	…            the process is ready: NLA_BEGIN
 *	…            by Kerberos: KDC_WANTED, KDC_SOCKET or KDC_NONE as often as needed (kdc_search.h), KDC_DONE
 *	…            NLA_RESULT: how it ended, and why, for administrators; the worker is told no more than whether
 */
#ifndef SUPERVISOR_NLA_LOGONS_H
#define SUPERVISOR_NLA_LOGONS_H

#include "messages/channel.h"
#include "nla/outcomes.h"
#include "policy/terminals.h"
#include "supervisor/connections.h"

struct nla_logon;

/* What its terminal and the credentials mean for ATTACH. ret_nla is written if there is a way; else HOST_WANTS_NLA, or
 * CLOSE_NONE. */
enum close_reason nla_wanted(const struct terminal *terminal,
	const struct host_credentials *credentials, enum attach_nla *ret_nla);

/* connection->nla; the credentials are taken over. Returns 0 or a negative errno. */
int nla_logon_start(struct connection *connection, const struct terminal *terminal,
	struct host_credentials *credentials);

/* NLA_CHANNEL, before ATTACH. Returns 0 or a negative errno. */
int nla_logon_to_worker(struct connection *connection);

/* NLA_NOT_OFFERED: the worker gets what Client Info shall say. Returns 0, -EPROTO if it may not ask (before ATTACH, twice, or of a
 * terminal that requires NLA), or another negative errno. */
int nla_logon_not_offered(struct connection *connection);

/* Why it really is that the host could not be attached, where the worker knows no more than that it was refused. *detail may be
 * exchanged for another text, which lives as long as connection->nla. */
enum close_reason nla_logon_reason(
	struct connection *connection, enum close_reason reason, const char **detail);

/* The desktop is there: as nla_logon_end, and what was passed through is noted to be gone (resumes.h). */
void nla_logon_succeeded(struct connection *connection);

/* Ends the process and wipes. Any number of times; connection->nla is NULL afterwards. */
void nla_logon_end(struct connection *connection);

/* For children_setup. */
extern const struct channel_handler nla_messages[];
void nla_ready(void *owner, struct child *child);
void nla_died(void *owner, struct child *child);

#endif
