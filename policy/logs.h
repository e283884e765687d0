/* The four logs and what they can be filtered by; the rows of logs.def. Pure but for allocation. */
#ifndef POLICY_LOGS_H
#define POLICY_LOGS_H

#include "policy/accounts.h"
#include "policy/field_error.h"
#include "policy/terminals.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_name {
#define LOG(name, text, kind) LOG_##name,
#define COLUMN(log, heading, key, form, shown, filter)
#include "policy/logs.def"
#undef LOG
#undef COLUMN
	LOG_COUNT
};

/* "connections"; and back: LOG_COUNT for what is none. */
const char *log_name_text(enum log_name log);
enum log_name log_name_find(const char *text);

/* The event kind whose rows the log shows ("login"; "session" for the connection history, which has a table of its
 * own). LOG_COUNT for a kind that no log shows. */
const char *log_event_kind(enum log_name log);
enum log_name log_of_event_kind(const char *kind);

enum log_filter_kind {
	LOG_FILTER_PERIOD,
	LOG_FILTER_INDEX,
	LOG_FILTER_EXACT,
	LOG_FILTER_PART,
	LOG_FILTER_NUMBER,
	LOG_FILTER_SPAN,
	LOG_FILTER_NONE,
};

struct log_column {
	enum log_name log;
	const char *key;
	size_t key_len;
	enum log_filter_kind filter;
};

/* The columns of a log one after the other: NULL begins, NULL ends. */
const struct log_column *log_next_column(enum log_name log, const struct log_column *column);

#define LOG_WANTED_MOST 24
#define LOG_FIELD_VALUE_SIZE 512

struct log_wanted {
	const struct log_column *column;
	const char *text;
	const char *also;    /* as good as text; NULL: nothing else is */
	int64_t least, most; /* NUMBER; SPAN in us, without `most` itself */
};

/* Borrows its texts from the parameters that it was read from. */
struct log_filter {
	enum log_name log;
	int64_t from_us;  /* at or after; INT64_MIN: any */
	int64_t until_us; /* before; INT64_MAX: any */
	const char *search;
	struct log_wanted wanted[LOG_WANTED_MOST];
	size_t count;
	char account[ACCOUNT_ID_SIZE];
	char terminal[FACILITY_PREFIX_SIZE + TERMINAL_NAME_SIZE]; /* with the facility's prefix */
};

/* Reads from, until, search and every column's key. Returns 0, or -EINVAL with *ret_error. */
int log_filter_read(enum log_name log, const struct facility *facility, const json_t *params,
	struct log_filter *ret_filter, struct field_error *ret_error);

/* Whether an object names nothing but what a running log can be filtered by (no period), and all of it as texts: for
 * parameters that no row of control_methods.def has checked. NULL is fine. As above. */
int log_filter_check_names(enum log_name log, const json_t *params, struct field_error *ret_error);

/* A copy borrows from the same parameters. */
void log_filter_copy(const struct log_filter *filter, struct log_filter *ret_copy);

/* Whether a row passes all but the period. */
bool log_filter_matches(const struct log_filter *filter, const json_t *row);

/* The wanted column whose index leaves fewest rows to look at: the first in the order of logs.def, but one with only a few
 * words to choose from comes after all others. NULL: no index finds any of them. */
const struct log_wanted *log_filter_index(const struct log_filter *filter);

/* As indexes keep a value: ASCII in lower case. Longer values are cut. */
void log_field_value(const char *text, char ret_value[LOG_FIELD_VALUE_SIZE]);

/* The same of a text that has no end, without a NUL in it; returns how long it has become. */
size_t log_field_value_of(const char *text, size_t len, char ret_value[LOG_FIELD_VALUE_SIZE]);

#endif
