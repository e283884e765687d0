/* Rows of the table account, for the files of policy/store that ask for them. */
#ifndef POLICY_STORE_ACCOUNT_ROW_H
#define POLICY_STORE_ACCOUNT_ROW_H

#include "policy/accounts.h"
#include "policy/store/sql.h"

#define ACCOUNT_COLUMNS                                                              \
	"account.number, account.id, family_name, given_name, email, account.kind, " \
	"valid_from, valid_until, hours_from, hours_until, allowlist_enforced, "     \
	"file_sharing, locked, account.created, account.updated, account.vendor, "   \
	"vendor.name, max_sessions, account.protected_note, account.version, "       \
	"account.changed_by, account.last_session"
#define ACCOUNT_COLUMN_COUNT 22
#define ACCOUNT_TABLES "account LEFT JOIN vendor ON vendor.number = account.vendor"

/* Reads the columns above. -EUCLEAN: the row has been tampered with. */
int account_row_read(sqlite3_stmt *row, struct account *account);

/* The devices of an account whose row has been read. */
int account_macs_read(struct store_db *db, struct account *account);
int account_rights_read(struct store_db *db, struct account *account);

#endif
