/* Accounts in the database; see account_table.h. */
#include "policy/store/account_table.h"

#include "policy/rights.h"
#include "policy/store/account_list.h"
#include "policy/store/account_row.h"
#include "policy/store/store.h"
#include "policy/store/version_mark.h"
#include "policy/text.h"

#include <errno.h>
#include <string.h>

/* Texts of the database have been checked when they came in, and by CHECK: what cannot be read now
 * has been tampered with. */
int
account_row_read(sqlite3_stmt *row, struct account *account)
{
	struct field_error unused;
	char kind[16], sharing[16], from[CIVIL_DATE_SIZE], until[CIVIL_DATE_SIZE];

	*account = (struct account){.number = sql_column_number(row, 0)};
	sql_column_text(row, 1, account->id, sizeof(account->id));
	sql_column_text(row, 2, account->family_name, sizeof(account->family_name));
	sql_column_text(row, 3, account->given_name, sizeof(account->given_name));
	sql_column_text(row, 4, account->email, sizeof(account->email));
	sql_column_text(row, 5, kind, sizeof(kind));
	sql_column_text(row, 6, from, sizeof(from));
	sql_column_text(row, 7, until, sizeof(until));
	account->hours.always = sql_column_is_null(row, 8);
	account->hours.from = (uint16_t)sql_column_number(row, 8);
	account->hours.until = (uint16_t)sql_column_number(row, 9);
	account->allowlist_enforced = sql_column_number(row, 10) != 0;
	sql_column_text(row, 11, sharing, sizeof(sharing));
	account->locked = sql_column_number(row, 12) != 0;
	account->created_us = sql_column_number(row, 13);
	account->updated_us = sql_column_number(row, 14);
	account->vendor = sql_column_number(row, 15);
	sql_column_text(row, 16, account->vendor_name, sizeof(account->vendor_name));
	account->max_sessions = (uint32_t)sql_column_number(row, 17);
	sql_column_text(row, 18, account->protected_note, sizeof(account->protected_note));
	account->version = sql_column_number(row, 19);
	sql_column_text(row, 20, account->changed_by, sizeof(account->changed_by));
	account->last_session_us = sql_column_number(row, 21);
	if (account_kind_parse(kind, &account->kind, &unused) < 0 ||
		file_sharing_parse(sharing, &account->file_sharing, &unused) < 0 ||
		civil_date_parse(from, &account->valid_from) < 0 ||
		civil_date_parse(until, &account->valid_until) < 0)
		return -EUCLEAN;
	return 0;
}

int
account_macs_read(struct store_db *db, struct account *account)
{
	struct field_error unused;
	char text[MAC_TEXT_SIZE];
	sqlite3_stmt *row;
	int bad = 0;
	int r;

	r = sql_ask(db, &row, "SELECT mac FROM account_mac WHERE account = ? ORDER BY position",
		"i", account->number);
	while (r == 0 && (r = sql_next(row)) > 0) {
		sql_column_text(row, 0, text, sizeof(text));
		if (account_mac_add(account, text, &unused) < 0)
			bad = -EUCLEAN;
		r = 0;
	}
	return r < 0 ? r : bad;
}

/* A right that this version does not know is none that it could grant. */
int
account_rights_read(struct store_db *db, struct account *account)
{
	sqlite3_stmt *row;
	char name[32];
	int r;

	r = sql_ask(db, &row, "SELECT name FROM account_denied_right WHERE account = ?", "i",
		account->number);
	while (r == 0 && (r = sql_next(row)) > 0) {
		const struct right_row *right;

		sql_column_text(row, 0, name, sizeof(name));
		right = session_right_find(name);
		if (right != NULL)
			account->denied_rights |= right->right;
		r = 0;
	}
	return r;
}

/* Takes the one row that was asked for. */
static int
take_account(struct store_db *db, sqlite3_stmt *row, struct account *ret_account)
{
	int r;

	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = account_row_read(row, ret_account);
	sql_end(row);
	if (r == 0)
		r = account_macs_read(db, ret_account);
	return r < 0 ? r : account_rights_read(db, ret_account);
}

int
account_find(struct store_db *db, const char *id, struct account *ret_account)
{
	char key[ACCOUNT_ID_SIZE];
	sqlite3_stmt *row;
	int r;

	if (strlen(id) >= sizeof(key))
		return -ENOENT;
	text_to_lower(id, key);
	r = sql_ask(db, &row, "SELECT " ACCOUNT_COLUMNS " FROM " ACCOUNT_TABLES " WHERE id_key = ?",
		"t", key);
	return r < 0 ? r : take_account(db, row, ret_account);
}

int
account_load(struct store_db *db, int64_t number, struct account *ret_account)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT " ACCOUNT_COLUMNS " FROM " ACCOUNT_TABLES " WHERE account.number = ?", "i",
		number);
	return r < 0 ? r : take_account(db, row, ret_account);
}

static int
write_macs(struct store_db *db, const struct account *account)
{
	char text[MAC_TEXT_SIZE];
	int r = 0;

	for (size_t i = 0; i < account->mac_count && r == 0; i++) {
		mac_format(&account->macs[i], text);
		r = sql_run(db, "INSERT INTO account_mac (account, position, mac) VALUES (?, ?, ?)",
			"iit", account->number, (int64_t)i, text);
	}
	return r;
}

static int
write_rights(struct store_db *db, const struct account *account)
{
	const struct right_row *right;
	int r;

	r = sql_run(db, "DELETE FROM account_denied_right WHERE account = ?", "i", account->number);
	for (size_t i = 0; r == 0 && (right = session_right_at(i)) != NULL; i++)
		if ((account->denied_rights & right->right) != 0)
			r = sql_run(db,
				"INSERT INTO account_denied_right (account, name) VALUES (?, ?)",
				"it", account->number, right->name);
	return r;
}

