/* The event log in the database; see event_table.h. */
#include "policy/store/event_table.h"

#include "base/cleanup.h"
#include "policy/store/log_table.h"
#include "policy/store/sql.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define DAY_US (24 * 60 * 60 * INT64_C(1000000))

static const struct {
	const char *text;
	int64_t days;
} kinds[EVENT_KIND_COUNT] = {
#define EVENT_KIND(name, text_, days_) [EVENT_KIND_##name] = {text_, days_},
#include "policy/event_kinds.def"
#undef EVENT_KIND
};

const char *
event_kind_text(enum event_kind kind)
{
	return kinds[kind].text;
}

int64_t
event_kind_retention(const char *kind)
{
	for (size_t i = 0; i < EVENT_KIND_COUNT; i++)
		if (strcmp(kinds[i].text, kind) == 0)
			return kinds[i].days * DAY_US;
	return -1;
}

int
event_at_or_before(struct store_db *db, int64_t id, struct chain_event *ret_event)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT id, time, hash FROM event WHERE id <= ? ORDER BY id DESC LIMIT 1", "i", id);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	*ret_event = (struct chain_event){
		.id = sql_column_number(row, 0), .time_us = sql_column_number(row, 1)};
	sql_column_bytes(row, 2, ret_event->hash, CHAIN_HASH_BYTES);
	sql_end(row);
	return 0;
}

int
event_head(struct store_db *db, struct chain_event *ret_event)
{
	return event_at_or_before(db, INT64_MAX, ret_event);
}

int
event_append(struct store_db *db, enum event_kind kind, const char *payload, int64_t *ret_id)
{
	struct chain_event head;
	struct chain_event event = {.kind = event_kind_text(kind), .payload = payload};
	int r;

	r = event_head(db, &head);
	if (r < 0 && r != -ENOENT)
		return r;
	event.id = r == 0 ? head.id + 1 : 1;
	event.time_us = store_db_now(db);
	if (r == 0)
		memcpy(event.prev, head.hash, CHAIN_HASH_BYTES);
	if (getrandom(event.salt, sizeof(event.salt), 0) != (ssize_t)sizeof(event.salt))
		return -EIO;
	chain_event_seal(&event);
	r = sql_run(db,
		"INSERT INTO event (id, time, kind, payload, salt, payload_hash, prev, hash) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		"iittbbbb", event.id, event.time_us, event.kind, payload, event.salt,
		sizeof(event.salt), event.payload_hash, sizeof(event.payload_hash), event.prev,
		sizeof(event.prev), event.hash, sizeof(event.hash));
	if (r == 0 && ret_id != NULL)
		*ret_id = event.id;
	return r;
}

/* No hash sees what stands behind a NUL, but SQL does: kind = 'login' would not find such a row any more. We never write
 * one: it counts as empty, which no hash fits. NULL stays NULL. */
static const char *
whole_text(sqlite3_value *value, size_t *ret_len)
{
	const char *text = sql_value_text(value, ret_len);

	if (text == NULL || strlen(text) == *ret_len)
		return text;
	*ret_len = 0;
	return "";
}

/* Events on their way to whoever wants them. */
struct reading {
	struct store_db *db;
	int (*visit)(struct store_db *db, const struct chain_event *event, void *argument);
	void *argument;
	int64_t left;              /* events that are still wanted */
	struct event_place *place; /* where it has come to; NULL: nobody asks */
};

static void
read_event(sqlite3_value **values, char *kind, struct chain_event *event)
{
	size_t len;
	const char *text = whole_text(values[2], &len);

	if (len >= EVENT_KIND_SIZE)
		len = EVENT_KIND_SIZE - 1;
	/* By hand: snprintf would take a tenth of the time of an event. */
	memcpy(kind, text == NULL ? "" : text, len);
	kind[len] = '\0';
	*event = (struct chain_event){
		.id = sqlite3_value_int64(values[0]),
		.time_us = sqlite3_value_int64(values[1]),
		.kind = kind,
		.payload = whole_text(values[3], &len),
	};
	(void)sql_value_bytes(values[4], event->salt, sizeof(event->salt));
	/* One that was left there, whatever it is. */
	if (event->payload == NULL && sqlite3_value_type(values[4]) != SQLITE_NULL)
		memset(event->salt, 0xff, sizeof(event->salt));
	(void)sql_value_bytes(values[5], event->payload_hash, sizeof(event->payload_hash));
	(void)sql_value_bytes(values[6], event->prev, sizeof(event->prev));
	(void)sql_value_bytes(values[7], event->hash, sizeof(event->hash));
}

