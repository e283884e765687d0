/* Stock-taking in the database; see review_table.h. */
#include "policy/store/review_table.h"

#include "policy/store/sql.h"
#include "policy/store/store.h"
#include "policy/text.h"

#include <errno.h>
#include <string.h>

#define COLUMNS                                                                                   \
	"coalesce(account.vendor, 0), coalesce(vendor.name, ''), id, family_name, given_name, "   \
	"email, account.kind, valid_from, valid_until, locked, protected_note, "                  \
	"allowlist_enforced, (SELECT count(*) FROM account_mac WHERE account = account.number), " \
	"(SELECT count(*) FROM assignment WHERE account = account.number), "                      \
	"coalesce(last_session, 0), account.created "                                             \
	"FROM account LEFT JOIN vendor ON vendor.number = account.vendor"

/* What cannot be read has been tampered with. */
static int
read_row(sqlite3_stmt *row, struct review_account *account)
{
	struct field_error unused;
	char kind[16], from[CIVIL_DATE_SIZE], until[CIVIL_DATE_SIZE];
	struct review_facts *facts = &account->facts;

	*account = (struct review_account){.vendor = sql_column_number(row, 0)};
	sql_column_text(row, 1, account->vendor_name, sizeof(account->vendor_name));
	sql_column_text(row, 2, account->id, sizeof(account->id));
	sql_column_text(row, 3, account->family_name, sizeof(account->family_name));
	sql_column_text(row, 4, account->given_name, sizeof(account->given_name));
	sql_column_text(row, 5, account->email, sizeof(account->email));
	sql_column_text(row, 6, kind, sizeof(kind));
	sql_column_text(row, 7, from, sizeof(from));
	sql_column_text(row, 8, until, sizeof(until));
	facts->locked = sql_column_number(row, 9) != 0;
	facts->protected = !sql_column_is_null(row, 10);
	facts->allowlist_enforced = sql_column_number(row, 11) != 0;
	facts->macs = sql_column_number(row, 12);
	facts->terminals = sql_column_number(row, 13);
	facts->last_session_us = sql_column_number(row, 14);
	facts->created_us = sql_column_number(row, 15);
	if (account_kind_parse(kind, &facts->kind, &unused) < 0 ||
		civil_date_parse(from, &facts->valid_from) < 0 ||
		civil_date_parse(until, &facts->valid_until) < 0)
		return -EUCLEAN;
	return 0;
}

/* Two questions, so that each finds its place in the index of vendor and id. */
int
review_next(struct store_db *db, int64_t vendor, const char *after_id,
	struct review_account *ret_account)
{
	char after[ACCOUNT_ID_SIZE];
	sqlite3_stmt *row;
	int r;

	text_to_lower(after_id, after);
	if (vendor != 0)
		r = sql_ask(db, &row,
			"SELECT " COLUMNS " WHERE account.vendor = ? AND id_key > ? "
			"ORDER BY id_key LIMIT 1",
			"it", vendor, after);
	else
		r = sql_ask(db, &row,
			"SELECT " COLUMNS " WHERE account.vendor IS NULL AND id_key > ? "
			"ORDER BY id_key LIMIT 1",
			"t", after);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = read_row(row, ret_account);
	sql_end(row);
	return r;
}

int
review_first_vendor(struct store_db *db, int64_t *ret_vendor)
{
	int r;

	*ret_vendor = 0;
	r = sql_number(db, ret_vendor, "SELECT number FROM vendor ORDER BY name_key LIMIT 1", "");
	return r < 0 ? r : 0;
}

int
review_vendor_behind(struct store_db *db, int64_t vendor, int64_t *ret_vendor)
{
	int r;

	r = sql_number(db, ret_vendor, "SELECT number FROM vendor WHERE number = ?", "i", vendor);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	*ret_vendor = 0;
	r = sql_number(db, ret_vendor,
		"SELECT number FROM vendor WHERE name_key > "
		"(SELECT name_key FROM vendor WHERE number = ?) ORDER BY name_key LIMIT 1",
		"i", vendor);
	return r < 0 ? r : 0;
}

int
review_changes_since(struct store_db *db, int64_t event, int64_t *ret_count)
{
	int r = sql_number(db, ret_count,
		"SELECT count(*) FROM event WHERE id > ? AND kind = 'admin'", "i", event);

	return r < 0 ? r : 0;
}

static int
append_signed(sqlite3_stmt *row, json_t *rows)
{
	const char *text = (const char *)sqlite3_column_text(row, 2);
	json_t *payload = text == NULL ? NULL : json_loads(text, 0, NULL);

	if (payload == NULL)
		return -EUCLEAN;
	(void)json_object_set_new(payload, "event", json_integer(sql_column_number(row, 0)));
	(void)json_object_set_new(payload, "time", json_integer(sql_column_number(row, 1)));
	return json_array_append_new(rows, payload) < 0 ? -ENOMEM : 0;
}

int
review_signed(
	struct store_db *db, const char *action, int64_t before, int64_t most, json_t **ret_rows)
{
	json_t *rows = json_array();
	sqlite3_stmt *row;
	int r, bad = 0;

	r = sql_ask(db, &row,
		"SELECT e.id, e.time, e.payload FROM event_field f JOIN event e ON e.id = f.event "
		"WHERE f.field = 'admin.action' AND f.value = ? AND f.event < ? "
		"ORDER BY f.event DESC LIMIT ?",
		"tii", action, before, most);
	while (r == 0 && (r = sql_next(row)) > 0) {
		bad = bad < 0 ? bad : append_signed(row, rows);
		r = 0;
	}
	if (r == 0)
		r = bad;
	if (r < 0) {
		json_decref(rows);
		return r;
	}
	*ret_rows = rows;
	return 0;
}
