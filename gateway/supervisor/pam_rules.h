/* What of sekisho-pam's words is believed, and what they mean for whoever signs in. Pure. */
#ifndef SUPERVISOR_PAM_RULES_H
#define SUPERVISOR_PAM_RULES_H

#include "messages/messages.h"
#include "policy/sign_in.h"
#include "policy/text.h"
#include "supervisor/pam_conversation.h"

#include <stdbool.h>
#include <stdint.h>

struct settings;

#define PAM_REPORTS_MOST 16 /* five tries for a new password, and a few others */

/* What sekisho-pam was told of its user (PAM_ACCOUNT), and what it has reported since. */
struct pam_told {
	bool something;
	int64_t number; /* of the account; 0: there is none */
	uint32_t wait_ms;
	enum sign_in_second_factor second_factor;
	uint32_t accepted; /* bits of enum sign_in_report */
	unsigned int reports;
};

/* PAM_ACCOUNT: what pam_sekisho is told of whoever typed `typed`. */
void pam_fill_account(const struct settings *settings, const char *typed,
	const struct sign_in_account *account, struct msg_pam_account *ret_message);

/* PAM_BEGIN. -EINVAL: a name that no message carries. */
int pam_fill_begin(const struct settings *settings, const char *user, const char *source,
	struct msg_pam_begin *ret_message);

/* Whoever typed the name of an account is signed in as that one or not at all. A name that is nobody's here (typed: 0) may
 * be another directory's, and a module may say whose it is; but not once pam_sekisho has looked at it. */
bool pam_may_be(const struct pam_told *told, int64_t typed, int64_t number);

/* Does the report fit what was told and reported before? A sekisho-pam that has been taken over can lie about what its
 * user typed; with that it gets no further than a user who typed it. */
bool pam_may_report(const struct pam_told *told, uint8_t what);

/* Of a result that is not PAM_SUCCESS. */
enum pam_outcome pam_outcome_of(const struct msg_pam_result *result, const struct pam_told *told);

/* For the log. */
const char *pam_step_name(uint8_t step);

/* Drops what no text for people has in it: control characters, what turns a line around. `text` is UTF-8; ret_text
 * has room for as much. */
void pam_clean_text(const char *text, enum text_kind kind, char *ret_text);

#endif
