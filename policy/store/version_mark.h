/* The versions of accounts, terminals and vendors: each counts the changes of a row, so that of two people who edit it at
 * once the second is told (--if-version). None that somebody may have seen comes again under the same name, whatever was
 * deleted, renamed or restored in between, and whatever the log has forgotten: for each kind a mark in log_mark keeps
 * the highest version of which the name became free.
 */
#ifndef POLICY_STORE_VERSION_MARK_H
#define POLICY_STORE_VERSION_MARK_H

#include <stdint.h>

struct store_db;

enum version_kind {
	VERSION_ACCOUNT,
	VERSION_TERMINAL,
	VERSION_VENDOR,
};

/* What the version of something new begins with; 1 as long as no name became free. */
int version_first(struct store_db *db, enum version_kind kind, int64_t *ret_version);

/* Before the row is deleted, or gets another name. */
int version_name_free(struct store_db *db, enum version_kind kind, int64_t number);

/* For a restore, by the name of the table: no row there was had a higher one. */
int version_highest(struct store_db *db, const char *table, int64_t *ret_version);
int version_raise(struct store_db *db, const char *table, int64_t version);

#endif
