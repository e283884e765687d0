/* Before and after of a change, as people read them: the gateway's words in the reader's language, what the row says
 * already left out. */
#include "admin-cli/values.h"

#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "base/cleanup.h"

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

/* How many accounts a stock-taking found of each kind. */
static void
put_counts(FILE *out, const json_t *value)
{
	const char *name, *before = "";
	json_t *count;

	json_object_foreach ((json_t *)value, name, count) {
		if (json_integer_value(count) == 0)
			continue;
		fprintf(out, "%s%s %lld", before, value_word_shown(name),
			(long long)json_integer_value(count));
		before = ", ";
	}
	fputs(before[0] == '\0' ? "-" : "", out);
}

/* By the names of terminals, which are nobody's words. */
static void
put_priorities(FILE *out, const json_t *value)
{
	const char *name, *before = "";
	json_t *priority;

	json_object_foreach ((json_t *)value, name, priority) {
		fprintf(out, "%s%s=%lld", before, name, (long long)json_integer_value(priority));
		before = ",";
	}
}

/* Where the log stood. */
static void
put_log_head(FILE *out, const json_t *value)
{
	put_value(out, json_object_get(value, "event"));
}

/* PEM is for programs. */
static void
put_certificates(FILE *out, const json_t *value)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	unsigned long count = 0;

	for (const char *at = json_string_value(value);
		at != NULL && (at = strstr(at, begin)) != NULL; at += strlen(begin))
		count++;
	fprintf(out, ngettext("%lu certificate", "%lu certificates", count), count);
}

static void
put_sentence(FILE *out, const json_t *value)
{
	fputs(said_translate(json_string_value(value)), out);
}

static void
put_replaced(FILE *out, const json_t *value)
{
	fputs(strcmp(json_string_value(value), "state") == 0 ? _("accounts, terminals and vendors")
							     : _("everything, the logs as well"),
		out);
}

/* In the order in which they are told. What is not here is told as it is. */
static const struct field {
	const char *key;
	enum value_form form; /* where there is no function */
	void (*put)(FILE *out, const json_t *value);
	const char *label; /* NULL: that of value_label */
} fields[] = {
	{"name", VALUE_TEXT, put_value, NULL},
	{"family_name", VALUE_TEXT, put_value, NULL},
	{"given_name", VALUE_TEXT, put_value, NULL},
	{"account", VALUE_TEXT, put_value, NULL},
	{"terminal", VALUE_TEXT, put_value, NULL},
	{"address", VALUE_TEXT, put_value, NULL},
	{"port", VALUE_TEXT, put_value, NULL},
	{"email", VALUE_TEXT, put_value, NULL},
	{"kind", VALUE_WORD, NULL, NULL},
	{"vendor", VALUE_TEXT, put_value, NULL},
	{"state", VALUE_WORD, NULL, NULL},
	{"locked", VALUE_TEXT, put_value, NULL},
	{"in_service", VALUE_TEXT, put_value, NULL},
	{"attended", VALUE_TEXT, put_value, NULL},
	{"relay", VALUE_WORD, NULL, NULL},
	{"recording", VALUE_WORD, NULL, NULL},
	{"record_input", VALUE_TEXT, put_value, NULL},
	{"four_eyes", VALUE_TEXT, put_value, NULL},
	{"show_watchers", VALUE_TEXT, put_value, NULL},
	{"valid_from", VALUE_TEXT, put_value, NULL},
	{"valid_until", VALUE_TEXT, put_value, NULL},
	{"hours", VALUE_HOURS, NULL, NULL},
	{"allowlist", VALUE_WORD, NULL, NULL},
	{"macs", VALUE_TEXT, put_value, NULL},
	{"terminals", VALUE_TEXT, put_value, NULL},
	{"priorities", VALUE_TEXT, put_priorities, N_("Priorities")},
	{"file_sharing", VALUE_WORD, NULL, NULL},
	{"services", VALUE_TEXT, put_value, NULL},
	{"max_sessions", VALUE_TEXT, put_value, NULL},
	{"capacity", VALUE_TEXT, put_value, NULL},
	{"rights", VALUE_WORDS, NULL, NULL},
	{"channels", VALUE_TEXT, put_value, NULL},
	{"denied", VALUE_WORDS, NULL, NULL},
	{"trust", VALUE_TRUST, NULL, NULL},
	{"pin", VALUE_TEXT, put_value, NULL},
	{"ca_bundle", VALUE_TEXT, put_certificates, N_("Certificates of authorities")},
	{"protected", VALUE_TEXT, put_value, NULL},
	{"note", VALUE_TEXT, put_value, NULL},
	/* passwords */
	{"password", VALUE_WORD, NULL, N_("Password")},
	{"second_factor", VALUE_WORD, NULL, N_("Second factor")},
	{"must_change", VALUE_TEXT, put_value, N_("To be changed at the first use")},
	{"failures", VALUE_TEXT, put_value, NULL},
	/* stock-taking; what vendors and backups have */
	{"accounts", VALUE_TEXT, put_value, NULL},
	{"listed", VALUE_TEXT, put_value, N_("Listed")},
	{"findings", VALUE_TEXT, put_counts, N_("To be checked")},
	{"unused_days", VALUE_TEXT, put_value, NULL},
	{"ending_days", VALUE_TEXT, put_value, NULL},
	{"all", VALUE_TEXT, put_value, N_("With accounts without findings")},
	{"list_hash", VALUE_TEXT, put_value, N_("SHA-256 of the list")},
	/* backups and exports */
	{"created", VALUE_TIME, NULL, N_("Created at")},
	{"completed", VALUE_TIME, NULL, N_("Completed at")},
	{"expires", VALUE_TIME, NULL, N_("Kept until")},
	{"requested_by", VALUE_TEXT, put_value, N_("Requested by")},
	{"extended", VALUE_TEXT, put_value, N_("With the additional columns")},
	{"replaced", VALUE_TEXT, put_replaced, N_("Replaced")},
	{"vendors", VALUE_TEXT, put_value, N_("Vendors")},
	{"log", VALUE_TEXT, put_log_head, N_("Last record")},
	{"log_event", VALUE_TEXT, put_value, N_("Last record")},
	{"while", VALUE_TEXT, put_sentence, N_("While")},
	{"why", VALUE_TEXT, put_sentence, NULL},
	{"bytes", VALUE_BYTES, NULL, N_("Size")},
	{"sha256", VALUE_TEXT, put_value, "SHA-256"},
	/* sessions */
	{"number", VALUE_TEXT, put_value, NULL},
	{"control", VALUE_TEXT, put_value, NULL},
	{"files", VALUE_TEXT, put_value, NULL},
	{"since", VALUE_TIME, NULL, NULL},
	{"purpose", VALUE_TEXT, put_value, N_("Taken for")},
	{"started", VALUE_TIME, NULL, N_("Start of the session")},
	{"watched_seconds", VALUE_DURATION, NULL, N_("On the screen for")},
	{"text", VALUE_TEXT, put_value, NULL},
	{"seconds", VALUE_TEXT, put_value, N_("Seconds")},
	{"acknowledge", VALUE_TEXT, put_value, N_("To be acknowledged")},
	{"source", VALUE_TEXT, put_value, NULL},
	{"evidence", VALUE_WORD, NULL, NULL},
	{"bytes_from_client", VALUE_BYTES, NULL, NULL},
	{"bytes_to_client", VALUE_BYTES, NULL, NULL},
};

