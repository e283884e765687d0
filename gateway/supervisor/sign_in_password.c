/* Banner, account and password, PAM's questions; see sign_in_steps.def.
 *
 * The password typed on the screen, or found in Client Info, answers the first question that is asked without echo;
 * whatever else PAM asks is a page of its own. Wrong account, password and code have one answer.
 */
#include "supervisor/sign_in_private.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/sentence.h"
#include "settings/settings.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <string.h>

/* On one screen; whoever wants more connects again, and meets the penalty of the source. */
#define TRIES_MOST 5
#define FIELD_ACCOUNT 0
#define FIELD_PASSWORD 1

/* A guess, in units of penalties.h; two of them while the account or the source has to wait. */
#define WRONG_UNITS 2
#define IMPATIENT_UNITS 1

/* What Client Info brought may be all that is asked for. */
static bool
is_complete(const struct sign_in *sign_in)
{
	return sign_in->credentials.account[0] != '\0' && sign_in->credentials.password.len > 0;
}

static void
go_past_banner(struct sign_in *sign_in)
{
	sign_in_go(sign_in, is_complete(sign_in) ? STEP_AUTHENTICATE : STEP_CREDENTIALS);
}

/* Where nothing has to be asked, only one that must be acknowledged makes a screen. */
void
sign_in_banner(struct sign_in *sign_in)
{
	const struct settings *settings = sign_in->connection->supervisor->settings;
	const char *banner = settings->sign_in.banner;

	if (banner == NULL || (is_complete(sign_in) && settings->sign_in.banner_shown ==
							       SETTINGS_SHOWN_WITH_SCREEN)) {
		go_past_banner(sign_in);
		return;
	}
	(void)sign_in_page(sign_in, SCREEN_NOTICE);
	sign_in_page_plain(sign_in, banner);
	sign_in_page_show(sign_in);
}

void
sign_in_banner_answered(struct sign_in *sign_in, const struct msg_answer *answer)
{
	(void)answer;
	sign_in->banner_read = true;
	go_past_banner(sign_in);
}

/* The form, with what is known already and what was wrong with it. */
void
sign_in_credentials(struct sign_in *sign_in)
{
	struct msg_show *page = sign_in_page(sign_in, SCREEN_SIGN_IN);
	size_t len = sentence_cut(sign_in->credentials.account, sizeof(page->account) - 1);

	memcpy(page->account, sign_in->credentials.account, len);
	page->account[len] = '\0';
	page->field = len == 0 ? FIELD_ACCOUNT : FIELD_PASSWORD;
	if (sign_in->form_error.format != NULL)
		sign_in_page_said(sign_in, &sign_in->form_error);
	sign_in->form_error.format = NULL;
	secret_done(&sign_in->credentials.password);
	sign_in_page_show(sign_in);
}

void
sign_in_credentials_answered(struct sign_in *sign_in, const struct msg_answer *answer)
{
	char terminal[CREDENTIAL_SIZE];

	/* A terminal that Client Info named stands until another one is named here. */
	memcpy(terminal, sign_in->credentials.terminal, sizeof(terminal));
	credentials_set_user(&sign_in->credentials, answer->account);
	if (sign_in->credentials.terminal[0] == '\0')
		memcpy(sign_in->credentials.terminal, terminal, sizeof(terminal));
	if (credentials_set_password(&sign_in->credentials, answer->secret, answer->secret_len) <
		0) {
		sign_in_end(sign_in, CLOSE_OUT_OF_ROOM);
		return;
	}
	if (!is_complete(sign_in)) {
		sentence_set(&sign_in->form_error, N_("Type your account and your password."));
		sign_in_go(sign_in, STEP_CREDENTIALS);
		return;
	}
	sign_in_go(sign_in, STEP_AUTHENTICATE);
}

/* For a jump host that it is passed through to. Without memory the engineer types there. */
static void
keep_typed(struct sign_in *sign_in, const struct secret *password)
{
	(void)host_credentials_set(&sign_in->typed, sign_in->credentials.account,
		sign_in->credentials.domain, password);
}

static void
on_asked(void *owner, const struct pam_question *question)
{
	struct sign_in *sign_in = owner;
	struct msg_show *page;
	size_t len;

	if (sign_in_is_over(sign_in))
		return;
	if (!sign_in->password_given && question->style == PAM_PROMPT_ECHO_OFF &&
		question->otpauth[0] == '\0') {
		sign_in->password_given = true;
		keep_typed(sign_in, &sign_in->credentials.password);
		pam_conversation_answer(
			sign_in->pam, (const char *)sign_in->credentials.password.bytes);
		secret_done(&sign_in->credentials.password);
		return;
	}
	page = sign_in_page(sign_in, question->otpauth[0] == '\0' ? SCREEN_PROMPT : SCREEN_ENROL);
	page->echo = question->style == PAM_PROMPT_ECHO_ON;
	len = sentence_cut(question->prompt, sizeof(page->prompt) - 1);
	memcpy(page->prompt, question->prompt, len);
	if (question->info_is_error)
		sign_in_page_error(sign_in, "%s", question->info);
	else
		sign_in_page_plain(sign_in, question->info);
	page->otpauth_len = (uint32_t)strnlen(question->otpauth, sizeof(page->otpauth) - 1);
	memcpy(page->otpauth, question->otpauth, page->otpauth_len);
	sign_in_page_show(sign_in);
}

static void
on_wrong(struct sign_in *sign_in, const struct pam_ended *ended)
{
	sign_in_note_refusal(sign_in, CLOSE_SIGN_IN_REFUSED, ended->detail);
	sign_in_penalise(sign_in, WRONG_UNITS);
	sentence_set(&sign_in->form_error, N_("The account, the password or the code is wrong."));
	sign_in_go(sign_in, STEP_CREDENTIALS);
}

