/* What an engineer is told, and waits for, before the session of a terminal that says so: that it will be recorded, and that
 * somebody watches (four eyes); see sign_in_steps.def and four_eyes.h.
 *
 * Who signs in is told once the terminal is chosen. Who comes with a ticket has no sign-in: once its start is on disk, and before the jump
 * host is dialled, it gets one that has nothing but this (sign_in_enter), whether or not its listener lets anybody sign in; there is no
 * way back from there but the end. Who comes back to a session that goes on is not told again, and does not wait.
 */
#include "supervisor/sign_in_private.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "settings/settings.h"
#include "supervisor/four_eyes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const sentences[2][2][2] = {
#define RECORDED_TEXT(input, limited, watched, text) [input][limited][watched] = text,
#include "supervisor/recorded_texts.def"
#undef RECORDED_TEXT
};

void
sign_in_told(struct sign_in *sign_in)
{
	const struct terminal_offer *offer = &sign_in->offers[sign_in->chosen];
	uint32_t days = (uint32_t)sign_in->connection->supervisor->settings->recording.keep_days;

	(void)sign_in_page(sign_in, SCREEN_RECORDED);
	/* Without a limit the sentence has no place for the days. */
	sign_in_page_text(sign_in, sentences[offer->records_input][days > 0][offer->show_watchers],
		offer->name, days);
	sign_in_page_show(sign_in);
}

static bool
must_wait(const struct sign_in *sign_in)
{
	const struct connection *connection = sign_in->connection;

	return connection->session->four_eyes &&
	       four_eyes_watchers(connection->supervisor, connection->session->id) == 0;
}

/* The wait is somebody else's time; the first one. */
static void
wait_or(struct sign_in *sign_in, enum sign_in_step otherwise)
{
	if (!must_wait(sign_in)) {
		sign_in_go(sign_in, otherwise);
		return;
	}
	if (!sign_in->has_waited)
		sign_in->since_ms +=
			(int64_t)sign_in->connection->supervisor->settings->limits.watcher_ms;
	sign_in->has_waited = true;
	sign_in_go(sign_in, STEP_WATCHED);
}

void
sign_in_told_answered(struct sign_in *sign_in, const struct msg_answer *answer)
{
	(void)answer;
	if (sign_in->by_ticket)
		wait_or(sign_in, STEP_CONNECT);
	else
		sign_in_choose_on(sign_in);
}

void
sign_in_wait_for_watcher(struct sign_in *sign_in)
{
	const struct connection *connection = sign_in->connection;

	log_event(EV_WATCHER_WANTED, "conn=%llx session=%s user='%s' host='%s'",
		(unsigned long long)connection->id, connection->session->id_text,
		log_quote(connection->session->account_full),
		log_quote(connection->session->terminal));
	(void)sign_in_page(sign_in, SCREEN_WATCHED);
	sign_in_page_text(sign_in,
		N_("Sessions at %s begin when somebody at the hospital watches them. If nobody "
		   "comes, call the hospital's IT department."),
		sign_in->offers[sign_in->chosen].name);
	sign_in_page_show(sign_in);
}

void
sign_in_watcher_came(struct sign_in *sign_in)
{
	if (!sign_in_is_over(sign_in) && sign_in->step == STEP_WATCHED)
		sign_in_go(sign_in, STEP_CONNECT);
}

bool
sign_in_waits_for_watcher(const struct sign_in *sign_in)
{
	return sign_in != NULL && sign_in->step == STEP_WATCHED;
}

void
sign_in_leave_watched(struct sign_in *sign_in, enum close_reason reason)
{
	struct connection *connection = sign_in->connection;

	sign_in->begun = false;
	session_start_abandon(take_pointer(&connection->start), reason, connection->worked_in);
	connection_drop_session(connection, reason, connection->worked_in);
}

void
sign_in_unwatched(struct sign_in *sign_in)
{
	sign_in_leave_watched(sign_in, CLOSE_WATCHER_TOO_LATE);
	sign_in_sorry(sign_in, CLOSE_WATCHER_TOO_LATE, STEP_RULES);
}

void
sign_in_ready(struct connection *connection, const struct session_grant *grant)
{
	struct sign_in *sign_in = connection->sign_in;

	(void)grant;
	sign_in->begun = true;
	wait_or(sign_in, STEP_GO_ON);
}

void
sign_in_go_on(struct sign_in *sign_in)
{
	sign_in->begun = false;
	session_start_go_on(sign_in->connection);
}

/* The terminal as one that was chosen. Returns 0 or -ENOMEM. */
static int
set_terminal(struct sign_in *sign_in, const struct session_grant *grant)
{
	struct terminal_offer *offer = calloc(1, sizeof(*offer));

	if (offer == NULL)
		return -ENOMEM;
	offer->number = grant->terminal_number;
	snprintf(offer->name, sizeof(offer->name), "%s", grant->terminal.name);
	offer->recorded = grant->terminal.recording != TERMINAL_RECORDING_OFF;
	offer->records_input = grant->terminal.record_input;
	offer->four_eyes = grant->terminal.four_eyes;
	offer->show_watchers = grant->terminal.show_watchers;
	sign_in->offers = offer;
	sign_in->offer_count = 1;
	sign_in->chosen = 0;
	return 0;
}

void
sign_in_enter(struct connection *connection, const struct session_grant *grant)
{
	bool told = grant->terminal.recording == TERMINAL_RECORDING_OFF || grant->redirected;
	bool waits = grant->terminal.four_eyes &&
		     four_eyes_watchers(connection->supervisor, connection->session->id) == 0;
	struct sign_in *sign_in;

	if (told && !waits) {
		session_start_go_on(connection);
		return;
	}
	sign_in = sign_in_new_for_ticket(connection);
	if (sign_in == NULL)
		return;
	sign_in->by_ticket = sign_in->begun = sign_in->noted = true;
	/* Whoever was sent back has read it. */
	sign_in->banner_read = grant->redirected;
	sign_in->account_number = grant->account_number;
	snprintf(sign_in->credentials.account, sizeof(sign_in->credentials.account), "%s",
		grant->account);
	snprintf(sign_in->full_id, sizeof(sign_in->full_id), "%s", grant->account_full);
	snprintf(sign_in->person, sizeof(sign_in->person), "%s", grant->account_name);
	if (set_terminal(sign_in, grant) < 0) {
		sign_in_end(sign_in, CLOSE_OUT_OF_ROOM);
		return;
	}
	if (told)
		wait_or(sign_in, STEP_CONNECT);
	else
		sign_in_go(sign_in, STEP_TOLD);
}
