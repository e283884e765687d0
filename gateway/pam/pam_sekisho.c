/* pam_sekisho.so - signs in with the gateway's own accounts: password, one-time code, forced change.
 *
 *	auth      password   PAM_ASK, one yescrypt at full cost whatever the account is, a PAM_REPORT of what was found
 *	          code       of the telephone that is bound, or one is bound now
 *	account   says whether the password must be changed
 *	password  asks for a new one by the rules of password_rules.h
 *
 * It opens no file and no socket: the supervisor answers through sekisho-pam's conversation function, about this
 * conversation's user alone (binary_prompt.h). In any other application it answers PAM_AUTHINFO_UNAVAIL. What it
 * reads comes from the user (answers to prompts) and from the supervisor.
 */
#include "base/cleanup.h"
#include "base/secret.h"
#include "pam/asking.h"
#include "pam/hashes.h"
#include "pam/password_rules.h"
#include "pam/totp.h"

#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

#define ASK_VERSION 1
#define DATA_NAME "sekisho"
#define BIND_TRIES_MOST 5
#define CHANGE_TRIES_MOST 5

/* What is known of the user, from the first step to the last. */
struct sekisho {
	struct msg_pam_account account;
	bool authenticated; /* password, and code where one is asked for */
	bool barred;        /* the rules will refuse it: nothing new is asked for */
};

static void
forget(pam_handle_t *pam, void *data, int error_status)
{
	(void)pam;
	(void)error_status;
	secret_free(data);
}

static struct sekisho *
remembered(pam_handle_t *pam)
{
	const void *data = NULL;

	if (pam_get_data(pam, DATA_NAME, &data) != PAM_SUCCESS)
		return NULL;
	return (struct sekisho *)data;
}

/* PAM_ASK is allowed once: a stack that names the module twice uses the first answer. */
static int
ask(pam_handle_t *pam, struct sekisho **ret_sekisho)
{
	const struct msg_pam_ask question = {.version = ASK_VERSION};
	union message_body *body = NULL;
	struct sekisho *sekisho = remembered(pam);
	int r;

	if (sekisho == NULL) {
		r = asking_supervisor(pam, MSG_PAM_ASK, &question, MSG_PAM_ACCOUNT, &body);
		if (r != PAM_SUCCESS)
			return r;
		sekisho = calloc(1, sizeof(*sekisho));
		if (sekisho != NULL)
			sekisho->account = body->pam_account;
		secret_free(body);
		r = sekisho == NULL ? PAM_BUF_ERR : pam_set_data(pam, DATA_NAME, sekisho, forget);
		if (r != PAM_SUCCESS) {
			secret_free(sekisho);
			return r;
		}
	}
	*ret_sekisho = sekisho;
	return PAM_SUCCESS;
}

/* Tells the supervisor and waits until it is on disk. `report` is wiped. PAM_AUTH_ERR: it was not accepted. */
static int
report(pam_handle_t *pam, struct msg_pam_report *what)
{
	union message_body *body = NULL;
	int r = asking_supervisor(pam, MSG_PAM_REPORT, what, MSG_PAM_KEPT, &body);

	secret_wipe(what, sizeof(*what));
	if (r != PAM_SUCCESS)
		return r;
	r = body->pam_kept.accepted == 1 ? PAM_SUCCESS : PAM_AUTH_ERR;
	secret_free(body);
	return r;
}

/* Tells `told` unless what was found is accepted. */
static int
report_or_tell(pam_handle_t *pam, struct msg_pam_report *what, enum prompt told)
{
	int r = report(pam, what);

	if (r == PAM_AUTH_ERR)
		asking_tell(pam, told);
	return r;
}

