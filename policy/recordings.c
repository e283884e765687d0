/* Recordings in the log; see recordings.h. */
#include "policy/recordings.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/method_call.h"
#include "policy/record.h"
#include "policy/store/event_table.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US INT64_C(86400000000)
#define PART_MOST 9999

void
recording_id(const uint8_t *session, int64_t part, char ret_id[RECORDING_ID_SIZE])
{
	bytes_to_hex(session, SESSION_ID_BYTES, ret_id);
	if (part > 1)
		snprintf(ret_id + 2 * SESSION_ID_BYTES, RECORDING_ID_SIZE - 2 * SESSION_ID_BYTES,
			"-%lld", (long long)part);
}

int
recording_id_read(const char *id, uint8_t ret_session[SESSION_ID_BYTES], int64_t *ret_part)
{
	char digits[2 * SESSION_ID_BYTES + 1], again[RECORDING_ID_SIZE];
	uint8_t session[SESSION_ID_BYTES];
	int64_t part = 1;

	if (strlen(id) < sizeof(digits) - 1 || strlen(id) >= RECORDING_ID_SIZE)
		return -EINVAL;
	memcpy(digits, id, sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	if (bytes_from_hex(digits, session, sizeof(session)) < 0)
		return -EINVAL;
	if (id[sizeof(digits) - 1] == '-')
		part = atoi(id + sizeof(digits));
	if (part < 1 || part > PART_MOST)
		return -EINVAL;
	/* One name for each. */
	recording_id(session, part, again);
	if (strcmp(again, id) != 0)
		return -EINVAL;
	memcpy(ret_session, session, sizeof(session));
	*ret_part = part;
	return 0;
}

void
recording_file_name(const uint8_t *session, int64_t part, char ret_name[RECORDING_FILE_SIZE])
{
	recording_id(session, part, ret_name);
	strcat(ret_name, ".skr");
}

static json_t *
hash_json(bool has, const uint8_t hash[RECORDING_ROW_HASH_BYTES])
{
	char text[2 * RECORDING_ROW_HASH_BYTES + 1];

	if (!has)
		return json_null();
	bytes_to_hex(hash, RECORDING_ROW_HASH_BYTES, text);
	return json_string(text);
}

/* No names: it is kept for ever, so that a file can be compared with it as long as there is one. */
static int
record(struct store_db *db, struct recording_row *row, const char *action)
{
	char session[2 * SESSION_ID_BYTES + 1];
	json_t *payload;

	bytes_to_hex(row->session, sizeof(row->session), session);
	payload = json_pack("{s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:o, s:o, s:s}", "action", action,
		"session", session, "part", (json_int_t)row->part, "state",
		recording_row_state_name(row->state), "bytes", (json_int_t)row->bytes,
		"duration_ms", (json_int_t)row->duration_ms, "gaps", (json_int_t)row->gaps,
		"header", hash_json(row->has_header, row->header), "hash",
		hash_json(row->has_hash, row->hash), "why", row->why);
	return record_event(db, EVENT_KIND_RECORDING, payload, &row->event);
}

int
recording_begin(struct store_db *db, const uint8_t *session, const char *auditors,
	struct recording_row *ret_row)
{
	struct recording_row row = {.state = RECORDING_ROW_RUNNING};
	struct session_record record_of;
	int r;

	r = session_load(db, session, &record_of);
	if (r < 0)
		return r;
	memcpy(row.session, session, sizeof(row.session));
	row.account = record_of.account;
	row.terminal = record_of.terminal;
	strcpy(row.account_id, record_of.account_id);
	strcpy(row.account_full, record_of.account_full);
	strcpy(row.account_name, record_of.account_name);
	strcpy(row.terminal_name, record_of.terminal_name);
	snprintf(row.auditors, sizeof(row.auditors), "%s", auditors);
	r = recording_insert(db, &row);
	if (r == 0)
		*ret_row = row;
	return r;
}

int
recording_begun(struct store_db *db, const uint8_t *session, int64_t part, const uint8_t *header)
{
	struct recording_row row;
	int r = recording_load(db, session, part, &row);

	if (r < 0)
		return r;
	if (row.state != RECORDING_ROW_RUNNING || row.has_header)
		return -EALREADY;
	row.has_header = true;
	memcpy(row.header, header, sizeof(row.header));
	r = record(db, &row, "begun");
	return r < 0 ? r : recording_update(db, &row);
}

static void
take_so_far(struct recording_row *row, const struct recording_so_far *so_far)
{
	row->bytes = so_far->bytes;
	row->duration_ms = so_far->duration_ms;
	row->gaps = so_far->gaps;
}

int
recording_progress(struct store_db *db, const uint8_t *session, int64_t part,
	const struct recording_so_far *so_far)
{
	struct recording_row row;
	int r = recording_load(db, session, part, &row);

	if (r < 0 || row.state != RECORDING_ROW_RUNNING)
		return r;
	take_so_far(&row, so_far);
	return recording_update(db, &row);
}

static int
end(struct store_db *db, struct recording_row *row, enum recording_row_state state, const char *why)
{
	int r;

	row->state = state;
	row->ended_us = store_db_now(db);
	snprintf(row->why, sizeof(row->why), "%s", why);
	r = record(db, row, "ended");
	return r < 0 ? r : recording_update(db, row);
}

int
recording_end(struct store_db *db, const uint8_t *session, int64_t part,
	enum recording_row_state state, const char *why, const struct recording_so_far *so_far,
	const uint8_t *hash)
{
	struct recording_row row;
	int r = recording_load(db, session, part, &row);

	if (r < 0 || row.state != RECORDING_ROW_RUNNING)
		return r;
	take_so_far(&row, so_far);
	row.has_hash = hash != NULL;
	if (hash != NULL)
		memcpy(row.hash, hash, sizeof(row.hash));
	return end(db, &row, state, why);
}

int
recordings_end_left_open(struct store_db *db,
	int64_t (*size_of)(const uint8_t *session, int64_t part, void *argument), void *argument,
	int64_t *ret_ended)
{
	struct recording_row row;
	int64_t ended = 0;
	int r;

	while ((r = recording_any_running(db, &row)) == 0) {
		int64_t bytes = size_of(row.session, row.part, argument);

		if (bytes >= 0)
			row.bytes = bytes;
		r = end(db, &row, RECORDING_ROW_NOT_CLOSED,
			N_("the gateway ended before the recording did"));
		if (r < 0)
			return r;
		ended++;
	}
	*ret_ended = ended;
	return r == -ENOENT ? 0 : r;
}

/* The event comes with the row; whoever calls removes the file, and does so again at the next start if this machine
 * dies in between. */
static int
erase(struct store_db *db, struct recording_row *row, const char *by, const char *because)
{
	int r;

	row->state = RECORDING_ROW_ERASED;
	row->erased_us = store_db_now(db);
	snprintf(row->erased_by, sizeof(row->erased_by), "%s", by);
	snprintf(row->erased_because, sizeof(row->erased_because), "%s", because);
	r = record(db, row, "erased");
	return r < 0 ? r : recording_update(db, row);
}

int
recording_erase(struct store_db *db, struct recording_row *row, const char *by, const char *because)
{
	if (row->state == RECORDING_ROW_RUNNING)
		return -EBUSY;
	if (row->state == RECORDING_ROW_ERASED)
		return -ENOENT;
	if (row->held_us != 0)
		return -EPERM;
	return erase(db, row, by, because);
}

int
recordings_erase_due(struct store_db *db, uint32_t keep_days, uint64_t most_bytes,
	struct recording_row *ret_rows, size_t *ret_count)
{
	int64_t before_us = store_db_now(db) - keep_days * DAY_US, sum = 0;
	size_t count = 0;
	int r;

	r = recording_sum(db, &sum);
	while (r == 0 && count < RECORDINGS_PORTION) {
		struct recording_row *row = &ret_rows[count];
		bool old, much;

		r = recording_oldest(db, row);
		if (r < 0)
			break;
		old = keep_days > 0 && row->ended_us <= before_us;
		much = most_bytes > 0 && (uint64_t)sum > most_bytes;
		if (!old && !much)
			break;
		sum -= row->bytes;
		r = erase(db, row, "nightly",
			old ? N_("its time was over") : N_("it made room for newer ones"));
		if (r == 0)
			count++;
	}
	*ret_count = count;
	return r == -ENOENT ? 0 : r;
}

static void
set_instant(json_t *object, const char *name, int64_t instant_us)
{
	(void)json_object_set_new(object, name, instant_json(instant_us));
}

static void
set_text(json_t *object, const char *name, const char *text)
{
	(void)json_object_set_new(object, name, text[0] == '\0' ? json_null() : json_string(text));
}

static json_t *
auditors_json(const char *auditors)
{
	json_t *names = json_array();

	while (*auditors != '\0') {
		size_t len = strcspn(auditors, ",");

		(void)json_array_append_new(names, json_stringn(auditors, len));
		auditors += len + (auditors[len] == ',');
	}
	return names;
}

void
recording_put_so_far(const struct recording_so_far *so_far, json_t *object)
{
	(void)json_object_set_new(object, "bytes", json_integer(so_far->bytes));
	(void)json_object_set_new(
		object, "duration_seconds", json_integer(so_far->duration_ms / 1000));
	(void)json_object_set_new(object, "gaps", json_integer(so_far->gaps));
}

json_t *
recording_json(const struct recording_row *row)
{
	const struct recording_so_far so_far = {row->bytes, row->duration_ms, row->gaps};
	char id[RECORDING_ID_SIZE], session[2 * SESSION_ID_BYTES + 1];
	json_t *object;

	recording_id(row->session, row->part, id);
	bytes_to_hex(row->session, sizeof(row->session), session);
	object = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "id", id,
		"session", session, "part", (json_int_t)row->part, "account", row->account_id,
		"full_id", row->account_full, "name", row->account_name, "terminal",
		row->terminal_name, "state", recording_row_state_name(row->state), "hash",
		hash_json(row->has_hash, row->hash), "header",
		hash_json(row->has_header, row->header), "auditors", auditors_json(row->auditors));
	if (object == NULL)
		return NULL;
	recording_put_so_far(&so_far, object);
	set_text(object, "why", row->why);
	set_instant(object, "started", row->started_us);
	set_instant(object, "ended", row->ended_us);
	set_instant(object, "held", row->held_us);
	set_text(object, "held_by", row->held_by);
	set_text(object, "held_because", row->held_because);
	set_instant(object, "erased", row->erased_us);
	set_text(object, "erased_by", row->erased_by);
	set_text(object, "erased_because", row->erased_because);
	return object;
}

