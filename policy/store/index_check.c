/* Indexes compared with rows; see index_check.h.
 *
 * The questions name the index that SQLite is to read, so that what is visited comes out of it, and no order, so that it comes
 * as it lies there.
 */
#include "policy/store/index_check.h"

#include "base/cleanup.h"
#include "policy/chain.h"
#include "policy/store/database.h"
#include "policy/store/sql.h"
#include "policy/text_fold.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Columns of the question for rows. */
enum row_column {
	NUMBER,
	ID,
	STATE,
	ACCOUNT,
	TERMINAL,
	STARTED,
	ENDED,
	FOLDED_ACCOUNT, /* this one and those behind it: as lower() writes them */
	FOLDED_TERMINAL,
	FOLDED_REASON,
	FOLDED_BY,
	FOLDED_SOURCE,
	FOLDED_DEVICE,
	COLUMN_COUNT,
	NOTHING = COLUMN_COUNT,
};

static const char session_rows[] =
	"SELECT 1 FROM session NOT INDEXED WHERE visit(number, id, state, account, terminal, "
	"started, ended, account_id, terminal_name, reason, ended_by, source, device)";

enum condition { EVERY, UNIQUE, NOT_NULL, ACTIVE };

static const struct session_index {
	const char *name;
	enum row_column first, second;
	enum condition condition;
	const char *holds, *rows, *entries;
} session_indexes[] = {
#define INDEX(name_, first_, second_, condition_, holds_, rows_)                     \
	{.name = name_,                                                              \
		.first = first_,                                                     \
		.second = second_,                                                   \
		.condition = condition_,                                             \
		.holds = holds_,                                                     \
		.rows = rows_,                                                       \
		.entries = "SELECT 1 FROM session INDEXED BY " name_ " WHERE " rows_ \
			   " AND visit(" holds_ ", number)"},
#include "policy/store/session_indexes.def"
#undef INDEX
};

static const char event_entries[] = "SELECT 1 FROM event INDEXED BY event_kind "
				    "WHERE payload IS NOT NULL AND visit(kind, time, id)";

/* This table is its own index. */
static const char field_entries[] =
	"SELECT 1 FROM event_field NOT INDEXED WHERE visit(field, value, time, event)";

/* A value of a row or of an index; its bytes are SQLite's until the next row. */
struct value {
	int type;
	int64_t number;
	const void *bytes;
	size_t len;
};

static struct value
read_value(sqlite3_value *from)
{
	struct value value = {.type = sqlite3_value_type(from)};

	if (value.type == SQLITE_TEXT) {
		value.bytes = sqlite3_value_text(from);
		value.len = (size_t)sqlite3_value_bytes(from);
	} else if (value.type == SQLITE_BLOB) {
		value.bytes = sqlite3_value_blob(from);
		value.len = (size_t)sqlite3_value_bytes(from);
	} else {
		value.number = sqlite3_value_int64(from);
	}
	if (value.bytes == NULL)
		value.len = 0;
	return value;
}

#define KEYS_MOST 3
#define REMEMBERED_MOST 1024

/* One entry of an index, and the one before it. */
struct entry {
	struct value keys[KEYS_MOST];
	int count;
	int64_t number;
};

struct entry_before {
	struct entry entry;
	char room[KEYS_MOST][REMEMBERED_MOST];
	bool any;
};

/* Of one type, as the columns of the schema are; what is not is left to SQLite. */
static bool
is_comparable(const struct value *one, const struct value *other)
{
	return one->type == other->type && one->type != SQLITE_FLOAT && one->type != SQLITE_NULL;
}

static int
compare(const struct value *one, const struct value *other)
{
	size_t least = one->len < other->len ? one->len : other->len;
	int order = least == 0 ? 0 : memcmp(one->bytes, other->bytes, least);

	if (order != 0)
		return order;
	if (one->len != other->len)
		return one->len < other->len ? -1 : 1;
	return one->number < other->number ? -1 : one->number > other->number;
}

static bool
is_behind(const struct entry_before *before, const struct entry *entry, bool unique)
{
	for (int i = 0; i < entry->count; i++) {
		const struct value *last = before->any ? &before->entry.keys[i] : &entry->keys[i];
		int order;

		if (!is_comparable(&entry->keys[i], last))
			return false;
		order = compare(&entry->keys[i], last);
		if (order != 0)
			return order > 0;
	}
	return !before->any || (!unique && entry->number > before->entry.number);
}

