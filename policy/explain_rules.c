/* What each rule of rules.def says of itself; see explain.h. The functions stand in the order of the rules. `allows`
 * is the rule's own answer to a new connection, so that words and answer cannot differ. */
#include "policy/explain.h"

#include <stdio.h>
#include <string.h>

#define SAY(found_, names_, ...)                                \
	do {                                                    \
		(found_)->names = (names_);                     \
		sentence_set(&(found_)->sentence, __VA_ARGS__); \
	} while (0)

#define TIME_OF_DAY_SIZE 6

static void
format_time_of_day(uint16_t minute, char *ret_text)
{
	snprintf(ret_text, TIME_OF_DAY_SIZE, "%02u:%02u", minute / 60u % 24, minute % 60u);
}

static void
found_account_known(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	if (allows)
		SAY(found, "account", N_("there is an account %s"), question->account);
	else
		SAY(found, "account", N_("there is no account %s"), question->account);
}

static void
found_account_locked(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	(void)question;
	if (allows)
		SAY(found, "", N_("the account is not locked"));
	else
		SAY(found, "", N_("the account is locked"));
}

static void
found_account_kind(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	static const char *const texts[ACCOUNT_KIND_COUNT] = {
		[ACCOUNT_ENGINEER] = N_("it is an engineer's account"),
		[ACCOUNT_ADMIN] = N_("it is an administrator's account; only engineers connect"),
		[ACCOUNT_AUDITOR] = N_("it is an auditor's account; only engineers connect"),
		[ACCOUNT_ATTENDANT] = N_("it is an attendant's account; only engineers connect"),
	};

	(void)allows;
	found->names = "";
	found->sentence = (struct sentence){.format = texts[question->facts.kind]};
}

static void
found_vendor_active(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	(void)question;
	if (allows)
		SAY(found, "", N_("no vendor of the account is suspended"));
	else
		SAY(found, "", N_("the account's vendor is suspended"));
}

static void
found_valid_from(const struct explain_question *question, bool allows, struct explain_found *found)
{
	char from[CIVIL_DATE_SIZE], today[CIVIL_DATE_SIZE];

	(void)allows;
	civil_date_format(question->facts.valid_from, from);
	civil_date_format(question->facts.now.date, today);
	SAY(found, "valid_from day", N_("the account is valid from %s on; the day is %s"), from,
		today);
}

/* A day that has come does not go away again. */
static int64_t
change_valid_from(const struct explain_question *question)
{
	const struct policy_facts *facts = &question->facts;

	return civil_date_compare(facts->now.date, facts->valid_from) < 0
		       ? civil_day_start(facts->valid_from)
		       : EXPLAIN_NEVER;
}

static void
found_valid_until(const struct explain_question *question, bool allows, struct explain_found *found)
{
	char until[CIVIL_DATE_SIZE], today[CIVIL_DATE_SIZE];

	(void)allows;
	civil_date_format(question->facts.valid_until, until);
	civil_date_format(question->facts.now.date, today);
	SAY(found, "valid_until day", N_("the account is valid until %s; the day is %s"), until,
		today);
}

static int64_t
change_valid_until(const struct explain_question *question)
{
	const struct policy_facts *facts = &question->facts;

	return civil_date_compare(facts->now.date, facts->valid_until) <= 0
		       ? civil_day_start(civil_date_add_days(facts->valid_until, 1))
		       : EXPLAIN_NEVER;
}

static void
found_hours(const struct explain_question *question, bool allows, struct explain_found *found)
{
	char hours[ACCOUNT_HOURS_SIZE], now[TIME_OF_DAY_SIZE];

	(void)allows;
	account_hours_format(&question->facts.hours, hours);
	format_time_of_day(question->facts.now.minute, now);
	if (question->facts.hours.always)
		SAY(found, "", N_("the account may connect at any hour"));
	else
		SAY(found, "hours now", N_("connection hours %s; it is %s"), hours, now);
}

/* Hours are those of the clock on the wall: where it jumps, they come sooner or later. Two days hold a change of
 * every span, whatever is left out or comes twice. */