/* For what is wrong there is one answer, whether or not the report was accepted. */
static int
refuse(pam_handle_t *pam, enum sign_in_report what, enum prompt told)
{
	struct msg_pam_report wrong = {.what = (uint8_t)what};
	int r = report(pam, &wrong);

	if (r != PAM_SUCCESS && r != PAM_AUTH_ERR)
		return r;
	asking_tell(pam, told);
	return PAM_AUTH_ERR;
}

static int
check_password(pam_handle_t *pam, const struct sekisho *sekisho, const char *password)
{
	struct msg_pam_report right = {.what = SIGN_IN_PASSWORD_RIGHT};
	bool opens = false;

	if (hash_check(password, (const char *)sekisho->account.hash, &opens) < 0)
		return PAM_BUF_ERR;
	/* Not before the work has been done, and not said whether it was right. */
	if (sekisho->account.wait_ms > 0)
		return PAM_MAXTRIES;
	if (!opens || sekisho->account.known != 1)
		return refuse(pam, SIGN_IN_PASSWORD_WRONG, PROMPT_WRONG);
	/* Not accepted when tries beside this one have failed meanwhile: it looks like a wrong one. */
	return report_or_tell(pam, &right, PROMPT_WRONG);
}

/* C2: the code of a telephone that is bound. One try: a wrong one is counted like a wrong password. */
static int
check_code(pam_handle_t *pam, const struct sekisho *sekisho)
{
	const struct msg_pam_account *account = &sekisho->account;
	struct msg_pam_report right = {.what = SIGN_IN_CODE_RIGHT};
	char *code = NULL;
	bool is_right;
	int r = asking_user(pam, PROMPT_CODE, &code);

	if (r != PAM_SUCCESS)
		return r;
	is_right =
		totp_check(account->seed, account->seed_len, account->last_step, code, &right.step);
	secret_free(code);
	if (!is_right)
		return refuse(pam, SIGN_IN_CODE_WRONG, PROMPT_CODE_WRONG);
	/* Not accepted: somebody was faster with the same code. */
	return report_or_tell(pam, &right, PROMPT_CODE_WRONG);
}

/* Until a code of the new seed is right; `ret_bound` is then what has to be reported. */
static int
ask_for_first_code(pam_handle_t *pam, const char *otpauth, struct msg_pam_report *ret_bound)
{
	asking_tell(pam, PROMPT_BIND);
	for (int i = 0; i < BIND_TRIES_MOST; i++) {
		char *code = NULL;
		bool is_right;
		int r = asking_user_with_picture(pam, PROMPT_CODE, otpauth, &code);

		if (r != PAM_SUCCESS)
			return r;
		is_right =
			totp_check(ret_bound->seed, ret_bound->seed_len, 0, code, &ret_bound->step);
		secret_free(code);
		if (is_right)
			return PAM_SUCCESS;
		if (i + 1 < BIND_TRIES_MOST)
			asking_tell(pam, PROMPT_BIND_WRONG);
	}
	asking_tell(pam, PROMPT_BIND_GIVEN_UP);
	return PAM_AUTH_ERR;
}

/* Enrolment: a seed of our own is shown as a picture, and bound only after a right code. */
static int
bind_telephone(pam_handle_t *pam, const struct sekisho *sekisho)
{
	const struct msg_pam_account *account = &sekisho->account;
	struct msg_pam_report bound = {.what = SIGN_IN_BOUND, .seed_len = TOTP_SEED_BYTES};
	char otpauth[OTPAUTH_SIZE];
	int r = PAM_SYSTEM_ERR;

	if (totp_seed_make(bound.seed, bound.seed_len) == 0 &&
		totp_otpauth(bound.seed, bound.seed_len, account->issuer, account->account,
			otpauth) == 0)
		r = ask_for_first_code(pam, otpauth, &bound);
	secret_wipe(otpauth, sizeof(otpauth));
	if (r == PAM_SUCCESS)
		r = report_or_tell(pam, &bound, PROMPT_BIND_GIVEN_UP);
	secret_wipe(&bound, sizeof(bound));
	return r;
}

