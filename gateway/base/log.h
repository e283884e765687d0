/* One event, one id, one line on standard error. Libraries return, processes log.
 *
 *	log_event(EV_LISTENING, "listener='%s'", log_quote(name));
 *
 * gives, with the syslog level in front where the journal reads it (sd-daemon(3)),
 *
 *	SK1001 sekisho-gateway[812] the gateway is ready listener='outside'
 *
 * Text that came from outside goes through log_quote. No secret is ever logged.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>

enum event {
#define EVENT(name, id, level, text, meaning) name,
#include "base/events.def"
#undef EVENT
	EVENT_COUNT
};

struct event_row {
	const char *name;
	const char *id;      /* "SK1001" */
	int level;           /* LOG_ERR … LOG_INFO of syslog(3) */
	const char *text;    /* what happened */
	const char *meaning; /* what it means and what to do */
	const char *text_ja;
	const char *meaning_ja;
};

/* The row of an event; never NULL for a valid one. */
const struct event_row *event_row(enum event event);

/* The event whose English text is the first `len` bytes; NULL if none is. */
const struct event_row *event_row_of_text(const char *text, size_t len);

/* Names the process in every line. `name` is kept, not copied. */
void log_init(const char *name);

/* From now on every line is an object: {"time", "id", "level", "program", "pid", "text"}. */
void log_as_json(void);

void log_event(enum event event, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes a line that a child of ours has written. What one of ours logs comes out as it is, with the level that
 * its event has here; all else as EV_CHILD_WROTE. Process and number are what the caller says, so
 * that no line of a child looks like another's or like ours. Control bytes become '?'. */
void log_line_of_child(const char *program, int pid, const char *line, size_t len);

/* Makes text from outside fit for a line, between single quotes: control bytes and invalid UTF-8 become '?', a single quote
 * becomes \' and a backslash \\, at most 128 bytes are kept. The result lives in one of eight buffers of the calling
 * thread, used in turn: use it in the same statement. NULL gives "-". */
const char *log_quote(const char *text);
const char *log_quote_bytes(const void *bytes, size_t len);

/* The same for what is kept elsewhere, and gets its quotes there: nothing stands behind a backslash. */
const char *log_clean(const char *text);

/* As log_quote for sentences, as many bytes as there is room for: what is cut ends in dots. Returns ret_text. */
const char *log_quote_long(char *ret_text, size_t size, const char *text);

#endif