static void
on_wait(struct sign_in *sign_in, uint32_t seconds, const char *detail)
{
	sign_in_note_refusal(sign_in, CLOSE_SIGN_IN_WAITS, detail);
	sign_in_penalise(sign_in, IMPATIENT_UNITS);
	if (seconds <= 120)
		sentence_set(&sign_in->form_error,
			N_("Too many tries. Wait %u seconds, then try again."), seconds);
	else
		sentence_set(&sign_in->form_error,
			N_("Too many tries. Wait %u minutes, then try again."),
			(seconds + 59) / 60);
	sign_in_go(sign_in, STEP_CREDENTIALS);
}

static void
on_not_allowed(struct sign_in *sign_in, const struct pam_ended *ended)
{
	sign_in_note_refusal(sign_in, CLOSE_SIGN_IN_NOT_ALLOWED, ended->detail);
	(void)sign_in_page(sign_in, SCREEN_SORRY);
	if (ended->info[0] != '\0')
		sign_in_page_plain(sign_in, ended->info);
	else
		sign_in_page_text(sign_in,
			N_("Your account may not sign in now. Ask the hospital's IT department."));
	sign_in_sorry_said(sign_in, CLOSE_SIGN_IN_NOT_ALLOWED, STEP_CREDENTIALS);
}

static void
on_unavailable(struct sign_in *sign_in, const char *detail)
{
	log_event(EV_SIGN_IN_UNAVAILABLE, "conn=%llx src=%s detail='%s'",
		(unsigned long long)sign_in->connection->id, sign_in->source, log_quote(detail));
	sign_in_note_refusal(sign_in, CLOSE_SIGN_IN_UNAVAILABLE, detail);
	(void)sign_in_page(sign_in, SCREEN_SORRY);
	sign_in_page_text(sign_in,
		N_("Signing in does not work at the moment. Tell the hospital's IT department."));
	sign_in_sorry_said(sign_in, CLOSE_SIGN_IN_UNAVAILABLE, STEP_CREDENTIALS);
}

static void
on_signed_in(struct sign_in *sign_in, const struct pam_ended *ended)
{
	if (ended->account_number == 0) {
		sign_in_note_refusal(sign_in, CLOSE_ACCOUNT_UNKNOWN, ended->detail);
		sign_in_sorry(sign_in, CLOSE_ACCOUNT_UNKNOWN, STEP_CREDENTIALS);
		return;
	}
	sign_in->tries = 0;
	sign_in->account_number = ended->account_number;
	sign_in->barred = ended->barred;
	snprintf(sign_in->farewell, sizeof(sign_in->farewell), "%.*s",
		(int)sentence_cut(ended->info, sizeof(sign_in->farewell) - 1), ended->info);
	sign_in_go(sign_in, STEP_DEVICE);
}

static void
on_ended(void *owner, const struct pam_ended *ended)
{
	struct sign_in *sign_in = owner;

	sign_in->pam = NULL;
	secret_done(&sign_in->credentials.password);
	secret_done(&sign_in->typed_before);
	if (ended->outcome != PAM_SIGNED_IN)
		host_credentials_done(&sign_in->typed);
	if (sign_in_is_over(sign_in))
		return;
	switch (ended->outcome) {
	case PAM_SIGNED_IN:
		on_signed_in(sign_in, ended);
		return;
	case PAM_REFUSED:
		on_wrong(sign_in, ended);
		return;
	case PAM_WAIT:
		on_wait(sign_in, (ended->wait_ms + 999) / 1000, ended->detail);
		return;
	case PAM_NOT_ALLOWED:
		on_not_allowed(sign_in, ended);
		return;
	case PAM_UNAVAILABLE:
		break;
	}
	on_unavailable(sign_in, ended->detail);
}

static const struct pam_events pam_events = {.asked = on_asked, .ended = on_ended};

void
sign_in_authenticate(struct sign_in *sign_in)
{
	uint32_t wait_s = sign_in_must_wait(sign_in);
	int r;

	if (sign_in->tries++ >= TRIES_MOST) {
		sign_in_end(sign_in, CLOSE_SIGN_IN_REFUSED);
		return;
	}
	if (wait_s > 0) {
		on_wait(sign_in, wait_s, "the penalty of its source");
		return;
	}
	sign_in->password_given = false;
	sign_in->noted = false;
	r = pam_conversation_start(sign_in->connection->supervisor, sign_in->credentials.account,
		sign_in->source, &pam_events, sign_in, &sign_in->pam);
	if (r < 0)
		on_unavailable(sign_in, strerror(-r));
}

/* A new password is asked for twice, whatever the module; a code that is used once is not the same again. It is the
 * one that a jump host of the same directory knows from now on. */
static void
note_hidden(struct sign_in *sign_in, const struct msg_answer *answer)
{
	struct secret *before = &sign_in->typed_before;

	if (before->len > 0 && before->len == answer->secret_len &&
		bytes_equal_constant_time(before->bytes, answer->secret, before->len))
		keep_typed(sign_in, before);
	else if (secret_set(before, answer->secret, answer->secret_len) < 0)
		secret_done(before);
}

void
sign_in_authenticate_answered(struct sign_in *sign_in, const struct msg_answer *answer)
{
	if (!sign_in->page->echo)
		note_hidden(sign_in, answer);
	pam_conversation_answer(sign_in->pam, (const char *)answer->secret);
}

/* Whether it was wrong will be known when nobody is there any more who could be charged for it. */
void
sign_in_leave_pam(struct sign_in *sign_in)
{
	if (pam_conversation_leave(take_pointer(&sign_in->pam)))
		sign_in_penalise(sign_in, WRONG_UNITS);
}
