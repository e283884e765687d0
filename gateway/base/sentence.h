/* A sentence for people in which something varies. It is written once, in English, as a format of printf(3).
 * Format and values are kept apart, so that who shows it can look the format up in a catalogue and put the
 * values into the translation. Used by policy, which says why it refuses, and by sekisho-admin, which shows it.
 */
#ifndef BASE_SENTENCE_H
#define BASE_SENTENCE_H

#include <stdarg.h>
#include <stddef.h>

/* Marks a text that will be translated where it is shown. */
#define N_(text) text

#define SENTENCE_VALUES_MOST 8
#define SENTENCE_VALUES_SIZE 2560 /* the note of what is protected has 2000 */

struct sentence {
	const char *format; /* a literal; NULL: nothing has been said */
	size_t count;
	char values[SENTENCE_VALUES_SIZE]; /* one after the other, each ended by NUL */
};

/* Formats are those of printf with %s, %d, %i, %u, %x, %c, their lengths, widths and precisions. A value that is too
 * long is cut at a character's end. */
void sentence_set(struct sentence *sentence, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void sentence_set_list(struct sentence *sentence, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* Value number `at`, counted from 0; "" behind the last. */
const char *sentence_value(const struct sentence *sentence, size_t at);

/* The English sentence, cut at a character's end. */
void sentence_text(const struct sentence *sentence, char *ret_text, size_t size);

/* Puts values in the place of the conversions of a format, which may come from a catalogue or from another
 * process: it is never given to printf. "%2$s" takes the second value; values that are missing are left out. */
void sentence_fill(
	const char *format, const char *const *values, size_t count, char *ret_text, size_t size);

/* Length of the text without a character that ends beyond `most` bytes. */
size_t sentence_cut(const char *text, size_t most);

#endif
