/* The result of an import (A15): every row as it was read, and behind it the initial passwords, what was changed,
 * what was wrong. A new file that only its owner reads, added to batch by batch; what import_result_keep has
 * returned 0 for is on the disk. The gateway never has it. */
#ifndef ADMIN_IMPORT_RESULT_H
#define ADMIN_IMPORT_RESULT_H

#include "admin-cli/import_file.h"

#include <jansson.h>

struct import_result;

/* A negative errno if the file is there, or cannot be made. */
int import_result_create(
	const char *path, const struct import_file *file, struct import_result **ret_result);
void import_result_close(struct import_result *result); /* accepts NULL; wipes what it held */

/* One row of account.import's answer, and the texts it came from. 0 or -ENOMEM. */
int import_result_add(struct import_result *result, const json_t *texts, const json_t *row);

/* Writes what was added and waits for the disk. On an error nothing of it is in the file. */
int import_result_keep(struct import_result *result);

/* "line 12, column G (MACアドレス): …", and "メールアドレス: a → b; …", in the person's language; to be freed. */
char *import_error_text(const struct import_file *file, const json_t *row);
char *import_changes_text(const json_t *row);

#endif
