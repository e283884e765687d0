/* Cells that are one of a few words; see account_words.h. */
#include "policy/csv/account_words.h"

#include "base/cleanup.h"

#include <stdbool.h>
#include <string.h>

static const struct {
	enum account_words words;
	const char *value;
	const char *written;
	const char *others;
} rows[] = {
#define WORD(words, value, written, others) {ACCOUNT_WORDS_##words, value, written, others},
#include "policy/csv/account_words.def"
#undef WORD
};

static bool
is_among(const char *text, const char *words)
{
	size_t text_len = strlen(text);

	for (;;) {
		size_t len = strcspn(words, "|");

		if (len == text_len && strncmp(text, words, len) == 0)
			return true;
		if (words[len] == '\0')
			return false;
		words += len + 1;
	}
}

const char *
account_word_read(enum account_words words, const char *cell)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].words == words &&
			(strcmp(rows[i].written, cell) == 0 || is_among(cell, rows[i].others)))
			return rows[i].value;
	return NULL;
}

const char *
account_word_write(enum account_words words, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].words == words && strcmp(rows[i].value, value) == 0)
			return rows[i].written;
	return "";
}
