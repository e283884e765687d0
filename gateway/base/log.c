/* One event, one id, one line on standard error; see log.h. */
#include "base/log.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf_8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_SIZE 2048
#define QUOTE_MAX 128

static const struct event_row rows[EVENT_COUNT] = {
#define EVENT(name_, id_, level_, text_, meaning_) \
	[name_] = {.name = #name_,                 \
		.id = id_,                         \
		.level = LOG_##level_,             \
		.text = text_,                     \
		.meaning = meaning_},
#include "base/events.def"
#undef EVENT
};

static const struct {
	const char *text;
	const char *meaning;
} rows_ja[EVENT_COUNT] = {
#define EVENT_JA(name_, text_, meaning_) [name_] = {text_, meaning_},
#include "base/events.ja.def"
#undef EVENT_JA
};

static const char *process_name = "sekisho";
static bool journal_reads_levels;
static bool lines_are_json;

const struct event_row *
event_row(enum event event)
{
	static __thread struct event_row row;

	row = rows[event];
	row.text_ja = rows_ja[event].text;
	row.meaning_ja = rows_ja[event].meaning;
	return &row;
}

const struct event_row *
event_row_of_text(const char *text, size_t len)
{
	for (int i = 0; i < EVENT_COUNT; i++) {
		if (strlen(rows[i].text) == len && strncmp(rows[i].text, text, len) == 0)
			return event_row((enum event)i);
	}
	return NULL;
}

void
log_init(const char *name)
{
	process_name = name;
	journal_reads_levels = getenv("JOURNAL_STREAM") != NULL;
}

void
log_as_json(void)
{
	lines_are_json = true;
}

static size_t
put_json_text(char *out, const char *text, size_t len)
{
	size_t used = 0;

	out[used++] = '"';
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			out[used++] = '\\';
		/* Control bytes have been taken out of whatever comes from outside; ours has none. */
		if ((unsigned char)text[i] >= ' ')
			out[used++] = text[i];
	}
	out[used++] = '"';
	return used;
}

/* "SK1001 sekisho-gateway[812] what happened and='details'" as an object. Returns its length. */
static size_t
make_json(int level, const char *line, size_t len, char out[2 * LINE_SIZE + 200])
{
	char id[8] = "", program[64] = "", at[CLOCK_TEXT_SIZE];
	int pid = 0, begins = 0;
	size_t used;

	(void)sscanf(line, "%7s %63[^[][%d] %n", id, program, &pid, &begins);
	clock_format_utc(clock_now(), at);
	used = (size_t)snprintf(out, 400,
		"{\"time\":\"%s\",\"id\":\"%s\",\"level\":%d,\"program\":\"%s\",\"pid\":%d,"
		"\"text\":",
		at, id, level, program, pid);
	used += put_json_text(out + used, line + begins, len - (size_t)begins);
	out[used++] = '}';
	return used;
}

/* One write a line: lines of several processes do not mix. `line` has room for the newline. */
static void
write_line(int level, char *line, size_t len)
{
	char object[2 * LINE_SIZE + 200], leveled[2 * LINE_SIZE + 208];
	int total;

	if (lines_are_json) {
		line[len] = '\0';
		len = make_json(level, line, len, object);
		line = object;
	}
	line[len++] = '\n';
	if (!journal_reads_levels) {
		(void)!write(STDERR_FILENO, line, len);
		return;
	}
	total = snprintf(leveled, sizeof(leveled), "<%d>%.*s", level, (int)len, line);
	(void)!write(STDERR_FILENO, leveled, (size_t)total);
}

void
log_event(enum event event, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;
	int len = snprintf(line, sizeof(line), "%s %s[%d] %s ", rows[event].id, process_name,
		(int)getpid(), rows[event].text);

	va_start(arguments, format);
	len += vsnprintf(line + len, sizeof(line) - (size_t)len, format, arguments);
	va_end(arguments);
	if (len > (int)sizeof(line) - 2)
		len = (int)sizeof(line) - 2;
	write_line(rows[event].level, line, (size_t)len);
}

/* The length of the character at the start, 0 if there is none that may stand in a line: what makes a terminal begin one
 * or turns the direction of writing may not. */
static size_t
printable(const char *at, size_t left)
{
	uint32_t c = 0;
	size_t len = utf_8_read(at, left, &c);
	bool control = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e ||
		       c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);

	return control ? 0 : len;
}

/* Copies no more than `most` bytes, with '?' for what could forge a line. What would end quoted text stands behind a backslash,
 * and so does a backslash. *ret_left: how much did not fit. */
static size_t
clean(char *out, size_t most, const void *bytes, size_t len, bool is_quoted, size_t *ret_left)
{
	const char *at = bytes;
	size_t used = 0;

	while (len > 0) {
		size_t step = printable(at, len);
		size_t escape = is_quoted && (*at == '\'' || *at == '\\') ? 1 : 0;

		if (used + escape + (step > 0 ? step : 1) > most)
			break;
		if (escape > 0)
			out[used++] = '\\';
		if (step == 0) {
			out[used++] = '?';
			step = 1;
		} else {
			memcpy(out + used, at, step);
			used += step;
		}
		at += step;
		len -= step;
	}
	*ret_left = len;
	return used;
}

static const char *
clean_in_turn(const void *bytes, size_t len, bool is_quoted)
{
	static __thread char buffers[8][QUOTE_MAX + 1];
	static __thread unsigned turn;
	char *out = buffers[turn++ % 8];
	size_t left;

	out[clean(out, QUOTE_MAX, bytes, len, is_quoted, &left)] = '\0';
	return out;
}

const char *
log_quote_bytes(const void *bytes, size_t len)
{
	return clean_in_turn(bytes, len, true);
}

const char *
log_clean(const char *text)
{
	return clean_in_turn(text, strnlen(text, QUOTE_MAX + 1), false);
}

const char *
log_quote_long(char *ret_text, size_t size, const char *text)
{
	static const char dots[] = "\xe2\x80\xa6";
	size_t left, used = clean(ret_text, size - sizeof(dots), text, strlen(text), true, &left);

	strcpy(ret_text + used, left > 0 ? dots : "");
	return ret_text;
}

const char *
log_quote(const char *text)
{
	return text == NULL ? "-" : log_quote_bytes(text, strnlen(text, QUOTE_MAX + 1));
}

/* The event that a line of this child begins as, or NULL. *ret_len is where its text goes on. */
static const struct event_row *
event_of_child(const char *program, int pid, const char *line, size_t len, size_t *ret_len)
{
	char begin[LINE_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t most = (size_t)snprintf(begin, sizeof(begin), "%s %s[%d] %s ", rows[i].id,
			program, pid, rows[i].text);

		if (len >= most && memcmp(line, begin, most) == 0) {
			*ret_len = most;
			return &rows[i];
		}
	}
	return NULL;
}

void
log_line_of_child(const char *program, int pid, const char *line, size_t len)
{
	char out[LINE_SIZE];
	size_t known = 0, used, left;
	const struct event_row *row = event_of_child(program, pid, line, len, &known);

	if (row == NULL)
		row = &rows[EV_CHILD_WROTE];
	used = (size_t)snprintf(
		out, sizeof(out), "%s %s[%d] %s ", row->id, program, pid, row->text);
	used += clean(out + used, sizeof(out) - 1 - used, line + known, len - known, false, &left);
	write_line(row->level, out, used);
}
