/* A YAML file as a small tree with the place of every value (private to settings/).
 *
 * Read are mappings, lists and single values. Refused, each with its place: anchors, aliases and tags (an
 * alias can make a small file endless), more than one document, NUL and control characters, bytes that
 * are not UTF-8, more than 1 MiB, more than 20,000 values, more than 8 levels.
 */
#ifndef SETTINGS_TREE_H
#define SETTINGS_TREE_H

#include "settings/errors.h"

#define TREE_BYTES_MOST (1024 * 1024)
#define TREE_NODES_MOST 20000
#define TREE_DEPTH_MOST 8

enum tree_kind {
	TREE_TEXT,
	TREE_MAPPING,
	TREE_LIST,
	TREE_BAD, /* already complained of: skip it */
};

struct tree_node {
	enum tree_kind kind;
	unsigned int line;
	unsigned int column;
	bool plain;               /* TREE_TEXT: written without quotes */
	char *text;               /* TREE_TEXT: no NUL within; else NULL */
	struct tree_node **items; /* a mapping has key and value in turn; no key or value is NULL */
	size_t count;
};

/* Returns 0, -EINVAL when nothing could be read (errors says why), or -ENOMEM. Mistakes that leave a
 * readable tree are in errors too, so that the rest is checked as well. */
int tree_read(
	const void *bytes, size_t len, struct settings_errors *errors, struct tree_node **ret_root);
void tree_free(struct tree_node *node);

/* "a list", "a group of keys", "the text `abc`", "nothing": what was found, for messages. */
const char *tree_describe(const struct tree_node *node);

#endif
