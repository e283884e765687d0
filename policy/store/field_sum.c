/* Sums of the logs' fields; see field_sum.h. */
#include "policy/store/field_sum.h"

#include "policy/chain.h"
#include "policy/logs.h"
#include "policy/payload_scan.h"
#include "policy/store/sql.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

#define FIELD_NAME_SIZE (sizeof(((struct field_place *)NULL)->field))

/* What is hashed: both lengths, both numbers, both texts. */
#define MESSAGE_SIZE (4 * sizeof(uint64_t) + FIELD_NAME_SIZE + LOG_FIELD_VALUE_SIZE)

int
field_sum_init(struct field_sum *sum)
{
	*sum = (struct field_sum){0};
	return getrandom(sum->key, sizeof(sum->key), 0) == (ssize_t)sizeof(sum->key) ? 0 : -EIO;
}

bool
field_sum_equal(const struct field_sum *one, const struct field_sum *other)
{
	return one->sum == other->sum && one->count == other->count;
}

static uint64_t
rotate(uint64_t value, unsigned int by)
{
	return value << by | value >> (64 - by);
}

static void
siphash_rounds(uint64_t v[4], int rounds)
{
	for (; rounds > 0; rounds--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

/* SipHash-2-4 of whole words, of this machine's byte order: the sum is never kept. */
static uint64_t
hash(const uint64_t key[2], const uint64_t *words, size_t count)
{
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
		key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
	uint64_t end = (uint64_t)(count * sizeof(*words)) << 56;

	for (size_t i = 0; i <= count; i++) {
		uint64_t word = i < count ? words[i] : end;

		v[3] ^= word;
		siphash_rounds(v, 2);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	siphash_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void
add(struct field_sum *sum, const char *field, size_t field_len, const char *value, size_t value_len,
	int64_t time_us, int64_t event)
{
	uint64_t words[MESSAGE_SIZE / sizeof(uint64_t)];
	size_t used = 4 + (field_len + value_len + 7) / 8;

	sum->count++;
	/* No event has such a field. */
	if (field_len >= FIELD_NAME_SIZE || value_len >= LOG_FIELD_VALUE_SIZE)
		return;
	words[used - 1] = 0;
	words[0] = field_len;
	words[1] = value_len;
	words[2] = (uint64_t)time_us;
	words[3] = (uint64_t)event;
	memcpy(&words[4], field, field_len);
	memcpy((char *)&words[4] + field_len, value, value_len);
	sum->sum += hash(sum->key, words, used);
}

/* text ends at its length or before it. */
static void
add_text(struct field_sum *sum, const struct chain_event *event, const char *key, const char *text,
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
add_by_json(struct field_sum *sum, const struct chain_event *event, enum log_name log)
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
add_by_scan(struct field_sum *sum, const struct chain_event *event, enum log_name log)
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
field_sum_add_event(struct field_sum *sum, const struct chain_event *event)
{
	enum log_name log = log_of_event_kind(event->kind);
	struct field_sum scanned = *sum;

	if (log == LOG_COUNT || log == LOG_CONNECTIONS)
		return;
	if (add_by_scan(&scanned, event, log) == 0)
		*sum = scanned;
	else
		add_by_json(sum, event, log);
}

bool
field_place_is_behind(const struct field_place *place, const struct field_place *other)
{
	int order = strcmp(place->field, other->field);

	if (!other->begun)
		return place->begun;
	if (order == 0)
		order = strcmp(place->value, other->value);
	if (order == 0)
		order = place->time_us > other->time_us   ? 1
			: place->time_us < other->time_us ? -1
							  : 0;
	return order > 0 || (order == 0 && place->event > other->event);
}

static void
remember(struct field_place *place, sqlite3_stmt *row)
{
	sql_column_text(row, 0, place->field, sizeof(place->field));
	sql_column_text(row, 1, place->value, sizeof(place->value));
	place->time_us = sql_column_number(row, 2);
	place->event = sql_column_number(row, 3);
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

int
field_sum_add_rows(struct field_sum *sum, struct store_db *db, struct field_place *place,
	int64_t until, int64_t most)
{
	sqlite3_stmt *row;
	int count = 0;
	int r;

	r = ask(db, place, most, &row);
	while (r == 0 && (r = sql_next(row)) > 0) {
		const char *field = (const char *)sqlite3_column_text(row, 0);
		size_t field_len = (size_t)sqlite3_column_bytes(row, 0);
		const char *value = (const char *)sqlite3_column_text(row, 1);
		size_t value_len = (size_t)sqlite3_column_bytes(row, 1);
		int64_t event = sql_column_number(row, 3);

		if (event <= until)
			add(sum, field, field_len, value, value_len, sql_column_number(row, 2),
				event);
		if (++count == most)
			remember(place, row);
		r = 0;
		/* No event has such a field: the sums differ, whatever else there is. */
		if (field_len >= sizeof(place->field) || value_len >= sizeof(place->value)) {
			sql_end(row);
			return 0;
		}
	}
	place->begun = true;
	return r < 0 ? r : count;
}
