/* From YAML events to a tree. Reads bytes that an administrator wrote; hostile ones are not expected but
 * must not hurt: everything is bounded. */
#include "settings/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reading {
	yaml_parser_t parser;
	const uint8_t *bytes;
	size_t len;
	size_t nodes;
	struct settings_errors *errors;
};

void
tree_free(struct tree_node *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->count; i++)
		tree_free(node->items[i]);
	free(node->items);
	free(node->text);
	free(node);
}

const char *
tree_describe(const struct tree_node *node)
{
	static _Thread_local char buffer[128];

	switch (node->kind) {
	case TREE_MAPPING:
		return "a group of keys";
	case TREE_LIST:
		return "a list";
	case TREE_BAD:
		return "nothing readable";
	case TREE_TEXT:
		break;
	}
	if (node->text[0] == '\0')
		return node->plain ? "nothing" : "an empty text";
	snprintf(buffer, sizeof(buffer), "`%s`", settings_shown(node->text));
	return buffer;
}

/* What must be in the file for each of libyaml's complaints. */
static const struct {
	const char *problem;
	const char *advice;
} advices[] = {
	{"mapping values are not allowed in this context",
		"a `:` does not belong here: check the indentation, or put a text that contains `: "
		"` in quotes"},
	{"did not find expected key",
		"the indentation does not fit the lines above, or a quote above is not closed"},
	{"did not find expected '-' indicator",
		"the indentation does not fit the lines above, or a `-` is missing"},
	{"could not find expected ':'", "a key without `:` after it"},
	{"found unexpected end of stream", "a quote or bracket that was opened is never closed"},
	{"did not find expected ',' or ']'",
		"a list in [ ] that is never closed, or a `,` is missing"},
	{"did not find expected ',' or '}'",
		"a group in { } that is never closed, or a `,` is missing"},
	{"found unknown escape character",
		"a backslash that means nothing here: within \"…\" write \\\\ for one, or use '…'"},
	{"block sequence entries are not allowed in this context",
		"a `-` does not belong here: put the list on lines of its own"},
};

/* The marks count characters, not bytes. */
static int
byte_at(const struct reading *reading, const yaml_mark_t *mark)
{
	size_t at = 0;

	for (size_t left = mark->index; left > 0 && at < reading->len; left--) {
		do
			at++;
		while (at < reading->len && (reading->bytes[at] & 0xc0) == 0x80);
	}
	return at < reading->len ? reading->bytes[at] : -1;
}

static const char *
advice_for(const struct reading *reading, const yaml_mark_t *mark)
{
	const char *problem = reading->parser.problem;

	if (problem == NULL)
		return "this is not YAML";
	if (strcmp(problem, "found character that cannot start any token") == 0) {
		if (byte_at(reading, mark) == '\t')
			return "a tab: YAML is indented with blanks";
		return "a text that begins with this character needs quotes";
	}
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		if (strcmp(problem, advices[i].problem) == 0)
			return advices[i].advice;
	}
	return problem;
}

static int
complain_of_syntax(struct reading *reading)
{
	const yaml_parser_t *parser = &reading->parser;
	const yaml_mark_t *mark = &parser->problem_mark;

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->problem != NULL && strstr(parser->problem, "end of stream") != NULL &&
		parser->context != NULL)
		mark = &parser->context_mark;
	settings_errors_add(reading->errors, (unsigned int)mark->line + 1,
		(unsigned int)mark->column + 1, "%s", advice_for(reading, mark));
	return -EINVAL;
}

static int
next_event(struct reading *reading, yaml_event_t *ret_event)
{
	if (yaml_parser_parse(&reading->parser, ret_event) == 0)
		return complain_of_syntax(reading);
	return 0;
}

static void
complain(struct reading *reading, const yaml_event_t *event, const char *text)
{
	settings_errors_add(reading->errors, (unsigned int)event->start_mark.line + 1,
		(unsigned int)event->start_mark.column + 1, "%s", text);
}

static int
node_new(struct reading *reading, const yaml_event_t *event, enum tree_kind kind,
	struct tree_node **ret_node)
{
	struct tree_node *node;

