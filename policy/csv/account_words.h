/* Cells that are one of a few words; see account_words.def. Private to policy/csv. */
#ifndef POLICY_CSV_ACCOUNT_WORDS_H
#define POLICY_CSV_ACCOUNT_WORDS_H

enum account_words {
	ACCOUNT_WORDS_FILE_SHARING,
	ACCOUNT_WORDS_KIND,
	ACCOUNT_WORDS_LOCKED,
};

/* What a cell says, as the field has it; NULL: none of the words. */
const char *account_word_read(enum account_words words, const char *cell);

/* The cell for a field's value; "" for one that is not known. */
const char *account_word_write(enum account_words words, const char *value);

#endif
