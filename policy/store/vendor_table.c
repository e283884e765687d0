/* Vendors in the database; see vendor_table.h. */
#include "policy/store/vendor_table.h"

#include "policy/store/sql.h"
#include "policy/store/store.h"
#include "policy/store/version_mark.h"
#include "policy/text.h"

#include <errno.h>
#include <string.h>

#define COLUMNS "number, name, kind, state, note, created, updated, version, changed_by"

/* Texts have been checked when they came in, and by CHECK: what cannot be read now has been tampered
 * with. */
static int
read_row(sqlite3_stmt *row, struct vendor *vendor)
{
	struct field_error unused;
	char kind[16], state[16];

	*vendor = (struct vendor){.number = sql_column_number(row, 0)};
	sql_column_text(row, 1, vendor->name, sizeof(vendor->name));
	sql_column_text(row, 2, kind, sizeof(kind));
	sql_column_text(row, 3, state, sizeof(state));
	sql_column_text(row, 4, vendor->note, sizeof(vendor->note));
	vendor->created_us = sql_column_number(row, 5);
	vendor->updated_us = sql_column_number(row, 6);
	vendor->version = sql_column_number(row, 7);
	sql_column_text(row, 8, vendor->changed_by, sizeof(vendor->changed_by));
	if (vendor_kind_parse(kind, &vendor->kind, &unused) < 0 ||
		vendor_state_parse(state, &vendor->state, &unused) < 0)
		return -EUCLEAN;
	return 0;
}

/* Takes the one row that was asked for. */
static int
take_vendor(sqlite3_stmt *row, struct vendor *ret_vendor)
{
	int r;

	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = read_row(row, ret_vendor);
	sql_end(row);
	return r;
}

int
vendor_insert(struct store_db *db, struct vendor *vendor)
{
	char key[VENDOR_NAME_SIZE];
	int r;

	text_to_lower(vendor->name, key);
	vendor->created_us = vendor->updated_us = store_db_now(db);
	r = version_first(db, VERSION_VENDOR, &vendor->version);
	if (r < 0)
		return r;
	r = sql_number(db, &vendor->number,
		"INSERT INTO vendor (name, name_key, kind, state, note, created, updated, version, "
		"changed_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
		"tttttiiit", vendor->name, key, vendor_kind_name(vendor->kind),
		vendor_state_name(vendor->state), vendor->note, vendor->created_us,
		vendor->updated_us, vendor->version, vendor->changed_by);
	return r < 0 ? r : 0;
}

static int
free_old_name(struct store_db *db, const struct vendor *vendor, const char *key)
{
	int64_t kept;
	int r = sql_number(db, &kept,
		"SELECT count(*) FROM vendor WHERE number = ? AND name_key = ?", "it",
		vendor->number, key);

	return r < 0 || kept > 0 ? r : version_name_free(db, VERSION_VENDOR, vendor->number);
}

int
vendor_update(struct store_db *db, struct vendor *vendor)
{
	char key[VENDOR_NAME_SIZE];
	int r;

	text_to_lower(vendor->name, key);
	r = free_old_name(db, vendor, key);
	if (r < 0)
		return r;
	r = sql_run(db,
		"UPDATE vendor SET name = ?, name_key = ?, kind = ?, state = ?, note = ?, "
		"updated = ?, version = ?, changed_by = ? WHERE number = ?",
		"tttttiiti", vendor->name, key, vendor_kind_name(vendor->kind),
		vendor_state_name(vendor->state), vendor->note, store_db_now(db),
		vendor->version + 1, vendor->changed_by, vendor->number);
	if (r < 0)
		return r;
	vendor->updated_us = store_db_now(db);
	vendor->version++;
	return 0;
}

int
vendor_delete(struct store_db *db, int64_t number)
{
	int64_t accounts;
	int r;

	r = vendor_accounts(db, number, &accounts);
	if (r < 0)
		return r;
	if (accounts > 0)
		return -EEXIST;
	r = version_name_free(db, VERSION_VENDOR, number);
	return r < 0 ? r : sql_run(db, "DELETE FROM vendor WHERE number = ?", "i", number);
}

int
vendor_find(struct store_db *db, const char *name, struct vendor *ret_vendor)
{
	char key[VENDOR_NAME_SIZE];
	sqlite3_stmt *row;
	int r;

	if (strlen(name) >= sizeof(key))
		return -ENOENT;
	text_to_lower(name, key);
	r = sql_ask(db, &row, "SELECT " COLUMNS " FROM vendor WHERE name_key = ?", "t", key);
	return r < 0 ? r : take_vendor(row, ret_vendor);
}

int
vendor_load(struct store_db *db, int64_t number, struct vendor *ret_vendor)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, "SELECT " COLUMNS " FROM vendor WHERE number = ?", "i", number);
	return r < 0 ? r : take_vendor(row, ret_vendor);
}

/* One at a time by the next name: the visitor may ask the database itself meanwhile. */
int
vendor_each(struct store_db *db,
	int (*visit)(struct store_db *db, const struct vendor *vendor, void *argument),
	void *argument)
{
	char after[VENDOR_NAME_SIZE] = "";
	struct vendor vendor;
	sqlite3_stmt *row;
	int r;

	for (;;) {
		r = sql_ask(db, &row,
			"SELECT " COLUMNS " FROM vendor WHERE name_key > ? ORDER BY name_key "
			"LIMIT 1",
			"t", after);
		if (r == 0)
			r = take_vendor(row, &vendor);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		r = visit(db, &vendor, argument);
		if (r < 0)
			return r;
		text_to_lower(vendor.name, after);
	}
}

int
vendor_accounts(struct store_db *db, int64_t number, int64_t *ret_count)
{
	int r;

	r = sql_number(db, ret_count, "SELECT count(*) FROM account WHERE vendor = ?", "i", number);
	return r < 0 ? r : 0;
}

int
vendor_first_account(struct store_db *db, int64_t number, int64_t *ret_account)
{
	int r;

	r = sql_number(db, ret_account,
		"SELECT number FROM account WHERE vendor = ? ORDER BY id_key LIMIT 1", "i", number);
	if (r < 0)
		return r;
	return r == 0 ? -ENOENT : 0;
}

int
vendor_suspends(struct store_db *db, int64_t account, bool *ret_suspended)
{
	int64_t count;
	int r;

	r = sql_number(db, &count,
		"SELECT count(*) FROM account JOIN vendor ON vendor.number = account.vendor "
		"WHERE account.number = ? AND vendor.state = 'suspended'",
		"i", account);
	if (r < 0)
		return r;
	*ret_suspended = count > 0;
	return 0;
}
