/* Sessions that a sekisho-mediator carries (`--relay mediated`), one process each, from the dial to their end. To the worker it is the
 * jump host; who logs on there, and by which certificate the host is known, is between the supervisor and the process.
 *
 *	START_DIAL   the process is started, and gets ready
 *	…            it is ready: MEDIATE_BEGIN, with its end of a socketpair to the worker; the password is wiped here
 *	…            the host has accepted: MEDIATE_HOST with its socket, of which the supervisor keeps its own duplicate
 *	ATTACH       the worker gets the other end of the socketpair
 *	…            MEDIATE_RESULT: whether the host's desktop has begun, and why not; at the end once more
 */
#ifndef SUPERVISOR_MEDIATIONS_H
#define SUPERVISOR_MEDIATIONS_H

#include "messages/channel.h"
#include "policy/terminals.h"
#include "rdp/auto_reconnect.h"
#include "supervisor/connections.h"

struct mediation;

/* connection->mediation; the credentials are taken over. `cookie` is what the session's host gave it, or NULL. Returns CLOSE_NONE, or why
 * there is no such session: HOST_WANTS_NLA, MEDIATOR_KERBEROS, MEDIATOR_BUSY, MEDIATOR_FAULT, OUT_OF_ROOM. */
enum close_reason mediation_start(struct connection *connection, const struct terminal *terminal,
	struct host_credentials *credentials, const struct auto_reconnect_cookie *cookie);

/* connection->host_fd is the host's socket: the process gets it. *ret_fd is the worker's end of the socketpair, borrowed until
 * mediation_attached. Returns 0 or a negative errno. */
int mediation_dialled(struct connection *connection, uint16_t port, int *ret_fd);
void mediation_attached(struct connection *connection);

/* The desktop is there: what was passed through is noted to be gone (resumes.h). */
void mediation_succeeded(struct connection *connection);

/* Why it really is over, or could not begin, where the worker knows no more than that its host is gone. As nla_logon_reason. */
enum close_reason mediation_reason(
	struct connection *connection, enum close_reason reason, const char **detail);

/* Ends the process and wipes. Any number of times; connection->mediation is NULL afterwards. */
void mediation_end(struct connection *connection);

/* Whether one carries it: its screen can be written on, once its host's desktop has begun. */
bool mediation_is_there(const struct connection *connection);

/* A message to it, without a descriptor. Returns 0, -EOPNOTSUPP for a session that is not mediated, -ENOTCONN before its desktop has begun and
 * after its process has died, or another negative errno. */
int mediation_send(struct connection *connection, enum message number, const void *body);

/* For children_setup. */
extern const struct channel_handler mediator_messages[];
void mediator_ready(void *owner, struct child *child);
void mediator_died(void *owner, struct child *child);

#endif
