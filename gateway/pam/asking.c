/* See asking.h. */
#include "pam/asking.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "pam/binary_prompt.h"

#include <security/pam_ext.h>
#include <stdlib.h>
#include <string.h>

void
asking_tell(pam_handle_t *pam, enum prompt prompt)
{
	/* Nothing depends on its arrival. */
	(void)pam_prompt(pam, prompt_style(prompt), NULL, "%s", prompt_text(prompt));
}

int
asking_user(pam_handle_t *pam, enum prompt prompt, char **ret_answer)
{
	char *answer = NULL;
	int r = pam_prompt(pam, prompt_style(prompt), &answer, "%s", prompt_text(prompt));

	if (r == PAM_SUCCESS && answer == NULL)
		r = PAM_CONV_ERR;
	if (r == PAM_SUCCESS)
		*ret_answer = answer;
	else
		secret_free(answer);
	return r;
}

/* Hands a frame to the conversation function. *ret_frame is malloc's. */
static int
converse(pam_handle_t *pam, const void *frame, void **ret_frame)
{
	const struct pam_message message = {.msg_style = PAM_BINARY_PROMPT, .msg = frame};
	const struct pam_message *messages = &message;
	struct pam_response *response = NULL;
	const void *item = NULL;
	const struct pam_conv *conv;
	int r = pam_get_item(pam, PAM_CONV, &item);

	conv = item;
	if (r != PAM_SUCCESS || conv == NULL || conv->conv == NULL)
		return PAM_AUTHINFO_UNAVAIL;
	r = conv->conv(1, &messages, &response, conv->appdata_ptr);
	if (r != PAM_SUCCESS || response == NULL || response->resp == NULL) {
		free(response);
		return PAM_AUTHINFO_UNAVAIL;
	}
	*ret_frame = response->resp;
	free(response);
	return PAM_SUCCESS;
}

static int
take_answer(const void *frame, enum message answer, union message_body *ret_body)
{
	const struct message_row *row;
	int len = binary_prompt_length(frame);

	if (len < 0 || binary_prompt_get(frame, (size_t)len, &row, ret_body) < 0)
		return PAM_AUTHINFO_UNAVAIL;
	return row->number == answer ? PAM_SUCCESS : PAM_AUTHINFO_UNAVAIL;
}

int
asking_supervisor(pam_handle_t *pam, enum message question, const void *body, enum message answer,
	union message_body **ret_answer)
{
	uint8_t *frame = malloc(BINARY_PROMPT_MOST);
	union message_body *got = calloc(1, sizeof(*got));
	void *reply = NULL;
	int r = PAM_BUF_ERR;

	if (frame != NULL && got != NULL)
		r = binary_prompt_put(question, body, frame, BINARY_PROMPT_MOST) < 0
			    ? PAM_SYSTEM_ERR
			    : PAM_SUCCESS;
	if (r == PAM_SUCCESS)
		r = converse(pam, frame, &reply);
	if (r == PAM_SUCCESS)
		r = take_answer(reply, answer, got);
	secret_free(frame);
	secret_free(reply);
	if (r == PAM_SUCCESS)
		*ret_answer = take_pointer(&got);
	secret_free(got);
	return r;
}

int
asking_user_with_picture(
	pam_handle_t *pam, enum prompt prompt, const char *otpauth, char **ret_answer)
{
	struct msg_pam_prompt question = {.style = (uint8_t)prompt_style(prompt)};
	union message_body *body = NULL;
	int r;

	question.otpauth_len = (uint32_t)strnlen(otpauth, sizeof(question.otpauth) - 1);
	memcpy(question.otpauth, otpauth, question.otpauth_len);
	strncpy(question.text, prompt_text(prompt), sizeof(question.text) - 1);
	r = asking_supervisor(pam, MSG_PAM_PROMPT, &question, MSG_PAM_ANSWER, &body);
	secret_wipe(&question, sizeof(question));
	if (r != PAM_SUCCESS)
		return r;
	/* Copied up to a NUL: what comes behind one belongs to no answer. */
	*ret_answer = strdup((const char *)body->pam_answer.answer);
	secret_free(body);
	return *ret_answer == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}