/* Who is locked or outside its validity hears that from the rules, once PAM has said yes. It would be asked for a new
 * password, or a telephone, for nothing. */
static int
find_barred(pam_handle_t *pam, struct sekisho *sekisho)
{
	struct msg_pam_report barred = {.what = SIGN_IN_BARRED};
	int r;

	if (sekisho->account.must_change == 0 &&
		sekisho->account.second_factor != SECOND_FACTOR_TO_BIND)
		return PAM_SUCCESS;
	r = report(pam, &barred);
	sekisho->barred = r == PAM_SUCCESS;
	return r == PAM_AUTH_ERR ? PAM_SUCCESS : r;
}

static int
check_second_factor(pam_handle_t *pam, struct sekisho *sekisho)
{
	int r = PAM_SUCCESS;

	if (sekisho->account.second_factor > SECOND_FACTOR_TO_BIND)
		return PAM_AUTHINFO_UNAVAIL;
	if (sekisho->account.second_factor == SECOND_FACTOR_BOUND)
		r = check_code(pam, sekisho);
	if (r == PAM_SUCCESS)
		r = find_barred(pam, sekisho);
	if (r == PAM_SUCCESS && !sekisho->barred &&
		sekisho->account.second_factor == SECOND_FACTOR_TO_BIND)
		r = bind_telephone(pam, sekisho);
	return r;
}

/* Everything that was asked for was right. */
static int
report_right(pam_handle_t *pam)
{
	struct msg_pam_report right = {.what = SIGN_IN_RIGHT};

	return report(pam, &right);
}

EXPORT int
pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	struct sekisho *sekisho = NULL;
	const char *user = NULL, *password = NULL;
	int r = pam_get_user(pam, &user, NULL);

	(void)flags;
	(void)argc;
	(void)argv;
	if (r != PAM_SUCCESS)
		return r;
	if (totp_begin() < 0)
		return PAM_SYSTEM_ERR;
	/* Wiped by libpam when the conversation ends. Asked before the account is: who waits for an answer with
	 * many conversations at once must not get as many tries for one. */
	r = pam_get_authtok(pam, PAM_AUTHTOK, &password, prompt_text(PROMPT_PASSWORD));
	if (r == PAM_SUCCESS && password == NULL)
		r = PAM_AUTH_ERR;
	if (r == PAM_SUCCESS)
		r = ask(pam, &sekisho);
	if (r == PAM_SUCCESS)
		r = check_password(pam, sekisho, password);
	if (r == PAM_SUCCESS)
		r = check_second_factor(pam, sekisho);
	/* Who must change the password first has not done all that was asked for, nor has who was spared it. */
	if (r == PAM_SUCCESS && sekisho->account.must_change == 0 && !sekisho->barred)
		r = report_right(pam);
	if (r == PAM_SUCCESS)
		sekisho->authenticated = true;
	return r;
}

/* No credentials are kept here. */
EXPORT int
pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)pam;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	const struct sekisho *sekisho = remembered(pam);

	(void)flags;
	(void)argc;
	(void)argv;
	/* It knows only those whom it has let in. */
	if (sekisho == NULL || !sekisho->authenticated)
		return PAM_AUTHINFO_UNAVAIL;
	return sekisho->account.must_change != 0 && !sekisho->barred ? PAM_NEW_AUTHTOK_REQD
								     : PAM_SUCCESS;
}

/* The one that is there now, and those before. */
static int
was_used(const struct sekisho *sekisho, const char *password, bool *ret_used)
{
	const char *at = (const char *)sekisho->account.earlier;
	const char *end = at + sekisho->account.earlier_len;
	int r = hash_check_plainly(password, (const char *)sekisho->account.hash, ret_used);

	while (r == 0 && !*ret_used && at < end) {
		size_t len = strnlen(at, (size_t)(end - at));

		/* One byte more than the field may hold is there, and NUL. */
		if (len > 0)
			r = hash_check_plainly(password, at, ret_used);
		at += len + 1;
	}
	return r;
}

