/* Reading CSV: bytes in, records out. RFC 4180 as spreadsheets write it: cells parted by commas, quotes
 * around what holds commas, quotes (doubled) or line breaks; lines end with CRLF or LF. Pure: no I/O, no
 * allocation; whatever the bytes are, no more than one record is kept.
 *
 * It works on bytes of UTF-8 and of CP932 alike: no character of CP932 has a comma, a quote or a line
 * break as its second byte. What the cells say is encoding.h's.
 */
#ifndef POLICY_CSV_READER_H
#define POLICY_CSV_READER_H

#include <stdbool.h>
#include <stddef.h>

#define CSV_COLUMNS_MAX 64
#define CSV_CELL_MAX (256u << 10)
#define CSV_RECORD_MAX (384u << 10) /* bytes of the cells, and one for the end of each */

enum csv_step {
	CSV_MORE,   /* all bytes are used, and no record is complete */
	CSV_RECORD, /* there is one: csv_cell */
	CSV_BAD,    /* no CSV, or beyond a bound: `why`; nothing can be read after it */
};

enum csv_state {
	CSV_AT_CELL, /* at the start of one */
	CSV_IN_PLAIN,
	CSV_IN_QUOTES,
	CSV_AFTER_QUOTE, /* the end of the cell, or the first of two quotes */
	CSV_AFTER_CR,
	CSV_COMPLETE, /* a record is there; the next bytes begin another */
	CSV_FAILED,
};

struct csv_reader {
	enum csv_state state;
	size_t line;        /* of the next byte, counted from 1 */
	size_t record_line; /* in which the record begins */
	size_t quote_line;  /* in which the last quote was opened */
	size_t count;       /* cells of the record that are complete */
	size_t len;
	bool quoted; /* some cell of the record is: "" alone on a line is a record, an empty line is none */
	const char *why; /* of CSV_BAD: a literal. Where: line, and cell count + 1 */
	size_t starts[CSV_COLUMNS_MAX + 1];
	char bytes[CSV_RECORD_MAX];
};

void csv_reader_init(struct csv_reader *reader);

/* Reads on. *ret_used: how many of the bytes it has taken; the rest is to be given again. The cells live until
 * the next call. Lines without anything are passed over. */
enum csv_step csv_reader_feed(
	struct csv_reader *reader, const char *bytes, size_t len, size_t *ret_used);

/* There are no more bytes. CSV_RECORD: a last one without a line end; CSV_MORE: nothing is left. */
enum csv_step csv_reader_end(struct csv_reader *reader);

/* A cell of the record, without its quotes; a string (there is no NUL in it). "" beyond the last one. */
const char *csv_cell(const struct csv_reader *reader, size_t column, size_t *ret_len);

#endif