static void
remember(struct entry_before *before, const struct entry *entry)
{
	before->entry = *entry;
	before->any = true;
	for (int i = 0; i < entry->count; i++) {
		struct value *value = &before->entry.keys[i];

		if (value->len == 0)
			continue;
		memcpy(before->room[i], value->bytes, value->len);
		value->bytes = before->room[i];
	}
}

/* Of what form it is first, so that no two entries give the same words. */
static void
hash_entry(struct keyed_sum *sum, uint64_t index, const struct entry *entry)
{
	struct keyed_hash hash;
	uint64_t form = index;

	for (int i = 0; i < entry->count; i++)
		form = form << 8 | (uint64_t)entry->keys[i].type;
	keyed_hash_begin(&hash, sum);
	keyed_hash_word(&hash, form);
	for (int i = 0; i < entry->count; i++) {
		const struct value *value = &entry->keys[i];

		if (value->type == SQLITE_TEXT || value->type == SQLITE_BLOB)
			keyed_hash_bytes(&hash, value->bytes, value->len);
		else
			keyed_hash_word(&hash, (uint64_t)value->number);
	}
	keyed_hash_word(&hash, (uint64_t)entry->number);
	keyed_sum_add(sum, &hash);
}

/* -ENXIO: there is no such index, it is another one than it was, or visit wants no more. */
static int
visit_all(struct store_db *db, const char *sql, sql_visitor *visit, void *argument)
{
	int r = sql_visit(db, visit, argument, sql, "");

	return r == -EIO && sqlite3_errcode(db->handle) == SQLITE_ERROR ? -ENXIO : r;
}

/* A walk through an index from its first entry to its last. */
struct walk {
	struct keyed_sum *sum;
	uint64_t index;
	bool unique;
	int64_t until; /* entries of rows up to this one are added */
	struct entry_before before;
};

/* Than any of ours. */
static bool
is_longer(const struct entry *entry)
{
	bool longer = false;

	for (int i = 0; i < entry->count; i++)
		longer = longer || entry->keys[i].len > REMEMBERED_MOST;
	return longer;
}

static int
visit_entry(void *argument, int count, sqlite3_value **values)
{
	struct walk *walk = argument;
	struct entry entry = {.count = count - 1};

	for (int i = 0; i < entry.count; i++)
		entry.keys[i] = read_value(values[i]);
	entry.number = sqlite3_value_int64(values[entry.count]);
	if (is_longer(&entry)) {
		walk->sum->count++;
		return -ERANGE;
	}
	/* In a damaged file the way may lead round and round. */
	if (!is_behind(&walk->before, &entry, walk->unique))
		return -ENXIO;
	remember(&walk->before, &entry);
	if (entry.number <= walk->until)
		hash_entry(walk->sum, walk->index, &entry);
	return 0;
}

/* Good: in their order. One that is like none of ours ends it, and no sum is equal any more. */
static int
add_entries(struct store_db *db, const char *entries, struct walk *walk, bool *ret_good)
{
	int r = visit_all(db, entries, visit_entry, walk);

	*ret_good = r != -ENXIO;
	return r == -ENXIO || r == -ERANGE ? 0 : r;
}

static bool
holds(const struct session_index *index, const struct value *row)
{
	const struct value *state = &row[STATE];

	switch (index->condition) {
	case NOT_NULL:
		return row[index->first].type != SQLITE_NULL;
	case ACTIVE:
		return state->len == 6 && memcmp(state->bytes, "active", 6) == 0;
	default:
		return true;
	}
}

struct rows {
	struct keyed_sum *sum;
	locale_t characters;
	char folded[COLUMN_COUNT][TEXT_FOLD_SIZE(REMEMBERED_MOST)];
};

static void
fold(struct rows *rows, enum row_column column, struct value *value)
{
	if (value->type != SQLITE_TEXT || value->len > REMEMBERED_MOST)
		return;
	value->len = text_fold(value->bytes, value->len, rows->characters, rows->folded[column]);
	value->bytes = rows->folded[column];
}

static int
visit_row(void *argument, int count, sqlite3_value **from)
{
	struct rows *rows = argument;
	struct value values[COLUMN_COUNT];

	for (int i = 0; i < count; i++)
		values[i] = read_value(from[i]);
	for (int i = FOLDED_ACCOUNT; i < COLUMN_COUNT; i++)
		fold(rows, (enum row_column)i, &values[i]);
	for (size_t i = 0; i < ARRAY_SIZE(session_indexes); i++) {
		const struct session_index *index = &session_indexes[i];
		struct entry entry = {.keys[0] = values[index->first],
			.count = 1,
			.number = values[NUMBER].number};

		if (!holds(index, values))
			continue;
		if (index->second != NOTHING)
			entry.keys[entry.count++] = values[index->second];
		hash_entry(rows->sum, i, &entry);
	}
	return 0;
}

