/* What a sign-in shows; see sign_in_private.h. Sentences are English here and looked up by the greeter, which knows the
 * user's language.
 */
#include "supervisor/sign_in_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/sentence.h"
#include "settings/settings.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All greeters may just be warming up; how often is looked, and for how long: on a machine that is as busy as it can be, they come
 * one after the other, and seconds apart. Below limits.decide, by which the worker waits. */
#define WARM_UP_LOOK_MS 20
#define WARM_UP_MOST_MS 20000

/* On one screen: nobody reads as many, and each is a line in the journal. */
#define PAGES_MOST 200

/* As much of a page's texts as goes into the journal: each whole sentence of ours, and the beginning of what somebody else
 * wrote. Three of them, and the rest, fit into a line. */
#define PAGE_NOTE_SIZE 600

/* The page that is being filled in: another one than the banner that somebody reads meanwhile. */
static struct msg_show *
draft(const struct sign_in *sign_in)
{
	return sign_in->held != NULL ? sign_in->held : sign_in->page;
}

struct msg_show *
sign_in_page(struct sign_in *sign_in, enum greeter_screen screen)
{
	struct msg_show *page = draft(sign_in);

	secret_wipe(page, sizeof(*page));
	page->screen = (uint8_t)screen;
	return page;
}

/* The values of a sentence as they travel. Returns their length. */
static uint32_t
copy_values(const struct sentence *sentence, uint8_t *ret_values, size_t room)
{
	size_t len = 0;

	for (size_t i = 0; i < sentence->count; i++) {
		const char *value = sentence_value(sentence, i);
		size_t size = sentence_cut(value, room - len - 1);

		memcpy(ret_values + len, value, size);
		ret_values[len + size] = '\0';
		len += size + 1;
		if (len >= room)
			break;
	}
	return (uint32_t)len;
}

static void
copy_text(char *ret_text, size_t size, const char *text)
{
	size_t len = sentence_cut(text, size - 1);

	memcpy(ret_text, text, len);
	ret_text[len] = '\0';
}

void
sign_in_page_text(struct sign_in *sign_in, const char *format, ...)
{
	struct msg_show *page = draft(sign_in);
	struct sentence sentence;
	va_list arguments;

	va_start(arguments, format);
	sentence_set_list(&sentence, format, arguments);
	va_end(arguments);
	copy_text(page->text, sizeof(page->text), format);
	page->values_len = copy_values(&sentence, page->values, sizeof(page->values) - 1);
}

void
sign_in_page_said(struct sign_in *sign_in, const struct sentence *error)
{
	struct msg_show *page = draft(sign_in);

	copy_text(page->error, sizeof(page->error), error->format);
	page->error_values_len =
		copy_values(error, page->error_values, sizeof(page->error_values) - 1);
}

void
sign_in_page_error(struct sign_in *sign_in, const char *format, ...)
{
	struct sentence sentence;
	va_list arguments;

	va_start(arguments, format);
	sentence_set_list(&sentence, format, arguments);
	va_end(arguments);
	sign_in_page_said(sign_in, &sentence);
}

void
sign_in_page_plain(struct sign_in *sign_in, const char *text)
{
	struct msg_show *page = draft(sign_in);

	copy_text(page->text, sizeof(page->text), text);
	page->values_len = 0;
}

