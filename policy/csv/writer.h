/* Writing CSV into memory: quotes where they are needed, CRLF, and no cell that a spreadsheet takes for a
 * formula. Pure. */
#ifndef POLICY_CSV_WRITER_H
#define POLICY_CSV_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#define CSV_BOM "\xef\xbb\xbf"

struct csv_writer {
	char *bytes; /* the caller's; no string */
	size_t size;
	size_t len;
	bool full; /* something did not fit: what is there is of no use */
	bool in_record;
};

void csv_writer_init(struct csv_writer *writer, char *bytes, size_t size);

/* The next cell of the record (NULL: an empty one). A text that begins with = + - @ (half or full width), perhaps
 * after apostrophes, gets one apostrophe in front: what spreadsheets themselves use for "this is text". */
void csv_put(struct csv_writer *writer, const char *text);
void csv_end_record(struct csv_writer *writer);

/* The way back, for a cell that was read: without the apostrophe of csv_put. */
const char *csv_plain(const char *cell);

#endif
