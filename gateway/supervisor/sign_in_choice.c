/* Whoever has signed in: the device, the account's rules, notices, the terminal; see sign_in_steps.def. */
#include "supervisor/sign_in_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/sentence.h"
#include "policy/terminals.h"
#include "settings/settings.h"
#include "supervisor/login_limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* The search began with the sign-in, and nobody hears of it before the password was right. */
void
sign_in_device(struct sign_in *sign_in)
{
	if (sign_in->device.found)
		sign_in_go(sign_in, STEP_RULES);
}

static int
rules_work(struct store_db *db, struct store_job *store_job)
{
	struct sign_in_job *job = (struct sign_in_job *)store_job;
	int r;

	free(take_pointer(&job->offers));
	job->offer_count = 0;
	r = sign_in_decide(db, &job->check, &job->verdict);
	if (r < 0 || job->verdict.reason != CLOSE_NONE)
		return r;
	return sign_in_offers(db, &job->check, &job->offers, &job->offer_count);
}

static void
on_refused(struct sign_in *sign_in, const struct sign_in_verdict *verdict)
{
	const struct device_evidence *device = &sign_in->device.device;
	char mac[EVIDENCE_MAC_TEXT_SIZE] = "none";

	login_limit_count(
		&sign_in->connection->supervisor->logins, sign_in->source, clock_boottime_ms());
	sign_in->noted = true;
	if (device->known)
		(void)evidence_mac_text(device->mac.octets, mac);
	log_event(EV_SIGN_IN_REFUSED,
		"conn=%llx src=%s user='%s' reason=%s device=%s kind=%s detail='%s'",
		(unsigned long long)sign_in->connection->id, sign_in->source,
		log_quote(sign_in->credentials.account), close_reason_row(verdict->reason)->name,
		mac, device->kind, log_quote(sign_in->device.detail));
	snprintf(sign_in->when, sizeof(sign_in->when), "%s",
		verdict->hours[0] != '\0' ? verdict->hours : verdict->date);
	sign_in_sorry(sign_in, verdict->reason, STEP_CREDENTIALS);
}

/* It was spared a new password or telephone because the rules would refuse it. Now they do not: it has to choose them. */
static void
on_barred(struct sign_in *sign_in)
{
	sign_in_note_refusal(sign_in, CLOSE_SIGN_IN_NOT_ALLOWED, "the account was just changed");
	(void)sign_in_page(sign_in, SCREEN_SORRY);
	sign_in_page_text(sign_in, N_("Your account has just been changed. Sign in again."));
	sign_in_sorry_said(sign_in, CLOSE_SIGN_IN_NOT_ALLOWED, STEP_CREDENTIALS);
}

/* No terminal of theirs wants it: then it is not kept. */
static void
forget_typed(struct sign_in *sign_in)
{
	for (size_t i = 0; i < sign_in->offer_count; i++)
		if (sign_in->offers[i].passes_credentials)
			return;
	host_credentials_done(&sign_in->typed);
}

static void
rules_done(struct sign_in *sign_in, struct sign_in_job *job, int status)
{
	if (status < 0) {
		sign_in_sorry(sign_in, CLOSE_NOT_LOGGED, STEP_CREDENTIALS);
		return;
	}
	if (job->verdict.reason != CLOSE_NONE) {
		on_refused(sign_in, &job->verdict);
		return;
	}
	if (sign_in->barred) {
		on_barred(sign_in);
		return;
	}
	memcpy(sign_in->full_id, job->verdict.full_id, sizeof(sign_in->full_id));
	memcpy(sign_in->person, job->verdict.person, sizeof(sign_in->person));
	free(sign_in->offers);
	sign_in->offers = take_pointer(&job->offers);
	sign_in->offer_count = sign_in->chosen = job->offer_count;
	forget_typed(sign_in);
	sign_in_go(sign_in, STEP_NOTICES);
}

