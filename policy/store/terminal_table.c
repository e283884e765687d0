/* Terminals in the database; see terminal_table.h. */
#include "policy/store/terminal_table.h"

#include "policy/rights.h"
#include "policy/store/sql.h"
#include "policy/store/store.h"
#include "policy/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                  \
	"number, name, address, port, note, trust, pin, ca_bundle, in_service, " \
	"attendance_required, capacity, created, updated"

static int
read_trust(const char *text, enum terminal_trust *ret_trust)
{
	for (int i = 0; i < TERMINAL_TRUST_COUNT; i++) {
		if (strcmp(terminal_trust_name((enum terminal_trust)i), text) != 0)
			continue;
		*ret_trust = (enum terminal_trust)i;
		return 0;
	}
	return -EUCLEAN;
}

static int
read_row(sqlite3_stmt *row, struct terminal *terminal)
{
	char trust[8];

	*terminal = (struct terminal){.number = sql_column_number(row, 0)};
	sql_column_text(row, 1, terminal->name, sizeof(terminal->name));
	sql_column_text(row, 2, terminal->address, sizeof(terminal->address));
	terminal->port = (uint16_t)sql_column_number(row, 3);
	sql_column_text(row, 4, terminal->note, sizeof(terminal->note));
	sql_column_text(row, 5, trust, sizeof(trust));
	sql_column_bytes(row, 6, terminal->pin, sizeof(terminal->pin));
	terminal->in_service = sql_column_number(row, 8) != 0;
	terminal->attendance_required = sql_column_number(row, 9) != 0;
	terminal->capacity = (uint32_t)sql_column_number(row, 10);
	terminal->created_us = sql_column_number(row, 11);
	terminal->updated_us = sql_column_number(row, 12);
	if (read_trust(trust, &terminal->trust) < 0)
		return -EUCLEAN;
	if (!sql_column_is_null(row, 7)) {
		terminal->ca_bundle = strdup((const char *)sqlite3_column_text(row, 7));
		if (terminal->ca_bundle == NULL)
			return -ENOMEM;
	}
	return 0;
}

/* A right that this version does not know grants nothing. */
static int
read_rights(struct store_db *db, struct terminal *terminal)
{
	sqlite3_stmt *row;
	char name[32];
	int r;

	r = sql_ask(db, &row, "SELECT name FROM terminal_right WHERE terminal = ?", "i",
		terminal->number);
	while (r == 0 && (r = sql_next(row)) > 0) {
		const struct right_row *right;

		sql_column_text(row, 0, name, sizeof(name));
		right = session_right_find(name);
		if (right != NULL)
			terminal->rights |= right->right;
		r = 0;
	}
	return r;
}

static int
take_terminal(struct store_db *db, sqlite3_stmt *row, struct terminal *ret_terminal)
{
	struct terminal terminal = {0};
	int r;

	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = read_row(row, &terminal);
	sql_end(row);
	if (r == 0)
		r = read_rights(db, &terminal);
	if (r < 0) {
		terminal_done(&terminal);
		return r;
	}
	*ret_terminal = terminal;
	return 0;
}

int
terminal_find(struct store_db *db, const char *name, struct terminal *ret_terminal)
{
	char key[TERMINAL_NAME_SIZE];
	sqlite3_stmt *row;
	int r;

	if (strlen(name) >= sizeof(key))
		return -ENOENT;
	text_to_lower(name, key);
	r = sql_ask(db, &row, "SELECT " COLUMNS " FROM terminal WHERE name_key = ?", "t", key);
	return r < 0 ? r : take_terminal(db, row, ret_terminal);
}

int
terminal_load(struct store_db *db, int64_t number, struct terminal *ret_terminal)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, "SELECT " COLUMNS " FROM terminal WHERE number = ?", "i", number);
	return r < 0 ? r : take_terminal(db, row, ret_terminal);
}

static int
write_rights(struct store_db *db, const struct terminal *terminal)
{
	const struct right_row *right;
	int r;

	r = sql_run(db, "DELETE FROM terminal_right WHERE terminal = ?", "i", terminal->number);
	for (size_t i = 0; r == 0 && (right = session_right_at(i)) != NULL; i++)
		if ((terminal->rights & right->right) != 0)
			r = sql_run(db, "INSERT INTO terminal_right (terminal, name) VALUES (?, ?)",
				"it", terminal->number, right->name);
	return r;
}

