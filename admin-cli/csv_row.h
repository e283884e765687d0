/* A row of CSV for spreadsheets, on standard output. */
#ifndef ADMIN_CSV_ROW_H
#define ADMIN_CSV_ROW_H

#include <stdbool.h>

/* So that Excel reads UTF-8: before the headings. */
void csv_row_begin_file(void);

/* Always quoted. A spreadsheet would run a cell that begins with one of these as a formula: it is given a quote before it. */
void csv_row_cell(const char *text, bool last);

#endif
