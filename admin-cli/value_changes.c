/* Before and after of a change, as people read them. */
#include "admin-cli/values.h"

#include "admin-cli/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As long as they are: an account may have many devices. */
static const char *
keep(char *text)
{
	static char *kept[4];
	static unsigned int next;
	char **place = &kept[next++ % 4];

	free(*place);
	*place = text;
	return text == NULL ? "" : text;
}

static void
put_value(FILE *out, const json_t *value)
{
	const json_t *item;
	size_t i;

	if (json_is_string(value))
		fputs(value_instant(json_string_value(value)), out);
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? _("yes") : _("no"), out);
	else if (json_is_array(value))
		json_array_foreach (value, i, item) {
			fputs(i > 0 ? "," : "", out);
			put_value(out, item);
		}
	else if (value != NULL && !json_is_null(value))
		(void)json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY);
}

static bool
is_empty(const json_t *value)
{
	return value == NULL || json_is_null(value) ||
	       (json_is_string(value) && json_string_length(value) == 0) ||
	       (json_is_array(value) && json_array_size(value) == 0);
}

static void
put_field(FILE *out, const char *key, const json_t *value)
{
	if (ftell(out) > 0)
		fputs("; ", out);
	fprintf(out, "%s: ", value_label(key));
	if (is_empty(value))
		putc('-', out);
	else
		put_value(out, value);
}

const char *
value_object(const json_t *object, const char *key)
{
	json_t *fields = json_object_get(object, key);
	const char *name;
	json_t *value;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return "";
	json_object_foreach (fields, name, value)
		put_field(out, name, value);
	(void)fclose(out);
	return keep(text);
}

/* "Connection hours: always → 08:30-17:30"; what was made or deleted has one side alone. */
const char *
value_changes(const json_t *row)
{
	json_t *before = json_object_get(row, "before");
	json_t *after = json_object_get(row, "after");
	json_t *fields = json_is_object(after) ? after : before;
	const char *name;
	json_t *value;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return "";
	json_object_foreach (fields, name, value) {
		if (!json_is_object(before) || !json_is_object(after)) {
			if (!is_empty(value))
				put_field(out, name, value);
			continue;
		}
		put_field(out, name, json_object_get(before, name));
		fputs(" → ", out);
		if (is_empty(value))
			putc('-', out);
		else
			put_value(out, value);
	}
	(void)fclose(out);
	return keep(text);
}