int
terminal_insert(struct store_db *db, struct terminal *terminal)
{
	char key[TERMINAL_NAME_SIZE];
	int r;

	text_to_lower(terminal->name, key);
	terminal->created_us = terminal->updated_us = store_db_now(db);
	r = sql_number(db, &terminal->number,
		"INSERT INTO terminal (name, name_key, address, port, note, in_service, "
		"attendance_required, capacity, created, updated) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
		"tttitiiiii", terminal->name, key, terminal->address, (int64_t)terminal->port,
		terminal->note, (int64_t)terminal->in_service,
		(int64_t)terminal->attendance_required, (int64_t)terminal->capacity,
		terminal->created_us, terminal->updated_us);
	return r < 0 ? r : write_rights(db, terminal);
}

int
terminal_update(struct store_db *db, struct terminal *terminal)
{
	bool pinned = terminal->trust == TERMINAL_TRUST_PIN;
	int r;

	terminal->updated_us = store_db_now(db);
	r = sql_run(db,
		"UPDATE terminal SET address = ?, port = ?, note = ?, trust = ?, pin = ?, "
		"ca_bundle = ?, in_service = ?, attendance_required = ?, capacity = ?, updated = ? "
		"WHERE number = ?",
		"titt"
		"btiiiii",
		terminal->address, (int64_t)terminal->port, terminal->note,
		terminal_trust_name(terminal->trust), pinned ? terminal->pin : NULL,
		sizeof(terminal->pin),
		terminal->trust == TERMINAL_TRUST_CA ? terminal->ca_bundle : NULL,
		(int64_t)terminal->in_service, (int64_t)terminal->attendance_required,
		(int64_t)terminal->capacity, terminal->updated_us, terminal->number);
	return r < 0 ? r : write_rights(db, terminal);
}

int
terminal_delete(struct store_db *db, int64_t number)
{
	return sql_run(db, "DELETE FROM terminal WHERE number = ?", "i", number);
}

static int
next_terminal(struct store_db *db, const char *after, struct terminal *ret_terminal)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT " COLUMNS " FROM terminal WHERE name_key > ? ORDER BY name_key LIMIT 1",
		"t", after);
	return r < 0 ? r : take_terminal(db, row, ret_terminal);
}

int
terminal_each(struct store_db *db,
	int (*visit)(struct store_db *db, const struct terminal *terminal, void *argument),
	void *argument)
{
	char after[TERMINAL_NAME_SIZE] = "";
	int r;

	for (;;) {
		struct terminal terminal = {0};

		r = next_terminal(db, after, &terminal);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		r = visit(db, &terminal, argument);
		text_to_lower(terminal.name, after);
		terminal_done(&terminal);
		if (r < 0)
			return r;
	}
}

int
assignment_add(struct store_db *db, int64_t account, int64_t terminal)
{
	return sql_run(db,
		"INSERT INTO assignment (account, terminal) VALUES (?, ?) ON CONFLICT DO NOTHING",
		"ii", account, terminal);
}

int
assignment_remove(struct store_db *db, int64_t account, int64_t terminal)
{
	return sql_run(db, "DELETE FROM assignment WHERE account = ? AND terminal = ?", "ii",
		account, terminal);
}

int
assignment_remove_all(struct store_db *db, int64_t account)
{
	return sql_run(db, "DELETE FROM assignment WHERE account = ?", "i", account);
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

static int
read_names(struct store_db *db, const char *sql, int64_t number, json_t **ret_names)
{
	json_t *names = json_array();
	sqlite3_stmt *row;
	char name[TERMINAL_NAME_SIZE];
	int r;

	r = sql_ask(db, &row, sql, "i", number);
	while (r == 0 && (r = sql_next(row)) > 0) {
		sql_column_text(row, 0, name, sizeof(name));
		(void)json_array_append_new(names, json_string(name));
		r = 0;
	}
	if (r < 0) {
		json_decref(names);
		return r;
	}
	*ret_names = names;
	return 0;
}

int
assignment_terminals(struct store_db *db, int64_t account, json_t **ret_names)
{
	return read_names(db,
		"SELECT name FROM terminal JOIN assignment ON terminal = number WHERE account = ? "
		"ORDER BY name_key",
		account, ret_names);
}

int
assignment_accounts(struct store_db *db, int64_t terminal, json_t **ret_ids)
{
	return read_names(db,
		"SELECT id FROM account JOIN assignment ON account = number WHERE terminal = ? "
		"ORDER BY id_key",
		terminal, ret_ids);
}

int
assignment_count(struct store_db *db, int64_t terminal, int64_t *ret_count)
{
	int r;

	r = sql_number(
		db, ret_count, "SELECT count(*) FROM assignment WHERE terminal = ?", "i", terminal);
	return r < 0 ? r : 0;
}