/* hours_from and hours_until are set apart: midnight is 0, and not null. They are null before. */
static int
write_hours(struct store_db *db, const struct account *account)
{
	if (account->hours.always)
		return 0;
	return sql_run(db, "UPDATE account SET hours_from = ?, hours_until = ? WHERE number = ?",
		"iii", (int64_t)account->hours.from, (int64_t)account->hours.until,
		account->number);
}

static const char *
note_or_null(const char *note)
{
	return note[0] != '\0' ? note : NULL;
}

int
account_insert(struct store_db *db, struct account *account)
{
	char key[ACCOUNT_ID_SIZE], from[CIVIL_DATE_SIZE], until[CIVIL_DATE_SIZE];
	int r;

	text_to_lower(account->id, key);
	civil_date_format(account->valid_from, from);
	civil_date_format(account->valid_until, until);
	account->created_us = account->updated_us = store_db_now(db);
	r = version_first(db, VERSION_ACCOUNT, &account->version);
	if (r < 0)
		return r;
	r = sql_number(db, &account->number,
		"INSERT INTO account (id, id_key, family_name, given_name, email, kind, "
		"valid_from, "
		"valid_until, allowlist_enforced, file_sharing, locked, vendor, max_sessions, "
		"protected_note, changed_by, created, updated, version) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
		"ttttttttitinittiii", account->id, key, account->family_name, account->given_name,
		account->email, account_kind_name(account->kind), from, until,
		(int64_t)account->allowlist_enforced, file_sharing_name(account->file_sharing),
		(int64_t)account->locked, account->vendor, (int64_t)account->max_sessions,
		note_or_null(account->protected_note), account->changed_by, account->created_us,
		account->updated_us, account->version);
	if (r < 0)
		return r;
	r = write_hours(db, account);
	if (r == 0)
		r = write_rights(db, account);
	return r < 0 ? r : write_macs(db, account);
}

int
account_update(struct store_db *db, struct account *account)
{
	char from[CIVIL_DATE_SIZE], until[CIVIL_DATE_SIZE];
	int r;

	civil_date_format(account->valid_from, from);
	civil_date_format(account->valid_until, until);
	account->updated_us = store_db_now(db);
	account->version++;
	r = sql_run(db,
		"UPDATE account SET family_name = ?, given_name = ?, email = ?, kind = ?, "
		"valid_from = ?, valid_until = ?, hours_from = NULL, hours_until = NULL, "
		"allowlist_enforced = ?, file_sharing = ?, locked = ?, vendor = ?, "
		"max_sessions = ?, protected_note = ?, updated = ?, version = ?, changed_by = ? "
		"WHERE number = ?",
		"ttttttitinitiiti", account->family_name, account->given_name, account->email,
		account_kind_name(account->kind), from, until, (int64_t)account->allowlist_enforced,
		file_sharing_name(account->file_sharing), (int64_t)account->locked, account->vendor,
		(int64_t)account->max_sessions, note_or_null(account->protected_note),
		account->updated_us, account->version, account->changed_by, account->number);
	if (r == 0)
		r = write_hours(db, account);
	if (r == 0)
		r = write_rights(db, account);
	if (r == 0)
		r = sql_run(db, "DELETE FROM account_mac WHERE account = ?", "i", account->number);
	return r < 0 ? r : write_macs(db, account);
}

int
account_delete(struct store_db *db, int64_t number)
{
	int r = version_name_free(db, VERSION_ACCOUNT, number);

	return r < 0 ? r : sql_run(db, "DELETE FROM account WHERE number = ?", "i", number);
}

int
account_each(struct store_db *db,
	int (*visit)(struct store_db *db, const struct account *account, void *argument),
	void *argument)
{
	const struct account_filter filter = {0};

	return account_page(db, &filter, visit, argument, NULL);
}

int
account_set_last_session(struct store_db *db, int64_t number)
{
	return sql_run(db, "UPDATE account SET last_session = ? WHERE number = ?", "ii",
		store_db_now(db), number);
}

int
account_services(struct store_db *db, int64_t number, json_t **ret_names)
{
	json_t *names = json_array();
	char name[LINKED_SERVICE_SIZE];
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, "SELECT name FROM account_service WHERE account = ? ORDER BY name",
		"i", number);
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
account_set_services(struct store_db *db, int64_t number, const json_t *names)
{
	int r;

	r = sql_run(db, "DELETE FROM account_service WHERE account = ?", "i", number);
	for (size_t i = 0; i < json_array_size(names) && r == 0; i++)
		r = sql_run(db, "INSERT INTO account_service (account, name) VALUES (?, ?)", "it",
			number, json_string_value(json_array_get(names, i)));
	return r;
}

int
account_other_admins(
	struct store_db *db, int64_t number, struct civil_date today, int64_t *ret_count)
{
	char day[CIVIL_DATE_SIZE];
	int r;

	civil_date_format(today, day);
	r = sql_number(db, ret_count,
		"SELECT count(*) FROM account WHERE kind = 'admin' AND locked = 0 AND number <> ? "
		"AND valid_from <= ? AND valid_until >= ?",
		"itt", number, day, day);
	return r < 0 ? r : 0;
}

int
account_count(struct store_db *db, int64_t *ret_count)
{
	int r;

	r = sql_number(db, ret_count, "SELECT count(*) FROM account", "");
	return r < 0 ? r : 0;
}
