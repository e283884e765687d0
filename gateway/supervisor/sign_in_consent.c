/* The hospital's consent (C7): a number that it has told the engineer, or somebody there who says yes; see
 * sign_in_steps.def.
 */
#include "supervisor/sign_in_private.h"

#include "base/cleanup.h"
#include "base/sentence.h"
#include "settings/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WRONG_UNITS 2

/* In one sign-in: each is a call to the people at the hospital. */
#define WAITS_MOST 5

static void
fill_number(struct sign_in *sign_in)
{
	(void)sign_in_page(sign_in, SCREEN_NUMBER);
	sign_in_page_text(sign_in,
		N_("%s needs the hospital's permission. Type the number of 8 digits that it has "
		   "told "
		   "you. If you have none, leave it "
		   "empty: somebody there is asked."),
		sign_in->offers[sign_in->chosen].name);
}

void
sign_in_number(struct sign_in *sign_in)
{
	fill_number(sign_in);
	sign_in_page_show(sign_in);
}

static int
number_work(struct store_db *db, struct store_job *store_job)
{
	struct sign_in_job *job = (struct sign_in_job *)store_job;

	job->attendance = (struct attendance){0};
	return attendance_redeem(db, job->account_number, job->terminal_number, job->source,
		job->digits, &job->answer, &job->attendance);
}

static void
number_done(struct sign_in *sign_in, struct sign_in_job *job, int status)
{
	if (status < 0) {
		sign_in_sorry(sign_in, CLOSE_NOT_LOGGED, STEP_RULES);
		return;
	}
	if (job->answer == ATTENDANCE_RIGHT) {
		sign_in->attendance = job->attendance;
		sign_in_go(sign_in, STEP_CONNECT);
		return;
	}
	sign_in_penalise(sign_in, WRONG_UNITS);
	/* The store has each that was tried. */
	if (job->answer == ATTENDANCE_TOO_OFTEN)
		sign_in_note_refusal(sign_in, CLOSE_ATTENDANCE_WRONG, "too many wrong ones");
	sign_in->noted = true;
	fill_number(sign_in);
	if (job->answer == ATTENDANCE_TOO_OFTEN)
		sign_in_page_error(
			sign_in, N_("Too many wrong numbers. Wait 15 minutes, or leave it empty."));
	else
		sign_in_page_error(sign_in, N_("This number is wrong, used or too old."));
	sign_in_page_show(sign_in);
}

void
sign_in_number_answered(struct sign_in *sign_in, const struct msg_answer *answer)
{
	struct sign_in_job *job;

	if (answer->secret_len == 0) {
		sign_in_go(sign_in, STEP_WAITING);
		return;
	}
	job = sign_in_job_new(sign_in, number_work, number_done);
	if (job == NULL)
		return;
	job->account_number = sign_in->account_number;
	job->terminal_number = sign_in->offers[sign_in->chosen].number;
	snprintf(job->digits, sizeof(job->digits), "%s", (const char *)answer->secret);
	sign_in_job_hand_in(sign_in, job);
}

/* In the words of whoever refused, if there are any: nobody at a screen can ask them. */
static void
tell_refusal(struct sign_in *sign_in, const char *because)
{
	if (because == NULL) {
		sign_in_sorry(sign_in, CLOSE_ATTENDANCE_REFUSED, STEP_RULES);
		return;
	}
	(void)sign_in_page(sign_in, SCREEN_SORRY);
	sign_in_page_text(sign_in, N_("The hospital has not let you in to %s. The reason: %s"),
		sign_in->offers[sign_in->chosen].name, because);
	sign_in_sorry_said(sign_in, CLOSE_ATTENDANCE_REFUSED, STEP_RULES);
}

static void
on_decided(void *owner, const struct attendance *attendance, const char *because)
{
	struct sign_in *sign_in = owner;

	sign_in->waiting = NULL;
	if (sign_in_is_over(sign_in))
		return;
	if (attendance->given) {
		sign_in->attendance = *attendance;
		sign_in_go(sign_in, STEP_CONNECT);
		return;
	}
	sign_in_note_refusal(sign_in, CLOSE_ATTENDANCE_REFUSED, attendance->by);
	tell_refusal(sign_in, because);
}

void
sign_in_too_late(struct sign_in *sign_in)
{
	enum close_reason reason = sign_in->step == STEP_WAITING ? CLOSE_ATTENDANCE_TOO_LATE
								 : CLOSE_ATTENDANCE_MISSING;

	sign_in_note_refusal(sign_in, reason, sign_in->offers[sign_in->chosen].name);
	sign_in_sorry(sign_in, reason, STEP_RULES);
}

void
sign_in_waiting(struct sign_in *sign_in)
{
	struct connection *connection = sign_in->connection;
	const struct terminal_offer *offer = &sign_in->offers[sign_in->chosen];
	const struct waiting_setup setup = {
		.connection = connection->id,
		.account_number = sign_in->account_number,
		.terminal_number = offer->number,
		.account = sign_in->full_id,
		.name = sign_in->person,
		.terminal = offer->name,
		.source = sign_in->source,
		.decided = on_decided,
		.owner = sign_in,
	};
	int r;

	sign_in->noted = false;
	if (sign_in->waits++ >= WAITS_MOST) {
		sign_in_note_refusal(sign_in, CLOSE_ATTENDANCE_MISSING, "asked too often");
		sign_in_sorry(sign_in, CLOSE_ATTENDANCE_MISSING, STEP_RULES);
		return;
	}
	r = attendance_wait(connection->supervisor, &setup, &sign_in->waiting);
	if (r < 0) {
		sign_in_note_refusal(
			sign_in, CLOSE_ATTENDANCE_MISSING, "too many people wait for somebody");
		(void)sign_in_page(sign_in, SCREEN_SORRY);
		sign_in_page_text(sign_in,
			N_("Too many people wait for the hospital's permission. Try again later."));
		sign_in_sorry_said(sign_in, CLOSE_ATTENDANCE_MISSING, STEP_RULES);
		return;
	}
	(void)sign_in_page(sign_in, SCREEN_WAITING);
	sign_in_page_text(sign_in,
		N_("Somebody at the hospital is asked whether you may connect to %s."),
		offer->name);
	sign_in_page_show(sign_in);
}