	if (++reading->nodes > TREE_NODES_MOST) {
		complain(reading, event, "too many values: at most 20000 are read");
		return -EINVAL;
	}
	node = calloc(1, sizeof(*node));
	if (node == NULL)
		return -ENOMEM;
	node->kind = kind;
	node->line = (unsigned int)event->start_mark.line + 1;
	node->column = (unsigned int)event->start_mark.column + 1;
	*ret_node = node;
	return 0;
}

static int
node_add(struct tree_node *parent, struct tree_node *child)
{
	/* Room grows in powers of two: count is one of them when it is full. */
	if ((parent->count & (parent->count - 1)) == 0) {
		size_t room = parent->count == 0 ? 1 : parent->count * 2;
		struct tree_node **items =
			reallocarray(parent->items, room, sizeof(struct tree_node *));

		if (items == NULL) {
			tree_free(child);
			return -ENOMEM;
		}
		parent->items = items;
	}
	parent->items[parent->count++] = child;
	return 0;
}

static void
complain_of_extras(struct reading *reading, const yaml_event_t *event, const yaml_char_t *anchor,
	const yaml_char_t *tag)
{
	if (anchor != NULL)
		complain(reading, event,
			"anchors (&name) are not read here: write the value where it is needed");
	if (tag != NULL)
		complain(reading, event, "tags (!name) are not read here: leave it out");
}

static int read_node(struct reading *reading, const yaml_event_t *event, unsigned int depth,
	struct tree_node **ret_node);

/* Reads children until the event that ends their parent. */
static int
read_children(struct reading *reading, struct tree_node *parent, yaml_event_type_t end,
	unsigned int depth)
{
	for (;;) {
		struct tree_node *child = NULL;
		yaml_event_t event;
		bool over;
		int r;

		r = next_event(reading, &event);
		if (r < 0)
			return r;
		over = event.type == end;
		if (!over)
			r = read_node(reading, &event, depth + 1, &child);
		yaml_event_delete(&event);
		if (r < 0 || over)
			return r;
		r = node_add(parent, child);
		if (r < 0)
			return r;
	}
}

static int
read_group(struct reading *reading, const yaml_event_t *event, enum tree_kind kind,
	unsigned int depth, struct tree_node **ret_node)
{
	yaml_event_type_t end =
		kind == TREE_MAPPING ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
	struct tree_node *node = NULL;
	int r;

	if (depth >= TREE_DEPTH_MOST) {
		complain(reading, event, "too deep: no key stands under more than 8 others");
		return -EINVAL;
	}
	r = node_new(reading, event, kind, &node);
	if (r < 0)
		return r;
	r = read_children(reading, node, end, depth);
	if (r < 0) {
		tree_free(node);
		return r;
	}
	*ret_node = node;
	return 0;
}

static int
read_text(struct reading *reading, const yaml_event_t *event, struct tree_node **ret_node)
{
	const char *value = (const char *)event->data.scalar.value;
	struct tree_node *node = NULL;
	int r;

	r = node_new(reading, event, TREE_TEXT, &node);
	if (r < 0)
		return r;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	/* An escape such as "\0" gets past the check of the file's bytes. */
	if (memchr(value, '\0', event->data.scalar.length) != NULL) {
		complain(reading, event, "a NUL character (\\0) is not allowed");
		node->kind = TREE_BAD;
	}
	node->text = strdup(value);
	if (node->text == NULL) {
		tree_free(node);
		return -ENOMEM;
	}
	*ret_node = node;
	return 0;
}

static int
read_node(struct reading *reading, const yaml_event_t *event, unsigned int depth,
	struct tree_node **ret_node)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		complain_of_extras(
			reading, event, event->data.scalar.anchor, event->data.scalar.tag);
		return read_text(reading, event, ret_node);
	case YAML_MAPPING_START_EVENT:
		complain_of_extras(reading, event, event->data.mapping_start.anchor,
			event->data.mapping_start.tag);
		return read_group(reading, event, TREE_MAPPING, depth, ret_node);
	case YAML_SEQUENCE_START_EVENT:
		complain_of_extras(reading, event, event->data.sequence_start.anchor,
			event->data.sequence_start.tag);
		return read_group(reading, event, TREE_LIST, depth, ret_node);
	case YAML_ALIAS_EVENT:
		complain(reading, event,
			"aliases (*name) are not read here: write the value out, or put a text "
			"that begins "
			"with * in quotes");
		return node_new(reading, event, TREE_BAD, ret_node);
	default:
		complain(reading, event, "this is not YAML");
		return -EINVAL;
	}
}

