/* One connection to the database; private to policy/store. */
#ifndef POLICY_STORE_DATABASE_H
#define POLICY_STORE_DATABASE_H

#include "policy/store/sql.h"
#include "policy/store/store.h"

#include <locale.h>
#include <sqlite3.h>
#include <stdbool.h>

#define STATEMENTS_MAX 1024 /* a power of two; far more than there are literals with SQL */

struct statement_slot {
	const char *sql; /* the literal's address is the key */
	sqlite3_stmt *statement;
};

/* What sql_visit is doing. */
struct sql_visiting {
	sql_visitor *visit;
	void *argument;
	int result;
};

struct store_db {
	sqlite3 *handle;
	const struct policy_settings *settings;
	const struct sealing *sealing;
	const struct sign_in_decoy *decoy;
	const char *boot_id; /* CLOCK_BOOTTIME counts from another zero after a restart */
	int64_t now_us;      /* of the transaction */
	locale_t characters; /* for lower(): UTF-8, whatever the process speaks */
	struct sql_visiting visiting;
	bool nameless; /* a scratch database: nobody can open its file again */
	struct statement_slot statements[STATEMENTS_MAX];
};

enum database_access {
	DATABASE_WRITE, /* makes the file if there is none; checks it; migrates it */
	DATABASE_READ,
	DATABASE_SCRATCH, /* the same as WRITE for a file that is there already, and that only this connection will see:
			     nothing is kept beside it, nothing can be rolled back in it */
};

/* The two halves of database_open. The file of database_attach is not looked into before database_prepare, and may lose
 * its name in between. db is zeroed but for settings and sealing; on an error it is to be closed. */
int database_attach(struct store_db *db, const char *path, enum database_access access);
int database_prepare(struct store_db *db, enum database_access access, uint32_t patience_ms,
	const char **ret_why);

/* db is zeroed but for settings and sealing. On an error nothing is left open. */
int database_open(struct store_db *db, const char *path, enum database_access access,
	uint32_t patience_ms, const char **ret_why);
void database_close(struct store_db *db);

/* A statement without parameters and rows that is not worth keeping. */
int database_run(struct store_db *db, const char *sql);

/* Brings the schema to this program's version; -EPROTO if it is newer already. */
int database_migrate(struct store_db *db, const char **ret_why);

/* The newest schema that this program knows. */
int64_t database_schema(void);

#endif
