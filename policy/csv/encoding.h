/* Which characters the bytes of a CSV mean: UTF-8, or CP932 as Excel in Japan writes it. No I/O.
 *
 * A file with a byte order mark is UTF-8; without one it is UTF-8 if every cell is, and CP932 otherwise. A
 * file that is neither, or that has cells of both (parts of two files put together), is refused with the place
 * of the cell: names read in the wrong encoding would become other people's names.
 */
#ifndef POLICY_CSV_ENCODING_H
#define POLICY_CSV_ENCODING_H

#include "policy/csv/reader.h"

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>

enum csv_encoding {
	CSV_UTF_8,
	CSV_CP932,
};

struct csv_cp932 {
	iconv_t decoder;
	iconv_t encoder;
};

/* -ENOENT: this system's libc has no table of CP932. */
int csv_cp932_open(struct csv_cp932 *cp932);
void csv_cp932_close(struct csv_cp932 *cp932);

/* To UTF-8. ret_text has room for 3 * len + 1 bytes. -EILSEQ: it is no CP932. */
int csv_cp932_decode(const struct csv_cp932 *cp932, const char *bytes, size_t len, char *ret_text);

/* From UTF-8; ret_bytes has room for len + 1 bytes. -EILSEQ: *ret_missing is the first character that CP932
 * lacks, or would give back as another one (U+301C comes back as U+FF5E). */
int csv_cp932_encode(const struct csv_cp932 *cp932, const char *text, size_t len, char *ret_bytes,
	size_t *ret_len, const char **ret_missing);

struct csv_place {
	size_t line;   /* 0: nowhere */
	size_t column; /* from 1 */
};

/* What the cells of a file told about its encoding. All zero but for `cp932` and `bom` at first. */
struct csv_evidence {
	const struct csv_cp932 *cp932;
	bool bom;
	bool header_is_utf_8;       /* and not ASCII */
	struct csv_place not_utf_8; /* the first such cell */
	struct csv_place not_cp932;
	struct csv_place surely_utf_8;
	char room[3 * CSV_CELL_MAX + 1];
};

/* Looks at every cell of a record; `first` is the header. */
void csv_evidence_add(struct csv_evidence *evidence, const struct csv_reader *reader, bool first);

/* Returns 0 with the encoding, or -EILSEQ with place and reason (a literal). */
int csv_evidence_judge(const struct csv_evidence *evidence, enum csv_encoding *ret_encoding,
	struct csv_place *ret_place, const char **ret_why);

/* What the first bytes of a file say that is no CSV at all (a workbook, UTF-16), or NULL. */
const char *csv_not_csv(const char *bytes, size_t len);

#endif
