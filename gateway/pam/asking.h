/* What pam_sekisho.so asks, and of whom: the user in texts, the supervisor in messages, both through the conversation
 * function of the process that has loaded it. Everything returns a code of PAM. Secrets are wiped here or by who got
 * them (secret_free).
 */
#ifndef PAM_ASKING_H
#define PAM_ASKING_H

#include "messages/messages.h"
#include "pam/prompts.h"

#include <security/pam_modules.h>

/* A text or an error, not answered. */
void asking_tell(pam_handle_t *pam, enum prompt prompt);

/* A question. *ret_answer is never NULL on success; the caller's, for secret_free. */
int asking_user(pam_handle_t *pam, enum prompt prompt, char **ret_answer);

/* The same, with a picture of the key URI beside it. */
int asking_user_with_picture(
	pam_handle_t *pam, enum prompt prompt, const char *otpauth, char **ret_answer);

/* One message there, the one that answers it back. PAM_AUTHINFO_UNAVAIL: there is nobody who understands us, or
 * another build. *ret_answer is the caller's, for secret_free; NULL on failure. */
int asking_supervisor(pam_handle_t *pam, enum message question, const void *body,
	enum message answer, union message_body **ret_answer);

#endif
