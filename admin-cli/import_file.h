/* A CSV that is to be imported: looked through once from end to end before anything of it is sent, so that a file
 * that is none changes nothing; then read row by row. Whatever it is, no more than one row is in memory. */
#ifndef ADMIN_IMPORT_FILE_H
#define ADMIN_IMPORT_FILE_H

#include "policy/csv/account_columns.h"
#include "policy/csv/encoding.h"

#include <jansson.h>
#include <stddef.h>

struct import_file {
	int fd;
	enum csv_encoding encoding;
	size_t rows;   /* that hold anything */
	json_t *names; /* headings as they stand in the file */
	struct account_header header;

	/* the file's own */
	struct csv_cp932 cp932;
	struct csv_reader reader;
	struct csv_evidence evidence;
	char bytes[65536];
	size_t at, len;
	size_t given; /* rows, by import_file_next */
	bool ended;
};

/* Opens and looks through. 0, or a negative errno with a sentence for people, in their language, that says where. */
int import_file_open(const char *path, struct import_file **ret_file, char *ret_why, size_t size);
void import_file_close(struct import_file *file); /* accepts NULL */

struct import_record {
	size_t line;
	json_t *texts; /* every cell, in the file's order, UTF-8 */
};

/* The next row that holds anything: 1 (its texts are the caller's), 0 at the end, or a negative errno with a
 * sentence. */
int import_file_next(
	struct import_file *file, struct import_record *ret_record, char *ret_why, size_t size);

/* 0 is "A", 27 is "AB": what a spreadsheet calls a column. ret_name has room for 8 characters. */
void import_column_name(size_t column, char *ret_name);

#endif