/* How a terminal stands, as the list shows it. */
static void
set_state(struct msg_choice *choice, const struct terminal_offer *offer)
{
	struct sentence sentence = {0};

	if (offer->reason == CLOSE_TERMINAL_OUT_OF_SERVICE)
		sentence_set(&sentence, N_("out of service"));
	else if (offer->reason == CLOSE_TERMINAL_WINDOW && offer->opens_at[0] == '\0')
		sentence_set(&sentence, N_("maintenance"));
	else if (offer->reason == CLOSE_TERMINAL_WINDOW)
		sentence_set(&sentence,
			offer->restarts ? N_("restarts; opens at %s")
					: N_("maintenance; opens at %s"),
			offer->opens_at);
	else if (offer->reason == CLOSE_ACCOUNT_FULL)
		sentence_set(&sentence, N_("you have as many sessions as you may"));
	else if (offer->takes_over && offer->used_by[0] != '\0')
		sentence_set(&sentence, N_("you may take it over; in use by %s"), offer->used_by);
	else if (offer->takes_over)
		sentence_set(&sentence, N_("you may take it over; in use"));
	else if (offer->used_by[0] != '\0')
		sentence_set(&sentence, N_("in use by %s"), offer->used_by);
	else if (offer->reason == CLOSE_TERMINAL_FULL)
		sentence_set(&sentence, N_("in use"));
	else if (offer->reason != CLOSE_NONE)
		sentence_set(&sentence, N_("not available now"));
	else if (offer->closes_at[0] != '\0')
		sentence_set(&sentence,
			offer->restarts ? N_("free; restarts at %s")
					: N_("free; closes at %s for maintenance"),
			offer->closes_at);
	else if (offer->attended)
		sentence_set(&sentence, N_("free; needs the hospital's permission"));
	else if (offer->four_eyes)
		sentence_set(&sentence, N_("free; somebody at the hospital watches"));
	else if (offer->recorded)
		sentence_set(&sentence, N_("free; sessions are recorded"));
	else
		sentence_set(&sentence, N_("free"));
	copy_text(choice->state, sizeof(choice->state), sentence.format);
	choice->state_values_len =
		copy_values(&sentence, choice->state_values, sizeof(choice->state_values) - 1);
	choice->allowed = offer->reason == CLOSE_NONE || offer->takes_over;
}

static int
send_choices(struct sign_in *sign_in)
{
	size_t count = sign_in->offer_count < SCREEN_CHOICES_MAX ? sign_in->offer_count
								 : SCREEN_CHOICES_MAX;
	int r = 0;

	if (count < sign_in->offer_count)
		log_event(EV_SIGN_IN_LIST_CUT, "conn=%llx user='%s' terminals=%zu shown=%zu",
			(unsigned long long)sign_in->connection->id,
			log_quote(sign_in->credentials.account), sign_in->offer_count, count);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct msg_choice choice = {0};

		copy_text(choice.name, sizeof(choice.name), sign_in->offers[i].name);
		set_state(&choice, &sign_in->offers[i]);
		r = greeter_choice(sign_in->greeter, &choice);
	}
	return r;
}

/* On the clock that runs; the last of them are shown. 0: none runs, or the page does not say so. */
static uint32_t
seconds_left(const struct sign_in *sign_in)
{
	if (sign_in->page->screen == SCREEN_PLACE)
		return sign_in_grace_seconds(sign_in);
	if ((screen_row(sign_in->page->screen)->fields & SCREEN_HAS_SECONDS) == 0 ||
		!uv_is_active((const uv_handle_t *)&sign_in->clock))
		return 0;
	return (uint32_t)((uv_timer_get_due_in(&sign_in->clock) + 999) / 1000);
}

static void
send_page(struct sign_in *sign_in)
{
	int r = 0;

	if (sign_in->pages++ >= PAGES_MOST) {
		sign_in_end(sign_in, CLOSE_SIGN_IN_TOO_LONG);
		return;
	}
	sign_in->page_waits = false;
	sign_in->page->seconds = seconds_left(sign_in);
	if (sign_in->page->screen == SCREEN_TERMINALS)
		r = send_choices(sign_in);
	if (r == 0)
		r = greeter_show(sign_in->greeter, sign_in->page);
	if (r < 0 && r != -ENOTCONN)
		sign_in_end(sign_in, CLOSE_GREETER_FAULT);
}

static void take_greeter(struct sign_in *sign_in);

static void
on_patience(uv_timer_t *timer)
{
	struct sign_in *sign_in = timer->data;

	if (!sign_in_is_over(sign_in))
		take_greeter(sign_in);
}

