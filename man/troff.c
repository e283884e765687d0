/* Writing manual pages from tables, on standard output. */
#include "man/troff.h"

#include <stdbool.h>
#include <stdio.h>

/* A backslash, and a dot or quote at the start of a line, mean something to troff; a bare hyphen would be
 * shown as a dash that nobody can paste into a shell. */
static void
put(const char *text, bool marks)
{
	bool bold = false;
	bool at_start = true;

	for (; *text != '\0'; text++) {
		if (at_start && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		at_start = *text == '\n';
		if (*text == '\\') {
			fputs("\\e", stdout);
		} else if (*text == '-') {
			fputs("\\-", stdout);
		} else if (*text == '`' && marks) {
			bold = !bold;
			fputs(bold ? "\\fB" : "\\fR", stdout);
		} else {
			putchar(*text);
		}
	}
	putchar('\n');
}

void
troff_start(const char *name, const char *section, const char *heading, const char *what)
{
	printf(".\\\" -*- mode: troff; coding: utf-8 -*-\n");
	printf(".\\\" Made from the gateway's tables at build time.\n");
	printf(".TH %s %s \"\" \"Sekisho %s\"\n.ad l\n.SH %s\n", name, section, SEKISHO_VERSION,
		heading);
	printf("%s \\- %s\n", name, what);
}

void
troff_section(const char *title)
{
	printf(".SH %s\n", title);
}

void
troff_subsection(const char *title)
{
	printf(".SS ");
	put(title, false);
}

void
troff_paragraph(const char *text)
{
	printf(".PP\n");
	put(text, true);
}

void
troff_item(const char *term, const char *text)
{
	printf(".TP\n.B ");
	put(term, false);
	put(text, true);
}

void
troff_more(const char *text)
{
	printf(".br\n");
	put(text, true);
}

void
troff_example(const char *text)
{
	printf(".PP\n.RS 4\n.nf\n");
	put(text, false);
	printf(".fi\n.RE\n");
}
