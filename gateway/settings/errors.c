/* The mistakes of a settings file: collected, sorted, printed together. */
#include "settings/errors.h"

#include "base/utf_8.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void
add(struct settings_errors *errors, bool warning, unsigned int line, unsigned int column,
	const char *format, va_list arguments)
{
	struct settings_error *items;
	char *text = NULL;

	if (!warning)
		errors->mistakes++;
	if (errors->count >= SETTINGS_ERRORS_MOST)
		return;
	items = reallocarray(errors->items, errors->count + 1, sizeof(*items));
	if (items == NULL)
		return;
	errors->items = items;
	if (vasprintf(&text, format, arguments) < 0)
		return;
	items[errors->count++] = (struct settings_error){
		.line = line, .column = column, .warning = warning, .text = text};
}

void
settings_errors_add(struct settings_errors *errors, unsigned int line, unsigned int column,
	const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(errors, false, line, column, format, arguments);
	va_end(arguments);
}

void
settings_errors_warn(struct settings_errors *errors, unsigned int line, unsigned int column,
	const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(errors, true, line, column, format, arguments);
	va_end(arguments);
}

static bool
stands_before(const struct settings_error *one, const struct settings_error *other)
{
	if (one->line != other->line)
		return one->line < other->line;
	return one->column < other->column;
}

void
settings_errors_sort(struct settings_errors *errors)
{
	/* At most SETTINGS_ERRORS_MOST, and qsort(3) would not keep the order of equals. */
	for (size_t i = 1; i < errors->count; i++) {
		struct settings_error moved = errors->items[i];
		size_t j = i;

		for (; j > 0 && stands_before(&moved, &errors->items[j - 1]); j--)
			errors->items[j] = errors->items[j - 1];
		errors->items[j] = moved;
	}
}

const char *
settings_shown(const char *text)
{
	static _Thread_local char buffers[4][80];
	static _Thread_local unsigned int next;
	char *buffer = buffers[next++ % 4];
	size_t len = strlen(text);
	size_t used = 0;

	if (len > 60) {
		len = 60;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	for (size_t at = 0, step; at < len; at += step) {
		uint32_t character;

		step = utf_8_read(text + at, len - at, &character);
		if (step == 0 || utf_8_is_unprintable(character)) {
			step = step == 0 ? 1 : step;
			buffer[used++] = '?';
			continue;
		}
		memcpy(buffer + used, text + at, step);
		used += step;
	}
	strcpy(buffer + used, text[len] == '\0' ? "" : "…");
	return buffer;
}

void
settings_print_errors(const struct settings_errors *errors, FILE *out)
{
	const char *file = errors->file != NULL ? errors->file : "settings";

	for (size_t i = 0; i < errors->count; i++) {
		const struct settings_error *error = &errors->items[i];
		const char *mark = error->warning ? "warning: " : "";

		if (error->line == 0)
			fprintf(out, "%s: %s%s\n", file, mark, error->text);
		else
			fprintf(out, "%s:%u:%u: %s%s\n", file, error->line, error->column, mark,
				error->text);
	}
	if (errors->count == SETTINGS_ERRORS_MOST)
		fprintf(out, "%s: there may be more; mend these first\n", file);
}

void
settings_errors_done(struct settings_errors *errors)
{
	if (errors == NULL)
		return;
	for (size_t i = 0; i < errors->count; i++)
		free(errors->items[i].text);
	free(errors->items);
	free(errors->file);
	*errors = (struct settings_errors){0};
}
