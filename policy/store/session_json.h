/* Rows of the connection history as JSON, for the files of policy/store that ask for them. */
#ifndef POLICY_STORE_SESSION_JSON_H
#define POLICY_STORE_SESSION_JSON_H

#include <jansson.h>
#include <sqlite3.h>

/* In the order of session_json.c's enum column: number and last_event are 0 and 1, started is 3. */
#define SESSION_JSON_COLUMNS                                                                    \
	"number, last_event, id, started, ended, account_id, account_full, account_name, "      \
	"terminal_name, state, reason, end_code, ended_by, because, source, device, evidence, " \
	"allowlist_off, bytes_from_client, bytes_to_client, connections, ticket, account, "     \
	"terminal, connection, boot, lost_at_boottime"

/* The row as people see it, new reference. */
json_t *session_json_row(sqlite3_stmt *row);

#endif