static void
take_greeter(struct sign_in *sign_in)
{
	int r = greeter_begin(sign_in->connection, sign_in->keyboard_layout,
		&sign_in_greeter_events, sign_in, &sign_in->greeter);
	/* None is ready, or one whose client has gone has not ended yet: how many sign in was looked at before. */
	bool will_be = r == -EAGAIN || r == -EUSERS;

	if (r == 0) {
		sign_in->greeted = true;
		send_page(sign_in);
	} else if (will_be && clock_boottime_ms() - sign_in->waits_since_ms < WARM_UP_MOST_MS) {
		uv_timer_start(&sign_in->patience, on_patience, WARM_UP_LOOK_MS, 0);
	} else {
		sign_in_end(sign_in, will_be ? CLOSE_SIGN_IN_BUSY : CLOSE_OUT_OF_ROOM);
	}
}

/* A banner for those who see a screen anyway is for those, too, whose first page comes later than the step BANNER. */
static bool
banner_is_due(const struct sign_in *sign_in)
{
	return !sign_in->banner_read && sign_in->step != STEP_BANNER &&
	       sign_in->connection->supervisor->settings->sign_in.banner != NULL;
}

static int
hold_for_banner(struct sign_in *sign_in)
{
	struct msg_show *banner = calloc(1, sizeof(*banner));

	if (banner == NULL)
		return -ENOMEM;
	banner->screen = SCREEN_NOTICE;
	copy_text(banner->text, sizeof(banner->text),
		sign_in->connection->supervisor->settings->sign_in.banner);
	sign_in->held = sign_in->page;
	sign_in->page = banner;
	return 0;
}

void
sign_in_page_release(struct sign_in *sign_in)
{
	sign_in->banner_read = true;
	secret_free(sign_in->page);
	sign_in->page = take_pointer(&sign_in->held);
	send_page(sign_in);
}

void
sign_in_page_show(struct sign_in *sign_in)
{
	if (sign_in->held != NULL)
		return;
	if (banner_is_due(sign_in) && hold_for_banner(sign_in) < 0) {
		sign_in_end(sign_in, CLOSE_OUT_OF_ROOM);
		return;
	}
	if (sign_in->greeter != NULL) {
		send_page(sign_in);
		return;
	}
	/* One that has died leads to the end; one that is being waited for will show the newest page. */
	if (sign_in->greeted || sign_in->page_waits)
		return;
	sign_in->page_waits = true;
	sign_in->waits_since_ms = clock_boottime_ms();
	take_greeter(sign_in);
}

/* A sentence as it travels, in English. Without values it is a text as it is, which nothing is filled into. */
static void
english(const char *format, const uint8_t *values, size_t values_len, char *ret_text, size_t size)
{
	const char *list[SENTENCE_VALUES_MOST];
	size_t count = 0, at = 0;

	while (at < values_len && count < SENTENCE_VALUES_MOST) {
		list[count++] = (const char *)values + at;
		at += strlen((const char *)values + at) + 1;
	}
	if (count > 0)
		sentence_fill(format, list, count, ret_text, size);
	else
		copy_text(ret_text, size, format);
}

void
sign_in_note_page(const struct sign_in *sign_in, uint32_t serial)
{
	const struct msg_show *page = sign_in->page;
	const struct connection *connection = sign_in->connection;
	char prompt[PAGE_NOTE_SIZE], text[PAGE_NOTE_SIZE], error[PAGE_NOTE_SIZE];
	char whole[SENTENCE_VALUES_SIZE + sizeof(page->text)], source[SOCKET_TEXT_SIZE];

	if (serial != page->serial)
		return;
	(void)socket_text((const struct sockaddr *)&connection->source, source);
	english(page->text, page->values, page->values_len, whole, sizeof(whole));
	(void)log_quote_long(text, sizeof(text), whole);
	english(page->error, page->error_values, page->error_values_len, whole, sizeof(whole));
	(void)log_quote_long(error, sizeof(error), whole);
	(void)log_quote_long(prompt, sizeof(prompt), page->prompt);
	log_event(EV_SIGN_IN_PAGE, "conn=%llx src=%s page=%s prompt='%s' text='%s' error='%s'",
		(unsigned long long)connection->id, source, screen_row(page->screen)->name, prompt,
		text, error);
}

enum sorry_value {
	VALUE_NOTHING,
	VALUE_HOURS,
	VALUE_DATE,
	VALUE_TERMINAL,
	VALUE_HOLDER,
	VALUE_WINDOW,
};

