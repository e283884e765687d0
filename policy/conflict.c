/* Two people who change the same thing at once; see method_check_version in method_call.h. */
#include "policy/method_call.h"

#include "base/cleanup.h"
#include "policy/civil.h"
#include "policy/store/event_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_TEXT_SIZE 1600
#define VALUE_TEXT_MOST 200

struct search {
	const char *what;
	const char *name;
	int64_t seen;
	json_t *fields; /* names as keys */
};

static bool
begins_with(const char *text, const char *start)
{
	return text != NULL && strncmp(text, start, strlen(start)) == 0;
}

/* Newest first: the first one that the person had seen already ends the search. */
static int
take_event(const char *payload, void *argument)
{
	struct search *search = argument;
	json_t *event = json_loads(payload, 0, NULL);
	const char *target = param_text(event, "target");
	const char *name;
	json_t *value;
	int r = 0;

	if (begins_with(param_text(event, "action"), search->what) && target != NULL &&
		strcmp(target, search->name) == 0) {
		if (json_integer_value(json_object_get(event, "version")) <= search->seen)
			r = -ECANCELED;
		else
			json_object_foreach (json_object_get(event, "after"), name, value)
				(void)json_object_set_new(search->fields, name, json_true());
	}
	json_decref(event);
	return r;
}

/* "email "taro@example.jp", hours "always"": the fields with what they hold now. */
static void
write_fields(const json_t *fields, const json_t *now, char *ret_text, size_t size)
{
	const char *name;
	json_t *unused;
	size_t len = 0;

	ret_text[0] = '\0';
	json_object_foreach ((json_t *)fields, name, unused) {
		auto_free char *value = json_dumps(json_object_get(now, name), JSON_ENCODE_ANY);
		bool fits = value != NULL && strlen(value) <= VALUE_TEXT_MOST;
		int wrote = snprintf(ret_text + len, size - len, "%s%s%s%s", len > 0 ? ", " : "",
			name, fits ? " " : "", fits ? value : "");

		if (wrote < 0 || (size_t)wrote >= size - len) {
			ret_text[len] = '\0';
			return;
		}
		len += (size_t)wrote;
	}
}

/* "2026-11-20 12:00", as the clock in the facility showed it. */
static void
write_time(const char *instant_text, char *ret_text, size_t size)
{
	char date[CIVIL_DATE_SIZE];
	struct civil_time at;
	int64_t instant;

	ret_text[0] = '\0';
	if (instant_text == NULL || instant_parse(instant_text, &instant) < 0)
		return;
	civil_from_instant(instant, &at);
	civil_date_format(at.date, date);
	snprintf(ret_text, size, "%s %02u:%02u", date, at.minute / 60u % 24, at.minute % 60u);
}

int
method_check_version(struct store_db *db, struct method_call *call, const char *what,
	const char *name, int64_t seen, json_t *now)
{
	struct search search = {.what = what, .name = name, .seen = seen};
	json_int_t version = json_integer_value(json_object_get(now, "version"));
	const char *by = param_text(now, "changed_by");
	char fields[FIELDS_TEXT_SIZE], when[32];
	int r;

	if (seen == 0 || seen == version)
		return 0;
	search.fields = json_object();
	r = event_each_change(db, name, take_event, &search);
	write_fields(search.fields, now, fields, sizeof(fields));
	json_decref(search.fields);
	if (r < 0 && r != -ECANCELED)
		return r;
	write_time(param_text(now, "updated"), when, sizeof(when));
	(void)method_refuse(call, METHOD_REFUSED,
		"'%s' was changed meanwhile, by %s at %s (version %d, and not %d): %s; look at it "
		"again",
		name, by != NULL && by[0] != '\0' ? by : "the gateway itself", when, (int)version,
		(int)seen, fields[0] != '\0' ? fields : "-");
	call->error.now = json_incref(now);
	return -EPERM;
}
