/* The four logs and what they can be filtered by; see logs.h. */
#include "policy/logs.h"

#include "base/cleanup.h"
#include "policy/civil.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *text;
	const char *kind;
} logs[LOG_COUNT] = {
#define LOG(name, text_, kind_) [LOG_##name] = {text_, kind_},
#define COLUMN(log, heading, key, form, shown, filter)
#include "policy/logs.def"
#undef LOG
#undef COLUMN
};

static const struct log_column columns[] = {
#define LOG(name, text, kind)
#define COLUMN(log_, heading, key_, form, shown, filter_) \
	{.log = LOG_##log_,                               \
		.key = key_,                              \
		.key_len = sizeof(key_) - 1,              \
		.filter = LOG_FILTER_##filter_},
#include "policy/logs.def"
#undef LOG
#undef COLUMN
};

const char *
log_name_text(enum log_name log)
{
	return logs[log].text;
}

enum log_name
log_name_find(const char *text)
{
	int log = 0;

	while (log < LOG_COUNT && strcmp(logs[log].text, text) != 0)
		log++;
	return (enum log_name)log;
}

const char *
log_event_kind(enum log_name log)
{
	return logs[log].kind;
}

enum log_name
log_of_event_kind(const char *kind)
{
	int log = 0;

	if (strncmp(kind, "session.", 8) == 0)
		return strcmp(kind, "session.refused") == 0 ? LOG_COUNT : LOG_CONNECTIONS;
	while (log < LOG_COUNT && strcmp(logs[log].kind, kind) != 0)
		log++;
	return (enum log_name)log;
}

const struct log_column *
log_next_column(enum log_name log, const struct log_column *column)
{
	const struct log_column *end = columns + ARRAY_SIZE(columns);

	if (column != NULL)
		return column + 1 < end && column[1].log == log ? column + 1 : NULL;
	for (column = columns; column < end; column++)
		if (column->log == log)
			return column;
	return NULL;
}

static int
read_instant(const json_t *params, const char *name, int64_t *ret_us, struct field_error *error)
{
	const char *text = json_string_value(json_object_get(params, name));

	if (text == NULL || instant_parse(text, ret_us) == 0)
		return 0;
	return field_error_set(
		error, name, text, "an instant as RFC 3339 writes it", "2026-11-20T08:30:00Z");
}

/* "7", "7-", "-7" or "7-9". */
static bool
parse_range(const char *text, int64_t *ret_least, int64_t *ret_most)
{
	uint64_t number;
	int used = 0;

	*ret_least = 0;
	*ret_most = INT64_MAX;
	if (text[0] != '-') {
		if (text[0] < '0' || text[0] > '9' ||
			sscanf(text, "%18" SCNu64 "%n", &number, &used) != 1)
			return false;
		*ret_least = (int64_t)number;
		text += used;
		if (text[0] == '\0')
			*ret_most = *ret_least;
	}
	if (text[0] == '\0')
		return true;
	if (text[0] != '-' || strspn(text + 1, "0123456789") != strlen(text + 1) ||
		strlen(text + 1) > 18)
		return false;
	if (text[1] == '\0')
		return used > 0;
	if (sscanf(text + 1, "%18" SCNu64, &number) != 1)
		return false;
	*ret_most = (int64_t)number;
	return *ret_least <= *ret_most;
}

/* "2026-11-20T08:30:00Z/2026-11-21T08:30:00Z" */
static bool
parse_span(const char *text, struct log_wanted *wanted)
{
	const char *slash = strchr(text, '/');
	char from[40];

	if (slash == NULL || (size_t)(slash - text) >= sizeof(from))
		return false;
	memcpy(from, text, (size_t)(slash - text));
	from[slash - text] = '\0';
	return instant_parse(from, &wanted->least) == 0 &&
	       instant_parse(slash + 1, &wanted->most) == 0 && wanted->least < wanted->most;
}

/* An empty variable of a script must not read as: nobody was there. */
static int
refuse_empty(const char *name, struct field_error *error)
{
	return field_error_set(error, name, "", N_("not empty: leave it out to see all"), "sato");
}

/* The columns that hold one of a few words: another one must not read as: there was none. */
static const struct log_words {
	enum log_name log;
	const char *key;
	const char *words;
	const char *rule;
	const char *example;
} worded[] = {
	{LOG_CONNECTIONS, "state", "active ended killed lost",
		N_("one of active, ended, killed, lost"), "killed"},
	{LOG_CONNECTIONS, "evidence", "none neighbour lease vpn vouched device-certificate",
		N_("one of none, neighbour, lease, vpn, vouched, device-certificate"), "lease"},
	{LOG_CONNECTIONS, "allowlist", "enforced off", N_("one of enforced, off"), "off"},
	{LOG_TRANSFERS, "direction", "in out", N_("one of in, out"), "out"},
	{LOG_TRANSFERS, "way", "clipboard drive", N_("one of clipboard, drive"), "drive"},
	{LOG_LOGINS, "application", "RDP portal admin", N_("one of RDP, portal, admin"), "RDP"},
	{LOG_LOGINS, "result", "accepted refused", N_("one of accepted, refused"), "refused"},
};

static const struct log_words *
words_of(const struct log_column *column)
{
	for (size_t i = 0; i < ARRAY_SIZE(worded); i++)
		if (worded[i].log == column->log && strcmp(worded[i].key, column->key) == 0)
			return &worded[i];
	return NULL;
}

static int
check_word(const struct log_column *column, const char *text, struct field_error *error)
{
	const struct log_words *allowed = words_of(column);
	size_t len;

	if (allowed == NULL)
		return 0;
	for (const char *word = allowed->words; word[0] != '\0';
		word += len + strspn(word + len, " ")) {
		len = strcspn(word, " ");
		if (len == strlen(text) && strncasecmp(word, text, len) == 0)
			return 0;
	}
	return field_error_set(error, column->key, text, allowed->rule, allowed->example);
}

static int
read_wanted(const struct log_column *column, const char *text, struct log_wanted *wanted,
	struct field_error *error)
{
	*wanted = (struct log_wanted){.column = column, .text = text};
	if (text[0] == '\0')
		return refuse_empty(column->key, error);
	if (column->filter == LOG_FILTER_NUMBER &&
		!parse_range(text, &wanted->least, &wanted->most))
		return field_error_set(
			error, column->key, text, "a number, or a range of numbers", "3600-7200");
	if (column->filter == LOG_FILTER_SPAN && !parse_span(text, wanted))
		return field_error_set(error, column->key, text,
			"two instants with a slash between",
			"2026-11-20T00:00:00Z/2026-11-21T00:00:00Z");
	return check_word(column, text, error);
}

/* The full form, or the typed part; what the operating system's users are called stays as it is. */
static int
read_account(const struct facility *facility, struct log_filter *filter, struct log_wanted *wanted,
	struct field_error *error)
{
	if (strncmp(wanted->text, "unix:", 5) == 0)
		return 0;
	if (account_id_parse(facility, wanted->text, filter->account, error) < 0) {
		error->field = "account"; /* as it was asked for */
		return -EINVAL;
	}
	wanted->text = filter->account;
	return 0;
}

/* With the facility's prefix and, unless it has one already, without it. */
static void
read_terminal(const struct facility *facility, struct log_filter *filter, struct log_wanted *wanted)
{
	if (facility->prefix[0] == '\0' || terminal_name_has_prefix(wanted->text) ||
		strlen(wanted->text) >= TERMINAL_NAME_SIZE)
		return;
	snprintf(
		filter->terminal, sizeof(filter->terminal), "%s%s", facility->prefix, wanted->text);
	wanted->also = filter->terminal;
}

static int
read_wanteds(const struct facility *facility, const json_t *params, struct log_filter *filter,
	struct field_error *error)
{
	const struct log_column *column = NULL;
	int r = 0;

	while (r == 0 && (column = log_next_column(filter->log, column)) != NULL) {
		const char *text = json_string_value(json_object_get(params, column->key));
		struct log_wanted *wanted = &filter->wanted[filter->count];

		if (text == NULL || column->filter == LOG_FILTER_PERIOD ||
			column->filter == LOG_FILTER_NONE)
			continue;
		r = read_wanted(column, text, wanted, error);
		if (r == 0 && strcmp(column->key, "account") == 0)
			r = read_account(facility, filter, wanted, error);
		if (r == 0 && strcmp(column->key, "terminal") == 0)
			read_terminal(facility, filter, wanted);
		filter->count++;
	}
	return r;
}

int
log_filter_read(enum log_name log, const struct facility *facility, const json_t *params,
	struct log_filter *ret_filter, struct field_error *ret_error)
{
	int r;

	*ret_filter = (struct log_filter){
		.log = log,
		.from_us = INT64_MIN,
		.until_us = INT64_MAX,
		.search = json_string_value(json_object_get(params, "search")),
	};
	r = read_instant(params, "from", &ret_filter->from_us, ret_error);
	if (r == 0)
		r = read_instant(params, "until", &ret_filter->until_us, ret_error);
	if (r == 0 && ret_filter->from_us >= ret_filter->until_us)
		r = field_error_set(ret_error, "until",
			json_string_value(json_object_get(params, "until")),
			N_("an instant after that of `from`"), "2026-11-20T08:30:00Z");
	if (r == 0 && ret_filter->search != NULL && ret_filter->search[0] == '\0')
		r = refuse_empty("search", ret_error);
	if (r == 0)
		r = read_wanteds(facility, params, ret_filter, ret_error);
	return r;
}

static bool
is_filter(enum log_name log, const char *name)
{
	const struct log_column *column = NULL;

	while ((column = log_next_column(log, column)) != NULL)
		if (strcmp(column->key, name) == 0)
			return column->filter != LOG_FILTER_PERIOD &&
			       column->filter != LOG_FILTER_NONE;
	return strcmp(name, "search") == 0;
}

int
log_filter_check_names(enum log_name log, const json_t *params, struct field_error *ret_error)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)params, name, value) {
		if (!is_filter(log, name))
			return field_error_set(ret_error, "filters", name,
				N_("search, or the name of a column of this log"), "account");
		if (!json_is_string(value))
			return field_error_set(
				ret_error, "filters", name, N_("a string for each"), "taro");
	}
	return 0;
}

