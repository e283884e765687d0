/* Values of the gateway's JSON, as people read them. */
#ifndef ADMIN_VALUES_H
#define ADMIN_VALUES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Texts live until the object is freed, or in one of a few buffers used in turn. Never NULL. */

const char *value_text(
	const json_t *object, const char *key); /* "" without one; numbers as digits */
const char *value_word(
	const json_t *object, const char *key); /* a word such as "expired", translated */
const char *value_word_shown(const char *word); /* the same for a word at hand */
/* An instant of the gateway in the zone of who reads; any other text comes back as it is. */
const char *value_instant(const char *text);
const char *value_time(
	const json_t *object, const char *key); /* instant, in $TZ: "2026-11-20 08:30:00" */
const char *value_list(const json_t *object, const char *key);     /* "a, b, c" */
const char *value_words(const json_t *object, const char *key);    /* the same, each translated */
const char *value_count(const json_t *object, const char *key);    /* of a list, or a number */
const char *value_bytes(const json_t *object, const char *key);    /* "1.2 MB" */
const char *value_duration(const json_t *object, const char *key); /* seconds as "1:02:05" */
const char *value_yes(const json_t *object, const char *key);      /* "yes" or "no", translated */

/* `state` of a session or a row of the history, translated. */
const char *value_session_state(const json_t *object);

/* "ab:cd:…": in pairs, as certificate viewers show it, so that a person can compare. */
const char *value_fingerprint(const json_t *object, const char *key);

/* The fields of an object; what was before and what is after in a row of the administration log. */
const char *value_object(const json_t *object, const char *key);
const char *value_changes(const json_t *row);

/* How the certificate of a terminal is judged. */
const char *value_trust(const json_t *object);

/* "Family Given" of an account object, or its `name`. */
const char *value_person(const json_t *object);

/* "08:30-17:30" or "always", translated. */
const char *value_hours(const json_t *object);

/* First and last time of connection hours ("always" or "08:30-17:30"): "--:--" for always. */
const char *value_hours_from(const json_t *object);
const char *value_hours_until(const json_t *object);

/* What people call a key: "valid_until" is "Valid until"; the key itself if it has no name. */
const char *value_label(const char *key);

/* The array `key` of a result, or its only array; NULL if there is none. */
const json_t *value_rows(const json_t *result, const char *key);

enum value_form {
	VALUE_TEXT,
	VALUE_WORD,
	VALUE_TIME,
	VALUE_LIST,
	VALUE_WORDS,
	VALUE_COUNT,
	VALUE_BYTES,
	VALUE_DURATION,
	VALUE_YES,
	VALUE_PERSON,
	VALUE_SESSION_STATE,
	VALUE_TRUST,
	VALUE_HOURS,
	VALUE_FINGERPRINT,
	VALUE_OBJECT,
	VALUE_CHANGES,
};

const char *value_in_form(const json_t *object, const char *key, enum value_form form);

struct value_row {
	const char *key;
	enum value_form form;
};

/* "Label   value" lines of the keys that the object has. */
void values_print(const json_t *object, const struct value_row *rows, size_t count);

#endif
