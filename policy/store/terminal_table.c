/* Terminals in the database; see terminal_table.h. */
#include "policy/store/terminal_table.h"

#include "policy/rights.h"
#include "policy/store/sql.h"
#include "policy/store/store.h"
#include "policy/store/version_mark.h"
#include "policy/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                      \
	"number, name, address, port, note, trust, pin, ca_bundle, in_service, "     \
	"attendance_required, capacity, created, updated, protected_note, version, " \
	"changed_by, last_session, credentials, credentials_since, nla, take_over, " \
	"idle_minutes, longest_minutes, relay, recording, record_input, four_eyes, " \
	"show_watchers"

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

static int32_t
read_minutes(sqlite3_stmt *row, int column)
{
	return sql_column_is_null(row, column) ? TERMINAL_AS_SET
					       : (int32_t)sql_column_number(row, column);
}

static int
read_oversight(sqlite3_stmt *row, int from, struct terminal *terminal)
{
	struct field_error unused;
	char relay[16], recording[16];

	sql_column_text(row, from, relay, sizeof(relay));
	sql_column_text(row, from + 1, recording, sizeof(recording));
	terminal->record_input = sql_column_number(row, from + 2) != 0;
	terminal->four_eyes = sql_column_number(row, from + 3) != 0;
	terminal->show_watchers = sql_column_number(row, from + 4) != 0;
	if (terminal_relay_parse(relay, &terminal->relay, &unused) < 0 ||
		terminal_recording_parse(recording, &terminal->recording, &unused) < 0)
		return -EUCLEAN;
	return 0;
}

static int
read_row(sqlite3_stmt *row, struct terminal *terminal)
{
	char trust[8];
	struct field_error unused;
	char credentials[16], nla[16];

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
	sql_column_text(row, 13, terminal->protected_note, sizeof(terminal->protected_note));
	terminal->version = sql_column_number(row, 14);
	sql_column_text(row, 15, terminal->changed_by, sizeof(terminal->changed_by));
	terminal->last_session_us = sql_column_number(row, 16);
	sql_column_text(row, 17, credentials, sizeof(credentials));
	terminal->credentials_since_us = sql_column_number(row, 18);
	sql_column_text(row, 19, nla, sizeof(nla));
	terminal->take_over = sql_column_number(row, 20) != 0;
	terminal->idle_minutes = read_minutes(row, 21);
	terminal->longest_minutes = read_minutes(row, 22);
	if (read_oversight(row, 23, terminal) < 0 || read_trust(trust, &terminal->trust) < 0 ||
		credential_mode_parse(credentials, &terminal->credentials, &unused) < 0 ||
		terminal_nla_parse(nla, &terminal->nla, &unused) < 0)
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

/* Names that do not fit were never written. */
static int
read_channels(struct store_db *db, struct terminal *terminal)
{
	char name[RIGHT_CHANNEL_MAX + 1];
	size_t len = 0;
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, "SELECT name FROM terminal_channel WHERE terminal = ? ORDER BY name",
		"i", terminal->number);
	while (r == 0 && (r = sql_next(row)) > 0) {
		sql_column_text(row, 0, name, sizeof(name));
		r = snprintf(terminal->channels + len, sizeof(terminal->channels) - len, "%s%s",
			len > 0 ? "," : "", name);
		if (len + (size_t)r >= sizeof(terminal->channels)) {
			terminal->channels[len] = '\0';
			sql_end(row);
			return -EUCLEAN;
		}
		len += (size_t)r;
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
	if (r == 0)
		r = read_channels(db, &terminal);
	if (r < 0) {
		terminal_done(&terminal);
		return r;
	}
	*ret_terminal = terminal;
	return 0;
}

static int
find_key(struct store_db *db, const char *key, struct terminal *ret_terminal)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, "SELECT " COLUMNS " FROM terminal WHERE name_key = ?", "t", key);
	return r < 0 ? r : take_terminal(db, row, ret_terminal);
}