static int64_t
change_hours(const struct explain_question *question)
{
	const struct account_hours *hours = &question->facts.hours;
	bool inside = account_hours_contain(hours, question->facts.now.minute);
	int64_t first = (question->at_us / CIVIL_GRID_US + 1) * CIVIL_GRID_US;
	int64_t last = first + 2 * INT64_C(86400) * 1000000;
	struct civil_time time;

	if (hours->always)
		return EXPLAIN_NEVER;
	for (int64_t instant = first; instant <= last; instant += CIVIL_GRID_US) {
		civil_from_instant(instant, &time);
		if (account_hours_contain(hours, time.minute) != inside)
			return instant;
	}
	return EXPLAIN_NEVER;
}

static void
found_device_known(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	const struct policy_facts *facts = &question->facts;
	char mac[MAC_TEXT_SIZE];

	(void)allows;
	mac_format(&facts->device, mac);
	if (!facts->allowlist_enforced)
		SAY(found, "", N_("the allowlist is off: any device will do"));
	else if (!facts->device_known)
		SAY(found, "", N_("no device was named"));
	else if (question->device_assumed)
		SAY(found, "mac", N_("no device was named; taken to be %s, the account's first"),
			mac);
	else
		SAY(found, "mac", N_("the device is %s"), mac);
}

static void
found_device_listed(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	const struct policy_facts *facts = &question->facts;
	char mac[MAC_TEXT_SIZE];

	mac_format(&facts->device, mac);
	if (!facts->allowlist_enforced)
		SAY(found, "", N_("the allowlist is off: any device will do"));
	else if (facts->mac_count == 0)
		SAY(found, "#devices", N_("the account has %zu devices: none can connect"),
			facts->mac_count);
	else if (!facts->device_known)
		SAY(found, "#devices", N_("the account has %zu devices"), facts->mac_count);
	else if (allows)
		SAY(found, "mac #devices", N_("%s is one of the account's %zu devices"), mac,
			facts->mac_count);
	else
		SAY(found, "mac #devices", N_("%s is none of the account's %zu devices"), mac,
			facts->mac_count);
}

static void
found_terminal_known(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	if (allows)
		SAY(found, "terminal", N_("there is a terminal %s"), question->terminal);
	else
		SAY(found, "terminal", N_("there is no terminal %s"), question->terminal);
}

static void
found_terminal_assigned(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	(void)question;
	if (allows)
		SAY(found, "", N_("the terminal is assigned to the account"));
	else
		SAY(found, "", N_("the terminal is not assigned to the account"));
}

static void
found_terminal_in_service(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	(void)question;
	if (allows)
		SAY(found, "", N_("the terminal is in service"));
	else
		SAY(found, "", N_("the terminal is out of service"));
}

static void
found_terminal_window(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	const struct policy_facts *facts = &question->facts;
	const struct window *window =
		windows_covering(facts->windows, facts->window_count, facts->now_us);

	(void)allows;
	if (window == NULL && facts->window_count == 0)
		SAY(found, "", N_("the terminal has no maintenance or restart windows"));
	else if (window == NULL)
		SAY(found, "#windows", N_("none of the terminal's %zu windows is open"),
			facts->window_count);
	else if (window->kind == WINDOW_RESTART)
		SAY(found, "#window text", N_("the terminal restarts (window %lld) %s"),
			(long long)window->number, window->text);
	else
		SAY(found, "#window text", N_("the terminal is being maintained (window %lld) %s"),
			(long long)window->number, window->text);
}

static int64_t
change_terminal_window(const struct explain_question *question)
{
	return windows_change(
		question->facts.windows, question->facts.window_count, question->at_us);
}

static void
found_attended(const struct explain_question *question, bool allows, struct explain_found *found)
{
	if (!question->facts.attendance_required)
		SAY(found, "", N_("nobody needs to attend"));
	else if (allows)
		SAY(found, "", N_("an attendant lets the engineer in"));
	else
		SAY(found, "",
			N_("somebody at the hospital must let the engineer in: by a number (attend "
			   "issue), or while the engineer waits (attend allow)"));
}

static void
found_certificate_trusted(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	(void)question;
	if (allows)
		SAY(found, "", N_("it is known by which certificate the jump host is recognised"));
	else
		SAY(found, "",
			N_("nobody has said by which certificate the jump host is recognised: "
			   "terminal trust, or terminal edit --ca-file"));
}