json_t *
recording_whose(const struct recording_row *row, json_t *object)
{
	set_text(object, "account", row->account_id);
	set_text(object, "terminal", row->terminal_name);
	set_instant(object, "started", row->started_us);
	return object;
}

int
recording_admin_event(struct store_db *db, const char *actor, const char *action,
	const struct recording_row *row, const char *purpose, const char *because)
{
	json_t *after = json_object();
	char id[RECORDING_ID_SIZE];
	int r;

	if (after == NULL)
		return -ENOMEM;
	if (purpose != NULL)
		set_text(after, "purpose", purpose);
	recording_id(row->session, row->part, id);
	r = admin_event(db, actor, action, id, NULL, recording_whose(row, after), because);
	json_decref(after);
	return r;
}

static bool
is_of(const json_t *event, const struct recording_row *row)
{
	char session[2 * SESSION_ID_BYTES + 1];
	const char *text = json_string_value(json_object_get(event, "session"));

	bytes_to_hex(row->session, sizeof(row->session), session);
	return text != NULL && strcmp(text, session) == 0 &&
	       json_integer_value(json_object_get(event, "part")) == row->part;
}

int
recording_event(struct store_db *db, const struct recording_row *row, json_t **ret_event)
{
	auto_free char *payload = NULL;
	json_t *event;
	int r;

	r = event_payload(db, row->event, &payload);
	if (r < 0)
		return r;
	event = payload == NULL ? NULL : json_loads(payload, 0, NULL);
	if (!json_is_object(event) || !is_of(event, row)) {
		json_decref(event);
		return -ENOENT;
	}
	*ret_event = event;
	return 0;
}