static int
visit_event(void *argument, int count, sqlite3_value **values)
{
	struct reading *reading = argument;
	char kind[EVENT_KIND_SIZE];
	struct chain_event event;
	int r;

	(void)count;
	read_event(values, kind, &event);
	if (reading->place != NULL)
		*reading->place = (struct event_place){event.time_us, event.id};
	r = reading->visit(reading->db, &event, reading->argument);
	return r < 0 ? r : --reading->left <= 0;
}

#define EVENT_COLUMNS "id, time, kind, payload, salt, payload_hash, prev, hash"

int
event_each(struct store_db *db, int64_t after, int64_t until, int64_t most,
	int (*visit)(struct store_db *db, const struct chain_event *event, void *argument),
	void *argument)
{
	struct reading reading = {db, visit, argument, most, NULL};
	int r = sql_visit(db, visit_event, &reading,
		"SELECT 1 FROM event WHERE id > ? AND id <= ? AND visit(" EVENT_COLUMNS
		") ORDER BY id",
		"ii", after, until);

	return r < 0 ? r : 0;
}

int
event_each_of_kind(struct store_db *db, const char *kind, struct event_place *place, int64_t most,
	int (*visit)(struct store_db *db, const struct chain_event *event, void *argument),
	void *argument)
{
	struct reading reading = {db, visit, argument, most, place};
	int r = sql_visit(db, visit_event, &reading,
		"SELECT 1 FROM event WHERE kind = ?3 AND payload IS NOT NULL AND time >= ?1 "
		"AND CASE WHEN time > ?1 OR id > ?2 THEN visit(" EVENT_COLUMNS
		") END ORDER BY time, id",
		"iit", place->time_us, place->id, kind);

	return r < 0 ? r : 0;
}

int
event_newest_of_kind(struct store_db *db, const char *kind, int64_t *ret_id)
{
	int r;

	r = sql_number(db, ret_id,
		"SELECT coalesce(max(id), 0) FROM event WHERE kind = ? AND payload IS NOT NULL",
		"t", kind);
	return r < 0 ? r : 0;
}

int
event_each_change(struct store_db *db, const char *name,
	int (*visit)(const char *payload, void *argument), void *argument)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT payload FROM (SELECT payload FROM event WHERE kind = 'admin' "
		"AND payload IS NOT NULL ORDER BY time DESC, id DESC LIMIT 20000) AS newest "
		"WHERE instr(payload, ?) > 0",
		"t", name);
	while (r == 0 && (r = sql_next(row)) > 0) {
		r = visit((const char *)sqlite3_column_text(row, 0), argument);
		if (r < 0)
			sql_end(row);
	}
	return r;
}

int
event_payload(struct store_db *db, int64_t id, char **ret_payload)
{
	sqlite3_stmt *row;
	int r;

	*ret_payload = NULL;
	r = sql_ask(db, &row, "SELECT payload FROM event WHERE id = ?", "i", id);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = 0;
	if (!sql_column_is_null(row, 0)) {
		*ret_payload = strdup((const char *)sqlite3_column_text(row, 0));
		r = *ret_payload == NULL ? -ENOMEM : 0;
	}
	sql_end(row);
	return r;
}

/* Content and salt of one event, and the fields by which it was found. */
static int
erase_one(struct store_db *db, const char *kind, int64_t id, int64_t time_us, const char *payload)
{
	json_t *fields = json_loads(payload, 0, NULL);
	int r;

	r = log_fields_delete(db, kind, fields, id, time_us);
	json_decref(fields);
	return r < 0 ? r
		     : sql_run(db, "UPDATE event SET payload = NULL, salt = NULL WHERE id = ?", "i",
			       id);
}

static void
count_erased(struct event_erasure *erasure, int64_t id, int64_t time_us)
{
	if (erasure->count == 0 || id < erasure->first)
		erasure->first = id;
	if (id > erasure->last)
		erasure->last = id;
	erasure->until_us = time_us;
	erasure->count++;
}