static void
found_credential_stored(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	if (!allows)
		SAY(found, "",
			N_("the session signs on with a stored password, and none is stored"));
	else if (question->facts.credential == CREDENTIAL_NOT_NEEDED)
		SAY(found, "", N_("no stored password is needed"));
	else
		SAY(found, "", N_("a password is stored for the terminal"));
}

static void
found_credential_address(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	if (!allows)
		SAY(found, "",
			N_("the stored password was stored for another address than the terminal "
			   "has now"));
	else if (question->facts.credential == CREDENTIAL_OPENS ||
		 question->facts.credential == CREDENTIAL_SEALED)
		SAY(found, "", N_("the password was stored for the terminal's address"));
	else
		SAY(found, "", N_("there is no stored password that is for an address"));
}

static void
found_credential_opens(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	if (!allows)
		SAY(found, "",
			N_("the stored password cannot be opened: it was sealed with another "
			   "facility key, or has been changed"));
	else if (question->facts.credential == CREDENTIAL_OPENS)
		SAY(found, "", N_("the stored password opens with the facility key"));
	else
		SAY(found, "", N_("there is no stored password to be opened"));
}

static void
found_recording_keys(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	if (!allows)
		SAY(found, "",
			N_("sessions must be recorded, and recording.auditors of the settings "
			   "names no "
			   "auditor's key: recording key new"));
	else if (question->facts.recording_required)
		SAY(found, "",
			N_("sessions must be recorded, and the settings name auditors' keys"));
	else
		SAY(found, "", N_("sessions need not be recorded"));
}

static void
found_idle(const struct explain_question *question, bool allows, struct explain_found *found)
{
	long long minutes = question->facts.idle_most_us / 60000000;

	(void)allows;
	if (minutes == 0)
		SAY(found, "", N_("a session without input goes on"));
	else
		SAY(found, "#minutes", N_("a session ends after %lld minutes without input"),
			minutes);
}

static int64_t
change_idle(const struct explain_question *question)
{
	const struct policy_facts *facts = &question->facts;
	int64_t end_us = facts->idle_since_us + facts->idle_most_us;

	return facts->idle_most_us != 0 && facts->idle_since_us != 0 && end_us > question->at_us
		       ? end_us
		       : EXPLAIN_NEVER;
}

static void
found_session_length(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	long long minutes = question->facts.longest_us / 60000000;

	(void)allows;
	if (minutes == 0)
		SAY(found, "", N_("a session may last as long as it likes"));
	else
		SAY(found, "#minutes", N_("a session may last %lld minutes"), minutes);
}

static int64_t
change_session_length(const struct explain_question *question)
{
	const struct policy_facts *facts = &question->facts;
	int64_t end_us = facts->started_us + facts->longest_us;

	return facts->longest_us != 0 && facts->started_us != 0 && end_us > question->at_us
		       ? end_us
		       : EXPLAIN_NEVER;
}

static void
found_account_sessions(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	const struct policy_facts *facts = &question->facts;

	(void)allows;
	if (facts->account_sessions_most == 0)
		SAY(found, "", N_("the account may have any number of sessions at once"));
	else
		SAY(found, "#sessions #most",
			N_("the account has %u sessions, and may have %u at once"),
			facts->account_sessions, facts->account_sessions_most);
}

static void
found_terminal_full(
	const struct explain_question *question, bool allows, struct explain_found *found)
{
	const struct policy_facts *facts = &question->facts;
	const char *holders = question->holders != NULL ? question->holders : "";

	if (!allows && holders[0] != '\0')
		SAY(found, "#sessions #capacity holders",
			N_("%u sessions run on the terminal, which has room for %u; it is held by "
			   "%s"),
			facts->terminal_sessions, facts->terminal_capacity, holders);
	else if (facts->terminal_capacity == 0)
		SAY(found, "#sessions", N_("%u sessions run on the terminal, which has no limit"),
			facts->terminal_sessions);
	else
		SAY(found, "#sessions #capacity",
			N_("%u sessions run on the terminal, which has room for %u"),
			facts->terminal_sessions, facts->terminal_capacity);
}

#define change_never NULL

static const struct explain_row rows[] = {
#define RULE(name, function, moments, reason, about_, finds, changes) \
	{.about = EXPLAIN_ABOUT_##about_, .found = found_##finds, .change = change_##changes},
#include "policy/rules.def"
#undef RULE
};

const struct explain_row *
explain_row(size_t rule)
{
	return &rows[rule];
}