void
sign_in_rules(struct sign_in *sign_in)
{
	struct sign_in_job *job = sign_in_job_new(sign_in, rules_work, rules_done);

	if (job == NULL)
		return;
	job->check = (struct sign_in_check){
		.account_number = sign_in->account_number,
		.source = job->source,
		.device = sign_in->device.device,
		.logging = login_limit_ask(&sign_in->connection->supervisor->logins,
			sign_in->source, clock_boottime_ms()),
	};
	sign_in_job_hand_in(sign_in, job);
}

/* By the facility's calendar, which is the process's time zone. */
static bool
still_shown(const struct settings_notice *notice)
{
	time_t now = (time_t)(clock_now() / 1000000);
	struct tm local;
	char today[16];

	if (notice->until == NULL)
		return true;
	if (localtime_r(&now, &local) == NULL ||
		strftime(today, sizeof(today), "%Y-%m-%d", &local) == 0)
		return true;
	return strcmp(today, notice->until) <= 0;
}

/* By its name, with or without the facility's prefix; differences of case matter only where two names differ in nothing else.
 * Returns offer_count if there is none, or more than one. */
static size_t
find_named(const struct sign_in *sign_in, const char *name)
{
	const char *prefix = sign_in->connection->supervisor->settings->facility.id;
	size_t found = sign_in->offer_count;
	unsigned int alike = 0;

	for (size_t i = 0; i < sign_in->offer_count; i++) {
		if (strcmp(sign_in->offers[i].name, name) == 0)
			return i;
		if (terminal_name_is(prefix, name, sign_in->offers[i].name)) {
			found = i;
			alike++;
		}
	}
	return alike == 1 ? found : sign_in->offer_count;
}

/* What Client Info named, or the only one, once; offer_count: somebody has to choose. */
static size_t
chosen_already(const struct sign_in *sign_in)
{
	const char *named = sign_in->credentials.terminal;

	if (named[0] != '\0')
		return find_named(sign_in, named);
	return sign_in->offer_count == 1 && !sign_in->chooses ? 0 : sign_in->offer_count;
}

/* Whether the step after the notices shows something by itself. */
static bool
choice_needs_screen(const struct sign_in *sign_in)
{
	size_t at = chosen_already(sign_in);

	return at == sign_in->offer_count || sign_in->offers[at].attended ||
	       sign_in->offers[at].recorded || sign_in->offers[at].four_eyes ||
	       sign_in->offers[at].closes_at[0] != '\0' || sign_in->offers[at].reason != CLOSE_NONE;
}

/* Whoever sees a screen anyway reads all of them; who would see none is stopped by what must be acknowledged. */
static bool
will_see_screen(const struct sign_in *sign_in)
{
	const struct settings_notices *notices =
		&sign_in->connection->supervisor->settings->sign_in.notices;

	if (sign_in->greeted || choice_needs_screen(sign_in))
		return true;
	for (size_t i = sign_in->notice; i < notices->count; i++) {
		if (notices->items[i].shown == SETTINGS_SHOWN_ALWAYS &&
			still_shown(&notices->items[i]))
			return true;
	}
	return false;
}

/* What is to be read next, or NULL. */
static const char *
next_notice(struct sign_in *sign_in)
{
	const struct settings_notices *notices =
		&sign_in->connection->supervisor->settings->sign_in.notices;

	if (!will_see_screen(sign_in))
		return NULL;
	if (sign_in->farewell[0] != '\0')
		return sign_in->farewell;
	while (sign_in->notice < notices->count && !still_shown(&notices->items[sign_in->notice]))
		sign_in->notice++;
	return sign_in->notice < notices->count ? notices->items[sign_in->notice].text : NULL;
}

void
sign_in_notices(struct sign_in *sign_in)
{
	const char *notice = next_notice(sign_in);

	if (notice == NULL) {
		sign_in_go(sign_in, STEP_TERMINALS);
		return;
	}
	(void)sign_in_page(sign_in, SCREEN_NOTICE);
	sign_in_page_plain(sign_in, notice);
	sign_in_page_show(sign_in);
}