void
log_filter_copy(const struct log_filter *filter, struct log_filter *ret_copy)
{
	*ret_copy = *filter;
	for (size_t i = 0; i < filter->count; i++) {
		if (filter->wanted[i].text == filter->account)
			ret_copy->wanted[i].text = ret_copy->account;
		if (filter->wanted[i].also == filter->terminal)
			ret_copy->wanted[i].also = ret_copy->terminal;
	}
}

/* Texts as they are, everything else as JSON writes it. */
static bool
value_contains(const json_t *value, const char *wanted)
{
	const char *text = json_string_value(value);
	bool found;
	char *dump;

	if (text != NULL)
		return strcasestr(text, wanted) != NULL;
	if (value == NULL || json_is_null(value))
		return false;
	dump = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	found = dump != NULL && strcasestr(dump, wanted) != NULL;
	free(dump);
	return found;
}

static bool
value_matches(const json_t *value, const struct log_wanted *wanted)
{
	const char *text = json_string_value(value);
	int64_t at;

	switch (wanted->column->filter) {
	case LOG_FILTER_INDEX:
	case LOG_FILTER_EXACT:
		return text != NULL &&
		       (strcasecmp(text, wanted->text) == 0 ||
			       (wanted->also != NULL && strcasecmp(text, wanted->also) == 0));
	case LOG_FILTER_PART:
		return value_contains(value, wanted->text);
	case LOG_FILTER_NUMBER:
		return json_is_integer(value) && json_integer_value(value) >= wanted->least &&
		       json_integer_value(value) <= wanted->most;
	case LOG_FILTER_SPAN:
		return text != NULL && instant_parse(text, &at) == 0 && at >= wanted->least &&
		       at < wanted->most;
	default:
		return false;
	}
}

