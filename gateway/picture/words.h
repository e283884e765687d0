/* What a screen says, in the reader's language, made harmless. */
#ifndef PICTURE_WORDS_H
#define PICTURE_WORDS_H

#include "base/sentence.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct catalogue;

/* Drawn for a character that has no picture of its own. */
#define WORDS_BOX "\u25a1"

enum language {
	LANGUAGE_ENGLISH,
	LANGUAGE_JAPANESE,
	LANGUAGE_COUNT,
};

/* "en" or "ja"; what is neither is English. */
enum language words_language(const char *name);

/* The Japanese messages, from the file at `path`, or from where they are installed if that is NULL. Opened once, before the sandbox closes.
 * Returns 0 or a negative errno. */
int words_open_japanese(const char *path, const struct catalogue **ret_catalogue);

/* May stand in a line: no control character, no line end, no half of a pair. */
bool words_is_text(uint32_t character);

/* Would be seen by nobody, or turn the direction of what follows: marks of bidirectional text, joiners, fillers. */
bool words_is_invisible(uint32_t character);

/* UTF-8 of a character, ended by NUL; ret_bytes has room for 5. Returns its length. */
size_t words_write(uint32_t character, char *ret_bytes);

/* The message of a catalogue, or of the table of events, or the text itself. NULL: English. */
const char *words_translate(const struct catalogue *catalogue, const char *english);

/* A sentence of a message: values are each ended by NUL, in values_len bytes. Without values the text stands as it is,
 * and is looked up all the same. Line ends stay; control characters and invisible ones are left out. */
void words_sentence(const struct catalogue *catalogue, const char *text, const uint8_t *values,
	size_t values_len, char *ret_text, size_t size);

/* A PAM module's prompt without its colon, in our words where they are known. */
void words_prompt(
	const struct catalogue *catalogue, const char *prompt, char *ret_text, size_t size);

/* What a page that asks this is called, a message of po/; NULL where the prompt says nothing of it. */
const char *words_prompt_title(const char *prompt);

#endif
