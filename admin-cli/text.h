/* Text for people: translation, and names that may be wide, hostile or both. */
#ifndef ADMIN_TEXT_H
#define ADMIN_TEXT_H

#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define _(text) text_translate(text)
#define N_(text) text
#undef ngettext
#define ngettext(one, many, count) text_translate_count(one, many, count)
#define NC_(context, text) context "\004" text

/* Takes up the person's language; messages are found beside an installed program and in a build tree.
 * Text is UTF-8 whatever the locale says. */
void text_init(void);

/* The text in the person's language, or as it is; for one that depends on a number, text_translate_count. */
const char *text_translate(const char *text) __attribute__((format_arg(1)));
const char *text_translate_count(const char *one, const char *many, unsigned long count)
	__attribute__((format_arg(1), format_arg(2)));

/* Whether messages come out in Japanese. */
bool text_speaks_japanese(void);

/* Whether a character moves a terminal's cursor or turns the direction of writing. */
bool text_is_hostile(uint32_t character);

/* The text without control characters (a jump host's certificate may hold some that move the cursor), cut
 * after 200 bytes. One of eight buffers in turn. NULL gives "-". */
const char *text_shown(const char *text);

/* Writes the whole text like that; a new line begins under column `indent`. */
void text_write(FILE *out, const char *text, size_t indent);

/* Columns on a terminal: 2 for a kanji. */
size_t text_width(const char *text);

/* Writes text, cut to `most` columns with "…", and padded with blanks to `least`. */
void text_put(FILE *out, const char *text, size_t least, size_t most);

bool text_is_utf8(const char *text);

/* Cuts blanks off both ends, in place. */
char *text_trim(char *text);

/* "a|b|c" as "a, b, c", which CHOICES_SIZE holds for every row of commands.def. */
#define CHOICES_SIZE 384
void text_join_choices(const char *choices, char *ret_text, size_t size);

/* 1234567 as "1.2 MB"; 3725 seconds as "1:02:05". One of eight buffers in turn. */
const char *text_bytes(long long bytes);
const char *text_duration(long long seconds);

#endif
