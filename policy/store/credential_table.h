/* Stored credentials of terminals (B3) in the database, sealed. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_CREDENTIAL_TABLE_H
#define POLICY_STORE_CREDENTIAL_TABLE_H

#include "policy/stored_credential.h"

/* -ENOENT: there is none. */
int credential_load(struct store_db *db, int64_t terminal, struct stored_credential *ret_stored);

/* Makes it, or replaces what is there. */
int credential_save(struct store_db *db, const struct stored_credential *stored);

/* -ENOENT: there is none. */
int credential_delete(struct store_db *db, int64_t terminal);

#endif
