/* Values of the gateway's JSON, as people read them. */
#include "admin-cli/values.h"

#include "admin-cli/text.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "relay/close_reasons.h"
#include "relay/phases.h"

#include <string.h>
#include <time.h>

#define BUFFER_SIZE 2048

static char *
next_buffer(void)
{
	static char buffers[16][BUFFER_SIZE];
	static unsigned int next;
	char *buffer = buffers[next++ % 16];

	buffer[0] = '\0';
	return buffer;
}

static const struct {
	const char *key;
	const char *label;
} labels[] = {
#define LABEL(key, text) {#key, text},
#define WORD(text)
#define PHASE_WORD(name, text)
#include "admin-cli/values.def"
#undef LABEL
#undef WORD
#undef PHASE_WORD
};

static const char *const words[] = {
#define LABEL(key, text)
#define WORD(text) text,
#define PHASE_WORD(name, text)
#include "admin-cli/values.def"
#undef LABEL
#undef WORD
#undef PHASE_WORD
};

static const char *const phase_words[PHASE_COUNT] = {
#define LABEL(key, text)
#define WORD(text)
#define PHASE_WORD(name, text) [PHASE_##name] = text,
#include "admin-cli/values.def"
#undef LABEL
#undef WORD
#undef PHASE_WORD
};

const char *
value_label(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		if (strcmp(labels[i].key, key) == 0)
			return _(labels[i].label);
	}
	return key;
}

const char *
value_word_shown(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], word) == 0)
			return _(words[i]);
	}
	return word;
}

/* Some words mean two things that share a word in English alone: `with_context` comes from NC_. */
static const char *
word_in_context(const char *with_context)
{
	const char *shown = text_translate(with_context);

	/* Untranslated, it comes back with the context before it. */
	return strchr(shown, '\004') != NULL ? strchr(shown, '\004') + 1 : shown;
}

/* A reason is the name of a row of close_reasons.def, which has a text in each language. */
static const char *
reason_shown(const char *name)
{
	for (uint32_t i = 1; i < CLOSE_REASON_COUNT; i++) {
		const struct close_reason_row *row = close_reason_row(i);
		const struct event_row *event = event_row(row->event);

		if (strcmp(row->name, name) == 0 || strcmp(event->text, name) == 0)
			return text_speaks_japanese() ? event->text_ja : event->text;
	}
	return value_word_shown(name);
}

/* A phase is the name of a row of phases.def; a newer gateway may have others. */
static const char *
phase_shown(const char *name)
{
	for (uint32_t i = 0; i < PHASE_COUNT; i++)
		if (strcmp(phase_row(i)->name, name) == 0)
			return _(phase_words[i]);
	return name;
}

static const char *
plain(const json_t *value)
{
	char *buffer;

	if (json_is_string(value))
		return json_string_value(value);
	if (!json_is_number(value))
		return "";
	buffer = next_buffer();
	snprintf(buffer, BUFFER_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return buffer;
}

const char *
value_text(const json_t *object, const char *key)
{
	return plain(json_object_get(object, key));
}

const char *
value_word(const json_t *object, const char *key)
{
	const char *word = value_text(object, key);

	if (strcmp(key, "reason") == 0)
		return reason_shown(word);
	/* In a narrow column, where an answer of the gateway says it in a sentence. */
	if (strcmp(key, "result") == 0 && strcmp(word, "refused") == 0)
		return word_in_context(NC_("login", "refused"));
	return strcmp(key, "phase") == 0 ? phase_shown(word) : value_word_shown(word);
}

const char *
value_session_state(const json_t *object)
{
	const char *state = value_text(object, "state");

	return strcmp(state, "active") == 0 ? word_in_context(NC_("session", "active"))
					    : value_word_shown(state);
}

const char *
value_fingerprint(const json_t *object, const char *key)
{
	const char *hex = value_text(object, key);
	char *buffer = next_buffer();
	size_t used = 0;

	for (size_t i = 0; hex[i] != '\0' && used + 3 < BUFFER_SIZE; i++) {
		if (i > 0 && i % 2 == 0 && hex[i] != ':' && hex[i - 1] != ':')
			buffer[used++] = ':';
		buffer[used++] = hex[i];
	}
	buffer[used] = '\0';
	return buffer;
}

const char *
value_hours(const json_t *object)
{
	const char *hours = value_text(object, "hours");

	return strcmp(hours, "always") == 0 ? word_in_context(NC_("hours", "always")) : hours;
}

const char *
value_trust(const json_t *object)
{
	const char *trust = value_text(object, "trust");

	if (strcmp(trust, "none") == 0)
		return _("not trusted yet");
	return strcmp(trust, "pin") == 0  ? _("fingerprint")
	       : strcmp(trust, "ca") == 0 ? _("authority")
					  : trust;
}

const char *
value_instant(const char *text)
{
	struct tm date = {0};
	char *buffer = next_buffer();
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &date);
	time_t at;

	if (end == NULL || (*end != 'Z' && *end != '.'))
		return text;
	at = timegm(&date);
	(void)localtime_r(&at, &date);
	(void)strftime(buffer, BUFFER_SIZE, "%Y-%m-%d %H:%M:%S", &date);
	return buffer;
}