static bool
row_contains(const struct log_filter *filter, const json_t *row)
{
	const struct log_column *column = NULL;

	while ((column = log_next_column(filter->log, column)) != NULL)
		if (value_contains(json_object_get(row, column->key), filter->search))
			return true;
	return false;
}

bool
log_filter_matches(const struct log_filter *filter, const json_t *row)
{
	for (size_t i = 0; i < filter->count; i++) {
		const struct log_wanted *wanted = &filter->wanted[i];

		if (!value_matches(json_object_get(row, wanted->column->key), wanted))
			return false;
	}
	return filter->search == NULL || row_contains(filter, row);
}

const struct log_wanted *
log_filter_index(const struct log_filter *filter)
{
	const struct log_wanted *found = NULL;

	for (size_t i = 0; i < filter->count; i++) {
		const struct log_wanted *wanted = &filter->wanted[i];

		if (wanted->column->filter != LOG_FILTER_INDEX)
			continue;
		if (words_of(wanted->column) == NULL)
			return wanted;
		if (found == NULL)
			found = wanted;
	}
	return found;
}

void
log_field_value(const char *text, char ret_value[LOG_FIELD_VALUE_SIZE])
{
	log_field_value_of(text, strlen(text), ret_value);
}

size_t
log_field_value_of(const char *text, size_t len, char ret_value[LOG_FIELD_VALUE_SIZE])
{
	if (len >= LOG_FIELD_VALUE_SIZE)
		len = LOG_FIELD_VALUE_SIZE - 1;
	for (size_t i = 0; i < len; i++)
		ret_value[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
	ret_value[len] = '\0';
	return len;
}
