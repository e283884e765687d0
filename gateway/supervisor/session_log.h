/* session.log: one line for each start and end of a session, and for each file that moved through it, for `tail -F` (F5). Opened again on SIGHUP,
 * so that logrotate can move it away.
 */
#ifndef SUPERVISOR_SESSION_LOG_H
#define SUPERVISOR_SESSION_LOG_H

#include <jansson.h>
#include <stddef.h>

struct session_log;

enum session_log_kind {
	SESSION_LOG_START,
	SESSION_LOG_END,
	SESSION_LOG_TRANSFER, /* of log.transfers: a file has moved */
};

#define SESSION_LOG_LINE_SIZE 4096

/* Opens (makes, 0640) the file for appending. Returns 0 or a negative errno. */
int session_log_open(const char *path, struct session_log **ret_log);
void session_log_close(struct session_log *log); /* accepts NULL */

/* The same path again. On failure the old file stays open. */
int session_log_reopen(struct session_log *log);

/* Writes the line of a row as `log connections` has it. What cannot be written is said in the journal: the
 * record itself is in the database. */
void session_log_write(struct session_log *log, enum session_log_kind kind, const json_t *row);

/* The line with its newline; ret_line has room for SESSION_LOG_LINE_SIZE. Returns its length. */
size_t session_log_format(enum session_log_kind kind, const json_t *row, char *ret_line);

#endif
