/* Reading CSV; see reader.h. The bytes come from a file that somebody was given by somebody. */
#include "policy/csv/reader.h"

#include "base/sentence.h"

#include <assert.h>

void
csv_reader_init(struct csv_reader *reader)
{
	reader->state = CSV_AT_CELL;
	reader->line = 1;
	reader->record_line = 1;
	reader->quote_line = 0;
	reader->count = 0;
	reader->len = 0;
	reader->quoted = false;
	reader->why = NULL;
	reader->starts[0] = 0;
}

static bool
fail(struct csv_reader *reader, const char *why)
{
	reader->state = CSV_FAILED;
	reader->why = why;
	return false;
}

/* A bound that is met within quotes: most likely they were never closed, so the place is where they begin. */
static bool
fail_bound(struct csv_reader *reader, const char *why, const char *why_in_quotes)
{
	if (reader->state != CSV_IN_QUOTES)
		return fail(reader, why);
	reader->line = reader->quote_line;
	return fail(reader, why_in_quotes);
}

/* One byte of every cell is kept for its end. */
static bool
put(struct csv_reader *reader, char c)
{
	if (reader->len + 2 > sizeof(reader->bytes))
		return fail_bound(reader, N_("the row is longer than 384 KB"),
			N_("the row is longer than 384 KB; is a quote that is opened here never "
			   "closed?"));
	if (reader->len - reader->starts[reader->count] >= CSV_CELL_MAX)
		return fail_bound(reader, N_("the cell is longer than 256 KB"),
			N_("the cell is longer than 256 KB; is a quote that is opened here never "
			   "closed?"));
	reader->bytes[reader->len++] = c;
	return true;
}

static bool
end_cell(struct csv_reader *reader)
{
	if (reader->count == CSV_COLUMNS_MAX)
		return fail(reader, N_("the row has more than 64 cells"));
	if (reader->len + 1 > sizeof(reader->bytes))
		return fail(reader, N_("the row is longer than 384 KB"));
	reader->bytes[reader->len++] = '\0';
	reader->starts[++reader->count] = reader->len;
	reader->state = CSV_AT_CELL;
	return true;
}

static void
begin_record(struct csv_reader *reader)
{
	reader->state = CSV_AT_CELL;
	reader->record_line = reader->line;
	reader->count = 0;
	reader->len = 0;
	reader->quoted = false;
	reader->starts[0] = 0;
}

/* The line's end, outside of quotes; the newline has been counted. */
static bool
end_record(struct csv_reader *reader)
{
	if (reader->count == 0 && reader->len == 0 && !reader->quoted) {
		begin_record(reader);
		return true;
	}
	if (!end_cell(reader))
		return false;
	reader->state = CSV_COMPLETE;
	return true;
}

static bool
end_line(struct csv_reader *reader)
{
	reader->line++;
	return end_record(reader);
}

/* What may stand nowhere, not even in quotes. */
static bool
check_byte(struct csv_reader *reader, unsigned char c)
{
	if (c == '\0')
		return fail(reader, N_("a NUL byte: this is no text"));
	if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
		return fail(reader, N_("a control character: this is no text"));
	return true;
}

static bool
outside_of_quotes(struct csv_reader *reader, char c)
{
	switch (c) {
	case ',':
		return end_cell(reader);
	case '\n':
		return end_line(reader);
	case '\r':
		reader->state = CSV_AFTER_CR;
		return true;
	default:
		break;
	}
	if (reader->state == CSV_AFTER_QUOTE)
		return fail(reader, N_("text after the closing quote of a cell"));
	if (c == '"')
		return fail(reader, N_("a quote within a cell: put quotes around the whole cell, "
				       "and double it"));
	reader->state = CSV_IN_PLAIN;
	return put(reader, c);
}

static bool
inside_of_quotes(struct csv_reader *reader, char c)
{
	if (c == '"') {
		reader->state = CSV_AFTER_QUOTE;
		return true;
	}
	if (!put(reader, c))
		return false;
	reader->line += c == '\n';
	return true;
}

static bool
step(struct csv_reader *reader, char c)
{
	if (!check_byte(reader, (unsigned char)c))
		return false;
	switch (reader->state) {
	case CSV_AT_CELL:
		if (c != '"')
			return outside_of_quotes(reader, c);
		reader->quoted = true;
		reader->quote_line = reader->line;
		reader->state = CSV_IN_QUOTES;
		return true;
	case CSV_IN_QUOTES:
		return inside_of_quotes(reader, c);
	case CSV_AFTER_QUOTE:
		if (c != '"')
			return outside_of_quotes(reader, c);
		reader->state = CSV_IN_QUOTES;
		return put(reader, c);
	case CSV_AFTER_CR:
		return c == '\n' ? end_line(reader)
				 : fail(reader, N_("a line that ends with CR alone: save it with "
						   "CRLF or LF"));
	default:
		assert(reader->state == CSV_IN_PLAIN);
		return outside_of_quotes(reader, c);
	}
}

enum csv_step
csv_reader_feed(struct csv_reader *reader, const char *bytes, size_t len, size_t *ret_used)
{
	*ret_used = 0;
	if (reader->state == CSV_COMPLETE)
		begin_record(reader);
	for (size_t i = 0; i < len && reader->state != CSV_FAILED; i++) {
		(void)step(reader, bytes[i]);
		*ret_used = i + 1;
		if (reader->state == CSV_COMPLETE)
			return CSV_RECORD;
	}
	return reader->state == CSV_FAILED ? CSV_BAD : CSV_MORE;
}

enum csv_step
csv_reader_end(struct csv_reader *reader)
{
	if (reader->state == CSV_FAILED)
		return CSV_BAD;
	if (reader->state == CSV_COMPLETE)
		return CSV_MORE;
	if (reader->state == CSV_IN_QUOTES) {
		reader->line = reader->quote_line;
		(void)fail(reader, N_("a quote that is opened here is never closed"));
		return CSV_BAD;
	}
	(void)end_record(reader);
	if (reader->state == CSV_FAILED)
		return CSV_BAD;
	return reader->state == CSV_COMPLETE ? CSV_RECORD : CSV_MORE;
}

const char *
csv_cell(const struct csv_reader *reader, size_t column, size_t *ret_len)
{
	assert(reader->state == CSV_COMPLETE);
	if (column >= reader->count) {
		if (ret_len != NULL)
			*ret_len = 0;
		return "";
	}
	if (ret_len != NULL)
		*ret_len = reader->starts[column + 1] - reader->starts[column] - 1;
	return reader->bytes + reader->starts[column];
}