/* PROMPT_NOTHING: it may be taken. */
static int
judge(pam_handle_t *pam, const struct sekisho *sekisho, const char *password,
	enum prompt *ret_fault)
{
	const char *accounts[2] = {sekisho->account.account, NULL};
	bool used = false;

	(void)pam_get_user(pam, &accounts[1], NULL);
	*ret_fault = password_rules_check((enum password_policy)sekisho->account.policy, password,
		accounts, ARRAY_SIZE(accounts));
	if (*ret_fault != PROMPT_NOTHING)
		return PAM_SUCCESS;
	if (was_used(sekisho, password, &used) < 0)
		return PAM_BUF_ERR;
	if (used)
		*ret_fault = PROMPT_USED_BEFORE;
	return PAM_SUCCESS;
}

/* Has the hash of a good password kept. PAM_AUTH_ERR: the supervisor knows it from before. */
static int
keep(pam_handle_t *pam, const char *password)
{
	struct msg_pam_report new_one = {.what = SIGN_IN_PASSWORD_NEW};

	if (hash_make(password, (char *)new_one.hash, sizeof(new_one.hash)) < 0)
		return PAM_BUF_ERR;
	new_one.hash_len = (uint32_t)strlen((const char *)new_one.hash);
	return report(pam, &new_one);
}

/* Of one that is good enough. */
static int
ask_again_and_keep(pam_handle_t *pam, const char *password, enum prompt *ret_fault)
{
	char *again = NULL;
	int r = asking_user(pam, PROMPT_NEW_PASSWORD_AGAIN, &again);

	if (r == PAM_SUCCESS && strcmp(password, again) != 0)
		*ret_fault = PROMPT_NOT_THE_SAME;
	secret_free(again);
	if (r == PAM_SUCCESS && *ret_fault == PROMPT_NOTHING) {
		r = keep(pam, password);
		if (r == PAM_AUTH_ERR) {
			*ret_fault = PROMPT_USED_BEFORE;
			r = PAM_SUCCESS;
		}
	}
	return r;
}

/* One try. *ret_fault says why it was not taken, PROMPT_NOTHING that it was. A bad one need not be typed twice. */
static int
ask_for_new_password(pam_handle_t *pam, const struct sekisho *sekisho, enum prompt *ret_fault)
{
	char *password = NULL;
	int r = asking_user(pam, PROMPT_NEW_PASSWORD, &password);

	if (r == PAM_SUCCESS)
		r = judge(pam, sekisho, password, ret_fault);
	if (r == PAM_SUCCESS && *ret_fault == PROMPT_NOTHING)
		r = ask_again_and_keep(pam, password, ret_fault);
	secret_free(password);
	return r;
}

EXPORT int
pam_sm_chauthtok(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	struct sekisho *sekisho = remembered(pam);

	(void)argc;
	(void)argv;
	if (sekisho == NULL || !sekisho->authenticated)
		return PAM_AUTHINFO_UNAVAIL;
	if ((flags & PAM_PRELIM_CHECK) != 0)
		return PAM_SUCCESS;
	asking_tell(pam, password_rules_told((enum password_policy)sekisho->account.policy));
	for (int i = 0; i < CHANGE_TRIES_MOST; i++) {
		enum prompt fault = PROMPT_NOTHING;
		int r = ask_for_new_password(pam, sekisho, &fault);

		if (r != PAM_SUCCESS)
			return r;
		if (fault == PROMPT_NOTHING) {
			sekisho->account.must_change = 0;
			return report_right(pam);
		}
		if (i + 1 < CHANGE_TRIES_MOST)
			asking_tell(pam, fault);
	}
	asking_tell(pam, PROMPT_CHANGE_GIVEN_UP);
	return PAM_AUTHTOK_ERR;
}
