/* Recording sessions (F7): which of them, by whom, into which file, and what follows where it cannot be done. One sekisho-recorder for
 * each session, started before anything of its jump host is shown; over several connections of it the same recording goes on.
 *
 *	verdict            recording_prepare: the row is made, the process started, the file opened: RECORD_BEGIN
 *	… the header is in the file   it is ours, byte for byte; its hash goes into the log
 *	… and in the log   session_start_recorded: now the jump host may be attached
 *	ATTACH             recording_to_worker before it: RECORD_CHANNEL to the worker, RECORD_SOURCE to the recorder
 *	… it goes wrong    required: the session ends (RECORDING_…); best-effort: it goes on, and the row says why
 *	connection over    lost: the recording waits for limits.grace; else RECORD_FINISH
 *	… RECORD_DIGEST    its summary is looked at and signed with the key of the log's checkpoints: RECORD_SIGNATURE
 *	… RECORD_CLOSED    the row and the log get the final hash; then SK2702. Until they have it, recording_is_unsettled
 *
 * The recording's own key is made here, sealed to the auditors' public keys, and kept in locked memory as long as the session runs, for
 * whoever watches; the auditors' private keys are never here. A terminal with four eyes whose sessions are not kept is recorded
 * into a file without a name, which is gone with the session. For the loop thread.
 */
#ifndef SUPERVISOR_RECORDINGS_H
#define SUPERVISOR_RECORDINGS_H

#include "messages/channel.h"
#include "recording/format.h"
#include "recording/records.h"
#include "supervisor/connections.h"

struct recording;
struct recording_so_far;
struct session_grant;
struct child_kind_setup;

/* The session of this connection has its row. Sets connection->recording, or leaves it NULL where nothing is recorded. Returns
 * CLOSE_NONE, or why the session may not go on. */
enum close_reason recording_prepare(
	struct connection *connection, const struct session_grant *grant);

/* The jump host may be attached: it is recorded, or need not be. Until then session_start_recorded or _not_recorded follows. */
bool recording_is_ready(const struct connection *connection);

/* Right before ATTACH. Returns 0 or a negative errno: nothing may be attached. */
int recording_to_worker(struct connection *connection);

/* RECORD_GAP of its worker. */
int recording_gap(struct connection *connection, const struct msg_record_gap *gap);

/* The connection, or its session, is over. connection->recording is NULL afterwards. */
void recording_connection_over(struct connection *connection, enum close_reason reason);

/* The row of this session's recording is not its last word: it is being recorded, or its end is on its way into the store. */
bool recording_is_unsettled(
	const struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES]);

/* How far one is now that is being made, whose row is told once a minute alone; NULL: the row knows. Borrowed. */
const struct recording_so_far *recording_now(
	const struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES], int64_t part);

/* Something to know about the session, for its recording, if there is one. */
void recording_note(struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES],
	enum recording_note_about about, const char *text);

/* How many are not over yet; a stop waits for them. */
size_t recordings_count(const struct supervisor *supervisor);

/* A stop: those that wait for their sessions are finished. */
void recordings_stop(struct supervisor *supervisor);

/* For children_setup, but how many there may be. */
extern const struct child_kind_setup recorder_kind;

#endif