static bool
is_hash(const json_t *event, const char *name, const uint8_t hash[RECORDING_ROW_HASH_BYTES])
{
	const char *text = json_string_value(json_object_get(event, name));
	uint8_t logged[RECORDING_ROW_HASH_BYTES];

	return text != NULL && strlen(text) == 2 * sizeof(logged) &&
	       bytes_from_hex(text, logged, sizeof(logged)) == 0 &&
	       memcmp(logged, hash, sizeof(logged)) == 0;
}

bool
recording_event_has(const json_t *event, const uint8_t *hash)
{
	return is_hash(event, "hash", hash);
}

/* The row is believed where the log agrees: who can write the one cannot write the other. */
static enum recording_beginning
compare_beginning(const json_t *event, const struct recording_row *row, const uint8_t *header)
{
	const json_t *logged = json_object_get(event, "header");

	if (json_is_null(logged) && !row->has_header)
		return RECORDING_NEVER_BEGAN;
	if (logged == NULL && !row->has_header)
		return RECORDING_BEGINS_UNSAID;
	return row->has_header && memcmp(row->header, header, sizeof(row->header)) == 0 &&
			       is_hash(event, "header", header)
		       ? RECORDING_BEGINS_AS_LOGGED
		       : RECORDING_BEGINS_OTHERWISE;
}

int
recording_beginning(struct store_db *db, const struct recording_row *row, const uint8_t *header,
	enum recording_beginning *ret_beginning)
{
	json_t *event = NULL;
	int r = recording_event(db, row, &event);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT && row->state == RECORDING_ROW_RUNNING && !row->has_header)
		*ret_beginning = RECORDING_BEGINS_UNSAID;
	else
		*ret_beginning = compare_beginning(event, row, header);
	json_decref(event);
	return 0;
}