/* An index of this name over something else would not be what is visited. SQLite keeps the text of the migration; none for
 * what UNIQUE makes. */
static int
is_made_as(struct store_db *db, const char *table, const char *name, const char *sql, bool *ret_is)
{
	int64_t count = 0;
	int r = sql_number(db, &count,
		"SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND "
		"name = ? AND coalesce(sql, '') = ?",
		"ttt", table, name, sql);

	*ret_is = count == 1;
	return r < 0 ? r : 0;
}

static int
is_session_index(struct store_db *db, const struct session_index *index, bool *ret_is)
{
	bool partial = strcmp(index->rows, "1") != 0;
	char sql[200] = "";

	if (index->condition != UNIQUE)
		snprintf(sql, sizeof(sql), "CREATE INDEX %s ON session (%s)%s%s", index->name,
			index->holds, partial ? " WHERE " : "", partial ? index->rows : "");
	return is_made_as(db, "session", index->name, sql, ret_is);
}

/* All that there should be, and no other. */
static int
knows_all_indexes(struct store_db *db, bool *ret_all)
{
	int64_t there = 0;
	bool is = true;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(session_indexes) && r == 0 && is; i++)
		r = is_session_index(db, &session_indexes[i], &is);
	if (r == 0)
		r = sql_number(db, &there,
			"SELECT count(*) FROM sqlite_master WHERE type = 'index' AND "
			"tbl_name = 'session'",
			"");
	*ret_all = is && there == (int64_t)ARRAY_SIZE(session_indexes);
	return r < 0 ? r : 0;
}

static int
add_all_entries(struct keyed_sum *sum, struct store_db *db, bool *ret_good)
{
	int r = 0;

	*ret_good = true;
	for (size_t i = 0; i < ARRAY_SIZE(session_indexes) && r == 0 && *ret_good; i++) {
		struct walk walk = {.sum = sum,
			.index = i,
			.unique = session_indexes[i].condition == UNIQUE,
			.until = INT64_MAX};

		r = add_entries(db, session_indexes[i].entries, &walk, ret_good);
	}
	return r;
}

int
index_check_sessions(struct store_db *db, bool *ret_good)
{
	struct keyed_sum of_rows, entries;
	struct rows rows = {.sum = &of_rows, .characters = db->characters};
	int r;

	r = keyed_sum_init(&of_rows);
	entries = of_rows;
	if (r == 0)
		r = knows_all_indexes(db, ret_good);
	if (r < 0 || !*ret_good)
		return r;
	r = add_all_entries(&entries, db, ret_good);
	if (r < 0 || !*ret_good)
		return r;
	r = visit_all(db, session_rows, visit_row, &rows);
	*ret_good = keyed_sum_equal(&of_rows, &entries);
	return r;
}

void
index_sum_add_event(struct keyed_sum *sum, const struct chain_event *event)
{
	struct entry entry = {.count = 2, .number = event->id};

	entry.keys[0] = (struct value){
		.type = SQLITE_TEXT, .bytes = event->kind, .len = strlen(event->kind)};
	entry.keys[1] = (struct value){.type = SQLITE_INTEGER, .number = event->time_us};
	hash_entry(sum, 0, &entry);
}

int
index_sum_add_entries(struct keyed_sum *sum, struct store_db *db, int64_t until, bool *ret_good)
{
	struct walk walk = {.sum = sum, .until = until};
	int r = is_made_as(db, "event", "event_kind",
		"CREATE INDEX event_kind ON event (kind, time) WHERE payload IS NOT NULL",
		ret_good);

	return r < 0 || !*ret_good ? r : add_entries(db, event_entries, &walk, ret_good);
}

void
index_sum_add_field(struct keyed_sum *sum, const struct index_field *field)
{
	struct entry entry = {.count = 3, .number = field->event};

	entry.keys[0] =
		(struct value){.type = SQLITE_TEXT, .bytes = field->name, .len = field->name_len};
	entry.keys[1] =
		(struct value){.type = SQLITE_TEXT, .bytes = field->value, .len = field->value_len};
	entry.keys[2] = (struct value){.type = SQLITE_INTEGER, .number = field->time_us};
	hash_entry(sum, 0, &entry);
}

int
index_sum_add_fields(struct keyed_sum *sum, struct store_db *db, int64_t until, bool *ret_good)
{
	struct walk walk = {.sum = sum, .until = until};

	return add_entries(db, field_entries, &walk, ret_good);
}