void
sign_in_notices_answered(struct sign_in *sign_in, const struct msg_answer *answer)
{
	(void)answer;
	if (sign_in->farewell[0] != '\0')
		sign_in->farewell[0] = '\0';
	else
		sign_in->notice++;
	sign_in_go(sign_in, STEP_NOTICES);
}

void
sign_in_choose_on(struct sign_in *sign_in)
{
	const struct terminal_offer *offer = &sign_in->offers[sign_in->chosen];

	if (offer->reason == CLOSE_TERMINAL_FULL && offer->takes_over)
		sign_in_go(sign_in, STEP_TAKE_OVER);
	else if (offer->reason != CLOSE_NONE) {
		sign_in_note_refusal(sign_in, offer->reason, offer->name);
		sign_in_sorry(sign_in, offer->reason, STEP_RULES);
	} else if (offer->closes_at[0] != '\0')
		sign_in_go(sign_in, STEP_CLOSES);
	else
		sign_in_go(sign_in, offer->attended ? STEP_NUMBER : STEP_CONNECT);
}

static void
choose(struct sign_in *sign_in, size_t at)
{
	const struct terminal_offer *offer = &sign_in->offers[at];
	bool offered = offer->reason == CLOSE_NONE ||
		       (offer->reason == CLOSE_TERMINAL_FULL && offer->takes_over);

	sign_in->chosen = at;
	sign_in->noted = false;
	sign_in->attendance = (struct attendance){0};
	sign_in->in_line = false;
	if (offer->recorded && offered)
		sign_in_go(sign_in, STEP_TOLD);
	else
		sign_in_choose_on(sign_in);
}

/* Also for who would see no screen: nobody's work is to be cut off without a word. */
void
sign_in_closes(struct sign_in *sign_in)
{
	const struct terminal_offer *offer = &sign_in->offers[sign_in->chosen];

	(void)sign_in_page(sign_in, SCREEN_QUESTION);
	sign_in_page_text(sign_in,
		offer->restarts
			? N_("The terminal %s restarts at %s. Your session will end then. %s")
			: N_("The terminal %s closes for maintenance at %s. Your session will end "
			     "then. %s"),
		offer->name, offer->closes_at, offer->window);
	sign_in_page_show(sign_in);
}

void
sign_in_closes_answered(struct sign_in *sign_in, const struct msg_answer *answer)
{
	(void)answer;
	sign_in_go(sign_in, sign_in->offers[sign_in->chosen].attended ? STEP_NUMBER : STEP_CONNECT);
}

static void
show_list(struct sign_in *sign_in, const char *missing)
{
	(void)sign_in_page(sign_in, SCREEN_TERMINALS);
	if (missing != NULL)
		sign_in_page_error(
			sign_in, N_("No terminal called %s is assigned to you."), missing);
	sign_in_page_show(sign_in);
}

void
sign_in_terminals(struct sign_in *sign_in)
{
	size_t at = chosen_already(sign_in);
	char named[CREDENTIAL_SIZE];

	/* It is named once: whoever comes back here wants to choose. */
	memcpy(named, sign_in->credentials.terminal, sizeof(named));
	sign_in->credentials.terminal[0] = '\0';
	if (sign_in->offer_count == 0) {
		sign_in_note_refusal(sign_in, CLOSE_TERMINAL_NOT_ASSIGNED, "");
		sign_in_sorry(sign_in, CLOSE_TERMINAL_NOT_ASSIGNED, STEP_CREDENTIALS);
	} else if (at < sign_in->offer_count)
		choose(sign_in, at);
	else
		show_list(sign_in, named[0] == '\0' ? NULL : named);
}

void
sign_in_terminals_answered(struct sign_in *sign_in, const struct msg_answer *answer)
{
	/* The greeter's own list ends there; see greeters.c. */
	if (answer->choice < sign_in->offer_count)
		choose(sign_in, answer->choice);
}