static const struct {
	enum close_reason reason;
	const char *format;
	enum sorry_value value;
} sorry_texts[] = {
#define SORRY(reason, sentence, value) {CLOSE_##reason, sentence, VALUE_##value},
#include "supervisor/sorry_texts.def"
#undef SORRY
};

/* Which kind of evidence is missing, in the words of who may change it. */
static const char *
missing_evidence(const struct sign_in *sign_in)
{
	uint32_t kinds = sign_in->device.asked;

	if ((kinds & 1u << EVIDENCE_VPN) != 0)
		return N_("Your device could not be recognised. Connect to the hospital's VPN "
			  "first, then try again.");
	if ((kinds & (1u << EVIDENCE_NEIGHBOUR | 1u << EVIDENCE_LEASE)) != 0)
		return N_("Your device could not be recognised: its MAC address is not seen on the "
			  "hospital's network. Connect "
			  "by a network of the hospital, then try again.");
	return N_("Devices are not recognised on this way in. Ask the hospital's IT department for "
		  "a ticket.");
}

void
sign_in_sorry(struct sign_in *sign_in, enum close_reason reason, enum sign_in_step next)
{
	const struct terminal_offer none = {.name = ""};
	const struct terminal_offer *offer =
		sign_in->chosen < sign_in->offer_count ? &sign_in->offers[sign_in->chosen] : &none;
	const char *format = N_("The connection failed. Tell the hospital's IT department.");
	enum sorry_value value = VALUE_NOTHING;

	for (size_t i = 0; i < ARRAY_SIZE(sorry_texts); i++) {
		if (sorry_texts[i].reason != reason)
			continue;
		format = sorry_texts[i].format;
		value = sorry_texts[i].value;
	}
	if (reason == CLOSE_DEVICE_UNKNOWN)
		format = missing_evidence(sign_in);
	/* Nobody is to be named, or somebody was quicker since the list was made. */
	if (value == VALUE_WINDOW && offer->opens_at[0] == '\0')
		format = N_("The terminal %s is closed for maintenance.");
	else if (value == VALUE_WINDOW && offer->restarts)
		format = N_("The terminal %s restarts. You can connect again at %s. %s");
	if (value == VALUE_HOLDER && offer->used_by[0] == '\0')
		format = N_("The terminal %s is in use.");
	/* Who came with a ticket cannot try again on this connection. */
	(void)sign_in_page(sign_in, sign_in->by_ticket ? SCREEN_NOTICE : SCREEN_SORRY);
	/* Whatever the sentence has no place for is left out. */
	sign_in_page_text(sign_in, format,
		value == VALUE_HOURS || value == VALUE_DATE ? sign_in->when : offer->name,
		value == VALUE_WINDOW ? offer->opens_at : offer->used_by, offer->window);
	sign_in_sorry_said(sign_in, reason, next);
}

void
sign_in_sorry_said(struct sign_in *sign_in, enum close_reason reason, enum sign_in_step next)
{
	sign_in->sorry = reason;
	sign_in->sorry_next = sign_in->by_ticket ? STEP_OVER : next;
	sign_in_go(sign_in, STEP_SORRY);
	sign_in_page_show(sign_in);
}

/* The same person tries again; whoever wants another account types over it. */
static void
start_over_as_before(struct sign_in *sign_in)
{
	char account[CREDENTIAL_SIZE];

	memcpy(account, sign_in->credentials.account, sizeof(account));
	sign_in_start_over(sign_in);
	memcpy(sign_in->credentials.account, account, sizeof(account));
	secret_wipe(
		account, sizeof(account)); /* it may be a password, typed into the wrong field */
}

void
sign_in_sorry_answered(struct sign_in *sign_in, const struct msg_answer *answer)
{
	(void)answer;
	if (sign_in->sorry_next == STEP_OVER) {
		sign_in_end(sign_in, sign_in->sorry);
		return;
	}
	if (sign_in->sorry_next == STEP_CREDENTIALS)
		start_over_as_before(sign_in);
	sign_in_go(sign_in, sign_in->sorry_next);
}
