/* The log of files that moved through sessions (B8): over the clipboard or a drive of the client. Inside a job. */
#ifndef POLICY_TRANSFERS_H
#define POLICY_TRANSFERS_H

#include <jansson.h>
#include <stdint.h>

struct store_db;

struct transfer {
	const char *session; /* its id in hexadecimal digits */
	const char *account; /* the typed part */
	const char *name;    /* of the person */
	const char *terminal;
	const char *direction; /* "in": into the terminal, "out" */
	const char *way;       /* "clipboard", "drive" */
	const char *path;      /* as the channel told it */
	uint64_t bytes;
	uint32_t missed; /* not a file: so many were not told of */
};

/* Returns 0 or a negative errno. *ret_row: as the log has it, new reference. */
int transfer_record(struct store_db *db, const struct transfer *transfer, json_t **ret_row);

#endif
