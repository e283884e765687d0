/* See module_fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "module_fixture.h"

#include "messages/channel.h"
#include "pam/binary_prompt.h"
#include "policy/password_hash.h"
#include "policy/sign_in.h"
#include "stack.h"

#include <crypt.h>
#include <dlfcn.h>
#include <liboath/oath.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct module_seen seen;

/* In the place of libcrypt's: what is counted is what costs time. */
char *
crypt_rn(const char *phrase, const char *setting, void *data, int size)
{
	char *(*real)(const char *, const char *, void *, int) =
		(char *(*)(const char *, const char *, void *, int))dlsym(RTLD_NEXT, "crypt_rn");

	if (strncmp(setting, PASSWORD_FULL_COST, strlen(PASSWORD_FULL_COST)) == 0)
		seen.full_cost++;
	else
		seen.cheap++;
	return real(phrase, setting, data, size);
}

static void
note(const char *text)
{
	size_t len = strlen(seen.said);

	snprintf(seen.said + len, sizeof(seen.said) - len, "%s\n", text);
}

/* The telephone reads the picture. */
static const char *
code_of_picture(void)
{
	static char code[7];
	const char *key = strstr(seen.otpauth, "secret=");
	char text[64];
	char *seed = NULL;
	size_t len = 0;

	assert_non_null(key);
	snprintf(text, sizeof(text), "%.32s", key + strlen("secret="));
	assert_int_equal(oath_base32_decode(text, strlen(text), &seed, &len), OATH_OK);
	assert_int_equal(len, TOTP_SEED_BYTES);
	stack_code((const uint8_t *)seed, len, 0, code);
	free(seed);
	return code;
}

static const char *
next_answer(void)
{
	const char *answer = seen.answers[seen.asked];

	if (answer == NULL && seen.telephone && seen.otpauth[0] != '\0')
		answer = seen.wrong_codes-- > 0 ? "12345" : code_of_picture();
	else
		seen.asked++;
	return answer;
}

static void
answer_prompt(const struct msg_pam_prompt *prompt, union message_body *ret_body)
{
	const char *answer;

	note(prompt->text);
	memcpy(seen.otpauth, prompt->otpauth, prompt->otpauth_len + 1);
	answer = next_answer();
	assert_non_null(answer);
	ret_body->pam_answer.answer_len = (uint32_t)strlen(answer);
	memcpy(ret_body->pam_answer.answer, answer, strlen(answer));
}

/* The supervisor's part. */
static enum message
answer_message(
	const struct message_row *row, const union message_body *said, union message_body *ret_body)
{
	switch (row->number) {
	case MSG_PAM_ASK:
		seen.asks++;
		ret_body->pam_account = seen.account;
		return MSG_PAM_ACCOUNT;
	case MSG_PAM_REPORT:
		assert_in_range(seen.report_count, 0, REPORTS_MOST - 1);
		seen.reports[seen.report_count++] = said->pam_report;
		ret_body->pam_kept.accepted =
			said->pam_report.what != seen.refused || seen.refused_times-- <= 0;
		if (said->pam_report.what == SIGN_IN_BARRED)
			ret_body->pam_kept.accepted = seen.barred;
		return MSG_PAM_KEPT;
	case MSG_PAM_PROMPT:
		answer_prompt(&said->pam_prompt, ret_body);
		return MSG_PAM_ANSWER;
	default:
		fail();
		return MSG_NOTHING;
	}
}

static int
answer_binary(const void *frame, char **ret_answer)
{
	union message_body *said = calloc(2, sizeof(*said));
	const struct message_row *row;
	enum message number;

	assert_int_equal(
		binary_prompt_get(frame, (size_t)binary_prompt_length(frame), &row, said), 0);
	number = answer_message(row, said, said + 1);
	*ret_answer = malloc(BINARY_PROMPT_MOST);
	assert_true(binary_prompt_put(number, said + 1, *ret_answer, BINARY_PROMPT_MOST) > 0);
	free(said);
	return PAM_SUCCESS;
}

static int
converse(int count, const struct pam_message **messages, struct pam_response **ret_responses,
	void *owner)
{
	struct pam_response *response = calloc(1, sizeof(*response));
	int style = messages[0]->msg_style;
	const char *answer = "";

	(void)owner;
	assert_int_equal(count, 1);
	if (style == PAM_BINARY_PROMPT && !seen.knows_us) {
		free(response);
		return PAM_CONV_ERR;
	}
	*ret_responses = response;
	if (style == PAM_BINARY_PROMPT)
		return answer_binary(messages[0]->msg, &response->resp);
	note(messages[0]->msg);
	if (style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON)
		answer = next_answer();
	if (answer == NULL) {
		free(response);
		*ret_responses = NULL;
		return PAM_CONV_ERR;
	}
	response->resp = strdup(answer);
	return PAM_SUCCESS;
}

struct ended
module_sign_in(const char *stack)
{
	const struct pam_conv conv = {.conv = converse};
	struct ended ended = {-1, -1, -1};
	pam_handle_t *pam = NULL;
	const char *folder = stack_make(stack);

	seen.full_cost = seen.cheap = 0;
	assert_int_equal(
		pam_start_confdir("sekisho", STACK_USER, &conv, folder, &pam), PAM_SUCCESS);
	ended.authenticate = pam_authenticate(pam, PAM_DISALLOW_NULL_AUTHTOK);
	if (ended.authenticate == PAM_SUCCESS)
		ended.account = pam_acct_mgmt(pam, PAM_DISALLOW_NULL_AUTHTOK);
	if (ended.account == PAM_NEW_AUTHTOK_REQD)
		ended.change = pam_chauthtok(pam, PAM_CHANGE_EXPIRED_AUTHTOK);
	pam_end(pam, PAM_SUCCESS);
	stack_remove();
	return ended;
}

void
expect_reports(const char *expected)
{
	static const char letters[] = "pPcCLBnR"; /* by enum sign_in_report */
	char got[REPORTS_MOST + 1] = "";

	for (int i = 0; i < seen.report_count; i++)
		got[i] = letters[seen.reports[i].what];
	assert_string_equal(got, expected);
}

int
module_set_up(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.refused = UINT8_MAX;
	seen.knows_us = true;
	stack_account(&seen.account);
	return 0;
}