/* STREAM-START DOCUMENT-START node DOCUMENT-END STREAM-END, and nothing else. */
static int
read_stream(struct reading *reading, struct tree_node **ret_root)
{
	struct tree_node *root = NULL;
	int r = 0;

	for (;;) {
		yaml_event_t event;
		bool over;

		r = next_event(reading, &event);
		if (r < 0)
			break;
		over = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_DOCUMENT_START_EVENT && root != NULL) {
			complain(reading, &event, "a second document (---): only one is read");
			r = -EINVAL;
		} else if (!over && event.type != YAML_STREAM_START_EVENT &&
			   event.type != YAML_DOCUMENT_START_EVENT &&
			   event.type != YAML_DOCUMENT_END_EVENT) {
			r = read_node(reading, &event, 0, &root);
		}
		yaml_event_delete(&event);
		if (r < 0 || over)
			break;
	}
	if (r < 0) {
		tree_free(root);
		return r;
	}
	*ret_root = root;
	return 0;
}

/* Length of the UTF-8 character at `at` and its number; 0 when it is none. */
static size_t
decode(const uint8_t *at, size_t left, uint32_t *ret_point)
{
	static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = at[0] < 0x80 ? 1 : (at[0] & 0xe0) == 0xc0 ? 2 : (at[0] & 0xf0) == 0xe0 ? 3 : 4;
	uint32_t point = at[0];

	if (len == 4 && (at[0] & 0xf8) != 0xf0)
		return 0;
	if (len > left)
		return 0;
	if (len > 1)
		point = at[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (at[i] & 0x3f);
	}
	if (point < smallest[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return len;
}

/* libyaml refuses these too, but without saying where. */
static bool
is_printable(uint32_t point)
{
	if (point < 0x20)
		return point == '\t' || point == '\n' || point == '\r';
	if (point >= 0x7f && point < 0xa0)
		return point == 0x85;
	return point != 0xfeff && point != 0xfffe && point != 0xffff;
}

static int
check_characters(struct reading *reading)
{
	unsigned int line = 1;
	unsigned int column = 1;
	size_t len;

	for (size_t at = 0; at < reading->len; at += len) {
		uint32_t point = 0;

		len = decode(reading->bytes + at, reading->len - at, &point);
		if (len == 0) {
			settings_errors_add(reading->errors, line, column,
				"byte 0x%02x is not UTF-8: save the file as UTF-8",
				reading->bytes[at]);
			return -EINVAL;
		}
		if (!is_printable(point)) {
			settings_errors_add(reading->errors, line, column,
				"%s (U+%04X) is not allowed",
				point == 0 ? "a NUL byte" : "a control character", point);
			return -EINVAL;
		}
		column++;
		if (point == '\n') {
			line++;
			column = 1;
		}
	}
	return 0;
}

int
tree_read(
	const void *bytes, size_t len, struct settings_errors *errors, struct tree_node **ret_root)
{
	struct reading reading = {.bytes = bytes, .len = len, .errors = errors};
	struct tree_node *root = NULL;
	int r;

	if (len > TREE_BYTES_MOST) {
		settings_errors_add(
			errors, 0, 0, "the file is larger than 1 MiB: this is no settings file");
		return -EINVAL;
	}
	if (len >= 3 && memcmp(reading.bytes, "\xef\xbb\xbf", 3) == 0) {
		reading.bytes += 3;
		reading.len -= 3;
	}
	r = check_characters(&reading);
	if (r < 0)
		return r;
	if (yaml_parser_initialize(&reading.parser) == 0)
		return -ENOMEM;
	yaml_parser_set_input_string(&reading.parser, reading.bytes, reading.len);
	r = read_stream(&reading, &root);
	yaml_parser_delete(&reading.parser);
	if (r < 0)
		return r;
	if (root == NULL) {
		settings_errors_add(
			errors, 1, 1, "the file says nothing: see sekisho-gateway.yaml(5)");
		return -EINVAL;
	}
	*ret_root = root;
	return 0;
}