static bool
is_empty(const json_t *value)
{
	return value == NULL || json_is_null(value) ||
	       (json_is_string(value) && json_string_length(value) == 0) ||
	       (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_object(value) && json_object_size(value) == 0);
}

/* What the row says elsewhere, or what its other fields say in another way. */
static bool
is_told(const char *target, const json_t *object, const char *key)
{
	static const char *const always[] = {
		"id", "full_id", "version", "updated", "changed_by", "expired", "phase"};

	for (size_t i = 0; i < ARRAY_SIZE(always); i++) {
		if (strcmp(always[i], key) == 0)
			return true;
	}
	if (strcmp(key, "created") == 0)
		return json_object_get(object, "updated") != NULL;
	return strcmp(key, "name") == 0 && strcmp(value_text(object, key), target) == 0;
}

static const struct field *
find_field(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(fields[i].key, key) == 0)
			return &fields[i];
	}
	return NULL;
}

/* A number of accounts, or which. */
static const char *
label_of(const struct field *field, const char *key, const json_t *value)
{
	if (field != NULL && field->label != NULL)
		return _(field->label);
	return value_label(
		strcmp(key, "accounts") == 0 && json_is_integer(value) ? "vendor_accounts" : key);
}

static void
put_shown(FILE *out, const struct field *field, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (is_empty(value))
		putc('-', out);
	else if (field == NULL)
		put_value(out, value);
	else if (field->put != NULL)
		field->put(out, value);
	else if (strcmp(key, "state") == 0 && json_object_get(object, "phase") != NULL)
		fputs(value_session_state(object), out);
	else
		fputs(value_in_form(object, key, field->form), out);
}

struct change {
	FILE *out;
	const char *target;
	const json_t *before,
		*after; /* one of them may be NULL, or null; or they have other fields */
};

static void
put_change(const struct change *change, const struct field *field, const char *key)
{
	const json_t *was = json_object_get(change->before, key);
	const json_t *object =
		json_object_get(change->after, key) != NULL ? change->after : change->before;
	const json_t *value = json_object_get(object, key);
	bool both = was != NULL && object == change->after;

	if (value == NULL || is_told(change->target, object, key) || (!both && is_empty(value)))
		return;
	fprintf(change->out, "%s%s: ", ftell(change->out) > 0 ? "; " : "",
		label_of(field, key, value));
	if (both) {
		put_shown(change->out, field, change->before, key);
		fputs(" → ", change->out);
	}
	put_shown(change->out, field, object, key);
}

static void
put_others(const struct change *change, const json_t *object, const json_t *but)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		if (find_field(key) == NULL && json_object_get(but, key) == NULL)
			put_change(change, NULL, key);
	}
}

static const char *
changes_text(const char *target, const json_t *before, const json_t *after, bool overrode)
{
	struct change change = {.target = target, .before = before, .after = after};
	char *text = NULL;
	size_t len = 0;

	change.out = open_memstream(&text, &len);
	if (change.out == NULL)
		return "";
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		put_change(&change, &fields[i], fields[i].key);
	put_others(&change, before, NULL);
	put_others(&change, after, before);
	if (overrode)
		fprintf(change.out, "%s%s", ftell(change.out) > 0 ? "; " : "",
			_("although it is protected"));
	(void)fclose(change.out);
	return keep(text);
}

const char *
value_object(const json_t *object, const char *key)
{
	return changes_text(
		value_text(object, "target"), NULL, json_object_get(object, key), false);
}

/* "Connection hours: always → 08:30-17:30"; what was made or deleted has one side alone. */
const char *
value_changes(const json_t *row)
{
	return changes_text(value_text(row, "target"), json_object_get(row, "before"),
		json_object_get(row, "after"),
		json_is_true(json_object_get(row, "override_protection")));
}
