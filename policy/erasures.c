/* What retention events allow; see erasures.h. */
#include "policy/erasures.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static int
kind_of(const char *text)
{
	for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
		if (strcmp(event_kind_text((enum event_kind)kind), text) == 0)
			return kind;
	return -1;
}

static int
add_to(struct erasures_of_kind *kind, const struct erasure *erasure, int64_t count)
{
	struct erasure *grown;

	/* Doubled when it is full: a power of two. */
	if ((kind->count & (kind->count - 1)) == 0) {
		size_t room = kind->count == 0 ? 1 : 2 * kind->count;

		grown = reallocarray(kind->items, room, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		kind->items = grown;
	}
	kind->items[kind->count++] = *erasure;
	kind->granted += count;
	return 0;
}

int
erasures_add(struct erasures *erasures, const struct chain_event *event, int64_t now_us)
{
	json_t *payload = json_loads(event->payload, 0, NULL);
	const char *text = json_string_value(json_object_get(payload, "kind"));
	int64_t count = json_integer_value(json_object_get(payload, "count"));
	struct erasure erasure = {
		.first = json_integer_value(json_object_get(payload, "first")),
		.last = json_integer_value(json_object_get(payload, "last")),
		.before_us = json_integer_value(json_object_get(payload, "before")),
	};
	int kind = text == NULL ? -1 : kind_of(text);
	int64_t keep = kind < 0 ? 0 : event_kind_retention(text);
	int r = 0;

	if (keep > 0 && event->time_us <= now_us && erasure.last < event->id && count > 0 &&
		count <= erasure.last - erasure.first + 1 &&
		erasure.before_us <= event->time_us - keep) {
		r = add_to(&erasures->kinds[kind], &erasure, count);
		erasures->unsorted = true;
	}
	json_decref(payload);
	return r;
}

static int
compare(const void *one, const void *other)
{
	int64_t a = ((const struct erasure *)one)->first;
	int64_t b = ((const struct erasure *)other)->first;

	return a < b ? -1 : a > b;
}

static void
sort(struct erasures *erasures)
{
	for (size_t i = 0; i < EVENT_KIND_COUNT; i++) {
		struct erasures_of_kind *kind = &erasures->kinds[i];
		int64_t last = 0;

		if (kind->count > 0)
			qsort(kind->items, kind->count, sizeof(*kind->items), compare);
		for (size_t k = 0; k < kind->count; k++) {
			if (kind->items[k].last > last)
				last = kind->items[k].last;
			kind->items[k].last_so_far = last;
		}
	}
	erasures->unsorted = false;
}

/* How many begin at or before an id. */
static size_t
begun(const struct erasures_of_kind *kind, int64_t id)
{
	size_t low = 0, high = kind->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kind->items[middle].first <= id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
erasures_allow(struct erasures *erasures, const struct chain_event *event)
{
	int at = kind_of(event->kind);
	struct erasures_of_kind *kind;

	if (at < 0)
		return false;
	if (erasures->unsorted)
		sort(erasures);
	kind = &erasures->kinds[at];
	kind->seen++;
	/* Nights come one after the other, so that this looks at one or two. */
	for (size_t i = begun(kind, event->id);
		i > 0 && kind->items[i - 1].last_so_far >= event->id; i--)
		if (kind->items[i - 1].last >= event->id &&
			event->time_us < kind->items[i - 1].before_us)
			return true;
	return false;
}

bool
erasures_add_up(const struct erasures *one, const struct erasures *other)
{
	for (size_t i = 0; i < EVENT_KIND_COUNT; i++) {
		const struct erasures_of_kind *a = &one->kinds[i], *b = &other->kinds[i];

		/* Whoever came last knows all that were granted by then. */
		if (a->seen + b->seen > (a->granted > b->granted ? a->granted : b->granted))
			return false;
	}
	return true;
}

void
erasures_done(struct erasures *erasures)
{
	for (size_t i = 0; i < EVENT_KIND_COUNT; i++)
		free(erasures->kinds[i].items);
}
