/* CSV on standard output; see csv_row.h. */
#include "admin-cli/csv_row.h"

#include <stdio.h>
#include <string.h>

void
csv_row_begin_file(void)
{
	fputs("\xef\xbb\xbf", stdout);
}

void
csv_row_cell(const char *text, bool last)
{
	putchar('"');
	if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
		putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	fputs(last ? "\"\r\n" : "\",", stdout);
}
