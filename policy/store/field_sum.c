/* The fields of events; see field_sum.h. */
#include "policy/store/field_sum.h"

#include "policy/chain.h"
#include "policy/logs.h"
#include "policy/payload_scan.h"
#include "policy/store/index_check.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>

#define FIELD_NAME_SIZE 64

static void
add_text(struct keyed_sum *sum, const struct chain_event *event, const struct log_column *column,
	const char *text, size_t len)
{
	char value[LOG_FIELD_VALUE_SIZE], name[FIELD_NAME_SIZE];
	size_t kind_len = strlen(event->kind);

	assert(kind_len + 1 + column->key_len < sizeof(name));
	memcpy(name, event->kind, kind_len);
	name[kind_len] = '.';
	memcpy(name + kind_len + 1, column->key, column->key_len);
	len = log_field_value_of(text, len, value);
	index_sum_add_field(sum, &(struct index_field){.name = name,
					 .name_len = kind_len + 1 + column->key_len,
					 .value = value,
					 .value_len = len,
					 .time_us = event->time_us,
					 .event = event->id});
}

static void
add_by_json(struct keyed_sum *sum, const struct chain_event *event, enum log_name log)
{
	json_t *payload = json_loads(event->payload, 0, NULL);
	const struct log_column *column = NULL;

	while ((column = log_next_column(log, column)) != NULL) {
		const char *text = json_string_value(json_object_get(payload, column->key));

		if (column->filter == LOG_FILTER_INDEX && text != NULL)
			add_text(sum, event, column, text, strlen(text));
	}
	json_decref(payload);
}

static bool
has_key(const struct payload_member *member, const struct log_column *column)
{
	return member->key_len == column->key_len &&
	       memcmp(member->key, column->key, column->key_len) == 0;
}

static int
add_by_scan(struct keyed_sum *sum, const struct chain_event *event, enum log_name log)
{
	const struct log_column *first = log_next_column(log, NULL), *column;
	struct payload_member member;
	struct payload_scan scan;
	int r;

	payload_scan_init(&scan, event->payload);
	while ((r = payload_scan_next(&scan, &member)) > 0) {
		for (column = member.text == NULL ? NULL : first; column != NULL;
			column = log_next_column(log, column))
			if (column->filter == LOG_FILTER_INDEX && has_key(&member, column))
				add_text(sum, event, column, member.text, member.text_len);
	}
	return r;
}

void
field_sum_add_event(struct keyed_sum *sum, const struct chain_event *event)
{
	enum log_name log = log_of_event_kind(event->kind);
	struct keyed_sum scanned = *sum;

	if (log == LOG_COUNT || log == LOG_CONNECTIONS)
		return;
	if (add_by_scan(&scanned, event, log) == 0)
		*sum = scanned;
	else
		add_by_json(sum, event, log);
}
