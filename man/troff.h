/* Writing manual pages (man(7)) from tables. Used at build time alone. */
#ifndef MAN_TROFF_H
#define MAN_TROFF_H

/* .TH and NAME, whose heading is `heading`. `section` is "8"; `what` is the line that apropos(1) shows. */
void troff_start(const char *name, const char *section, const char *heading, const char *what);
void troff_section(const char *title);    /* .SH */
void troff_subsection(const char *title); /* .SS */

/* A paragraph of plain text. Text in `backquotes` is set in bold. */
void troff_paragraph(const char *text);

/* .TP: a bold term with a text beside it; troff_more adds a paragraph to the same item. */
void troff_item(const char *term, const char *text);
void troff_more(const char *text);

/* Lines that stay as they are. */
void troff_example(const char *text);

#endif
