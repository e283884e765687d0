/* Writing CSV; see writer.h. */
#include "policy/csv/writer.h"

#include "base/cleanup.h"

#include <string.h>

/* Behind blanks as well, which some programs cut off. Apostrophes count, too: otherwise a text that has one of its own
 * would lose it on the way back. */
static bool
looks_like_formula(const char *text)
{
	static const char *const starts[] = {"=", "+", "-", "@", "＝", "＋", "－", "＠"};

	text += strspn(text, "' \t\r\n");
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (strncmp(text, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

const char *
csv_plain(const char *cell)
{
	return cell[0] == '\'' && looks_like_formula(cell) ? cell + 1 : cell;
}

void
csv_writer_init(struct csv_writer *writer, char *bytes, size_t size)
{
	*writer = (struct csv_writer){.bytes = bytes, .size = size};
}

static void
put_bytes(struct csv_writer *writer, const char *bytes, size_t len)
{
	if (len > writer->size - writer->len) {
		writer->full = true;
		return;
	}
	memcpy(writer->bytes + writer->len, bytes, len);
	writer->len += len;
}

static bool
needs_quotes(const char *text)
{
	size_t len = strlen(text);

	/* Blanks at its ends are cut off by some programs unless the cell is quoted. */
	return strpbrk(text, ",\"\r\n\t") != NULL ||
	       (len > 0 && (text[0] == ' ' || text[len - 1] == ' '));
}

static void
put_quoted(struct csv_writer *writer, const char *text)
{
	for (;;) {
		size_t plain = strcspn(text, "\"");

		put_bytes(writer, text, plain);
		text += plain;
		if (text[0] == '\0')
			return;
		put_bytes(writer, "\"\"", 2);
		text++;
	}
}

void
csv_put(struct csv_writer *writer, const char *text)
{
	bool quotes;

	text = text == NULL ? "" : text;
	quotes = needs_quotes(text);
	if (writer->in_record)
		put_bytes(writer, ",", 1);
	writer->in_record = true;
	if (quotes)
		put_bytes(writer, "\"", 1);
	if (looks_like_formula(text))
		put_bytes(writer, "'", 1);
	put_quoted(writer, text);
	if (quotes)
		put_bytes(writer, "\"", 1);
}

void
csv_end_record(struct csv_writer *writer)
{
	put_bytes(writer, "\r\n", 2);
	writer->in_record = false;
}
