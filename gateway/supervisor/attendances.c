/* Engineers who wait for the hospital's permission; see attendances.h. */
#include "supervisor/attendances.h"

#include "base/clock.h"
#include "base/log.h"
#include "settings/settings.h"
#include "supervisor/control_server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Ids are short, because people type them. */
#define FIRST_ID_LEAST 1000
#define FIRST_IDS 8000

struct waiting {
	struct waiting *previous, *next;
	struct supervisor *supervisor;
	uint64_t id;
	uint64_t connection;
	int64_t account_number, terminal_number;
	char account[ACCOUNT_FULL_ID_SIZE];
	char name[2 * ACCOUNT_NAME_SIZE];
	char terminal[TERMINAL_NAME_SIZE];
	char source[SOURCE_SIZE];
	int64_t since_us;
	int64_t until_us;
	bool claimed; /* a decision is on its way to the disk */
	void (*decided)(void *owner, const struct attendance *attendance, const char *because);
	void *owner;
};

static bool
has_room(const struct attendance_list *list, const char *source)
{
	size_t from_there = 0;

	for (const struct waiting *at = list->first; at != NULL; at = at->next)
		from_there += strcmp(at->source, source) == 0;
	return list->count < ATTENDANCES_MOST && from_there < ATTENDANCES_MOST_PER_SOURCE;
}

/* A restarted gateway does not begin at 1 again: an id that somebody still has on a screen shall not be another engineer's. */
static uint64_t
first_id(void)
{
	uint16_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = (uint16_t)clock_now();
	return FIRST_ID_LEAST + random % FIRST_IDS;
}

static void
append(struct attendance_list *list, struct waiting *waiting)
{
	list->newest_id = list->newest_id == 0 ? first_id() : list->newest_id + 1;
	waiting->id = list->newest_id;
	waiting->previous = list->last;
	if (list->last != NULL)
		list->last->next = waiting;
	else
		list->first = waiting;
	list->last = waiting;
	list->count++;
}

static void
take_out(struct attendance_list *list, struct waiting *waiting)
{
	if (waiting->previous != NULL)
		waiting->previous->next = waiting->next;
	else
		list->first = waiting->next;
	if (waiting->next != NULL)
		waiting->next->previous = waiting->previous;
	else
		list->last = waiting->previous;
	list->count--;
}

int
attendance_wait(struct supervisor *supervisor, const struct waiting_setup *setup,
	struct waiting **ret_waiting)
{
	struct attendance_list *list = &supervisor->attendances;
	struct waiting *waiting;

	if (!has_room(list, setup->source))
		return -EUSERS;
	waiting = calloc(1, sizeof(*waiting));
	if (waiting == NULL)
		return -ENOMEM;
	waiting->supervisor = supervisor;
	waiting->connection = setup->connection;
	waiting->account_number = setup->account_number;
	waiting->terminal_number = setup->terminal_number;
	snprintf(waiting->account, sizeof(waiting->account), "%s", setup->account);
	snprintf(waiting->name, sizeof(waiting->name), "%s", setup->name);
	snprintf(waiting->terminal, sizeof(waiting->terminal), "%s", setup->terminal);
	snprintf(waiting->source, sizeof(waiting->source), "%s", setup->source);
	waiting->since_us = clock_now();
	waiting->until_us = waiting->since_us +
			    (int64_t)supervisor->settings->limits.consent_ms * INT64_C(1000);
	waiting->decided = setup->decided;
	waiting->owner = setup->owner;
	append(list, waiting);
	log_event(EV_ATTENDANCE_WANTED, "conn=%" PRIx64 " src=%s user='%s' host='%s' id=%" PRIu64,
		waiting->connection, log_quote(waiting->source), log_quote(waiting->account),
		log_quote(waiting->terminal), waiting->id);
	control_server_tell_attendances(supervisor->control);
	*ret_waiting = waiting;
	return 0;
}

void
attendance_forget(struct waiting *waiting)
{
	struct supervisor *supervisor;

	if (waiting == NULL)
		return;
	supervisor = waiting->supervisor;
	take_out(&supervisor->attendances, waiting);
	free(waiting);
	control_server_tell_attendances(supervisor->control);
}

struct waiting *
attendance_find(const struct supervisor *supervisor, uint64_t id)
{
	struct waiting *at = supervisor->attendances.first;

	while (at != NULL && at->id != id)
		at = at->next;
	return at;
}

int64_t
attendance_terminal(const struct waiting *waiting)
{
	return waiting->terminal_number;
}

const char *
attendance_terminal_name(const struct waiting *waiting)
{
	return waiting->terminal;
}

bool
attendance_is_of(const struct waiting *waiting, const char *account)
{
	return strcmp(waiting->account, account) == 0;
}

struct waiting *
attendance_next(const struct supervisor *supervisor, const struct waiting *waiting)
{
	return waiting == NULL ? supervisor->attendances.first : waiting->next;
}

json_t *
attendance_json(const struct waiting *waiting)
{
	char since[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];

	clock_format_utc(waiting->since_us, since);
	clock_format_utc(waiting->until_us, until);
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "id", (json_int_t)waiting->id,
		"account", waiting->account, "name", waiting->name, "terminal", waiting->terminal,
		"source", waiting->source, "since", since, "until", until);
}

bool
attendance_claim(struct waiting *waiting)
{
	bool free_yet = !waiting->claimed;

	waiting->claimed = true;
	return free_yet;
}

void
attendance_unclaim(struct waiting *waiting)
{
	waiting->claimed = false;
}

/* Out of the list first: its owner may begin to wait anew. */
void
attendance_decide(struct waiting *waiting, const struct attendance *attendance, const char *because)
{
	void (*decided)(void *owner, const struct attendance *attendance, const char *because) =
		waiting->decided;
	void *owner = waiting->owner;

	attendance_forget(waiting);
	decided(owner, attendance, because);
}
