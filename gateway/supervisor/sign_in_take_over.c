/* Taking a full terminal over (B5); see sign_in_steps.def and policy/take_over.h.
 *
 * Nothing is reserved: how the terminal stands, and whether the newcomer may still come in, is looked at each second, and again in the
 * transaction that begins the session. Who makes place may leave before; the newcomer may, and then nobody is ended; somebody quicker
 * may have the place, and the newcomer reads that. Of several newcomers the one of the highest priority goes first, then who came
 * first. Whoever makes place is told at once where the session is mediated (notices.h), and else when it ends.
 */
#include "supervisor/sign_in_private.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/sentence.h"
#include "settings/settings.h"
#include "supervisor/notices.h"
#include "supervisor/sessions.h"

#include <string.h>

#define LOOK_MS 1000

void
sign_in_take_over(struct sign_in *sign_in)
{
	const struct terminal_offer *offer = &sign_in->offers[sign_in->chosen];
	unsigned seconds =
		sign_in->connection->supervisor->settings->sessions.take_over_grace_ms / 1000;

	(void)sign_in_page(sign_in, SCREEN_QUESTION);
	if (offer->used_by[0] != '\0')
		sign_in_page_text(sign_in,
			N_("The terminal %s is in use by %s. If you go on, a session of lower "
			   "priority "
			   "ends in %u seconds, and yours begins."),
			offer->name, offer->used_by, seconds);
	else
		sign_in_page_text(sign_in,
			N_("The terminal %s is in use. If you go on, a session of lower priority "
			   "ends in %u "
			   "seconds, and yours begins."),
			offer->name, seconds);
	sign_in_page_show(sign_in);
}

void
sign_in_take_over_answered(struct sign_in *sign_in, const struct msg_answer *answer)
{
	(void)answer;
	sign_in->grace_ends_ms = 0;
	sign_in->in_line = true;
	memset(sign_in->makes_place, 0, sizeof(sign_in->makes_place));
	sign_in_go(sign_in, STEP_GRACE);
}

static int
look_work(struct store_db *db, struct store_job *store_job)
{
	struct sign_in_job *job = (struct sign_in_job *)store_job;

	return take_over_look(db, job->check.account_number, job->terminal_number,
		&job->check.device, &job->take_over);
}

static void look(struct sign_in *sign_in);

static void
on_look(uv_timer_t *timer)
{
	struct sign_in *sign_in = timer->data;

	if (!sign_in_is_over(sign_in) && sign_in->step == STEP_GRACE)
		look(sign_in);
}

/* Another session than before has its own grace. */
static void
begin_grace(struct sign_in *sign_in, const uint8_t *session)
{
	uint32_t grace_ms = sign_in->connection->supervisor->settings->sessions.take_over_grace_ms;
	char id[2 * SESSION_ID_BYTES + 1];

	memcpy(sign_in->makes_place, session, SESSION_ID_BYTES);
	sign_in->grace_ends_ms = clock_boottime_ms() + grace_ms;
	bytes_to_hex(session, SESSION_ID_BYTES, id);
	log_event(EV_TAKE_OVER, "conn=%llx user='%s' host='%s' session=%s seconds=%u",
		(unsigned long long)sign_in->connection->id, log_quote(sign_in->full_id),
		log_quote(sign_in->offers[sign_in->chosen].name), id, grace_ms / 1000);
	notice_take_over(sign_in->connection->supervisor, session, grace_ms / 1000);
	(void)sign_in_page(sign_in, SCREEN_PLACE);
	sign_in_page_text(sign_in,
		N_("A session of lower priority makes place at %s. You are connected when this "
		   "time is over, or earlier."),
		sign_in->offers[sign_in->chosen].name);
	sign_in_page_show(sign_in);
}

uint32_t
sign_in_grace_seconds(const struct sign_in *sign_in)
{
	int64_t left = sign_in->grace_ends_ms + LOOK_MS - clock_boottime_ms();

	return left > 0 ? (uint32_t)((left + 999) / 1000) : 1;
}

/* Up to its start record: from then on it is counted. */
static bool
is_in_line(const struct sign_in *sign_in)
{
	return sign_in->in_line && (sign_in->step == STEP_GRACE || sign_in->step == STEP_CONNECT ||
					   sign_in->step == STEP_START);
}

/* Who has the first right to the next place at the same terminal. */
static const struct sign_in *
first_in_line(const struct sign_in *sign_in)
{
	int64_t terminal = sign_in->offers[sign_in->chosen].number;
	const struct sign_in *first = sign_in;
	const struct sign_in *other = sign_in->connection->supervisor->sign_ins;

	for (; other != NULL; other = other->next) {
		if (sign_in_is_over(other) || !is_in_line(other) ||
			other->offers[other->chosen].number != terminal)
			continue;
		if (other->priority > first->priority ||
			(other->priority == first->priority &&
				other->connection->id < first->connection->id))
			first = other;
	}
	return first;
}

static void
end_if_due(struct sign_in *sign_in)
{
	struct connection *holder;

	if (clock_boottime_ms() < sign_in->grace_ends_ms)
		return;
	holder = connection_find_session(
		sign_in->connection->supervisor->connections, sign_in->makes_place);
	if (holder != NULL)
		session_kill(holder, CLOSE_TAKEN_OVER, first_in_line(sign_in)->full_id, NULL);
}

static void
look_done(struct sign_in *sign_in, struct sign_in_job *job, int status)
{
	const struct take_over *view = &job->take_over;

	/* Its screen has died: it is being ended, and takes nothing. */
	if (sign_in->greeter == NULL)
		return;
	if (status < 0) {
		sign_in_sorry(sign_in, CLOSE_NOT_LOGGED, STEP_RULES);
		return;
	}
	sign_in->priority = view->priority;
	if (view->reason == CLOSE_NONE && first_in_line(sign_in) == sign_in) {
		sign_in_go(sign_in, STEP_CONNECT);
		return;
	}
	if (view->reason == CLOSE_TERMINAL_FULL)
		memcpy(sign_in->offers[sign_in->chosen].used_by, view->used_by, HOLDER_SIZE);
	if (view->reason != CLOSE_NONE && !view->possible) {
		sign_in_note_refusal(sign_in, view->reason, sign_in->offers[sign_in->chosen].name);
		sign_in_sorry(sign_in, view->reason, STEP_RULES);
		return;
	}
	if (view->possible) {
		if (sign_in->grace_ends_ms == 0 ||
			memcmp(sign_in->makes_place, view->session, SESSION_ID_BYTES) != 0)
			begin_grace(sign_in, view->session);
		end_if_due(sign_in);
	}
	uv_timer_start(&sign_in->patience, on_look, LOOK_MS, 0);
}

static void
look(struct sign_in *sign_in)
{
	struct sign_in_job *job = sign_in_job_new(sign_in, look_work, look_done);

	if (job == NULL)
		return;
	job->check.account_number = sign_in->account_number;
	job->check.device = sign_in->device.device;
	job->terminal_number = sign_in->offers[sign_in->chosen].number;
	sign_in_job_hand_in(sign_in, job);
}

void
sign_in_grace(struct sign_in *sign_in)
{
	uv_timer_stop(&sign_in->patience); /* of a wait that was given up */
	look(sign_in);
}
