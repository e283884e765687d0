/* Who may use which terminal; see assignment_table.h. */
#include "policy/store/assignment_table.h"

#include "policy/accounts.h"
#include "policy/store/sql.h"
#include "policy/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_AT_FIRST 4 /* a power of two, as all rooms are */

void
assignments_done(struct assignments *assignments)
{
	free(assignments->items);
	*assignments = (struct assignments){0};
}

struct assignment *
assignments_find(const struct assignments *assignments, int64_t terminal)
{
	for (size_t i = 0; i < assignments->count; i++)
		if (assignments->items[i].terminal == terminal)
			return &assignments->items[i];
	return NULL;
}

/* Room for one more: it doubles whenever the count has reached a power of two. */
static int
make_room(struct assignments *assignments)
{
	size_t count = assignments->count;
	size_t room = count < ROOM_AT_FIRST ? ROOM_AT_FIRST : count * 2;
	struct assignment *items;

	if (count != 0 && (count < ROOM_AT_FIRST || (count & (count - 1)) != 0))
		return 0;
	items = reallocarray(assignments->items, room, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	assignments->items = items;
	return 0;
}

/* As the database sorts: by name_key. */
static int
compare_names(const char *one, const char *other)
{
	char one_key[TERMINAL_NAME_SIZE], other_key[TERMINAL_NAME_SIZE];

	text_to_lower(one, one_key);
	text_to_lower(other, other_key);
	return strcmp(one_key, other_key);
}

int
assignments_add(struct assignments *assignments, int64_t terminal, const char *name)
{
	size_t at = assignments->count;
	int r;

	if (assignments_find(assignments, terminal) != NULL)
		return 0;
	r = make_room(assignments);
	if (r < 0)
		return r;
	while (at > 0 && compare_names(name, assignments->items[at - 1].name) < 0)
		at--;
	memmove(&assignments->items[at + 1], &assignments->items[at],
		(assignments->count - at) * sizeof(assignments->items[0]));
	assignments->items[at] = (struct assignment){.terminal = terminal};
	memcpy(assignments->items[at].name, name, strlen(name) + 1);
	assignments->count++;
	return 0;
}

void
assignments_remove(struct assignments *assignments, int64_t terminal)
{
	struct assignment *item = assignments_find(assignments, terminal);
	size_t at;

	if (item == NULL)
		return;
	at = (size_t)(item - assignments->items);
	assignments->count--;
	memmove(item, item + 1, (assignments->count - at) * sizeof(*item));
}

int
assignments_load(struct store_db *db, int64_t account, struct assignments *ret_assignments)
{
	struct assignments found = {0};
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT terminal, name, priority FROM assignment JOIN terminal ON terminal = "
		"number "
		"WHERE account = ? ORDER BY name_key",
		"i", account);
	while (r == 0 && (r = sql_next(row)) > 0) {
		struct assignment *item;

		r = make_room(&found);
		if (r < 0) {
			sql_end(row);
			break;
		}
		item = &found.items[found.count++];
		item->terminal = sql_column_number(row, 0);
		sql_column_text(row, 1, item->name, sizeof(item->name));
		item->priority = (uint32_t)sql_column_number(row, 2);
	}
	if (r < 0) {
		assignments_done(&found);
		return r;
	}
	*ret_assignments = found;
	return 0;
}

static int
write_one(struct store_db *db, int64_t account, const struct assignment *item)
{
	return sql_run(db,
		"INSERT INTO assignment (account, terminal, priority) VALUES (?, ?, ?) "
		"ON CONFLICT (account, terminal) DO UPDATE SET priority = excluded.priority",
		"iii", account, item->terminal, (int64_t)item->priority);
}

int
assignments_write(struct store_db *db, int64_t account, const struct assignments *was,
	const struct assignments *now)
{
	int r = 0;

	for (size_t i = 0; i < was->count && r == 0; i++)
		if (assignments_find(now, was->items[i].terminal) == NULL)
			r = sql_run(db, "DELETE FROM assignment WHERE account = ? AND terminal = ?",
				"ii", account, was->items[i].terminal);
	for (size_t i = 0; i < now->count && r == 0; i++) {
		const struct assignment *item = &now->items[i];
		const struct assignment *old = assignments_find(was, item->terminal);

		if (old == NULL || old->priority != item->priority)
			r = write_one(db, account, item);
	}
	return r;
}

int
assignment_exists(struct store_db *db, int64_t account, int64_t terminal, bool *ret_exists)
{
	int64_t unused;
	int r;

	r = sql_number(db, &unused, "SELECT 1 FROM assignment WHERE account = ? AND terminal = ?",
		"ii", account, terminal);
	*ret_exists = r > 0;
	return r < 0 ? r : 0;
}

int
assignment_priority(struct store_db *db, int64_t account, int64_t terminal, uint32_t *ret_priority)
{
	int64_t priority;
	int r;

	r = sql_number(db, &priority,
		"SELECT priority FROM assignment WHERE account = ? AND terminal = ?", "ii", account,
		terminal);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	*ret_priority = (uint32_t)priority;
	return 0;
}

int
assignment_accounts(struct store_db *db, int64_t terminal, json_t **ret_ids)
{
	json_t *ids = json_array();
	char id[ACCOUNT_ID_SIZE];
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT id FROM account JOIN assignment ON account = number WHERE terminal = ? "
		"ORDER BY id_key",
		"i", terminal);
	while (r == 0 && (r = sql_next(row)) > 0) {
		sql_column_text(row, 0, id, sizeof(id));
		(void)json_array_append_new(ids, json_string(id));
		r = 0;
	}
	if (r < 0) {
		json_decref(ids);
		return r;
	}
	*ret_ids = ids;
	return 0;
}

int
assignment_count(struct store_db *db, int64_t terminal, int64_t *ret_count)
{
	int r;

	r = sql_number(
		db, ret_count, "SELECT count(*) FROM assignment WHERE terminal = ?", "i", terminal);
	return r < 0 ? r : 0;
}
