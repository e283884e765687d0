/* The connection history (F1) in the database. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_SESSION_TABLE_H
#define POLICY_STORE_SESSION_TABLE_H

#include "policy/sessions.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define SESSION_STATE_SIZE 8 /* "active", "ended", "killed", "lost" */

struct session_record {
	uint8_t id[SESSION_ID_BYTES];
	char ticket[TICKET_HANDLE_SIZE];
	int64_t account;
	char account_id[ACCOUNT_ID_SIZE];
	char account_full[ACCOUNT_FULL_ID_SIZE];
	char account_name[2 * ACCOUNT_NAME_SIZE];
	int64_t terminal;
	char terminal_name[TERMINAL_NAME_SIZE];
	char state[SESSION_STATE_SIZE];
	int64_t started_us;
	char source[SOURCE_SIZE];
	struct device_evidence device;
	bool allowlist_off;
	int64_t connection;
	bool this_boot;
	int64_t lost_at_ms;           /* of CLOCK_BOOTTIME, when state is "lost" */
	struct attendance attendance; /* without its number */
};

/* State is "active", started now. */
int session_insert(struct store_db *db, struct session_record *session);

/* -ENOENT if there is none. */
int session_load(struct store_db *db, const uint8_t *id, struct session_record *ret_session);

/* Another connection carries it now; it is active again. */
int session_carry_on(struct store_db *db, const uint8_t *id, uint64_t connection,
	const struct device_evidence *device);
int session_add_bytes(
	struct store_db *db, const uint8_t *id, uint64_t from_client, uint64_t to_client);

/* Ended now. by and because may be "". */
int session_set_ended(struct store_db *db, const uint8_t *id, const char *state, const char *reason,
	const char *end_code, const char *by, const char *because);

/* Active sessions on a terminal, without one (NULL: none to leave out). */
int session_count_on_terminal(
	struct store_db *db, int64_t terminal, const uint8_t *without, int64_t *ret_count);

/* The same of an account. */
int session_count_of_account(
	struct store_db *db, int64_t account, const uint8_t *without, int64_t *ret_count);

/* The session on a terminal that makes place for an account of higher priority: of the lowest priority, and of those the one that
 * began last. -ENOENT if none is below. */
int session_below(
	struct store_db *db, int64_t account, int64_t terminal, uint8_t ret_id[SESSION_ID_BYTES]);

/* Who holds a terminal, for administrators: full ids in the order in which their sessions began, each once, as many as have room. */
int session_holders(struct store_db *db, int64_t terminal, char *ret_text, size_t size);

/* Active sessions of an account and on a terminal (0: of none); both 0: all. */
int session_each_active(struct store_db *db, int64_t account, int64_t terminal,
	int (*visit)(struct store_db *db, const struct session_record *session, void *argument),
	void *argument);

/* The row as everybody sees it (control_methods.def, log.connections). -ENOENT. */
int session_json(struct store_db *db, const uint8_t *id, json_t **ret_row);

/* The rows of the first sessions whose ids are between these two, both included: a list, as session_event_json has them. */
int session_json_between(struct store_db *db, const uint8_t *low, const uint8_t *high, int64_t most,
	json_t **ret_rows);

/* Those that have begun since and are over, newest first; visit takes the row, which is as session_event_json has it (NULL:
 * no memory). A negative errno of visit ends it. */
int session_each_ended(struct store_db *db, int64_t since_us,
	int (*visit)(json_t *row, void *argument), void *argument);

/* The row with all that the gateway keeps of it: what the event log says of a session. And such an object as
 * everybody sees it. */
int session_event_json(struct store_db *db, const uint8_t *id, json_t **ret_row);
void session_json_for_people(json_t *event);

/* Id of the event that says the same as the row; 0 without one. -ENOENT without such a session. */
int session_last_event(struct store_db *db, const uint8_t *id, int64_t *ret_event);

/* The same of the next `most` sessions in the order in which they began, from one of them on (none, if that is gone). */
int session_each_last_event(struct store_db *db, const uint8_t *from, int64_t most,
	int (*visit)(const uint8_t *id, int64_t event, void *argument), void *argument);

/* The event that says the same as the row. */
int session_set_event(struct store_db *db, const uint8_t *id, int64_t event);

struct session_check {
	int64_t number;
	int64_t event; /* id of the event that says the same as the row */
	bool same;     /* it does, to the letter */
	const char *session;
};

/* The next rows behind a number. */
int session_each(struct store_db *db, int64_t after, int64_t most,
	int (*visit)(struct store_db *db, const struct session_check *row, void *argument),
	void *argument);

/* Forgets sessions that ended at or before an instant. */
int session_forget(struct store_db *db, int64_t until_us);

#endif
