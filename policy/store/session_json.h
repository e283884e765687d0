/* Rows of the connection history as JSON, for the files of policy/store that ask for them. */
#ifndef POLICY_STORE_SESSION_JSON_H
#define POLICY_STORE_SESSION_JSON_H

#include <jansson.h>
#include <sqlite3.h>
#include <stdint.h>

struct store_db;

#define SESSION_JSON_COLUMNS                                                                    \
	"number, last_event, id, started, ended, account_id, account_full, account_name, "      \
	"terminal_name, state, reason, end_code, ended_by, because, source, device, evidence, " \
	"allowlist_off, bytes_from_client, bytes_to_client, connections, ticket, account, "     \
	"terminal, connection, boot, lost_at_boottime, let_in_by, let_in_control, let_in_files"

enum session_column {
	SESSION_NUMBER,
	SESSION_LAST_EVENT,
	SESSION_ID,
	SESSION_STARTED,
	SESSION_ENDED,
	SESSION_ACCOUNT,
	SESSION_FULL_ID,
	SESSION_NAME,
	SESSION_TERMINAL,
	SESSION_STATE,
	SESSION_REASON,
	SESSION_END_CODE,
	SESSION_BY,
	SESSION_BECAUSE,
	SESSION_SOURCE,
	SESSION_DEVICE,
	SESSION_EVIDENCE,
	SESSION_ALLOWLIST_OFF,
	SESSION_BYTES_FROM_CLIENT,
	SESSION_BYTES_TO_CLIENT,
	SESSION_CONNECTIONS,
	SESSION_TICKET,
	/* What the gateway keeps for itself. */
	SESSION_ACCOUNT_NUMBER,
	SESSION_TERMINAL_NUMBER,
	SESSION_CONNECTION,
	SESSION_BOOT,
	SESSION_LOST_AT,
	/* Who let it in (C7); people see that. */
	SESSION_LET_IN_BY,
	SESSION_LET_IN_CONTROL,
	SESSION_LET_IN_FILES,
	SESSION_COLUMN_COUNT
};

/* The row as people see it, new reference. */
json_t *session_json_row(sqlite3_stmt *row);

/* As its events have it: what is not in the event can be changed unnoticed. */
json_t *session_json_row_for_event(sqlite3_stmt *row);

/* The same of the row of a number. -ENOENT. */
int session_json_numbered(struct store_db *db, int64_t number, json_t **ret_row);

#endif
