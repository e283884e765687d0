/* Reading one value of each kind (private to settings/). */
#ifndef SETTINGS_KINDS_H
#define SETTINGS_KINDS_H

#include "settings/rows.h"
#include "settings/tree.h"

struct settings_words {
	const char *const *items;
	size_t count;
};

/* Reads the value into the row's field. `path` is what messages call it: "listeners[2].address".
 * Returns 0, -EINVAL (a mistake was added; the field is untouched or empty), or -ENOMEM. */
int kind_parse(const struct settings_row *row, const char *path, const struct tree_node *node,
	struct settings_errors *errors, void *ret_field);

void kind_free(const struct settings_row *row, void *field);

/* What is allowed, in words: "a time from 100ms to 1min". */
void kind_describe(const struct settings_row *row, char *ret_text, size_t size);

/* The words of a kind that has some; count 0 otherwise. */
struct settings_words kind_words(enum settings_kind kind);

#endif
