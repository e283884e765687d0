/* The end of sessions, and the rules that end them; see sessions.h. */
#include "policy/sessions.h"

#include "base/bytes.h"
#include "policy/facts.h"
#include "policy/record.h"
#include "policy/session_continue.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {
	[END_STATE_ENDED] = "ended",
	[END_STATE_KILLED] = "killed",
	[END_STATE_LOST] = "lost",
};

int
session_row(struct store_db *db, const uint8_t *session, json_t **ret_row)
{
	return session_json(db, session, ret_row);
}

static int
end_connection(struct store_db *db, const struct session_ending *ending)
{
	if (ending->bytes_from_client == 0 && ending->bytes_to_client == 0)
		return 0;
	return record_session(db, EVENT_KIND_SESSION_CONNECTION, ending->session);
}

static int
end_whole(struct store_db *db, const struct session_ending *ending)
{
	const struct close_reason_row *row = close_reason_row(ending->reason);
	const char code[3] = {row->who, phase_row(ending->phase)->letter, '\0'};
	int r;

	r = session_set_ended(db, ending->session, state_names[row->state], row->name, code,
		ending->by, ending->because);
	if (r == 0)
		r = record_session(db, EVENT_KIND_SESSION_END, ending->session);
	return r;
}

/* A kill is meant for the session: whoever is being cut off does not stay by coming back meanwhile. */
static bool
session_goes_on(const struct session_ending *ending, const struct session_record *session)
{
	if (ending->reason == CLOSE_CONTINUED)
		return true;
	return ending->connection != (uint64_t)session->connection &&
	       close_reason_row(ending->reason)->state != END_STATE_KILLED;
}

int
session_end(struct store_db *db, const struct session_ending *ending, json_t **ret_row)
{
	struct session_record session;
	bool goes_on;
	int r;

	r = session_load(db, ending->session, &session);
	if (r == 0 && strcmp(session.state, "active") == 0) {
		goes_on = session_goes_on(ending, &session);
		r = session_add_bytes(
			db, ending->session, ending->bytes_from_client, ending->bytes_to_client);
		if (r == 0)
			r = goes_on ? end_connection(db, ending) : end_whole(db, ending);
	}
	if (r == 0 && ret_row != NULL)
		r = session_json(db, ending->session, ret_row);
	return r;
}

int
session_end_lost(struct store_db *db, const struct session_ending *ending, json_t **ret_row)
{
	struct session_record session;
	int r;

	r = session_load(db, ending->session, &session);
	if (r == 0 && (strcmp(session.state, state_names[END_STATE_LOST]) != 0 ||
			      !session_may_go_on(db, &session)))
		r = -ENOENT;
	if (r == 0)
		r = end_whole(db, ending);
	return r < 0 ? r : session_json(db, ending->session, ret_row);
}

static int
goes_on(struct store_db *db, const json_t *row)
{
	const char *id = json_string_value(json_object_get(row, "session"));
	struct session_record session;
	uint8_t bytes[SESSION_ID_BYTES];
	int r;

	if (bytes_from_hex(id, bytes, sizeof(bytes)) < 0)
		return -EUCLEAN;
	r = session_load(db, bytes, &session);
	return r < 0 ? r : session_may_go_on(db, &session);
}

int
session_json_going_on(struct store_db *db, const uint8_t *low, const uint8_t *high, int64_t most,
	json_t **ret_rows)
{
	json_t *rows = NULL;
	int r;

	r = session_json_between(db, low, high, most, &rows);
	for (size_t i = r < 0 ? 0 : json_array_size(rows); r >= 0 && i > 0; i--) {
		r = goes_on(db, json_array_get(rows, i - 1));
		if (r == 0)
			(void)json_array_remove(rows, i - 1);
	}
	if (r < 0)
		json_decref(rows);
	else
		*ret_rows = rows;
	return r < 0 ? r : 0;
}

struct left_open {
	struct session_ending *endings;
	size_t count;
};

static int
add_left_open(struct store_db *db, const struct session_record *session, void *argument)
{
	struct left_open *left = argument;
	struct session_ending *grown;

	(void)db;
	grown = realloc(left->endings, (left->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	left->endings = grown;
	grown[left->count] = (struct session_ending){
		.connection = (uint64_t)session->connection,
		.reason = CLOSE_GATEWAY_DIED,
		.phase = PHASE_CLOSED,
	};
	memcpy(grown[left->count++].session, session->id, SESSION_ID_BYTES);
	return 0;
}

static int
end_left_open(struct store_db *db, const struct left_open *left, json_t *rows)
{
	json_t *row;
	int r;

	for (size_t i = 0; i < left->count; i++) {
		r = session_end(db, &left->endings[i], &row);
		if (r < 0)
			return r;
		if (json_array_append_new(rows, row) < 0)
			return -ENOMEM;
	}
	return 0;
}

int
sessions_close_left_open(struct store_db *db, json_t **ret_rows)
{
	struct left_open left = {0};
	json_t *rows = json_array();
	int r;

	r = rows == NULL ? -ENOMEM : session_each_active(db, 0, 0, add_left_open, &left);
	if (r == 0)
		r = end_left_open(db, &left, rows);
	free(left.endings);
	if (r < 0) {
		json_decref(rows);
		return r;
	}
	*ret_rows = rows;
	return 0;
}

struct running {
	struct running_verdict *verdicts;
	size_t count;
};

static int
add_verdict(struct running *running, const uint8_t *session, const struct policy_verdict *verdict)
{
	struct running_verdict *grown;

	grown = realloc(running->verdicts, (running->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	running->verdicts = grown;
	grown[running->count] =
		(struct running_verdict){.reason = verdict->reason, .rule = verdict->rule->name};
	memcpy(grown[running->count++].session, session, SESSION_ID_BYTES);
	return 0;
}

static int
ask_running(struct store_db *db, const struct session_record *session, void *argument)
{
	struct gathered_facts gathered;
	struct policy_verdict verdict;
	int r;

	r = facts_gather_running(db, session, 0, &gathered);
	if (r == 0) {
		policy_decide(&gathered.facts, &verdict);
		if (!verdict.allowed)
			r = add_verdict(argument, session->id, &verdict);
	}
	gathered_facts_done(&gathered);
	return r;
}

int
session_running_verdicts(struct store_db *db, int64_t account_number, int64_t terminal_number,
	struct running_verdict **ret_verdicts, size_t *ret_count)
{
	struct running running = {0};
	int r;

	r = session_each_active(db, account_number, terminal_number, ask_running, &running);
	if (r < 0) {
		free(running.verdicts);
		return r;
	}
	*ret_verdicts = running.verdicts;
	*ret_count = running.count;
	return 0;
}
