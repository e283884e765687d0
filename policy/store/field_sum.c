/* Sums of the logs' fields; see field_sum.h. */
#include "policy/store/field_sum.h"

#include "policy/chain.h"
#include "policy/logs.h"
#include "policy/payload_scan.h"
#include "policy/store/keyed_sum.h"
#include "policy/store/sql.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <string.h>

#define FIELD_NAME_SIZE (sizeof(((struct field_place *)NULL)->field))

static void
add(struct keyed_sum *sum, const char *field, size_t field_len, const char *value, size_t value_len,
	int64_t time_us, int64_t event)
{
	struct keyed_hash hash;

	keyed_hash_begin(&hash, sum);
	keyed_hash_bytes(&hash, field, field_len);
	keyed_hash_bytes(&hash, value, value_len);
	keyed_hash_word(&hash, (uint64_t)time_us);
	keyed_hash_word(&hash, (uint64_t)event);
	keyed_sum_add(sum, &hash);
}

/* text ends at its length or before it. */
static void
add_text(struct keyed_sum *sum, const struct chain_event *event, const char *key, const char *text,
	size_t len)
{
	char plain[LOG_FIELD_VALUE_SIZE], value[LOG_FIELD_VALUE_SIZE], name[FIELD_NAME_SIZE];
	size_t kind_len = strlen(event->kind), key_len = strlen(key);

	assert(kind_len + 1 + key_len < sizeof(name));
	memcpy(name, event->kind, kind_len);
	name[kind_len] = '.';
	memcpy(name + kind_len + 1, key, key_len);
	if (len >= sizeof(plain))
		len = sizeof(plain) - 1;
	memcpy(plain, text, len);
	plain[len] = '\0';
	log_field_value(plain, value);
	add(sum, name, kind_len + 1 + key_len, value, strlen(value), event->time_us, event->id);
}

static void
add_by_json(struct keyed_sum *sum, const struct chain_event *event, enum log_name log)
{
	json_t *payload = json_loads(event->payload, 0, NULL);
	const struct log_column *column = NULL;

	while ((column = log_next_column(log, column)) != NULL) {
		const char *text = json_string_value(json_object_get(payload, column->key));

		if (column->filter == LOG_FILTER_INDEX && text != NULL)
			add_text(sum, event, column->key, text, strlen(text));
	}
	json_decref(payload);
}

static bool
has_key(const struct payload_member *member, const char *key)
{
	return strncmp(member->key, key, member->key_len) == 0 && key[member->key_len] == '\0';
}

static int
add_by_scan(struct keyed_sum *sum, const struct chain_event *event, enum log_name log)
{
	struct payload_member member;
	struct payload_scan scan;
	int r;

	payload_scan_init(&scan, event->payload);
	while ((r = payload_scan_next(&scan, &member)) > 0) {
		const struct log_column *column = NULL;

		while (member.text != NULL && (column = log_next_column(log, column)) != NULL)
			if (column->filter == LOG_FILTER_INDEX && has_key(&member, column->key))
				add_text(sum, event, column->key, member.text, member.text_len);
	}
	return r;
}

void
field_sum_add_event(struct keyed_sum *sum, const struct chain_event *event)
{
	enum log_name log = log_of_event_kind(event->kind);
	struct keyed_sum scanned = *sum;

	if (log == LOG_COUNT || log == LOG_CONNECTIONS)
		return;
	if (add_by_scan(&scanned, event, log) == 0)
		*sum = scanned;
	else
		add_by_json(sum, event, log);
}

struct field_row {
	const char *field, *value;
	size_t field_len, value_len;
	int64_t time_us, event;
};

static struct field_row
read_row(sqlite3_stmt *row)
{
	return (struct field_row){
		.field = (const char *)sqlite3_column_text(row, 0),
		.field_len = (size_t)sqlite3_column_bytes(row, 0),
		.value = (const char *)sqlite3_column_text(row, 1),
		.value_len = (size_t)sqlite3_column_bytes(row, 1),
		.time_us = sql_column_number(row, 2),
		.event = sql_column_number(row, 3),
	};
}

static int
compare(const char *one, size_t one_len, const char *other, size_t other_len)
{
	int order = memcmp(one, other, one_len < other_len ? one_len : other_len);

	return order != 0 ? order : one_len < other_len ? -1 : one_len > other_len;
}

/* What is out of its order would not be found. */
static bool
is_behind(const struct field_place *place, const struct field_row *row)
{
	int order;

	if (!place->begun)
		return true;
	order = compare(row->field, row->field_len, place->field, strlen(place->field));
	if (order == 0)
		order = compare(row->value, row->value_len, place->value, strlen(place->value));
	if (order != 0)
		return order > 0;
	return row->time_us > place->time_us ||
	       (row->time_us == place->time_us && row->event > place->event);
}

static void
remember(struct field_place *place, const struct field_row *row)
{
	memcpy(place->field, row->field, row->field_len);
	place->field[row->field_len] = '\0';
	memcpy(place->value, row->value, row->value_len);
	place->value[row->value_len] = '\0';
	place->time_us = row->time_us;
	place->event = row->event;
	place->begun = true;
}

static int
ask(struct store_db *db, const struct field_place *place, int64_t most, sqlite3_stmt **ret_row)
{
	if (!place->begun)
		return sql_ask(db, ret_row,
			"SELECT field, value, time, event FROM event_field "
			"ORDER BY field, value, time, event LIMIT ?",
			"i", most);
	return sql_ask(db, ret_row,
		"SELECT field, value, time, event FROM event_field "
		"WHERE (field, value, time, event) > (?, ?, ?, ?) "
		"ORDER BY field, value, time, event LIMIT ?",
		"ttiii", place->field, place->value, place->time_us, place->event, most);
}

/* No event has another one, whatever else there is. */
static bool
is_possible(const struct field_row *row)
{
	return row->field != NULL && row->value != NULL && row->field_len < FIELD_NAME_SIZE &&
	       row->value_len < LOG_FIELD_VALUE_SIZE;
}

int
field_sum_add_rows(struct keyed_sum *sum, struct store_db *db, struct field_place *place,
	int64_t until, int64_t most)
{
	sqlite3_stmt *asked;
	int count = 0;
	int r;

	r = ask(db, place, most, &asked);
	while (r == 0 && (r = sql_next(asked)) > 0) {
		struct field_row row = read_row(asked);

		if (!is_possible(&row)) {
			sum->count++;
			sql_end(asked);
			return 0;
		}
		if (row.event <= until)
			add(sum, row.field, row.field_len, row.value, row.value_len, row.time_us,
				row.event);
		place->disorder = place->disorder || !is_behind(place, &row);
		remember(place, &row);
		count++;
		r = 0;
	}
	return r < 0 ? r : count;
}
