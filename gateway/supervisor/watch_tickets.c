/* Tickets with which auditors watch: in memory, for a minute, for one use; see watches.h. */
#include "supervisor/watches_private.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "policy/ticket_text.h"
#include "recording/keys.h"
#include "settings/settings.h"
#include "supervisor/ticket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Behind the "+" of every handle: no handle of the store has it, whose digits are hexadecimal. */
#define KIND 'w'

struct watch_ticket {
	struct watch_ticket *next;
	char handle[TICKET_HANDLE_SIZE];
	uint8_t secret_hash[32];
	int64_t dead_at_ms; /* of CLOCK_BOOTTIME */
	struct watch_about about;
};

int
watches_new(struct supervisor *supervisor, struct watches **ret_watches)
{
	struct watches *watches = calloc(1, sizeof(*watches));

	if (watches == NULL)
		return -ENOMEM;
	if (recording_keys_ready() < 0) {
		free(watches);
		return -EIO;
	}
	watches->supervisor = supervisor;
	*ret_watches = watches;
	return 0;
}

void
watches_set_live(struct watches *watches, const struct watch_live *live)
{
	watches->live = live;
}

int
watches_can_watch(struct watches *watches, const uint8_t session[SESSION_ID_BYTES])
{
	uint8_t key[WATCH_KEY_BYTES];
	auto_fd int fd = -1;
	int r;

	if (watches->live == NULL)
		return -ENOENT;
	r = watches->live->open(watches->supervisor, session, &fd, key);
	secret_wipe(key, sizeof(key));
	return r;
}

/* Takes it out of the list, and wipes it. */
static void
burn(struct watches *watches, struct watch_ticket **at)
{
	struct watch_ticket *ticket = *at;

	*at = ticket->next;
	watches->ticket_count--;
	secret_wipe(ticket, sizeof(*ticket));
	free(ticket);
}

static void
burn_dead(struct watches *watches)
{
	int64_t now_ms = clock_boottime_ms();
	struct watch_ticket **at = &watches->tickets;

	while (*at != NULL) {
		if ((*at)->dead_at_ms <= now_ms)
			burn(watches, at);
		else
			at = &(*at)->next;
	}
}

void
watches_tidy(struct watches *watches)
{
	if (watches != NULL)
		burn_dead(watches);
}

void
watches_free(struct watches *watches)
{
	if (watches == NULL)
		return;
	while (watches->tickets != NULL)
		burn(watches, &watches->tickets);
	free(watches);
}

int
watch_ticket_issue(struct watches *watches, const struct watch_about *about,
	char ret_handle[TICKET_HANDLE_SIZE], char ret_secret[TICKET_SECRET_SIZE],
	int64_t *ret_expires_us)
{
	uint32_t life_ms = watches->supervisor->settings->limits.ticket_ms;
	struct watch_ticket *ticket;
	int r;

	burn_dead(watches);
	if (watches->ticket_count >= WATCH_TICKETS_MOST)
		return -EUSERS;
	ticket = calloc(1, sizeof(*ticket));
	if (ticket == NULL)
		return -ENOMEM;
	r = ticket_text_make(ret_handle, ret_secret);
	if (r < 0) {
		free(ticket);
		return r;
	}
	ret_handle[1] = KIND;
	memcpy(ticket->handle, ret_handle, sizeof(ticket->handle));
	ticket_secret_hash(ret_secret, ticket->secret_hash);
	ticket->dead_at_ms = clock_boottime_ms() + life_ms;
	ticket->about = *about;
	ticket->next = watches->tickets;
	watches->tickets = ticket;
	watches->ticket_count++;
	*ret_expires_us = clock_now() + (int64_t)life_ms * 1000;
	return 0;
}

bool
watch_is_meant(const struct msg_introduced *introduced)
{
	struct shown_ticket shown;
	bool meant;

	ticket_shown(introduced, &shown);
	meant = shown.handle[0] == '+' && shown.handle[1] == KIND;
	secret_wipe(&shown, sizeof(shown));
	return meant;
}

static struct watch_ticket **
find(struct watches *watches, const char *handle)
{
	struct watch_ticket **at = &watches->tickets;

	while (*at != NULL && strcmp((*at)->handle, handle) != 0)
		at = &(*at)->next;
	return at;
}

void
watch_ticket_take_back(struct watches *watches, const char *handle)
{
	struct watch_ticket **at = find(watches, handle);

	if (*at != NULL)
		burn(watches, at);
}

enum close_reason
watch_ticket_redeem(struct watches *watches, const struct msg_introduced *introduced,
	struct watch_about *ret_about)
{
	struct watch_ticket **at;
	struct shown_ticket shown;
	uint8_t hash[32];

	ticket_shown(introduced, &shown);
	ticket_secret_hash(shown.secret, hash);
	secret_wipe(shown.secret, sizeof(shown.secret));
	at = find(watches, shown.handle);
	if (*at == NULL)
		return CLOSE_NO_TICKET;
	if (!bytes_equal_constant_time(hash, (*at)->secret_hash, sizeof(hash)))
		return CLOSE_TICKET_SECRET;
	if ((*at)->dead_at_ms <= clock_boottime_ms()) {
		burn(watches, at);
		return CLOSE_TICKET_EXPIRED;
	}
	*ret_about = (*at)->about;
	burn(watches, at);
	return CLOSE_NONE;
}
