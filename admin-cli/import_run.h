/* The rows of a CSV on their way to the gateway, batch by batch; see command_import.c. */
#ifndef ADMIN_IMPORT_RUN_H
#define ADMIN_IMPORT_RUN_H

#include "admin-cli/command.h"
#include "admin-cli/import_file.h"
#include "admin-cli/import_result.h"

#include <stdbool.h>
#include <stddef.h>

enum row_end {
	ROW_ADDED,
	ROW_CHANGED,
	ROW_UNCHANGED,
	ROW_REFUSED,
	ROW_FAILED, /* the gateway's store could not take it */
	ROW_END_COUNT,
};

struct seen;

struct importing {
	struct admin *admin;
	struct import_file *file;
	struct import_result *result; /* NULL: none is kept */
	const char *prefix;           /* of the facility's accounts; "" if there is none */
	char *since;                  /* an instant, or NULL */
	bool dry_run;
	bool quiet; /* only counts */

	/* the run's own: the batch */
	json_t *texts;    /* of every row in it */
	json_t *outcomes; /* the same rows: what is known without asking, or null */
	json_t *rows;     /* those that are sent */
	size_t bytes;
	json_t *delivered; /* accounts whose passwords the result file has had since the last batch */

	struct seen *seen;
	size_t seen_size;
	size_t counts[ROW_END_COUNT];
	size_t done;
	size_t last_line;
	size_t shown;
	json_t *told; /* rows that are not unchanged, for programs */
};

/* From now on an interruption ends a run after the batch that is under way; a second one ends the program. */
void import_watch_interrupts(void);
bool import_is_interrupted(void);

/* The whole file, or as far as it goes: done says how far. What every row has come to is counted, shown, and kept in
 * the result before the next batch is sent. `told` is the caller's to free. */
enum admin_exit import_run(struct importing *importing);

#endif
