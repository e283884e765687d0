/* Sessions in the log: end records that must not be lost, the running rules, and who is told of both.
 */
#ifndef SUPERVISOR_SESSIONS_H
#define SUPERVISOR_SESSIONS_H

#include "policy/chain.h"
#include "supervisor/connections.h"

/* The start of a session is on disk: session.log and followers are told. `row` is borrowed. */
void sessions_tell_start(struct supervisor *supervisor, json_t *row);

/* The end of a session without a connection is on disk: there is none that could write its summary line. */
void sessions_tell_gone(struct supervisor *supervisor, enum close_reason reason, json_t *row);

/* Records that a connection of a session has ended, with patience: it is tried again until it is on disk.
 * Then session.log and followers are told. */
void session_record_end(struct supervisor *supervisor, const struct carried_session *session,
	uint64_t connection, enum close_reason reason, enum phase phase,
	const struct socket_bytes *bytes);

/* Ends a session for a person; by and because go into the log. */
void session_kill(struct connection *connection, enum close_reason reason, const char *by,
	const char *because);

/* Runs the running rules over the sessions of an account and of a terminal (0: of none), over all if both are
 * 0, and ends those that no longer hold. `by` and `because` (may be NULL) are of the change that led to it. */
void sessions_check(struct supervisor *supervisor, int64_t account_number, int64_t terminal_number,
	const char *by, const char *because);

/* Every full minute of the wall clock: the running rules over all, who never came back with a redirection's ticket,
 * a checkpoint of the log; daily: retention.
 * sessions_minutes_stop closes the timer. */
int sessions_start_minutes(struct supervisor *supervisor);
void sessions_stop_minutes(struct supervisor *supervisor);

/* A checkpoint has been signed and is on disk: the journal gets its copy. */
void sessions_tell_checkpoint(const struct chain_checkpoint *checkpoint);

#endif