/* The index has only events with content: one without it stands in a damaged file, and would be found again and again. */
static int
copy_payload(sqlite3_stmt *row, char **ret_payload)
{
	const char *text = (const char *)sqlite3_column_text(row, 2);

	if (sql_column_is_null(row, 2))
		return -EUCLEAN;
	*ret_payload = text == NULL ? NULL : strdup(text);
	return *ret_payload == NULL ? -ENOMEM : 0;
}

/* One at a time, since the question would not survive a change of the rows that it goes through. */
int
event_erase(struct store_db *db, enum event_kind kind, int64_t before_us, int64_t most,
	struct event_erasure *ret_erasure)
{
	const char *text = event_kind_text(kind);
	int r = 0;

	*ret_erasure = (struct event_erasure){0};
	for (;;) {
		auto_free char *payload = NULL;
		int64_t id, time_us;
		sqlite3_stmt *row;

		r = sql_ask(db, &row,
			"SELECT id, time, payload FROM event "
			"WHERE kind = ? AND time < ? AND payload IS NOT NULL ORDER BY time, id "
			"LIMIT 1",
			"ti", text, before_us);
		if (r == 0)
			r = sql_next(row);
		if (r <= 0)
			return r;
		id = sql_column_number(row, 0);
		time_us = sql_column_number(row, 1);
		r = copy_payload(row, &payload);
		sql_end(row);
		if (r < 0)
			return r;
		if (ret_erasure->count >= most && time_us != ret_erasure->until_us)
			return 0;
		r = erase_one(db, text, id, time_us, payload);
		if (r < 0)
			return r;
		count_erased(ret_erasure, id, time_us);
	}
}

int
event_count_old(struct store_db *db, enum event_kind kind, int64_t before_us, int64_t *ret_count,
	int64_t *ret_oldest_us)
{
	sqlite3_stmt *row;
	int r;

	*ret_count = *ret_oldest_us = 0;
	r = sql_ask(db, &row,
		"SELECT count(*), min(time) FROM event "
		"WHERE kind = ? AND time < ? AND payload IS NOT NULL",
		"ti", event_kind_text(kind), before_us);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r;
	*ret_count = sql_column_number(row, 0);
	*ret_oldest_us = sql_column_number(row, 1);
	sql_end(row);
	return 0;
}

int
checkpoint_insert(struct store_db *db, const struct chain_checkpoint *checkpoint)
{
	return sql_run(db,
		"INSERT INTO checkpoint (event, time, hash, signature) VALUES (?, ?, ?, ?)", "iibb",
		checkpoint->event_id, checkpoint->time_us, checkpoint->hash,
		sizeof(checkpoint->hash), checkpoint->signature, sizeof(checkpoint->signature));
}

int
checkpoint_newest(struct store_db *db, int64_t *ret_event, int64_t *ret_time_us)
{
	sqlite3_stmt *row;
	int r;

	*ret_event = *ret_time_us = 0;
	r = sql_ask(db, &row, "SELECT event, time FROM checkpoint ORDER BY event DESC LIMIT 1", "");
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r;
	*ret_event = sql_column_number(row, 0);
	*ret_time_us = sql_column_number(row, 1);
	sql_end(row);
	return 0;
}

int
checkpoint_delete(struct store_db *db, int64_t event)
{
	return sql_run(db, "DELETE FROM checkpoint WHERE event = ?", "i", event);
}

int
checkpoint_each(struct store_db *db,
	int (*visit)(const struct chain_checkpoint *checkpoint, const uint8_t *event_hash,
		void *argument),
	void *argument)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT c.event, c.time, c.hash, c.signature, e.hash FROM checkpoint c "
		"LEFT JOIN event e ON e.id = c.event ORDER BY c.event",
		"");
	while (r == 0 && (r = sql_next(row)) > 0) {
		struct chain_checkpoint checkpoint = {
			.event_id = sql_column_number(row, 0),
			.time_us = sql_column_number(row, 1),
		};
		uint8_t hash[CHAIN_HASH_BYTES];
		bool there;

		sql_column_bytes(row, 2, checkpoint.hash, sizeof(checkpoint.hash));
		sql_column_bytes(row, 3, checkpoint.signature, sizeof(checkpoint.signature));
		there = sql_column_bytes(row, 4, hash, sizeof(hash));
		r = visit(&checkpoint, there ? hash : NULL, argument);
		if (r < 0)
			sql_end(row);
	}
	return r;
}