const char *
value_time(const json_t *object, const char *key)
{
	return value_instant(value_text(object, key));
}

static const char *
join(const json_t *list, const char *(*shown)(const char *text))
{
	char *buffer = next_buffer();
	size_t used = 0;
	size_t i;
	json_t *item;

	json_array_foreach (list, i, item) {
		int len = snprintf(buffer + used, BUFFER_SIZE - used, "%s%s", i > 0 ? ", " : "",
			shown(plain(item)));

		if (len < 0 || used + (size_t)len >= BUFFER_SIZE)
			break;
		used += (size_t)len;
	}
	return buffer;
}

static const char *
as_it_is(const char *text)
{
	return text;
}

const char *
value_list(const json_t *object, const char *key)
{
	return join(json_object_get(object, key), as_it_is);
}

const char *
value_words(const json_t *object, const char *key)
{
	return join(json_object_get(object, key), value_word_shown);
}

const char *
value_count(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	char *buffer = next_buffer();

	if (!json_is_array(value))
		return plain(value);
	snprintf(buffer, BUFFER_SIZE, "%zu", json_array_size(value));
	return buffer;
}

const char *
value_bytes(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? text_bytes(json_integer_value(value)) : "";
}

const char *
value_duration(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? text_duration(json_integer_value(value)) : "";
}

const char *
value_yes(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? "" : json_is_true(value) ? _("yes") : _("no");
}

const char *
value_person(const json_t *object)
{
	const char *family = value_text(object, "family_name");
	char *buffer;

	if (family[0] == '\0')
		return value_text(object, "name");
	buffer = next_buffer();
	snprintf(buffer, BUFFER_SIZE, "%s %s", family, value_text(object, "given_name"));
	return buffer;
}

const char *
value_hours_from(const json_t *object)
{
	const char *hours = value_text(object, "hours");
	char *buffer = next_buffer();

	if (strlen(hours) != 11)
		return "--:--";
	snprintf(buffer, BUFFER_SIZE, "%.5s", hours);
	return buffer;
}

const char *
value_hours_until(const json_t *object)
{
	const char *hours = value_text(object, "hours");

	return strlen(hours) == 11 ? hours + 6 : "--:--";
}

const json_t *
value_rows(const json_t *result, const char *key)
{
	const json_t *rows = json_object_get(result, key);
	void *at;

	if (json_is_array(rows))
		return rows;
	for (at = json_object_iter((json_t *)result); at != NULL;
		at = json_object_iter_next((json_t *)result, at)) {
		if (json_is_array(json_object_iter_value(at)))
			return json_object_iter_value(at);
	}
	return NULL;
}

const char *
value_in_form(const json_t *object, const char *key, enum value_form form)
{
	switch (form) {
	case VALUE_WORD:
		return value_word(object, key);
	case VALUE_TIME:
		return value_time(object, key);
	case VALUE_LIST:
		return value_list(object, key);
	case VALUE_WORDS:
		return value_words(object, key);
	case VALUE_COUNT:
		return value_count(object, key);
	case VALUE_BYTES:
		return value_bytes(object, key);
	case VALUE_DURATION:
		return value_duration(object, key);
	case VALUE_YES:
		return value_yes(object, key);
	case VALUE_PERSON:
		return value_person(object);
	case VALUE_FINGERPRINT:
		return value_fingerprint(object, key);
	case VALUE_HOURS:
		return value_hours(object);
	case VALUE_TRUST:
		return value_trust(object);
	case VALUE_SESSION_STATE:
		return value_session_state(object);
	case VALUE_OBJECT:
		return value_object(object, key);
	case VALUE_CHANGES:
		return value_changes(object);
	case VALUE_TEXT:
		break;
	}
	return value_text(object, key);
}

/* Lists may be longer than any line: a terminal has hundreds of accounts. */
static void
print_value(const json_t *object, const struct value_row *row, size_t indent)
{
	const json_t *list = json_object_get(object, row->key);
	const char *text;
	size_t i;
	json_t *item;

	if (json_is_array(list) && (row->form == VALUE_LIST || row->form == VALUE_WORDS)) {
		fputs(json_array_size(list) == 0 ? "-" : "", stdout);
		json_array_foreach (list, i, item) {
			fputs(i > 0 ? ", " : "", stdout);
			text = plain(item);
			text_write(stdout, row->form == VALUE_WORDS ? value_word_shown(text) : text,
				indent);
		}
	} else {
		text = value_in_form(object, row->key, row->form);
		text_write(stdout, text[0] != '\0' ? text : "-", indent);
	}
	putchar('\n');
}

static bool
is_there(const json_t *object, const struct value_row *row)
{
	const json_t *value = json_object_get(object, row->key);

	if (row->form == VALUE_PERSON)
		return value_person(object)[0] != '\0';
	return value != NULL && !json_is_null(value);
}

void
values_print(const json_t *object, const struct value_row *rows, size_t count)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++) {
		size_t label = text_width(value_label(rows[i].key));

		if (is_there(object, &rows[i]) && label > width)
			width = label;
	}
	for (size_t i = 0; i < count; i++) {
		if (!is_there(object, &rows[i]))
			continue;
		text_put(stdout, value_label(rows[i].key), width, width);
		fputs("  ", stdout);
		print_value(object, &rows[i], width + 2);
	}
}