int
terminal_find(struct store_db *db, const char *name, struct terminal *ret_terminal)
{
	const char *prefix = store_db_settings(db)->facility.prefix;
	char key[TERMINAL_NAME_SIZE], whole[FACILITY_PREFIX_SIZE + TERMINAL_NAME_SIZE];
	int r;

	if (strlen(name) >= sizeof(key))
		return -ENOENT;
	text_to_lower(name, key);
	r = find_key(db, key, ret_terminal);
	if (r != -ENOENT || prefix[0] == '\0' || terminal_name_has_prefix(key))
		return r;
	snprintf(whole, sizeof(whole), "%s%s", prefix, key);
	return find_key(db, whole, ret_terminal);
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
write_channels(struct store_db *db, const struct terminal *terminal)
{
	char name[RIGHT_CHANNEL_MAX + 1];
	const char *at = terminal->channels;
	int r;

	r = sql_run(db, "DELETE FROM terminal_channel WHERE terminal = ?", "i", terminal->number);
	while (r == 0 && *at != '\0') {
		int len = (int)strcspn(at, ",");

		snprintf(name, sizeof(name), "%.*s", len, at);
		at += len;
		at += *at == ',';
		r = sql_run(db, "INSERT INTO terminal_channel (terminal, name) VALUES (?, ?)", "it",
			terminal->number, name);
	}
	return r;
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
	return r < 0 ? r : write_channels(db, terminal);
}

static const char *
note_or_null(const char *note)
{
	return note[0] != '\0' ? note : NULL;
}

/* Who takes over, and when sessions end: null is what the settings say. */
static int
write_limits(struct store_db *db, const struct terminal *terminal)
{
	return sql_run(db,
		"UPDATE terminal SET take_over = ?, idle_minutes = nullif(?, -1), "
		"longest_minutes = nullif(?, -1) WHERE number = ?",
		"iiii", (int64_t)terminal->take_over, (int64_t)terminal->idle_minutes,
		(int64_t)terminal->longest_minutes, terminal->number);
}

static int
write_oversight(struct store_db *db, const struct terminal *terminal)
{
	return sql_run(db,
		"UPDATE terminal SET relay = ?, recording = ?, record_input = ?, four_eyes = ?, "
		"show_watchers = ? WHERE number = ?",
		"ttiiii", terminal_relay_name(terminal->relay),
		terminal_recording_name(terminal->recording), (int64_t)terminal->record_input,
		(int64_t)terminal->four_eyes, (int64_t)terminal->show_watchers, terminal->number);
}

/* What is not in the statements that make and change a row. */
static int
write_rest(struct store_db *db, const struct terminal *terminal)
{
	int r = write_limits(db, terminal);

	if (r >= 0)
		r = write_oversight(db, terminal);
	return r < 0 ? r : write_rights(db, terminal);
}

int
terminal_insert(struct store_db *db, struct terminal *terminal)
{
	char key[TERMINAL_NAME_SIZE];
	int r;

	text_to_lower(terminal->name, key);
	terminal->created_us = terminal->updated_us = store_db_now(db);
	r = version_first(db, VERSION_TERMINAL, &terminal->version);
	if (r < 0)
		return r;
	r = sql_number(db, &terminal->number,
		"INSERT INTO terminal (name, name_key, address, port, note, in_service, "
		"attendance_required, capacity, protected_note, changed_by, created, updated, "
		"version, credentials, credentials_since, nla) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?) "
		"RETURNING number",
		"tttitiiittiiitit", terminal->name, key, terminal->address, (int64_t)terminal->port,
		terminal->note, (int64_t)terminal->in_service,
		(int64_t)terminal->attendance_required, (int64_t)terminal->capacity,
		note_or_null(terminal->protected_note), terminal->changed_by, terminal->created_us,
		terminal->updated_us, terminal->version,
		credential_mode_name(terminal->credentials), terminal->credentials_since_us,
		terminal_nla_name(terminal->nla));
	return r < 0 ? r : write_rest(db, terminal);
}

int
terminal_update(struct store_db *db, struct terminal *terminal)
{
	bool pinned = terminal->trust == TERMINAL_TRUST_PIN;
	int r;

	terminal->updated_us = store_db_now(db);
	terminal->version++;
	r = sql_run(db,
		"UPDATE terminal SET address = ?, port = ?, note = ?, trust = ?, pin = ?, "
		"ca_bundle = ?, in_service = ?, attendance_required = ?, capacity = ?, "
		"protected_note = ?, updated = ?, version = ?, changed_by = ?, credentials = ?, "
		"credentials_since = nullif(?, 0), nla = ? WHERE number = ?",
		"tittbtiiitiittiti", terminal->address, (int64_t)terminal->port, terminal->note,
		terminal_trust_name(terminal->trust), pinned ? terminal->pin : NULL,
		sizeof(terminal->pin),
		terminal->trust == TERMINAL_TRUST_CA ? terminal->ca_bundle : NULL,
		(int64_t)terminal->in_service, (int64_t)terminal->attendance_required,
		(int64_t)terminal->capacity, note_or_null(terminal->protected_note),
		terminal->updated_us, terminal->version, terminal->changed_by,
		credential_mode_name(terminal->credentials), terminal->credentials_since_us,
		terminal_nla_name(terminal->nla), terminal->number);
	return r < 0 ? r : write_rest(db, terminal);
}

int
terminal_delete(struct store_db *db, int64_t number)
{
	int r = version_name_free(db, VERSION_TERMINAL, number);

	return r < 0 ? r : sql_run(db, "DELETE FROM terminal WHERE number = ?", "i", number);
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
terminal_set_last_session(struct store_db *db, int64_t number)
{
	return sql_run(db, "UPDATE terminal SET last_session = ? WHERE number = ?", "ii",
		store_db_now(db), number);
}
